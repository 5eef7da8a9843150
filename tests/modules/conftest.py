"""Recordings for modules: everything, one spike, nothing; and a reader of each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
import pytest

from synaptarium.adapters.arrays import arrays_source
from synaptarium.jobs.build import precompute
from synaptarium.modules.reader import RecordingReader
from synaptarium.schemas.manifest import Manifest
from synaptarium.store import recordings, summaries
from synaptarium.store.database import Store
from synaptarium.store.importing import import_source

Read = Callable[[Any], RecordingReader]


@pytest.fixture
def read(store: Store) -> Read:
    """``read(source)`` imports and precomputes a source and returns a reader of it."""

    def make(source: Any) -> RecordingReader:
        id = import_source(store, source).id
        precompute(store, id, engine="local")
        recording = recordings.get(store, id)
        document = summaries.read(store, recording.num, "manifest", str(recording.build))
        return RecordingReader(store, recording, msgspec.convert(document, Manifest))

    return make


def normal() -> Any:
    """20 s of two layers: ``a`` spikes 200 times a second, ``b`` once every 10 ms in its second half."""
    a = np.arange(0, 20_000_000, 5_000)
    b = np.arange(10_000_000, 20_000_000, 10_000)
    v = np.arange(0, 20_000_000, 100_000)
    return arrays_source(
        "normal",
        bin_us=1000,
        t_stop_us=20_000_000,
        layers=[{"name": "a", "neurons": 40}, {"name": "b", "neurons": 5}],
        projections=[
            {"name": "a/b", "source": "a", "target": "b", "pre": np.arange(40), "post": np.arange(40) % 5}
        ],
        spikes={"a": (a, a // 5000 % 40), "b": (b, b // 10_000 % 5)},
        potentials=[
            {
                "variable": "v",
                "layer": "b",
                "unit": "mV",
                "times": v,
                "neurons": v // 100_000 % 5,
                "values": np.linspace(-70, -50, len(v)),
            }
        ],
        weights={"a/b": (np.arange(0, 20_000_000, 500_000), np.linspace(0, 1, 40), np.arange(40))},
        stimuli={"t_start": [0, 10_000_000], "t_stop": [9_000_000, 19_000_000], "labels": ["x", "y"]},
        metrics={"accuracy": ([5_000_000, 15_000_000], [0.5, 0.75]), "loss": ([15_000_000], [0.1])},
        details={"dataset": "letters", "accuracy": "75 %", "date": "2026-11-24"},
    )


def one_spike() -> Any:
    """One neuron spikes once."""
    return arrays_source(
        "one spike",
        bin_us=1000,
        t_stop_us=50_000,
        layers=[{"name": "a", "neurons": 3}],
        spikes={"a": ([7000], [1])},
    )


def empty() -> Any:
    """Nothing happens."""
    return arrays_source("empty", bin_us=1000, t_stop_us=50_000, layers=[{"name": "a", "neurons": 3}])
