"""The paper's use-cases on 2,000 digits: what is recorded is what the networks did, and they learn.

The digits are MNIST's where they are at hand; checks of reading them too.
"""

from __future__ import annotations

import gzip
import http.server
import importlib
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from synaptarium.adapters.arrays import arrays_source
from synaptarium.server.mongod import Mongod
from synaptarium.store import recordings
from synaptarium.store.database import connect

EXAMPLES = Path(__file__).parents[2] / "examples"
MNIST = Path(os.environ.get("SYNAPTARIUM_RECORDINGS", "/nowhere")) / "mnist" / "mnist.npz"
N_INPUTS, PRUNED_AFTER, BELOW = 2_000, 1_000, 0.2

pytestmark = pytest.mark.skipif(
    not MNIST.exists(), reason="SYNAPTARIUM_RECORDINGS names no folder with mnist/mnist.npz"
)


@pytest.fixture(scope="module")
def example() -> Iterator[Any]:
    """``example(name)`` imports a script of examples/ as it imports its neighbours."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(EXAMPLES))
        yield importlib.import_module


@pytest.fixture(scope="module")
def mnist(example: Any) -> Any:
    return example("mnist_data").load(MNIST)


@pytest.fixture(scope="module")
def learners(example: Any, mnist: Any) -> list[Any]:
    """100 neurons and their pruned twin after 2,000 digits."""
    learner: ModuleType = example("mnist_learner")
    return learner.learn(
        mnist.images[:N_INPUTS],
        mnist.labels[:N_INPUTS],
        neurons=[100],
        prune=BELOW,
        prune_after=PRUNED_AFTER,
    )


@pytest.fixture(scope="module")
def source(example: Any, mnist: Any, learners: list[Any]) -> Any:
    given = example("mnist_stdp").arrays(learners, mnist.images[:N_INPUTS], mnist.labels[:N_INPUTS], [])
    return arrays_source("use-case", **given)


def column(source: Any, kind: str, stream: str, name: str) -> np.ndarray:
    """Return one column of all events of a kind."""
    batches = [batch.column(name).to_numpy(zero_copy_only=False) for batch in source.read(kind, stream)]
    return np.concatenate(batches)


def test_network_learns_to_tell_digits(learners: list[Any], mnist: Any) -> None:
    kept = learners[0]

    assert np.mean(kept.right[:200]) < 0.35
    assert np.mean(kept.right[-500:]) > 0.6
    assert kept.network.accuracy(mnist.test_images[:500], mnist.test_labels[:500]) > 0.55


def test_weights_stay_between_0_and_1_in_steps_and_fields_settle(learners: list[Any]) -> None:
    weights = learners[0].network.weights
    changes = [len(part) for part in learners[0].change_synapse[1:]]

    assert weights.min() >= 0 and weights.max() <= 1
    assert np.array_equal(weights * 256, np.rint(weights * 256))
    assert max(changes) <= 784
    assert np.mean(changes[-200:]) < 0.95 * np.mean(changes[:200])


def test_one_neuron_at_most_spikes_for_an_input(learners: list[Any]) -> None:
    number = np.array(learners[0].spike_us) // 20_000

    assert len(np.unique(number)) == len(number)
    assert len(number) > 0.95 * N_INPUTS


def test_twin_is_the_same_until_it_is_pruned(learners: list[Any]) -> None:
    kept, twin = learners
    before = PRUNED_AFTER * 20_000

    assert kept.answers[:PRUNED_AFTER] == twin.answers[:PRUNED_AFTER]
    assert [t for t in kept.spike_us if t < before] == [t for t in twin.spike_us if t < before]
    assert kept.answers != twin.answers


def test_pruned_synapses_are_gone_in_the_recording_and_change_no_more(
    source: Any, learners: list[Any]
) -> None:
    stream = "input -> 100 neurons, pruned"
    time_us = column(source, "weights", stream, "time_us")
    synapse = column(source, "weights", stream, "synapse")
    value = column(source, "weights", stream, "value")
    gone = np.isnan(value)

    assert gone.sum() == learners[1].pruned == (~learners[1].network.exists).sum() > 0
    assert set(time_us[gone]) == {PRUNED_AFTER * 20_000}
    after = time_us > PRUNED_AFTER * 20_000
    assert not np.isin(synapse[after], synapse[gone]).any()


def test_recorded_changes_lead_to_the_last_weights(source: Any, learners: list[Any]) -> None:
    stream = "input -> 100 neurons"
    state = np.full(78_400, np.nan, np.float32)
    state[column(source, "weights", stream, "synapse")] = column(source, "weights", stream, "value")

    assert np.array_equal(state.reshape(100, 784).T, learners[0].network.weights)


def test_recording_tells_inputs_answers_and_metrics(source: Any, learners: list[Any], mnist: Any) -> None:
    header, counts = source.describe(), source.counts()

    assert [(layer.name, layer.shape) for layer in header.layers] == [
        ("input", (28, 28)),
        ("100 neurons", (10, 10)),
        ("100 neurons, pruned", (10, 10)),
    ]
    assert counts.stimuli == counts.images == N_INPUTS
    assert counts.spikes["input"] == (mnist.images[:N_INPUTS] > 50).sum()
    assert header.t_stop_us == N_INPUTS * 20_000
    names = column(source, "metrics", "", "name").tolist()
    assert names.count("accuracy/100 neurons") == N_INPUTS // 250
    assert names.count("loss/100 neurons, pruned") == N_INPUTS // 250
    assert any("78,400 synapses were pruned" in note for note in header.source.notes)


def test_same_seed_gives_the_same_run(example: Any, mnist: Any) -> None:
    learn = example("mnist_learner").learn
    first, again, other = (
        learn(mnist.images[:100], mnist.labels[:100], neurons=[20], seed=seed)[0] for seed in (1, 1, 2)
    )

    assert first.spike_us == again.spike_us and first.spike_neuron == again.spike_neuron
    assert first.spike_neuron != other.spike_neuron


def test_script_writes_both_orders_and_lays_the_control_over(tmp_path: Path, mongod: Mongod) -> None:
    command = [sys.executable, str(EXAMPLES / "mnist_stdp.py"), "--neurons", "10", "20", "--inputs", "300"]
    where = ["--order", "both", "--mnist", str(MNIST), "--data", str(tmp_path), "--name", "order"]
    environment = os.environ | {"SYNAPTARIUM_MONGO_URI": mongod.uri}

    done = subprocess.run([*command, *where], env=environment, capture_output=True, text=True)

    assert done.returncode == 0, done.stderr
    assert "Next: synaptarium open order" in done.stderr
    with closing(connect(mongod.uri)) as store:
        given, reversed_ = (recordings.get(store, id) for id in ("order", "order-reversed"))
        store.client.drop_database(store.name)
    assert given.build is not None and reversed_.build is not None
    assert given.counts.stimuli == reversed_.counts.stimuli == 300
    assert given.counts.spikes["input"] == reversed_.counts.spikes["input"]
    assert set(given.counts.metrics) == {
        *(f"accuracy/{size} neurons{which}" for size in (10, 20) for which in ("", ", other order")),
        *(f"loss/{size} neurons" for size in (10, 20)),
    }


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--inputs", "60001"], "MNIST has 1 to 60,000"),
        (["--neurons", "5", "5"], "different sizes"),
        (["--inputs", "100", "--prune", "0.2"], "between 0 and the 100 inputs"),
        (["--mnist", "/no/where"], "There is no /no/where"),
    ],
)
def test_script_refuses_what_makes_no_sense(words: list[str], said: str, tmp_path: Path) -> None:
    command = [sys.executable, str(EXAMPLES / "mnist_stdp.py"), *words, "--data", str(tmp_path)]

    done = subprocess.run(command, capture_output=True, text=True)

    assert done.returncode != 0
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_idx_files_are_fetched_once_and_checked(example: Any, mnist: Any, tmp_path: Path) -> None:
    data = example("mnist_data")
    served, kept = tmp_path / "served", tmp_path / "kept"
    served.mkdir()
    for name, content in zip(
        data.CHECKSUMS, (mnist.images, mnist.labels, mnist.test_images, mnist.test_labels), strict=True
    ):
        # An IDX header: two zeros, uint8, the number of axes, their lengths; big-endian.
        header = bytes([0, 0, 8, content.ndim]) + np.array(content.shape, ">u4").tobytes()
        (served / f"{name}.gz").write_bytes(gzip.compress(header + content.tobytes(), 1))
    quiet = type("Quiet", (http.server.SimpleHTTPRequestHandler,), {"log_message": lambda *_: None})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(quiet, directory=str(served))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        fetched = data.fetch(kept, f"http://127.0.0.1:{server.server_port}/")
        server.shutdown()

    again = data.fetch(kept, "http://127.0.0.1:9/")  # nobody is there, and nobody is asked

    assert np.array_equal(fetched.images, mnist.images) and np.array_equal(
        again.test_labels, mnist.test_labels
    )
    labels = kept / "t10k-labels-idx1-ubyte.gz"
    labels.write_bytes(gzip.compress(bytes(8) + bytes(10_000)))
    with pytest.raises(data.NoMnist, match="checksum"):
        data.load(kept)
    labels.write_bytes(b"no gzip")
    with pytest.raises(data.NoMnist, match="damaged"):
        data.load(kept)
    labels.unlink()
    with pytest.raises(data.NoMnist, match=r"could not be fetched.*--mnist"):
        data.fetch(kept, "http://127.0.0.1:9/")
