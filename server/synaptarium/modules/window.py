"""What every neuron or synapse did in a window: its spikes, or its states."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from synaptarium.modules.chunk_choice import Frames, choose_chunks, grid_of, latest_before
from synaptarium.modules.reader import RecordingReader
from synaptarium.modules.stimulus_rows import chosen_frames
from synaptarium.schemas.chunk_key import ChunkKey
from synaptarium.schemas.chunks import ValueFrames, decode_spikes, decode_values
from synaptarium.schemas.manifest import EXACT_LEVELS, Tile
from synaptarium.schemas.sealing import unseal


@dataclasses.dataclass(frozen=True)
class Spikes:
    """Spikes of a layer in a window: frame (from the window's first), neuron (id in the layer) and count of each."""

    frames: Frames
    frame: NDArray[np.int64]
    neuron: NDArray[np.uint32]
    count: NDArray[np.int64]


def spikes_in(
    reader: RecordingReader,
    layer: str,
    t_start_us: int,
    t_stop_us: int,
    *,
    budget_bytes: int,
    levels: Collection[int] = range(EXACT_LEVELS),
    neurons: Collection[int] | NDArray[np.integer] | None = None,
    only: bool = False,
) -> Spikes:
    """Return the spikes of a layer in a half-open window, widened to whole frames.

    Parameters
    ----------
    reader : RecordingReader
        What reads.
    layer : str
        Its name.
    t_start_us, t_stop_us : int
        Window, cut to the recording's span.
    budget_bytes : int
        Most stored bytes that are read for this.
    levels : collection of int
        Levels to choose from: the finest that fits; of the coarsest an even sample where none does.
    neurons : collection of int or None
        Only tiles that hold one of these ids are read.
    only : bool
        Whether the spikes of other neurons in those tiles are left out, too.
    """
    frames, tiles, keys = choose_chunks(
        reader,
        "spikes",
        layer,
        t_start_us,
        t_stop_us,
        budget_bytes=budget_bytes,
        levels=levels,
        items=neurons,
    )
    chosen = None
    if only and neurons is not None:
        chosen = np.zeros(max((tile.first + tile.n for tile in tiles.values()), default=0), np.bool_)
        chosen[np.fromiter(neurons, np.int64, len(neurons))] = True
    return read_spikes(reader, frames, tiles, keys, neurons=chosen)


def read_spikes(
    reader: RecordingReader,
    frames: Frames,
    tiles: dict[int, Tile],
    keys: Sequence[ChunkKey],
    *,
    neurons: NDArray[np.bool_] | None = None,
) -> Spikes:
    """Return the spikes of chunks that :func:`choose_chunks` chose of the stream ``spikes``; of the layer's ``neurons`` only."""
    # A long run has millions of frames, whose times nobody asks for where all stimuli count.
    chosen = None if reader.subset.all else chosen_frames(reader, frames.t_us)
    if chosen is not None:
        frames = dataclasses.replace(frames, covered=frames.covered & chosen, read=frames.covered)
    parts: list[tuple[NDArray[np.int64], NDArray[np.uint32], NDArray[np.int64]]] = []
    for key, sealed in sorted(reader.chunks(keys).items()):
        chunk = decode_spikes(unseal(sealed))
        first = np.uint32(tiles[key.tile].first)
        row = chunk.first_frame - frames.first + np.arange(len(chunk.n))
        ids, counts = chunk.ids, chunk.counts
        if neurons is None:
            frame = np.repeat(row, chunk.n)
        else:
            # Of a few neurons among thousands: only their spikes get a frame.
            own = np.flatnonzero(neurons[ids + first])
            frame = row[np.searchsorted(np.cumsum(chunk.n, dtype=np.int64), own, side="right")]
            ids, counts = ids[own], None if counts is None else counts[own]
        count = np.ones(len(frame), np.int64) if counts is None else counts.astype(np.int64)
        ids = ids + first
        # Few chunks reach beyond the window; those that don't are taken as they are.
        if chosen is not None or (len(row) and (row[0] < 0 or row[-1] >= frames.n)):
            inside = (frame >= 0) & (frame < frames.n)
            if chosen is not None:
                inside[inside] = chosen[frame[inside]]
            frame, ids, count = frame[inside], ids[inside], count[inside]
        parts.append((frame, ids, count))
    if not parts:
        return Spikes(frames, np.empty(0, np.int64), np.empty(0, np.uint32), np.empty(0, np.int64))
    frame, neuron, count = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Spikes(frames, frame, neuron, count)


def states_in(
    reader: RecordingReader,
    stream: str,
    target: str,
    tiles: Sequence[Tile],
    t_start_us: int,
    t_stop_us: int,
    *,
    budget_bytes: int,
    levels: Collection[int] = range(EXACT_LEVELS),
    most: int | None = None,
) -> tuple[Frames, Iterator[tuple[int, NDArray[np.float32]]]]:
    """Return the frames of a window, and an iterator over the states at their ends.

    Parameters
    ----------
    tiles : sequence of Tile
        Whose items make up the state, one after the other; the rest as for :func:`spikes_in`.
    most : int or None
        How many states at most, evenly over those that are known, the first and the last among them; None for all.

    Yields
    ------
    (frame, state) : (int, (n_items,) float32)
        Frames in order, from 0; only those whose state is known. NaN where an item has no value. The array is used
        again for the next frame.
    """
    frames, _, keys = choose_chunks(
        reader,
        stream,
        target,
        t_start_us,
        t_stop_us,
        budget_bytes=budget_bytes,
        levels=levels,
        items=[tile.first for tile in tiles],
        of_values=True,
    )
    earlier = {latest_before(reader, stream, target, tile, frames) for tile in tiles} - {None}
    found = reader.chunks(sorted({*keys, *(key for key in earlier if key)}))
    decoded = {key: decode_values(unseal(sealed)) for key, sealed in sorted(found.items())}
    covered = frames.covered.copy()
    by_tile = {
        tile.tile: [chunk for key, chunk in decoded.items() if key.tile == tile.tile] for tile in tiles
    }
    for own in by_tile.values():
        covered &= _known(frames, own)
    chosen = None if reader.subset.all else chosen_frames(reader, frames.t_us)
    if chosen is not None:
        frames = dataclasses.replace(frames, read=covered.copy())
        covered &= chosen
    frames.covered[:] = covered
    known = np.flatnonzero(covered)
    if most is not None and len(known) > most:
        known = known[np.linspace(0, len(known) - 1, most).astype(int)]
    parts = [_states(frames, by_tile[tile.tile], tile.n, known) for tile in tiles]
    together = parts[0] if len(parts) == 1 else map(np.concatenate, zip(*parts, strict=True))
    return frames, zip(known.tolist(), together, strict=False)


def state_at(reader: RecordingReader, stream: str, target: str, tile: Tile, t_us: int) -> NDArray[np.float32]:
    """Return the (tile.n,) float32 state just before a moment, at the finest level; NaN where an item has no value."""
    manifest = reader.manifest
    t_us = min(max(t_us, manifest.t_start_us + 1), manifest.t_stop_us)
    state = np.full(tile.n, np.nan, np.float32)
    level = manifest.levels[0]
    frame = (t_us - 1 - manifest.t_start_us) // (level.bins * manifest.bin_us)
    frames = Frames(0, manifest.bin_us, frame + 1, 0, t_us, np.ones(0, np.bool_))
    grid = grid_of(reader, stream, target, 0)
    key = latest_before(reader, stream, target, tile, frames)
    if grid is None or key is None:
        return state
    chunk = decode_values(unseal(reader.chunk(key)))
    state[:] = chunk.keyframe
    rows = min(len(chunk.n), frame + 1 - chunk.first_frame)
    until = int(chunk.n[:rows].sum(dtype=np.int64))
    # numpy assigns in order, so of equal ids the last frame's value stays.
    state[chunk.ids[:until]] = chunk.last[:until]
    return state


def _states(
    frames: Frames, chunks: list[ValueFrames], n: int, wanted: NDArray[np.int64]
) -> Iterator[NDArray[np.float32]]:
    """Yield the state of one tile at the end of each of some ascending frames."""
    state = np.full(n, np.nan, np.float32)
    ordered = sorted(chunks, key=lambda chunk: chunk.first_frame)
    firsts = np.array([chunk.first_frame - frames.first for chunk in ordered], np.int64)
    at, done = -1, 0
    ends = np.zeros(1, np.int64)
    for frame, place in zip(wanted.tolist(), np.searchsorted(firsts, wanted, side="right") - 1, strict=True):
        if place > at:
            at, done = int(place), 0
            state[:] = ordered[at].keyframe
            ends = np.concatenate(([0], np.cumsum(ordered[at].n, dtype=np.int64)))
        if at >= 0:
            until = int(ends[min(frame - int(firsts[at]) + 1, len(ends) - 1)])
            # numpy assigns in order, so of equal ids the last frame's value stays.
            state[ordered[at].ids[done:until]] = ordered[at].last[done:until]
            done = until
        yield state


def _known(frames: Frames, chunks: list[ValueFrames]) -> NDArray[np.bool_]:
    """Tell which frames of a tile are known: after a gap none, until the next chunk tells the state again."""
    starts = np.zeros(frames.n, np.bool_)
    firsts = np.array([chunk.first_frame - frames.first for chunk in chunks], np.int64)
    starts[firsts[(firsts >= 0) & (firsts < frames.n)]] = True
    place = np.arange(frames.n)
    last_start = np.maximum.accumulate(np.where(starts, place, -1))
    last_gap = np.maximum.accumulate(np.where(frames.covered, -1, place))
    return last_gap <= last_start
