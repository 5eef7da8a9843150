"""Recordings small enough to check by hand or by a naive replay."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray

from synaptarium.schemas.chunk_key import ChunkKey
from synaptarium.schemas.chunks import decode_groups, decode_series, decode_spikes, decode_values
from synaptarium.schemas.events import SCHEMAS, EventKind
from synaptarium.schemas.manifest import Grid, Manifest, unpack_presence
from synaptarium.schemas.recording import Header, Layer, PotentialStream, Projection, Recording, Source
from synaptarium.schemas.sealing import unseal
from synaptarium.store import chunks, closing, open_runs, recordings
from synaptarium.store.database import Store

Columns = Mapping[str, NDArray[np.generic]]


@dataclass
class Run:
    """A made-up run: a header and its event columns by (kind, stream)."""

    header: Header
    events: dict[tuple[EventKind, str], dict[str, NDArray[np.generic]]] = field(default_factory=dict)

    def stored(self, store: Store) -> Recording:
        """Write it as a finished recording."""
        recording = recordings.create(store, self.header, status="open")
        for (kind, stream), columns in self.events.items():
            open_runs.append(store, recording.id, kind, stream, batch_of(kind, columns))
        return closing.close(store, recording.id)


def batch_of(kind: EventKind, columns: Columns) -> pa.RecordBatch:
    """Return event columns as a batch; a NaN weight is a null (pruned)."""
    fields = [SCHEMAS[kind].field(name) for name in columns]
    arrays = [pa.array(columns[f.name], f.type, from_pandas=f.nullable and f.name == "value") for f in fields]
    return pa.record_batch(arrays, schema=pa.schema(fields))


def make_header(
    sizes: Mapping[str, int],
    *,
    bin_us: int = 1000,
    t_stop_us: int = 1_000_000,
    t_start_us: int = 0,
    projections: tuple[Projection, ...] = (),
    potentials: tuple[PotentialStream, ...] = (),
) -> Header:
    """Return a header of flat layers."""
    layers: list[Layer] = []
    for name, neurons in sizes.items():
        offset = layers[-1].offset + layers[-1].neurons if layers else 0
        layers.append(Layer(name=name, neurons=neurons, shape=(neurons,), offset=offset))
    return Header(
        name="made up",
        bin_us=bin_us,
        t_start_us=t_start_us,
        t_stop_us=t_stop_us,
        layers=tuple(layers),
        projections=projections,
        potentials=potentials,
        source=Source(format="arrays"),
    )


def make_learning_run(
    *,
    seconds: float = 4.0,
    bin_us: int = 1000,
    n_spikes: int = 20_000,
    n_weights: int = 3_000,
    seed: int = 0,
    t_start_us: int = 0,
) -> Run:
    """Return a run with two layers, a plastic and a silent projection, and potentials of some neurons."""
    rng = np.random.default_rng(seed)
    stop_us = t_start_us + int(seconds * 1e6)
    header = make_header(
        {"In put.ä": 130, "one": 1, "Out": 70},
        bin_us=bin_us,
        t_start_us=t_start_us,
        t_stop_us=stop_us,
        projections=(
            Projection(
                name="in→out",
                source="In put.ä",
                target="Out",
                kind="explicit",
                synapses=500,
                target_neurons=70,
            ),
            Projection(
                name="fixed", source="one", target="Out", kind="explicit", synapses=70, target_neurons=70
            ),
        ),
        potentials=(
            PotentialStream(variable="v", unit="mV", layer="Out", n_recorded=5, sampling_period_us=10_000),
            PotentialStream(variable="v", unit="mV", layer="one", n_recorded=1, sampling_period_us=10_000),
        ),
    )

    def times(n: int) -> NDArray[np.int64]:
        return np.sort(rng.integers(t_start_us, stop_us, n))

    spike_times = times(n_spikes)
    spike_times[-1] = stop_us - 1
    first = rng.normal(0.5, 0.1, 500)
    sample_times = np.arange(t_start_us, stop_us, 10_000)
    recorded = np.array([130, 131, 133, 150, 170, 200])
    weight_times, synapse = times(n_weights), rng.integers(0, 500, n_weights)
    value = rng.normal(0.5, 0.2, n_weights)
    value[rng.random(n_weights) < 0.02] = np.nan
    run = Run(header)
    run.events["spikes", ""] = {
        "time_us": spike_times,
        "neuron": rng.integers(0, 201, n_spikes).astype(np.uint32),
        "count": rng.choice([1, 1, 1, 1, 3], n_spikes).astype(np.uint16),
    }
    run.events["weights", "in→out"] = {
        "time_us": np.concatenate([np.full(500, t_start_us), weight_times]),
        "synapse": np.concatenate([np.arange(500), synapse]).astype(np.uint32),
        "value": np.concatenate([first, value]).astype(np.float32),
    }
    run.events["potentials", "v"] = {
        "time_us": np.repeat(sample_times, len(recorded)),
        "neuron": np.tile(recorded, len(sample_times)).astype(np.uint32),
        "value": rng.normal(-60, 5, len(sample_times) * len(recorded)).astype(np.float32),
    }
    return run


class Chunks:
    """Reads a build as a client does: by the manifest alone."""

    def __init__(self, store: Store, manifest: Manifest) -> None:
        self.store, self.manifest = store, manifest

    def stream(self, name: str) -> int:
        """Return the number of a stream."""
        return next(stream.stream for stream in self.manifest.streams if stream.name == name)

    def grid(self, name: str, level: int, target: str) -> Grid:
        """Return one grid."""
        wanted = (self.stream(name), level, target)
        return next(grid for grid in self.manifest.grids if (grid.stream, grid.level, grid.target) == wanted)

    def chunks(self, name: str, level: int, target: str) -> dict[tuple[int, int], Any]:
        """Return the decoded chunks of a grid by (tile, chunk)."""
        grid = self.grid(name, level, target)
        kind = next(stream.kind for stream in self.manifest.streams if stream.stream == grid.stream)
        decode = {
            "spikes": decode_spikes,
            "groups": decode_groups,
            "values": decode_values,
            "series": decode_series,
        }
        found: dict[tuple[int, int], Any] = {}
        n_chunks = -(-self.manifest.levels[level].frames >> grid.k)
        for tile, presence in zip(grid.tiles, grid.presence, strict=True):
            for chunk in np.flatnonzero(unpack_presence(presence, n_chunks)).tolist():
                key = ChunkKey(self.manifest.num, self.manifest.build, grid.stream, level, chunk, tile)
                found[tile, chunk] = decode[kind](unseal(chunks.read(self.store, key)))
        return found

    def spikes(self, level: int, target: str) -> NDArray[np.int64]:
        """Return dense counts (frames, neurons) of a layer."""
        tiles = [tile for tile in self.manifest.tiles if tile.kind == "layer" and tile.name == target]
        dense = np.zeros((self.manifest.levels[level].frames, sum(tile.n for tile in tiles)), np.int64)
        for (tile, _), part in self.chunks("spikes", level, target).items():
            frame = np.repeat(np.arange(len(part.n)) + part.first_frame, part.n)
            first = self.manifest.tiles[tile].first
            dense[frame, part.ids + first] = 1 if part.counts is None else part.counts
        return dense

    def state(self, name: str, level: int, target: str, frame: int) -> NDArray[np.float32]:
        """Seek: the state of a target at the end of a frame, from the nearest stored chunk."""
        grid = self.grid(name, level, target)
        tiles = [self.manifest.tiles[tile] for tile in grid.tiles]
        state = np.full(sum(tile.n for tile in tiles), np.nan, np.float32)
        n_chunks = -(-self.manifest.levels[level].frames >> grid.k)
        for tile, presence in zip(tiles, grid.presence, strict=True):
            stored = np.flatnonzero(unpack_presence(presence, n_chunks))
            stored = stored[stored <= frame >> grid.k]
            if not len(stored):
                continue
            key = ChunkKey(
                self.manifest.num, self.manifest.build, grid.stream, level, int(stored[-1]), tile.tile
            )
            part = decode_values(unseal(chunks.read(self.store, key)))
            rows = np.repeat(np.arange(len(part.n)) + part.first_frame, part.n)
            local = part.keyframe.copy()
            local[part.ids[rows <= frame]] = part.last[rows <= frame]
            state[tile.first : tile.first + tile.n] = local
        return state


def stored_build(store: Store, num: int, build: int) -> dict[tuple[int, ...], bytes]:
    """Return every stored chunk of a build, keys without the build's number."""
    first = ChunkKey(num, build, 0, 0, 0, 0)
    last = ChunkKey(num, build, 0xFFFF, 0xFF, 0xFFFFFFFF, 0xFFFFFF)
    return {key[2:]: sealed.stored for key, sealed in chunks.scan(store, first, last)}


@pytest.fixture
def learning_run() -> Callable[..., Run]:
    """Make a run with odd layer names, multiplicities, pruned synapses and potentials of some neurons."""
    return make_learning_run


@pytest.fixture
def header_of() -> Callable[..., Header]:
    """Make a header of flat layers."""
    return make_header


@pytest.fixture
def run_of() -> type[Run]:
    """A run from a header and event columns."""
    return Run


@pytest.fixture
def batches() -> Callable[[EventKind, Columns], pa.RecordBatch]:
    """Make a batch of event columns."""
    return batch_of


@pytest.fixture
def chunks_of(store: Store) -> Callable[[Manifest], Chunks]:
    """Open a build for reading."""
    return lambda manifest: Chunks(store, manifest)


@pytest.fixture
def bytes_of(store: Store) -> Callable[[Recording, int], dict[tuple[int, ...], bytes]]:
    """Read all stored bytes of a build."""
    return lambda recording, build: stored_build(store, recording.num, build)
