"""The chunks of one range: from the range's events through the kernels to sealed payloads, nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from synaptarium.jobs.plan import Plan
from synaptarium.jobs.survey import Target, Values
from synaptarium.kernels.frames import Binned, Cells, Packing, count_cells, frame_offsets, split_cells
from synaptarium.kernels.pyramid import coarsen, group_counts
from synaptarium.kernels.series import Series, add_series, fold_series, frame_totals
from synaptarium.kernels.values import BinnedValues, bin_values, coarsen_values, replay
from synaptarium.schemas.chunk_key import ChunkKey
from synaptarium.schemas.chunks import (
    TILE_ITEMS,
    GroupFrames,
    SeriesFrames,
    SpikeFrames,
    ValueFrames,
    encode_groups,
    encode_series,
    encode_spikes,
    encode_values,
)
from synaptarium.schemas.manifest import EXACT_LEVELS, SPIKE_GROUPS, SPIKE_SERIES, SPIKES, Grid, Tile
from synaptarium.schemas.quantised import Quantised
from synaptarium.schemas.sealing import Sealed, seal

#: Coded ids and counts are near their entropy: see :func:`synaptarium.schemas.sealing.seal`.
COUNTS_ZSTD_LEVEL = 1

I64 = NDArray[np.int64]
U32 = NDArray[np.uint32]
F32 = NDArray[np.float32]


class Chunk(NamedTuple):
    """A finished chunk and how many events (spikes, changes) it holds."""

    key: ChunkKey
    sealed: Sealed
    n: int


class _Frames(NamedTuple):
    """Cells of a tile taken apart: where each frame starts, its item ids and their frames."""

    offsets: I64
    n: U32
    ids: U32
    frame: U32


def spike_chunks(plan: Plan, range_index: int, packed: Cells, packing: Packing) -> Iterator[Chunk]:
    """Yield the spike, group and series chunks of a range at levels 0 to 2.

    Parameters
    ----------
    plan : Plan
        Grids, tiles, frames.
    range_index : int
        Which range.
    packed : (n_spikes,) uint32 or uint64
        All spikes of the range from ``kernels.frames.pack_spikes``; sorted in place.
    packing : Packing
        As they were packed, by the frames of the range.
    """
    tiles = layer_tiles(plan)
    totals: dict[str, Series] = {}
    for level in range(EXACT_LEVELS):
        if level:
            packed, packing = coarsen(packed, packing)
        start, stop = plan.frames(range_index, level)
        cells, counts = count_cells(packed, packing)
        for tile, found in zip(
            tiles, split_cells(cells, counts, packing, n_frames=stop - start), strict=True
        ):
            if not len(found.cells):
                continue
            yield from _spikes(plan, tile, level, start, found, packing.id_bits)
            if level:
                yield from _groups(plan, tile, level, start, found, packing.id_bits)
            else:
                series = frame_totals(found.offsets, found.counts)
                totals[tile.name] = add_series(totals[tile.name], series) if tile.name in totals else series
    for name, series in totals.items():
        yield from series_chunks(plan, range_index, SPIKE_SERIES, name, series)


def value_chunks(plan: Plan, range_index: int, target: Target, values: Values, state: F32) -> Iterator[Chunk]:
    """Yield the value and series chunks of one target in a range at levels 0 to 2.

    Parameters
    ----------
    plan : Plan
        Grids, tiles, frames.
    range_index : int
        Which range.
    target : Target
        Layer of a variable, or projection.
    values : Values
        All its events of the range, of equal items in the order of time.
    state : (n_items,) float32
        State before the range; not changed.
    """
    first, stop = plan.frames(range_index, 0)
    t_start_us, _ = plan.span_us(range_index)
    grids = {
        grid.level: grid for grid in plan.grids if grid.stream == target.stream and grid.target == target.name
    }
    tiles = [plan.tiles[number] for number in grids[0].tiles]
    for tile, part in zip(tiles, _by_tile(values, len(tiles)), strict=True):
        if not len(part.item):
            continue
        item = part.item - np.uint32(tile.first)
        binned = bin_values(
            part.time_us,
            item,
            part.value,
            t_start_us=t_start_us,
            bin_us=plan.bin_us,
            n_frames=stop - first,
            n_items=tile.n,
            extremes=_is_potential(plan, target.stream),
        )
        for level in range(EXACT_LEVELS):
            if level:
                binned = coarsen_values(binned, n_items=tile.n)
            before = state[tile.first : tile.first + tile.n].copy()
            yield from _values(plan, grids[level], tile, range_index, binned, before)
    if len(values.time_us):
        frame = (values.time_us - t_start_us) // plan.bin_us
        total = np.bincount(frame, minlength=stop - first).astype(np.int64)
        series = Series(total, total, total, total)
        yield from series_chunks(plan, range_index, target.stream + 1, target.name, series)


def _by_tile(values: Values, n_tiles: int) -> Iterator[Values]:
    """Yield the events of each tile of a target, still in the order of time."""
    if n_tiles == 1:
        yield values
        return
    tile = values.item // np.uint32(TILE_ITEMS)
    # numpy sorts 8- and 16-bit integers by their digits: one pass, where a mask for each tile takes one pass each.
    tile = tile.astype(np.min_scalar_type(n_tiles))
    order = np.argsort(tile, kind="stable")
    time_us, item, value = values.time_us[order], values.item[order], values.value[order]
    stops = np.cumsum(np.bincount(tile, minlength=n_tiles)).tolist()
    for start, stop in zip([0, *stops], stops, strict=False):
        yield Values(time_us[start:stop], item[start:stop], value[start:stop])


def series_chunks(plan: Plan, range_index: int, stream: int, target: str, series: Series) -> Iterator[Chunk]:
    """Yield the series chunks of a layer or projection in a range at levels 0 to 2."""
    grids = {grid.level: grid for grid in plan.grids if grid.stream == stream and grid.target == target}
    for level in range(EXACT_LEVELS):
        if level:
            series = fold_series(series)
        start, _ = plan.frames(range_index, level)
        yield from encode_series_chunks(plan, grids[level], start, series)


def encode_series_chunks(plan: Plan, grid: Grid, first_frame: int, series: Series) -> Iterator[Chunk]:
    """Yield the chunks of consecutive frames of a series; ``first_frame`` starts a chunk."""
    for chunk, start, stop in pieces(first_frame, len(series.total), grid.k):
        total = series.total[start:stop]
        n = int(total.sum())
        if not n:
            continue
        extremes = [None, None, None]
        if grid.level:
            parts = (series.minimum, series.maximum, series.last)
            extremes = [part[start:stop].astype(np.uint32) for part in parts]
        frames = SeriesFrames(first_frame + start, total.astype(np.float64), *extremes)
        key = ChunkKey(plan.num, plan.build, grid.stream, grid.level, chunk, grid.tiles[0])
        yield Chunk(key, seal(encode_series(frames, level=grid.level)), n)


def encode_group_chunks(plan: Plan, grid: Grid, tile: Tile, first_frame: int, counts: U32) -> Iterator[Chunk]:
    """Yield the chunks of consecutive frames of dense group counts; ``first_frame`` starts a chunk."""
    for chunk, start, stop in pieces(first_frame, len(counts), grid.k):
        part = counts[start:stop]
        n = int(part.sum(dtype=np.int64))
        if n:
            yield _group_chunk(plan, grid, tile, chunk, first_frame + start, part, n)


def pieces(first_frame: int, n_frames: int, k: int) -> Iterator[tuple[int, int, int]]:
    """Yield (chunk number, start, stop) of each chunk, the last two counted from ``first_frame``.

    Examples
    --------
    >>> list(pieces(8, 6, 2))
    [(2, 0, 4), (3, 4, 6)]
    """
    for start in range(0, n_frames, 1 << k):
        yield (first_frame + start) >> k, start, min(start + (1 << k), n_frames)


def layer_tiles(plan: Plan) -> list[Tile]:
    """Return the tiles of layers, in the order of the global index."""
    return [tile for tile in plan.tiles if tile.kind == "layer"]


def _take_apart(cells: Cells, *, n_items: int, n_frames: int) -> _Frames:
    scalar = cells.dtype.type(n_items)
    offsets = frame_offsets(cells, n_items=n_items, n_frames=n_frames)
    frame = cells // scalar
    ids = cells - frame * scalar
    n = np.diff(offsets).astype(np.uint32)
    return _Frames(offsets, n, ids.astype(np.uint32, copy=False), frame.astype(np.uint32, copy=False))


def _grid(plan: Plan, stream: int, level: int, target: str) -> Grid:
    for grid in plan.grids:
        if grid.stream == stream and grid.level == level and grid.target == target:
            return grid
    raise AssertionError(f"no grid for {stream}/{level}/{target}")


def _spikes(
    plan: Plan, tile: Tile, level: int, first_frame: int, found: Binned, id_bits: int
) -> Iterator[Chunk]:
    grid = _grid(plan, SPIKES, level, tile.name)
    n = np.diff(found.offsets).astype(np.uint32)
    ids = (found.cells & found.cells.dtype.type((1 << id_bits) - 1)).astype(np.uint32, copy=False)
    for chunk, start, stop in pieces(first_frame, len(n), grid.k):
        a, b = int(found.offsets[start]), int(found.offsets[stop])
        if a == b:
            continue
        part = None if found.counts is None else found.counts[a:b]
        frames = SpikeFrames(first_frame + start, tile.n, n[start:stop], ids[a:b], part)
        sealed = seal(encode_spikes(frames, level=level), level=COUNTS_ZSTD_LEVEL)
        key = ChunkKey(plan.num, plan.build, SPIKES, level, chunk, tile.tile)
        yield Chunk(key, sealed, b - a if part is None else int(part.sum(dtype=np.int64)))


def _groups(
    plan: Plan, tile: Tile, level: int, first_frame: int, found: Binned, id_bits: int
) -> Iterator[Chunk]:
    grid = _grid(plan, SPIKE_GROUPS, level, tile.name)
    for chunk, start, stop in pieces(first_frame, len(found.offsets) - 1, grid.k):
        a, b = int(found.offsets[start]), int(found.offsets[stop])
        if a == b:
            continue
        part = None if found.counts is None else found.counts[a:b]
        dense = group_counts(
            found.cells[a:b],
            part,
            first_frame=start,
            n_frames=stop - start,
            n_neurons=tile.n,
            id_bits=id_bits,
        )
        n = b - a if part is None else int(part.sum(dtype=np.int64))
        yield _group_chunk(plan, grid, tile, chunk, first_frame + start, dense, n)


def _group_chunk(
    plan: Plan, grid: Grid, tile: Tile, chunk: int, first_frame: int, counts: U32, n: int
) -> Chunk:
    payload = encode_groups(GroupFrames(first_frame, tile.n, counts), level=grid.level)
    key = ChunkKey(plan.num, plan.build, SPIKE_GROUPS, grid.level, chunk, tile.tile)
    return Chunk(key, seal(payload, level=COUNTS_ZSTD_LEVEL), n)


def _values(
    plan: Plan, grid: Grid, tile: Tile, range_index: int, binned: BinnedValues, state: F32
) -> Iterator[Chunk]:
    assert grid.quantisation is not None
    quantised = Quantised(grid.quantisation.dtype, grid.quantisation.scale, grid.quantisation.offset)
    first_frame, end = plan.frames(range_index, grid.level)
    frames = _take_apart(binned.cells, n_items=tile.n, n_frames=end - first_frame)
    for chunk, start, stop in pieces(first_frame, len(frames.n), grid.k):
        a, b = int(frames.offsets[start]), int(frames.offsets[stop])
        if a == b:
            continue
        part = ValueFrames(
            first_frame + start,
            state,
            frames.n[start:stop],
            frames.ids[a:b],
            binned.last[a:b],
            binned.minimum[a:b] if binned.minimum is not None and grid.level else None,
            binned.maximum[a:b] if binned.maximum is not None and grid.level else None,
        )
        key = ChunkKey(plan.num, plan.build, grid.stream, grid.level, chunk, tile.tile)
        yield Chunk(key, seal(encode_values(part, quantised, level=grid.level)), b - a)
        replay(state, part.ids, part.last)


def _is_potential(plan: Plan, stream: int) -> bool:
    return any(found.stream == stream and found.of == "potentials" for found in plan.streams)
