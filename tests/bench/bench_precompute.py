"""Precompute end to end: from event blocks in a real MongoDB to a published, verified build.

Ten million spikes of 20,000 neurons in eight layers, 50 s in 1 ms bins; all three exact levels, groups and series. The
reference is numpy's bare sort-and-count of the same spikes on one core, which makes one level and stores nothing.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from synaptarium.jobs import live
from synaptarium.jobs.build import precompute
from synaptarium.schemas.messages import Job
from synaptarium.schemas.recording import Header, Layer, Source
from synaptarium.server.mongod import Mongod
from synaptarium.store import closing, open_runs, recordings
from synaptarium.store.database import Store, connect, prepare

NAMES = (
    "precompute.local",
    "precompute.spark",
    "precompute.spark_ranges",
    "precompute.spark_start",
    "precompute.follow",
)

N_SPIKES, SECONDS, LAYERS, LAYER_NEURONS = 10_000_000, 50, 8, 2500
FOLLOWED_NEURONS, FOLLOWED_HZ = 1000, 20


def rows() -> Iterator[dict[str, Any]]:
    """Yield the rows of both engines and of following an open recording."""
    with (
        tempfile.TemporaryDirectory(prefix="synaptarium-bench-") as folder,
        Mongod(Path(folder), purpose="benchmark") as mongod,
    ):
        store = connect(mongod.uri, "bench")
        prepare(store)
        try:
            yield from engines(store)
            yield follow(store)
        finally:
            store.close()


def engines(store: Store) -> Iterator[dict[str, Any]]:
    """Build the same recording by both engines."""
    rng = np.random.default_rng(0)
    time_us = np.sort(rng.integers(0, SECONDS * 1_000_000, N_SPIKES))
    neuron = rng.integers(0, LAYERS * LAYER_NEURONS, N_SPIKES).astype(np.uint32)
    id = opened(store, [LAYER_NEURONS] * LAYERS)
    open_runs.append(store, id, "spikes", "", spikes(time_us, neuron))
    closing.close(store, id)

    key = (time_us // 1000) * (LAYERS * LAYER_NEURONS) + neuron
    bare = N_SPIKES / seconds(lambda: np.unique(key, return_counts=True)) / 1e6
    reference = {"reference": "numpy unique of the same spikes, one core", "reference_value": bare}
    took = seconds(lambda: precompute(store, id, engine="local"))
    local = N_SPIKES / took / 1e6
    yield {
        "name": "precompute.local",
        "value": local,
        "unit": "M events/s",
        **reference,
        "goal": ">= 0.5",
    }

    seen: list[tuple[float, Job]] = []
    took = seconds(
        lambda: precompute(
            store, id, engine="spark", progress=lambda job: seen.append((time.perf_counter(), job))
        )
    )
    # Until the last moment with no range done, Spark was starting; its first task is part of that.
    started = max(at for at, job in seen if job.done == 0)
    finished = max(at for at, _ in seen)
    yield {"name": "precompute.spark", "value": N_SPIKES / took / 1e6, "unit": "M events/s", **reference}
    yield {
        "name": "precompute.spark_ranges",
        "value": N_SPIKES / (finished - started) / 1e6,
        "unit": "M events/s",
        "reference": "the local engine, start-up of Spark left out",
        "reference_value": local,
    }
    yield {"name": "precompute.spark_start", "value": started - seen[0][0], "unit": "s", "goal": "<= 20"}


def follow(store: Store) -> dict[str, Any]:
    """Append 200 ms of an open recording at a time, and bring its chunks up to date each time."""
    rng = np.random.default_rng(1)
    id = opened(store, [FOLLOWED_NEURONS], status_us=1000)
    n = FOLLOWED_NEURONS * FOLLOWED_HZ // 5
    took: list[float] = []
    for start_us in range(0, 10_000_000, 200_000):
        time_us = np.sort(rng.integers(start_us, start_us + 200_000, n))
        open_runs.append(
            store, id, "spikes", "", spikes(time_us, rng.integers(0, FOLLOWED_NEURONS, n).astype(np.uint32))
        )
        took.append(seconds(lambda: live.extend(store, id)))
    return {
        "name": "precompute.follow",
        "value": float(np.median(took)) * 1e3,
        "unit": "ms per 200 ms",
        "goal": "<= 200",
    }


def opened(store: Store, layers: list[int], *, status_us: int = SECONDS * 1_000_000) -> str:
    """Make an open recording of flat layers."""
    header = Header(
        name="bench",
        bin_us=1000,
        t_start_us=0,
        t_stop_us=status_us,
        layers=tuple(
            Layer(name=f"layer {i}", neurons=n, shape=(n,), offset=sum(layers[:i]))
            for i, n in enumerate(layers)
        ),
        source=Source(format="arrays"),
    )
    return recordings.create(store, header, status="open").id


def spikes(time_us: np.ndarray, neuron: np.ndarray) -> pa.RecordBatch:
    """Return spikes as event columns."""
    return pa.record_batch({"time_us": time_us, "neuron": neuron})


def seconds(run: Callable[[], Any]) -> float:
    """Return how long a call takes."""
    start = time.perf_counter()
    run()
    return time.perf_counter() - start
