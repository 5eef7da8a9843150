"""What every neuron or synapse did in a window: the chunks of the level that fits, or an even sample of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from synaptarium.modules.reader import RecordingReader
from synaptarium.modules.subset import chosen_frames
from synaptarium.schemas.chunk_key import ChunkKey
from synaptarium.schemas.chunks import ValueFrames, decode_spikes, decode_values
from synaptarium.schemas.manifest import EXACT_LEVELS, Grid, Level, Tile, unpack_presence
from synaptarium.schemas.recording import Accounting
from synaptarium.schemas.sealing import unseal

# A level of more chunks than this in the window is too fine for any budget.
_MAX_CHUNKS = 1024


@dataclasses.dataclass(frozen=True)
class Frames:
    """Frames of a window at one level, and which of them are known.

    Parameters
    ----------
    level, frame_us : int
        Time level, width of a frame.
    first, n : int
        First frame of the window at that level, number of frames.
    first_us : int
        Start of the first frame.
    covered : (n,) bool
        False where a chunk was left out for the budget, or where no stimulus of the reader's subset is on.
    read : (n,) bool or None
        False where a chunk was left out for the budget, whatever the stimuli; None where that is ``covered``.
    """

    level: int
    frame_us: int
    first: int
    n: int
    first_us: int
    covered: NDArray[np.bool_]
    read: NDArray[np.bool_] | None = None

    @property
    def t_us(self) -> NDArray[np.int64]:
        """Start of every frame."""
        return self.first_us + np.arange(self.n, dtype=np.int64) * self.frame_us

    @property
    def known(self) -> NDArray[np.bool_]:
        """Which frames were read."""
        return self.covered if self.read is None else self.read

    @property
    def accounting(self) -> tuple[Accounting, ...]:
        """ "x of y", where frames are left out."""
        kept = int(self.known.sum())
        if kept == self.n:
            return ()
        why = (
            "An answer reads at most 4 MiB; an even sample over the window was read. Choose a shorter window."
        )
        return (Accounting(what="frames of the window", kept=kept, total=self.n, why=why),)


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
    earlier = {_latest_before(reader, stream, target, tile, frames) for tile in tiles} - {None}
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
    grid = _grid(reader, stream, target, 0)
    key = _latest_before(reader, stream, target, tile, frames)
    if grid is None or key is None:
        return state
    chunk = decode_values(unseal(reader.chunk(key)))
    state[:] = chunk.keyframe
    rows = min(len(chunk.n), frame + 1 - chunk.first_frame)
    until = int(chunk.n[:rows].sum(dtype=np.int64))
    # numpy assigns in order, so of equal ids the last frame's value stays.
    state[chunk.ids[:until]] = chunk.last[:until]
    return state


def tiles_of(reader: RecordingReader, target: str, kind: str) -> list[Tile]:
    """Return the tiles of a layer or projection, in order."""
    return [tile for tile in reader.manifest.tiles if tile.name == target and tile.kind == kind]


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


def choose_chunks(
    reader: RecordingReader,
    stream: str,
    target: str,
    t_start_us: int,
    t_stop_us: int,
    *,
    budget_bytes: int,
    levels: Collection[int],
    items: Collection[int] | NDArray[np.integer] | None,
    of_values: bool = False,
) -> tuple[Frames, dict[int, Tile], list[ChunkKey]]:
    """Return the frames of a window at the finest level that fits, the target's tiles, and the chunks to read.

    Parameters are those of :func:`spikes_in`; ``items`` names neurons or synapses, of which only the tiles are read, and
    ``of_values`` says that a chunk which is not stored means "unchanged" and not "silent".
    """
    manifest = reader.manifest
    tiles = {tile.tile: tile for tile in manifest.tiles if tile.name == target}
    start = max(t_start_us, manifest.t_start_us) - manifest.t_start_us
    stop = max(start, min(t_stop_us, manifest.t_stop_us) - manifest.t_start_us)
    usable = [level for level in manifest.levels if level.level in levels]
    for level in usable:
        frame_us = level.bins * manifest.bin_us
        first = min(start // frame_us, level.frames)
        n = max(0, min(level.frames, -(-stop // frame_us)) - first)
        first_us = manifest.t_start_us + first * frame_us
        frames = Frames(level.level, frame_us, first, n, first_us, np.ones(n, np.bool_))
        grid = _grid(reader, stream, target, level.level)
        if grid is None or not n:
            return frames, tiles, []
        by_chunk = _present(reader, grid, level, frames, tiles, items)
        # A chunk of spikes that is not stored says "silent", and a sample that passed over such chunks would tell
        # wrong rates. One of values says "unchanged": only the stored ones tell anything.
        numbers = sorted(by_chunk) if of_values else list(_numbers_of(grid, frames))
        last_choice = level is usable[-1]
        if sum(map(len, by_chunk.values())) > _MAX_CHUNKS and not last_choice:
            continue
        chosen = _fitting(reader, by_chunk, numbers, budget_bytes)
        if len(chosen) < len(numbers) and not last_choice:
            continue
        for chunk in set(numbers) - chosen:
            begin = (chunk << grid.k) - first
            frames.covered[max(0, begin) : max(0, begin + (1 << grid.k))] = False
        return frames, tiles, [key for chunk in sorted(chosen) for key in by_chunk.get(chunk, ())]
    raise AssertionError("a build has levels 0 to 2")


def _present(
    reader: RecordingReader,
    grid: Grid,
    level: Level,
    frames: Frames,
    tiles: dict[int, Tile],
    items: Collection[int] | NDArray[np.integer] | None,
) -> dict[int, list[ChunkKey]]:
    manifest = reader.manifest
    by_chunk: dict[int, list[ChunkKey]] = {}
    numbers = _numbers_of(grid, frames)
    wanted = None if items is None else np.sort(np.fromiter(items, np.int64, len(items)))
    for number, presence in zip(grid.tiles, grid.presence, strict=True):
        tile = tiles[number]
        if wanted is not None:
            begin, end = np.searchsorted(wanted, (tile.first, tile.first + tile.n))
            if begin == end:
                continue
        present = unpack_presence(presence, -(-level.frames >> grid.k))
        for chunk in numbers.start + np.flatnonzero(present[numbers.start : numbers.stop]):
            key = ChunkKey(manifest.num, manifest.build, grid.stream, grid.level, int(chunk), number)
            by_chunk.setdefault(int(chunk), []).append(key)
    return by_chunk


def _numbers_of(grid: Grid, frames: Frames) -> range:
    """Return the numbers of the chunks that a window touches, stored or not."""
    return range(frames.first >> grid.k, (frames.first + frames.n - 1 >> grid.k) + 1)


def _fitting(
    reader: RecordingReader, by_chunk: dict[int, list[ChunkKey]], numbers: list[int], budget_bytes: int
) -> set[int]:
    """Return the chunks whose tiles fit the budget together: all the numbers, or every so manyth."""
    step = -(-sum(map(len, by_chunk.values())) // _MAX_CHUNKS) or 1
    numbers = numbers[::step]
    found = reader.stored_bytes([key for chunk in numbers for key in by_chunk.get(chunk, ())])
    sizes = [sum(found.get(key, 0) for key in by_chunk.get(chunk, ())) for chunk in numbers]
    step = 1
    while sum(sizes[::step]) > budget_bytes and step <= len(sizes):
        step += 1
    return set(numbers[::step]) if sum(sizes[::step]) <= budget_bytes else set()


def _grid(reader: RecordingReader, stream: str, target: str, level: int) -> Grid | None:
    number = next((found.stream for found in reader.manifest.streams if found.name == stream), None)
    return next(
        (
            grid
            for grid in reader.manifest.grids
            if (grid.stream, grid.target, grid.level) == (number, target, level)
        ),
        None,
    )


def _latest_before(
    reader: RecordingReader, stream: str, target: str, tile: Tile, frames: Frames
) -> ChunkKey | None:
    """Return the key of the last stored chunk of a tile that starts before the window does."""
    grid = _grid(reader, stream, target, frames.level)
    if grid is None or tile.tile not in grid.tiles or not frames.first:
        return None
    n_chunks = ((frames.first - 1) >> grid.k) + 1
    present = np.flatnonzero(unpack_presence(grid.presence[grid.tiles.index(tile.tile)], n_chunks))
    if not len(present):
        return None
    manifest = reader.manifest
    return ChunkKey(manifest.num, manifest.build, grid.stream, grid.level, int(present[-1]), tile.tile)
