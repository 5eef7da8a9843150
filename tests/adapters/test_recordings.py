"""Real runs of real simulators against facts that were computed without us (``truth.json`` beside each)."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from synaptarium.adapters.base import EventSource, open_source
from synaptarium.adapters.brian2 import Brian2Group, Brian2State, Brian2Synapses, brian2_source
from synaptarium.adapters.nengo import NengoConnection, NengoEnsemble, nengo_source

pytestmark = pytest.mark.skipif(
    not os.environ.get("SYNAPTARIUM_RECORDINGS"), reason="SYNAPTARIUM_RECORDINGS is not set"
)


@pytest.fixture(scope="module")
def recordings() -> Path:
    return Path(os.environ["SYNAPTARIUM_RECORDINGS"])


def nengo_run(folder: Path) -> EventSource:
    """What a script of the user's would do with its own file."""
    with np.load(folder / "recording.npz", allow_pickle=False) as saved:
        run = {key: saved[key] for key in saved.files}
    return nengo_source(
        "nengo pes",
        ensembles={
            "hidden": NengoEnsemble(
                run["hidden_spikes"],
                voltage=run["hidden_voltage"],
                voltage_t=run["voltage_t"],
                voltage_ids=range(20),
            ),
            "output": NengoEnsemble(run["output_spikes"]),
        },
        trange=run["trange"],
        dt=float(run["dt"]),
        nodes={"image": 784},
        connections=[
            NengoConnection("hidden", "class", run["weights"], run["weights_t"], learning_rule="PES")
        ],
        stimuli={
            "t_start": run["labels"][:, 0],
            "t_stop": run["labels"][:, 1],
            "labels": run["labels"][:, 2],
        },
    )


def brian2_run(folder: Path) -> EventSource:
    """Likewise, from its HDF5 file; data sets are read in slices, so the file stays open."""
    run = h5py.File(folder / "recording.h5")

    def states(layer: str) -> dict[str, Brian2State]:
        group = run[f"state/{layer}"]
        names = [name for name in group if name not in {"t", "record"}]
        return {
            name: Brian2State(
                t=group["t"], values=group[name], record=group["record"], unit=group[name].attrs["unit"]
            )
            for name in names
        }

    def layer(name: str, **fields: Any) -> Brian2Group:
        return Brian2Group(spikes=(run[f"spikes/{name}/t"], run[f"spikes/{name}/i"]), **fields)

    def synapses(name: str) -> Brian2Synapses:
        group = run[f"synapses/{name}"]
        arrays = {key: group[key] for key in ("i", "j", "w", "w_t", "delay") if key in group}
        return Brian2Synapses(*name.split("_"), name=name, **arrays)

    return brian2_source(
        "brian2 diehl & cook",
        groups={
            "input": layer("input", shape=(28, 28)),
            "exc": layer("exc", neurons=100, states=states("exc")),
            "inh": layer("inh", neurons=100, states=states("inh")),
        },
        synapses=[synapses(name) for name in run["synapses"]],
        stimuli={
            "t_start": run["labels"][:, 0],
            "t_stop": run["labels"][:, 1],
            "labels": run["labels"][:, 2],
        },
        metrics={"accuracy": (run["accuracy"][:, 0], run["accuracy"][:, 1])},
        duration=713.0,
    )


OPEN: dict[str, Callable[[Path], EventSource]] = {
    "vs2n_seconds": open_source,
    "vs2n_micros": open_source,
    "nengo_pes": nengo_run,
    "brian2_dc_mnist": brian2_run,
}


@pytest.fixture(scope="module", params=list(OPEN))
def run(request: pytest.FixtureRequest, recordings: Path) -> tuple[EventSource, dict[str, Any]]:
    folder = recordings / request.param
    return OPEN[request.param](folder), json.loads((folder / "truth.json").read_text())


def per_neuron(source: EventSource) -> dict[str, list[int]]:
    layers = source.describe().layers
    total = np.zeros(sum(layer.neurons for layer in layers), np.int64)
    for batch in source.read("spikes"):
        counts = (
            batch["count"].to_numpy() if "count" in batch.schema.names else np.ones(batch.num_rows, np.int64)
        )
        np.add.at(total, batch["neuron"].to_numpy(), counts)
    return {layer.name: total[layer.offset : layer.offset + layer.neurons].tolist() for layer in layers}


