"""A real server on a free port, with a small recording that has everything."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from synaptarium.adapters.arrays import arrays_source
from synaptarium.jobs.build import precompute
from synaptarium.server.app import App, serving
from synaptarium.server.config import Config
from synaptarium.server.library import Library
from synaptarium.server.mongod import Mongod
from synaptarium.store.database import Store
from synaptarium.store.importing import import_source

N_INPUT, N_OUTPUT = 784, 30
SECONDS = 4


def everything(name: str = "small", *, seconds: float = SECONDS, seed: int = 1, rate_hz: float = 30.0) -> Any:
    """A source with spikes, potentials, weights, stimuli, metrics and images, 1 ms bins."""
    rng = np.random.default_rng(seed)
    stop_us = int(seconds * 1e6)

    def spikes(n: int) -> tuple[np.ndarray, np.ndarray]:
        total = int(n * rate_hz * seconds)
        times = np.sort(rng.integers(0, stop_us // 1000, total)) * 1000
        return times, rng.integers(0, n, total)

    n_synapses = N_INPUT * N_OUTPUT
    changes = 40 * int(seconds * 10)
    times = np.concatenate(
        (np.zeros(n_synapses, np.int64), np.sort(rng.integers(1, stop_us // 1000, changes)) * 1000)
    )
    synapses = np.concatenate((np.arange(n_synapses), rng.integers(0, n_synapses, changes)))
    v_times = np.repeat(np.arange(0, stop_us, 10_000), N_OUTPUT)
    n_stimuli = int(seconds * 2)
    return arrays_source(
        name,
        bin_us=1000,
        t_stop_us=stop_us,
        layers=[
            {"name": "input", "neurons": N_INPUT, "shape": (28, 28)},
            {"name": "output", "neurons": N_OUTPUT, "shape": (5, 6)},
        ],
        projections=[
            {
                "name": "input/output",
                "source": "input",
                "target": "output",
                "pre": np.repeat(np.arange(N_INPUT), N_OUTPUT),
                "post": np.tile(np.arange(N_OUTPUT), N_INPUT),
            }
        ],
        spikes={"input": spikes(N_INPUT), "output": spikes(N_OUTPUT)},
        potentials=[
            {
                "variable": "v",
                "layer": "output",
                "unit": "mV",
                "times": v_times,
                "neurons": np.tile(np.arange(N_OUTPUT), len(v_times) // N_OUTPUT),
                "values": rng.normal(-60, 5, len(v_times)).astype(np.float32),
            }
        ],
        weights={"input/output": (times, rng.normal(0, 0.3, len(times)).astype(np.float32), synapses)},
        stimuli={
            "t_start": np.arange(n_stimuli) * 500_000,
            "t_stop": np.arange(n_stimuli) * 500_000 + 350_000,
            "labels": [str(n % 10) for n in range(n_stimuli)],
            "images": np.arange(n_stimuli) % 4,
        },
        metrics={"accuracy": (np.arange(1, 9) * stop_us // 8 - 1000, np.linspace(0.1, 0.9, 8))},
        images=rng.integers(0, 255, (4, 28, 28), dtype=np.uint8),
    )


def one_spike() -> Any:
    """A recording in which one neuron spikes once."""
    return arrays_source(
        "one spike",
        bin_us=1000,
        t_stop_us=50_000,
        layers=[{"name": "a", "neurons": 3}],
        spikes={"a": ([7000], [1])},
    )


def empty() -> Any:
    """A recording in which nothing happens."""
    return arrays_source("empty", bin_us=1000, t_stop_us=50_000, layers=[{"name": "a", "neurons": 3}])


def add(store: Store, source: Any) -> str:
    """Import and precompute a source in-process; returns the recording's id."""
    id = import_source(store, source).id
    precompute(store, id, engine="local")
    return id


@pytest.fixture
def library(store: Store, tmp_path: Path, mongod: Mongod) -> Library:
    """An open library on the tests' database."""
    return Library(store, tmp_path, mongod)


Serve = Callable[..., tuple[App, str]]


@pytest.fixture
def serve(library: Library) -> Iterator[Serve]:
    """``serve(**settings)`` starts a server and returns it with its address."""
    with contextlib.ExitStack() as stack:

        def start(**settings: Any) -> tuple[App, str]:
            config = Config(**({"port": 0, "follow_ms": 50} | settings))
            app, server = stack.enter_context(serving(library, config))
            return app, app.url(server.port, "").split("?")[0]

        yield start
