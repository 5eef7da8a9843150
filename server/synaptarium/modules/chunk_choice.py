"""Which chunks answer a window: those of the finest level that fits the budget, or an even sample of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from synaptarium.modules.reader import RecordingReader
from synaptarium.schemas.chunk_key import ChunkKey
from synaptarium.schemas.manifest import Grid, Level, Tile, unpack_presence
from synaptarium.schemas.recording import Accounting

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

    Parameters are those of :func:`~synaptarium.modules.window.spikes_in`; ``items`` names neurons or synapses, of which only the tiles are read, and
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
        grid = grid_of(reader, stream, target, level.level)
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


def tiles_of(reader: RecordingReader, target: str, kind: str) -> list[Tile]:
    """Return the tiles of a layer or projection, in order."""
    return [tile for tile in reader.manifest.tiles if tile.name == target and tile.kind == kind]


def grid_of(reader: RecordingReader, stream: str, target: str, level: int) -> Grid | None:
    """Return the chunks of a stream's target at a level; None where nothing of it was recorded."""
    number = next((found.stream for found in reader.manifest.streams if found.name == stream), None)
    return next(
        (
            grid
            for grid in reader.manifest.grids
            if (grid.stream, grid.target, grid.level) == (number, target, level)
        ),
        None,
    )


def latest_before(
    reader: RecordingReader, stream: str, target: str, tile: Tile, frames: Frames
) -> ChunkKey | None:
    """Return the key of the last stored chunk of a tile that starts before the window does."""
    grid = grid_of(reader, stream, target, frames.level)
    if grid is None or tile.tile not in grid.tiles or not frames.first:
        return None
    n_chunks = ((frames.first - 1) >> grid.k) + 1
    present = np.flatnonzero(unpack_presence(grid.presence[grid.tiles.index(tile.tile)], n_chunks))
    if not len(present):
        return None
    manifest = reader.manifest
    return ChunkKey(manifest.num, manifest.build, grid.stream, grid.level, int(present[-1]), tile.tile)


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