def replay(source: EventSource, projection: str) -> tuple[np.ndarray, np.ndarray]:
    """Return each synapse's first and last recorded weight."""
    n = next(one.synapses for one in source.describe().projections if one.name == projection)
    first, last = np.full(n, np.nan), np.full(n, np.nan)
    for batch in source.read("weights", projection):
        synapse, value = batch["synapse"].to_numpy(), batch["value"].to_numpy(zero_copy_only=False)
        new, at = np.unique(synapse, return_index=True)
        unknown = np.isnan(first[new])
        first[new[unknown]] = value[at[unknown]]
        last[synapse] = value
    return first, last


def spread(values: np.ndarray) -> dict[str, float]:
    return {"min": values.min(), "mean": values.mean(), "max": values.max()}


def true_spikes(truth: dict[str, Any]) -> dict[str, list[int]]:
    return (
        truth["per_neuron"]
        if "per_neuron" in truth
        else {k: v["per_neuron"] for k, v in truth["spikes"].items()}
    )


def test_spikes_per_neuron_and_layer_are_true(run: tuple[EventSource, dict[str, Any]]) -> None:
    source, truth = run

    assert per_neuron(source) == true_spikes(truth)
    assert source.counts().spikes == {name: sum(counts) for name, counts in true_spikes(truth).items()}


def test_stimuli_are_true(run: tuple[EventSource, dict[str, Any]]) -> None:
    source, truth = run
    labels = [label for batch in source.read("stimuli") for label in batch["label"].to_pylist()]

    assert [labels.count(str(digit)) for digit in range(10)] == truth["label_counts"]
    assert source.describe().classes == tuple("0123456789")


def test_span_holds_the_whole_run(run: tuple[EventSource, dict[str, Any]]) -> None:
    source, truth = run
    header = source.describe()

    # One bin more where an event lies exactly on the end.
    assert 0 <= header.t_stop_us - truth["duration_s"] * 1e6 <= header.bin_us


def test_weights_of_nengo_are_true(recordings: Path) -> None:
    truth = json.loads((recordings / "nengo_pes" / "truth.json").read_text())["weights"]
    first, last = replay(nengo_run(recordings / "nengo_pes"), "hidden -> class")

    assert spread(first) == pytest.approx(truth["start"], rel=1e-6)
    assert spread(last) == pytest.approx(truth["end"], rel=1e-6)


def test_weights_of_brian2_are_true(recordings: Path) -> None:
    truth = json.loads((recordings / "brian2_dc_mnist" / "truth.json").read_text())["weights_input_exc"]
    first, last = replay(brian2_run(recordings / "brian2_dc_mnist"), "input_exc")

    for values, true in ((first, truth["start"]), (last, truth["end"])):
        assert spread(values) == pytest.approx({key: true[key] for key in ("min", "mean", "max")}, rel=1e-6)
        assert (values < 0.2).mean() == pytest.approx(true["frac_below_0_2"])


@pytest.mark.parametrize("name", ["vs2n_seconds", "vs2n_micros"])
def test_documents_of_vs2n_are_all_read(recordings: Path, name: str) -> None:
    truth = json.loads((recordings / name / "truth.json").read_text())["documents"]
    source = open_source(recordings / name)
    counts = source.counts()

    assert sum(counts.spikes.values()) == truth["spikes"]
    assert sum(counts.potentials.values()) == truth["potential"]
    assert sum(counts.weights.values()) == truth["synapseWeight"]
    assert counts.stimuli == truth["labels"]
    assert source.describe().bin_us == 500
    assert source.describe().layers[0].shape == (28, 28)


@pytest.mark.parametrize(("name", "per_second"), [("vs2n_seconds", 1e6), ("vs2n_micros", 1)])
def test_weights_of_vs2n_equal_a_plain_replay(recordings: Path, name: str, per_second: float) -> None:
    with gzip.open(recordings / name / "synapseWeight.jsonl.gz", "rt") as lines:
        documents = [json.loads(line) for line in lines]
    first: dict[tuple[int, int], float] = {}
    last: dict[tuple[int, int], float] = {}
    for document in sorted(documents, key=lambda one: one["T"]):
        key = document["C"], document["To"]
        first.setdefault(key, document["V"])
        last[key] = document["V"]
    source = open_source(recordings / name)
    pre, post, _ = source.synapses("Input -> Layer1")
    found_first, found_last = replay(source, "Input -> Layer1")

    keys = list(zip(pre.tolist(), post.tolist(), strict=True))
    assert set(keys) == set(first)
    np.testing.assert_allclose(found_first, [first[key] for key in keys], rtol=1e-6)
    np.testing.assert_allclose(found_last, [last[key] for key in keys], rtol=1e-6)
    last_us = max(batch["time_us"][-1].as_py() for batch in source.read("weights", "Input -> Layer1"))
    assert last_us == round(documents[-1]["T"] * per_second)
