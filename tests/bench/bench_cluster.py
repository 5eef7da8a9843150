"""Precompute on a real cluster, with a worker killed in the middle: two Spark workers, three MongoDB members.

Ten million spikes of 20,000 neurons, 50 s in 1 ms bins, as bench_precompute.py has them. Everything runs on this one
machine, so three members store each chunk thrice with its cores. Rates are from the first range that is done to the last
write: the start of Spark is left out.
"""

from __future__ import annotations

import importlib.util
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pyarrow as pa

from synaptarium.jobs.build import precompute
from synaptarium.schemas.chunk_key import ChunkKey
from synaptarium.schemas.messages import Job
from synaptarium.schemas.recording import Header, Layer, Source
from synaptarium.store import chunks, open_runs, recordings
from synaptarium.store.database import Store, connect, prepare

NAMES = ("cluster.local", "cluster.spark", "cluster.worker_killed", "cluster.same_bytes")

N_SPIKES, SECONDS, LAYERS, LAYER_NEURONS = 10_000_000, 50, 8, 2500


def rows() -> Iterator[dict[str, Any]]:
    """Yield what both engines manage on the replica set, without and with a worker that dies."""
    clusters = load(Path(__file__).parents[1] / "jobs" / "clusters.py")
    with (
        tempfile.TemporaryDirectory(prefix="synaptarium-bench-") as folder,
        clusters.cluster(Path(folder)) as (spark, replicas),
    ):
        store = connect(replicas.uri, "bench")
        prepare(store)
        try:
            yield from engines(store, spark)
        finally:
            store.close()


def engines(store: Store, spark: Any) -> Iterator[dict[str, Any]]:
    """Build the same recording by the local engine, by the cluster, and by a cluster that loses a worker."""
    id = recorded(store)
    local, _ = rate(store, id, engine="local")
    yield {"name": "cluster.local", "value": local, "unit": "M events/s"}
    wanted = stored(store, id)
    whole, _ = rate(store, id, engine="spark", master=spark.url)
    yield {
        "name": "cluster.spark",
        "value": whole,
        "unit": "M events/s",
        "reference": "the local engine on the same replica set",
        "reference_value": local,
    }

    killed, job = rate(store, id, engine="spark", master=spark.url, kill=spark.workers[0].kill)
    yield {
        "name": "cluster.worker_killed",
        "value": killed,
        "unit": "M events/s",
        "reference": "the same with both workers alive",
        "reference_value": whole,
        "goal": ">= 0.4",  # one of two workers is left
    }
    same = stored(store, id) == wanted and job is not None and 0 < job.done < job.total
    yield {"name": "cluster.same_bytes", "value": float(same), "unit": "", "goal": ">= 1"}


def rate(store: Store, id: str, *, kill: Any = None, **how: Any) -> tuple[float, Job | None]:
    """Return millions of events a second from the first range that is done to the last, and when the kill happened."""
    seen: list[tuple[float, Job]] = []
    killed: list[Job] = []

    def progress(job: Job) -> None:
        seen.append((time.perf_counter(), job))
        if kill is not None and not killed and job.done:
            killed.append(job)
            kill()

    precompute(store, id, progress=progress, **how)
    started = max(at for at, job in seen if job.done == 0)
    return N_SPIKES / (seen[-1][0] - started) / 1e6, killed[0] if killed else None


def recorded(store: Store) -> str:
    """Store the spikes."""
    rng = np.random.default_rng(0)
    header = Header(
        name="bench",
        bin_us=1000,
        t_start_us=0,
        t_stop_us=SECONDS * 1_000_000,
        layers=tuple(
            Layer(name=f"layer {i}", neurons=LAYER_NEURONS, shape=(LAYER_NEURONS,), offset=i * LAYER_NEURONS)
            for i in range(LAYERS)
        ),
        source=Source(format="arrays"),
    )
    id = recordings.create(store, header, status="open").id
    time_us = np.sort(rng.integers(0, SECONDS * 1_000_000, N_SPIKES))
    neuron = rng.integers(0, LAYERS * LAYER_NEURONS, N_SPIKES).astype(np.uint32)
    open_runs.append(store, id, "spikes", "", pa.record_batch({"time_us": time_us, "neuron": neuron}))
    recordings.finish(store, id)
    return id


def stored(store: Store, id: str) -> dict[tuple[int, ...], int]:
    """Return the checksum of every chunk of the published build."""
    recording = recordings.get(store, id)
    assert recording.build is not None
    first = ChunkKey(recording.num, recording.build, 0, 0, 0, 0)
    last = ChunkKey(recording.num, recording.build, 0xFFFF, 0xFF, 0xFFFFFFFF, 0xFFFFFF)
    return {key[2:]: sealed.checksum for key, sealed in chunks.scan(store, first, last)}


def load(path: Path) -> ModuleType:
    """Import a file of the tests."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module
