"""Levels 3 and up: groups and series folded from the level below, after all ranges are done."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from synaptarium.jobs.chunking import Chunk, encode_group_chunks, encode_series_chunks
from synaptarium.jobs.plan import Plan
from synaptarium.kernels.series import Series, fold_series
from synaptarium.schemas.chunk_key import ChunkKey
from synaptarium.schemas.chunks import GROUP_NEURONS, decode_groups, decode_series
from synaptarium.schemas.manifest import EXACT_LEVELS, LEVEL_FACTOR, Grid
from synaptarium.schemas.sealing import unseal
from synaptarium.store import chunks
from synaptarium.store.database import Store

#: Source chunks in memory at a time: about 4 MiB stored.
BATCH = 16


def upper_chunks(store: Store, plan: Plan, *, first_bin: int = 0) -> Iterator[list[Chunk]]:
    """Yield the chunks of levels 3 and up, a list at a time; write each list before asking for the next.

    Parameters
    ----------
    store : Store
        Holds the chunks of level 2, and those of each level once they were yielded.
    plan : Plan
        Its grids.
    first_bin : int
        Chunks that end before this bin are left as they are.
    """
    grids = {(grid.stream, grid.level, grid.target): grid for grid in plan.grids}
    kinds = {stream.stream: stream.kind for stream in plan.streams}
    for level in plan.levels[EXACT_LEVELS:]:
        for grid in plan.grids:
            if grid.level != level.level:
                continue
            below = grids[grid.stream, grid.level - 1, grid.target]
            first = first_bin // level.bins >> grid.k
            if kinds[grid.stream] == "series":
                yield _fold_series(store, plan, grid, below, first, level.frames)
            else:
                for tile in grid.tiles:
                    for chunk in range(first, -(-level.frames >> grid.k)):
                        yield _fold_groups(store, plan, grid, below, tile, chunk, level.frames)


def _fold_groups(
    store: Store, plan: Plan, grid: Grid, below: Grid, tile: int, chunk: int, frames: int
) -> list[Chunk]:
    first = chunk << grid.k
    stop = min(first + (1 << grid.k), frames)
    n_groups = -(-plan.tiles[tile].n // GROUP_NEURONS)
    counts = np.zeros((stop - first, n_groups), np.uint32)
    for payload in _below(store, plan, below, tile, first * LEVEL_FACTOR, stop * LEVEL_FACTOR):
        part = decode_groups(payload)
        frame = np.arange(part.first_frame, part.first_frame + len(part.counts)) // LEVEL_FACTOR - first
        inside = (frame >= 0) & (frame < len(counts))
        frame, dense = frame[inside], part.counts[inside]
        if len(frame):
            starts = np.flatnonzero(np.diff(frame, prepend=-1))
            counts[frame[starts]] += np.add.reduceat(dense, starts, axis=0, dtype=np.uint32)
    return list(encode_group_chunks(plan, grid, plan.tiles[tile], first, counts))


def _fold_series(
    store: Store, plan: Plan, grid: Grid, below: Grid, first_chunk: int, frames: int
) -> list[Chunk]:
    first = first_chunk << grid.k
    source = first * LEVEL_FACTOR
    n = plan.levels[below.level].frames - source
    parts: list[NDArray[np.int64]] = [np.zeros(n, np.int64) for _ in range(4)]
    for payload in _below(store, plan, below, grid.tiles[0], source, source + n):
        found = decode_series(payload)
        at, skip = max(0, found.first_frame - source), max(0, source - found.first_frame)
        for whole, part in zip(parts, (found.total, found.minimum, found.maximum, found.last), strict=True):
            assert part is not None  # only level 0 lacks extremes
            whole[at : at + len(part) - skip] = part[skip:]
    folded = fold_series(Series(*parts))
    assert len(folded.total) == frames - first
    return list(encode_series_chunks(plan, grid, first, folded))


def _below(
    store: Store, plan: Plan, grid: Grid, tile: int, first_frame: int, stop_frame: int
) -> Iterator[bytes]:
    numbers = range(first_frame >> grid.k, -(-stop_frame >> grid.k))
    for start in range(0, len(numbers), BATCH):
        wanted = [
            ChunkKey(plan.num, plan.build, grid.stream, grid.level, number, tile)
            for number in numbers[start : start + BATCH]
        ]
        found = chunks.read_many(store, wanted)
        for key in wanted:
            if key in found:
                yield unseal(found[key])
