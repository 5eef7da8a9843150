"""What a small viewer draws of a stretch of a run: where the neurons lie, when they spike, the strongest synapses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, cast

import msgspec
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from synaptarium.scenes.gltf import Segments
from synaptarium.scenes.layout import Vector
from synaptarium.scenes.shown_synapses import shown_synapses
from synaptarium.schemas.chunks import SpikeFrames, ValueFrames
from synaptarium.schemas.errors import InvalidInput, InvalidTime
from synaptarium.schemas.manifest import EXACT_LEVELS, Grid, Manifest, unpack_presence
from synaptarium.schemas.messages import Network
from synaptarium.schemas.recording import Layer, Projection

#: Spikes, or frames with spikes, that are drawn at most: the finest level that has no more is taken.
MOST_SPIKES = 250_000


class Source(Protocol):
    """Where the arrays come from: :class:`synaptarium.client.Client`, or anything with these methods."""

    def network(self, id: str, /) -> Network: ...
    def manifest(self, id: str, /) -> Manifest: ...
    def scene(self, id: str, /, layout: str = "auto") -> pa.RecordBatch: ...
    def synapses(self, id: str, projection: str, /) -> Mapping[str, NDArray[Any]]: ...
    def chunk(
        self, id: str, stream: str, /, *, level: int, tile: int, chunk: int, manifest: Manifest | None = None
    ) -> Any: ...


class Spikes(NamedTuple):
    """Spikes of a stretch at one level.

    Parameters
    ----------
    neurons : (n,) uint32
        Global indices.
    time_us : (n,) int64
        Start of the frame of each, ascending within a tile.
    frame_us : int
        Width of a frame: how exactly the times are known.
    """

    neurons: NDArray[np.uint32]
    time_us: NDArray[np.int64]
    frame_us: int


@dataclass(frozen=True, kw_only=True)
class Excerpt:
    """A stretch of a run, as arrays.

    Parameters
    ----------
    name : str
        Of the recording.
    t_start_us, t_stop_us : int
        Half-open.
    layers : tuple of Layer
        In global index order.
    positions : (n_neurons, 3) float32
        Scene units.
    spacing : (n_neurons,) float32
        Distance of a neuron's neighbours, scene units.
    camera : pair of vectors
        Position and target of a view that fits.
    spikes : Spikes
        At the finest level that has no more than ``MOST_SPIKES``.
    segments : tuple of Segments
        The strongest synapses of each projection at the start; of unknown weights an even choice.
    n_synapses : int
        How many there are.
    """

    name: str
    t_start_us: int
    t_stop_us: int
    layers: tuple[Layer, ...]
    positions: NDArray[np.float32]
    spacing: NDArray[np.float32]
    camera: tuple[Vector, Vector]
    spikes: Spikes
    segments: tuple[Segments, ...]
    n_synapses: int


def excerpt(
    recording: str,
    source: Source,
    *,
    t_start_us: int | None = None,
    t_stop_us: int | None = None,
    layout: str = "auto",
    synapses: int = 2000,
) -> Excerpt:
    """Read what a stretch of a recording needs.

    Parameters
    ----------
    recording : str
        Its id.
    source : Source
        Where from.
    t_start_us, t_stop_us : int or None
        Half-open; the run's start and end where not given.
    layout : str
        As :func:`synaptarium.scenes.layouts.lay_out`.
    synapses : int
        Drawn at most, shared among the projections by the square root of their numbers.

    Raises
    ------
    InvalidTime
        Nothing of the run lies between the times.
    InvalidInput
        Even the coarsest exact level has too many spikes there, or the arguments are no recording and no source.
    """
    given = cast("object", recording)
    if not isinstance(given, str) or not hasattr(source, "manifest"):
        raise InvalidInput(
            f"The recording is a {type(given).__name__}, its source a {type(source).__name__}.",
            hint="Give the recording's id first, then a Client.",
        )
    if synapses < 0:
        raise InvalidInput(f"{synapses} synapses were asked for.", hint="Give 0 or more.", where="synapses")
    manifest, network = source.manifest(recording), source.network(recording)
    start = manifest.t_start_us if t_start_us is None else max(t_start_us, manifest.t_start_us)
    stop = manifest.t_stop_us if t_stop_us is None else min(t_stop_us, manifest.t_stop_us)
    if start >= stop:
        raise InvalidTime(
            f"Nothing of {recording!r} lies between {start / 1e6:g} s and {stop / 1e6:g} s.",
            hint=f"It runs from {manifest.t_start_us / 1e6:g} s to {manifest.t_stop_us / 1e6:g} s.",
        )
    scene = source.scene(recording, layout=layout)
    metadata: dict[bytes, bytes] = scene.schema.metadata or {}
    positions = np.stack([scene.column(axis).to_numpy() for axis in "xyz"], axis=1)
    frames = {frame["name"]: frame for frame in msgspec.json.decode(metadata[b"layers"])}
    spacing = np.concatenate(
        [np.full(layer.neurons, frames[layer.name]["spacing"], np.float32) for layer in network.layers]
    )
    home = msgspec.json.decode(metadata[b"home"])
    # Of what is decoded there are no neurons to end at.
    projections = [p for p in network.projections if p.kind != "decoder"]
    roots = np.sqrt([p.synapses for p in projections])
    budgets = (synapses * roots / max(float(roots.sum()), 1.0)).round().astype(int)
    return Excerpt(
        name=network.header.name,
        t_start_us=start,
        t_stop_us=stop,
        layers=network.layers,
        positions=positions,
        spacing=spacing,
        camera=(tuple(home["position"]), tuple(home["target"])),
        spikes=_spikes(recording, source, manifest, start, stop),
        segments=tuple(
            _segments(recording, source, manifest, network, projection, positions, start, int(budget))
            for projection, budget in zip(projections, budgets, strict=True)
        ),
        n_synapses=sum(p.synapses for p in projections),
    )


def _spikes(recording: str, source: Source, manifest: Manifest, start_us: int, stop_us: int) -> Spikes:
    for level in manifest.levels[:EXACT_LEVELS]:
        frame_us = level.bins * manifest.bin_us
        first = (start_us - manifest.t_start_us) // frame_us
        last = -(-(stop_us - manifest.t_start_us) // frame_us)
        neurons: list[NDArray[np.uint32]] = []
        times: list[NDArray[np.int64]] = []
        n_spikes = 0
        for offset, frames in _spike_chunks(recording, source, manifest, level.level, first, last):
            numbers = np.repeat(frames.first_frame + np.arange(len(frames.n)), frames.n)
            inside = (numbers >= first) & (numbers < last)
            neurons.append((frames.ids[inside] + offset).astype(np.uint32))
            times.append(manifest.t_start_us + numbers[inside] * frame_us)
            n_spikes += int(inside.sum())
            if n_spikes > MOST_SPIKES:
                break
        if n_spikes <= MOST_SPIKES:
            nothing = np.empty(0, np.int64)
            return Spikes(
                np.concatenate([nothing.astype(np.uint32), *neurons]),
                np.concatenate([nothing, *times]),
                frame_us,
            )
    raise InvalidInput(
        f"{(stop_us - start_us) / 1e6:g} s of {recording!r} have more than {MOST_SPIKES:,} frames with a spike.",
        hint="Choose a shorter stretch, or open the recording in the viewer, which has no such limit.",
    )


def _spike_chunks(
    recording: str, source: Source, manifest: Manifest, level: int, first: int, last: int
) -> Iterator[tuple[int, SpikeFrames]]:
    """Yield the chunks with frames first .. last - 1, with the global index of their first neuron."""
    tiles = {tile.tile: tile for tile in manifest.tiles}
    offsets, offset = {}, 0
    for tile in manifest.tiles:
        if tile.kind == "layer":
            offsets[tile.tile] = offset
            offset += tile.n
    for grid in _grids(manifest, "spikes", level):
        for number, present in _present(manifest, grid):
            for chunk in np.flatnonzero(present[first >> grid.k : ((last - 1) >> grid.k) + 1]):
                found = source.chunk(
                    recording,
                    "spikes",
                    level=level,
                    tile=number,
                    chunk=int(chunk) + (first >> grid.k),
                    manifest=manifest,
                )
                assert isinstance(found, SpikeFrames) and tiles[number].kind == "layer"
                yield offsets[number], found


def _segments(
    recording: str,
    source: Source,
    manifest: Manifest,
    network: Network,
    projection: Projection,
    positions: NDArray[np.float32],
    t_us: int,
    budget: int,
) -> Segments:
    columns = source.synapses(recording, projection.name)
    pre, post = columns["pre"].astype(np.int64), columns["post"].astype(np.int64)
    weights = _weights(recording, source, manifest, projection, t_us)
    chosen, scale = shown_synapses(weights[: len(pre)], most=budget)
    offsets = {layer.name: layer.offset for layer in network.layers}
    ends = np.stack(
        [
            positions[offsets[projection.source] + pre[chosen]],
            positions[offsets[projection.target] + post[chosen]],
        ],
        axis=1,
    )
    return Segments(name=projection.name, ends=ends, weights=weights[chosen], scale=scale)


def _weights(
    recording: str, source: Source, manifest: Manifest, projection: Projection, t_us: int
) -> NDArray[np.float32]:
    """Return the weights just before a moment; NaN where they are not known."""
    weights = np.full(projection.synapses, np.nan, np.float32)
    tiles = {tile.tile: tile for tile in manifest.tiles}
    for grid in _grids(manifest, "weights", 0):
        if grid.target != projection.name:
            continue
        frame = (t_us - manifest.t_start_us) // manifest.bin_us
        for number, present in _present(manifest, grid):
            before = np.flatnonzero(present[: (frame >> grid.k) + 1])
            if not len(before):
                continue
            found = source.chunk(
                recording, "weights", level=0, tile=number, chunk=int(before[-1]), manifest=manifest
            )
            assert isinstance(found, ValueFrames)
            values = found.keyframe.copy()
            n_changes = int(found.n[: max(0, frame - found.first_frame)].sum())
            # Of a synapse's changes the last one stays.
            values[found.ids[:n_changes]] = found.last[:n_changes]
            tile = tiles[number]
            weights[tile.first : tile.first + tile.n] = values
    return weights


def _grids(manifest: Manifest, stream: str, level: int) -> list[Grid]:
    numbers = [one.stream for one in manifest.streams if one.name == stream]
    return [grid for grid in manifest.grids if grid.stream in numbers and grid.level == level]


def _present(manifest: Manifest, grid: Grid) -> Iterator[tuple[int, NDArray[np.bool_]]]:
    n_chunks = -(-manifest.levels[grid.level].frames // 2**grid.k)
    for tile, presence in zip(grid.tiles, grid.presence, strict=True):
        yield tile, unpack_presence(presence, n_chunks)
