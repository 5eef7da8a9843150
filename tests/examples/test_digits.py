"""The demo recording: a real simulator learns real digits, and all of it is in the folder.

The script runs as users run it, in a process of its own (Nengo warns at import, and warnings are errors here).
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from synaptarium.adapters.base import EventSource, open_source

SCRIPT = Path(__file__).parents[2] / "examples" / "digits.py"


def run(folder: Path, *, seconds: float, seed: int = 1) -> EventSource:
    """Run the script and open what it wrote."""
    command = [sys.executable, str(SCRIPT), str(folder), "--seconds", str(seconds), "--seed", str(seed)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return open_source(folder)


def column(source: EventSource, kind: str, stream: str, name: str) -> np.ndarray:
    """Return one column of all events of a kind."""
    batches = [batch.column(name).to_numpy(zero_copy_only=False) for batch in source.read(kind, stream)]
    return np.concatenate(batches)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> EventSource:
    """The recording that `make demo` makes."""
    return run(tmp_path_factory.mktemp("demo") / "digits.synaptarium", seconds=45)


def test_demo_has_layers_with_the_shapes_of_their_sheets(demo: EventSource) -> None:
    layers = {layer.name: layer.shape for layer in demo.describe().layers}

    assert layers == {"input": (8, 8), "hidden": (20, 20), "deep": (10, 10)}


def test_demo_spikes_in_every_layer_and_fills_its_span(demo: EventSource) -> None:
    header, counts = demo.describe(), demo.counts()

    assert header.bin_us == 1000
    assert 45_000_000 <= header.t_stop_us <= 45_010_000
    assert all(counts.spikes[layer.name] > 10_000 for layer in header.layers)
    assert counts.potentials == {"v/hidden": 20 * 45_000, "v/deep": 10 * 45_000}
    assert counts.stimuli == counts.images == 300


def test_demo_draws_explicit_synapses_and_names_the_decoder(demo: EventSource) -> None:
    kinds = {
        projection.name: (projection.kind, projection.synapses) for projection in demo.describe().projections
    }

    assert kinds == {
        "input -> hidden": ("explicit", 4900),
        "hidden -> deep": ("explicit", 40_000),
        "deep -> answer": ("decoder", 1000),
    }


def test_demo_weights_change_from_zero(demo: EventSource) -> None:
    times = column(demo, "weights", "hidden -> deep", "time_us")
    values = column(demo, "weights", "hidden -> deep", "value")

    assert np.all(values[times == times[0]] == 0)
    assert len(np.unique(times)) > 290  # one snapshot after each digit
    assert np.count_nonzero(values) > 1_000_000


def test_demo_learns(demo: EventSource) -> None:
    labels = column(demo, "stimuli", "", "label")
    predictions = column(demo, "stimuli", "", "prediction")
    right = labels == predictions

    accuracy = column(demo, "metrics", "", "value")

    assert right[:25].mean() < 0.5
    assert right[-100:].mean() >= 0.7
    assert accuracy[-1] == pytest.approx(right[-50:].mean())


def test_same_seed_gives_the_same_recording(tmp_path: Path) -> None:
    first = run(tmp_path / "first.synaptarium", seconds=0.9)
    again = run(tmp_path / "again.synaptarium", seconds=0.9)
    other = run(tmp_path / "other.synaptarium", seconds=0.9, seed=2)

    assert first.fingerprint() == again.fingerprint()
    assert first.fingerprint() != other.fingerprint()
