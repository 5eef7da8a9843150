"""Weights at scale: a projection of 784 x 900 synapses, precomputed, sought at random times and summarised.

Ten million changes, or a hundred million where this file is asked for by its name (`make bench ONLY=weights`). Every
millisecond a hundred synapses drawn at random take a new value: the hardest case for the chunks, as no two changes are
neighbours. The data folder may be given as SYNAPTARIUM_BENCH_FOLDER; a recording that lies there already is used again.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from synaptarium.jobs.publish import read_manifest
from synaptarium.schemas.chunk_key import ChunkKey
from synaptarium.schemas.chunks import decode_values
from synaptarium.schemas.errors import RecordingNotFound
from synaptarium.schemas.events import WEIGHTS as COLUMNS
from synaptarium.schemas.manifest import WEIGHTS, Manifest, unpack_presence
from synaptarium.schemas.recording import Header, Layer, Projection, Recording, Source
from synaptarium.schemas.sealing import unseal
from synaptarium.server.mongod import Mongod
from synaptarium.store import chunks, closing, events, network, open_runs, recordings, tables
from synaptarium.store.database import Store, connect, prepare

NAMES = (
    "weights.precompute",
    "weights.memory",
    "weights.seek_bytes",
    "weights.seek",
    "weights.error",
    "weights.window",
    "weights.tables",
)

N_PRE, N_POST = 784, 900
N_SYNAPSES = N_PRE * N_POST
CHANGES_PER_MS = 100
N_CHANGES = 100_000_000 if "weights" in sys.argv[1:] else 10_000_000
BLOCK = 2**18
SEEKS, REPLAYED = 60, 3

# In a process of its own, so that its peak memory is that of precomputing.
PRECOMPUTE = """
import json, resource, sys, time
from synaptarium.jobs.build import precompute
from synaptarium.store.database import connect
store = connect(sys.argv[1], "bench")
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
seen = []
started = time.perf_counter()
precompute(store, sys.argv[2], engine="local", progress=lambda job: seen.append((time.perf_counter(), job.message)))
took = time.perf_counter() - started
planned = next((at for at, message in seen if not message.startswith("reading")), started)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps({"s": took, "survey_s": planned - started, "peak_kib": peak, "before_kib": before}))
"""


def rows() -> Iterator[dict[str, Any]]:
    """Yield the rows of precomputing, seeking and summarising."""
    given = os.environ.get("SYNAPTARIUM_BENCH_FOLDER")
    with ExitStack() as stack:
        fresh = stack.enter_context(tempfile.TemporaryDirectory(prefix="synaptarium-bench-"))
        mongod = stack.enter_context(Mongod(Path(given or fresh), purpose="benchmark"))
        store = connect(mongod.uri, "bench")
        prepare(store)
        try:
            recording = stored(store)
            yield from built(store, mongod.uri, recording)
            recording = recordings.get(store, recording.id)
            manifest = read_manifest(store, recording.num, recording.build or 0)
            assert manifest is not None
            yield from sought(store, recording, manifest)
            yield from summarised(store, recording)
        finally:
            store.close()


def stored(store: Store) -> Recording:
    """Return the recording, writing its events first where they are not there."""
    id = f"weights-{N_CHANGES}"
    try:
        found = recordings.get(store, id)
        if found.status == "ready":
            return found
        recordings.delete(store, id)
    except RecordingNotFound:
        pass
    n_ms = -(-N_CHANGES // CHANGES_PER_MS) + 1
    projection = Projection(
        name="in to out",
        source="in",
        target="out",
        kind="explicit",
        synapses=N_SYNAPSES,
        target_neurons=N_POST,
    )
    header = Header(
        name=id,
        bin_us=1000,
        t_start_us=0,
        t_stop_us=n_ms * 1000,
        layers=(
            Layer(name="in", neurons=N_PRE, shape=(28, 28), offset=0),
            Layer(name="out", neurons=N_POST, shape=(30, 30), offset=N_PRE),
        ),
        projections=(projection,),
        source=Source(format="arrays"),
    )
    recording = recordings.create(store, header, id=id, status="open")
    synapse = np.arange(N_SYNAPSES, dtype=np.uint32)
    network.write_synapses(store, recording.num, projection.name, synapse // N_POST, synapse % N_POST, None)
    for part in changes():
        batch = pa.record_batch(list(part), schema=COLUMNS)
        open_runs.append(store, id, "weights", projection.name, batch)
    return closing.close(store, id)


def changes() -> Iterator[tuple[NDArray[np.int64], NDArray[np.uint32], NDArray[np.float32]]]:
    """Yield times, synapses and new weights: each synapse's first value, then random ones, block by block."""
    rng = np.random.default_rng(0)
    yield (
        np.zeros(N_SYNAPSES, np.int64),
        np.arange(N_SYNAPSES, dtype=np.uint32),
        rng.random(N_SYNAPSES, np.float32),
    )
    for start in range(0, N_CHANGES, BLOCK * 4):
        n = min(BLOCK * 4, N_CHANGES - start)
        time_us = (np.arange(start, start + n, dtype=np.int64) // CHANGES_PER_MS + 1) * 1000
        yield time_us, rng.integers(0, N_SYNAPSES, n, np.uint32), rng.random(n, np.float32)


def built(store: Store, uri: str, recording: Recording) -> Iterator[dict[str, Any]]:
    """Precompute in a process of its own; compare with numpy's replay of the same events from memory."""
    state = np.zeros(N_SYNAPSES, np.float32)
    bare = 0.0
    for _, synapse, value in changes():
        bare += seconds(lambda synapse=synapse, value=value: replay(state, synapse, value))
    code = [sys.executable, "-c", PRECOMPUTE, uri, recording.id]
    told = json.loads(subprocess.run(code, check=True, capture_output=True, text=True).stdout)
    n = N_CHANGES + N_SYNAPSES
    yield {
        "name": "weights.precompute",
        "value": n / told["s"] / 1e6,
        "unit": "M changes/s",
        "reference": f"numpy replays them and finds their extremes, one core; {told['survey_s']:.1f} s of "
        f"{told['s']:.1f} s were the first pass",
        "reference_value": n / bare / 1e6,
    }
    yield {"name": "weights.memory", "value": told["peak_kib"] / 2**20, "unit": "GiB", "goal": "<= 1.5"}


def replay(state: NDArray[np.float32], synapse: NDArray[np.uint32], value: NDArray[np.float32]) -> None:
    """What a program without frames would do to know the weights at a time."""
    state[synapse] = value
    _ = value.min(), value.max()


def sought(store: Store, recording: Recording, manifest: Manifest) -> Iterator[dict[str, Any]]:
    """Seek to random times; replay the events from the start for some of them and compare."""
    rng = np.random.default_rng(1)
    frames = rng.integers(1, manifest.levels[0].frames, SEEKS).tolist()
    grid = next(grid for grid in manifest.grids if grid.stream == WEIGHTS and grid.level == 0)
    assert grid.quantisation is not None
    took: list[float] = []
    read: list[int] = []
    states: dict[int, NDArray[np.float32]] = {}
    for frame in frames:
        started = time.perf_counter()
        states[frame], size = seek(store, manifest, frame)
        took.append(time.perf_counter() - started)
        read.append(size)
    keyframe = N_SYNAPSES * (2 if grid.quantisation.dtype == "u16" else 4)
    yield {
        "name": "weights.seek_bytes",
        "value": float(np.mean(read)),
        "unit": "bytes",
        "reference": "one state of all synapses; the largest seek read "
        f"{max(read) / keyframe:.2f} times that, a chunk holds {1 << grid.k} frames",
        "reference_value": keyframe,
        "goal": "<= 2.2",
    }
    yield {
        "name": "weights.seek",
        "value": float(np.percentile(took, 99)) * 1e3,
        "unit": "ms p99",
        "reference": "the median; all tiles read, checked, decompressed and decoded",
        "reference_value": float(np.median(took)) * 1e3,
    }
    worst = 0.0
    for frame in sorted(frames)[:: SEEKS // REPLAYED][:REPLAYED]:
        true = np.full(N_SYNAPSES, np.nan, np.float32)
        for batch in events.read(store, recording.num, "weights", grid.target, 0, (frame + 1) * 1000):
            true[batch.column("synapse").to_numpy()] = batch.column("value").to_numpy(zero_copy_only=False)
        worst = max(worst, float(np.abs(states[frame].astype(np.float64) - true).max()))
    yield {
        "name": "weights.error",
        "value": worst,
        "unit": "weight",
        "reference": f"the bound in the manifest; largest error of {REPLAYED} states against a replay",
        "reference_value": grid.quantisation.max_error,
        "goal": "<= 1",
    }


def seek(store: Store, manifest: Manifest, frame: int) -> tuple[NDArray[np.float32], int]:
    """Return the weights at the end of a frame and the stored bytes that were read for it."""
    grid = next(grid for grid in manifest.grids if grid.stream == WEIGHTS and grid.level == 0)
    state = np.full(N_SYNAPSES, np.nan, np.float32)
    keys: list[ChunkKey] = []
    for tile, presence in zip(grid.tiles, grid.presence, strict=True):
        stored = np.flatnonzero(unpack_presence(presence, (frame >> grid.k) + 1))
        keys.append(ChunkKey(manifest.num, manifest.build, grid.stream, 0, int(stored[-1]), tile))
    size = 0
    for key, sealed in chunks.read_many(store, keys).items():
        size += len(sealed.stored)
        part = decode_values(unseal(sealed))
        until = int(part.n[: frame + 1 - part.first_frame].sum())
        local = part.keyframe
        local[part.ids[:until]] = part.last[:until]
        tile = manifest.tiles[key.tile]
        state[tile.first : tile.first + tile.n] = local
    return state, size


def summarised(store: Store, recording: Recording) -> Iterator[dict[str, Any]]:
    """Answer for the whole run: the course of one neuron's weights and of all, with their distributions."""
    assert recording.build is not None
    found = tables.read_tables(store, recording.num, recording.build)
    assert found is not None
    took: list[float] = []
    read = 0
    for neuron in np.random.default_rng(2).integers(0, N_POST, 20).tolist():
        started = time.perf_counter()
        listed = tables.read_tables(store, recording.num, recording.build)
        assert listed is not None
        read = 0
        for name in ("weights.neurons", "weights.neurons.histogram", "weights", "weights.histogram"):
            grid = listed.find(name, "in to out")
            assert grid is not None
            first, n = (neuron, 1) if "neurons" in name else (0, None)
            rows = range(1, grid.n_rows + 1)
            read += tables.read_rows(
                store, recording.num, listed, grid, rows, first_item=first, n_items=n
            ).bytes_read
        took.append(time.perf_counter() - started)
    n_rows = found.grids[0].n_rows
    yield {
        "name": "weights.window",
        "value": float(np.percentile(took, 99)) * 1e3,
        "unit": "ms p99",
        "reference": f"the goal for an answer; {n_rows} moments of the whole run, {read / 2**20:.2f} MiB read",
        "reference_value": 100.0,
        "goal": "<= 1",
    }
    whole = chunks.sizes(store, recording.num, recording.build).size_bytes
    yield {
        "name": "weights.tables",
        "value": sum(sum(grid.page_bytes) for grid in found.grids) / 2**20,
        "unit": "MiB",
        "reference": f"the build's chunks, {whole / (N_CHANGES + N_SYNAPSES):.1f} bytes a change at all levels",
        "reference_value": whole / 2**20,
    }


def seconds(run: Callable[[], Any]) -> float:
    """Return how long a call takes."""
    start = time.perf_counter()
    run()
    return time.perf_counter() - start
