"""Spike frames: which neurons spiked in each time bin, and how often."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

I64 = NDArray[np.int64]
U32 = NDArray[np.uint32]
#: Packed (frame, item) pairs: uint32 where they fit, else uint64. u32 sorts twice as fast.
Cells = NDArray[np.uint32 | np.uint64]

#: Multiplicities are uint16, so a packed (cell, count) pair needs 16 bits beside the cell.
COUNT_BITS = 16


class Binned(NamedTuple):
    """Occupied (frame, neuron) cells of one tile.

    Parameters
    ----------
    cells : (n_cells,) uint32 or uint64
        ``frame * n_neurons + neuron``, strictly ascending.
    counts : (n_cells,) uint32 or None
        Spikes in each cell; None where all are 1.
    """

    cells: Cells
    counts: U32 | None


def pack_spikes(
    time_us: I64,
    neuron: U32,
    multiplicity: NDArray[np.uint16] | None = None,
    *,
    t_start_us: int,
    bin_us: int,
    n_frames: int,
    tile_sizes: Sequence[int],
) -> Cells:
    """Pack spikes into one integer each: tile, frame, neuron and, where given, multiplicity.

    Packing block by block keeps a range of events at 4 bytes a spike until they are counted.

    Parameters
    ----------
    time_us : (n_spikes,) int64
        Within ``[t_start_us, t_start_us + n_frames * bin_us)``; any order.
    neuron : (n_spikes,) uint32
        Global index, below the sum of ``tile_sizes``.
    multiplicity : (n_spikes,) uint16 or None
        Spikes that each row stands for; None means 1. Give it for all blocks of a range or for none.
    t_start_us, bin_us, n_frames : int
        Frame f covers ``[t_start_us + f * bin_us, t_start_us + (f + 1) * bin_us)``.
    tile_sizes : sequence of int
        Neurons of each tile, in the order of their global indices.

    Returns
    -------
    (n_spikes,) uint32 or uint64
        ``n_frames * tile_first + frame * tile_size + local neuron``, times 2**16 plus the multiplicity where given:
        sorted, the spikes of a tile lie together, frame by frame.

    Raises
    ------
    ValueError
        The range is too long to pack into 64 bits.

    Examples
    --------
    >>> pack_spikes(np.array([0, 9, 10]), np.array([2, 0, 1], np.uint32),
    ...             t_start_us=0, bin_us=10, n_frames=2, tile_sizes=[3])
    array([2, 0, 4], dtype=uint32)
    """
    n_neurons = sum(tile_sizes)
    bits = (n_frames * n_neurons - 1).bit_length() + (COUNT_BITS if multiplicity is not None else 0)
    if bits > 64:
        raise ValueError(f"{n_frames} frames of {n_neurons} neurons need {bits} bits; take a shorter range")
    dtype = np.uint32 if bits <= 32 else np.uint64
    frame = ((time_us - t_start_us) // bin_us).astype(dtype)
    if len(tile_sizes) == 1:
        frame *= dtype(n_neurons)
    else:
        sizes = np.asarray(tile_sizes, np.int64)
        firsts = np.cumsum(sizes) - sizes
        # local = neuron - first and base = n_frames * first, so first's share is (n_frames - 1) * first.
        frame *= np.repeat(sizes.astype(dtype), sizes)[neuron]
        frame += np.repeat((firsts * (n_frames - 1)).astype(dtype), sizes)[neuron]
    frame += neuron.astype(dtype, copy=False)
    if multiplicity is not None:
        frame <<= dtype(COUNT_BITS)
        frame |= multiplicity.astype(dtype)
    return frame


def bin_spikes(
    packed: Cells, *, with_multiplicity: bool, n_frames: int, tile_sizes: Sequence[int]
) -> list[Binned]:
    """Count the spikes of every neuron in every time bin (spike frames), exactly.

    Parameters
    ----------
    packed : (n_spikes,) uint32 or uint64
        From :func:`pack_spikes`; **sorted in place**, the array is the caller's to give away.
    with_multiplicity : bool
        True where the spikes were packed with a multiplicity.
    n_frames : int
        Frames of the range.
    tile_sizes : sequence of int
        Neurons of each tile.

    Returns
    -------
    list of Binned
        One per tile.

    Notes
    -----
    One sort of packed integers and one comparison with the neighbour: 10 to 40 ns a spike on one core, by how
    ordered the neurons of a time step are; an argsort costs several times as much.

    Examples
    --------
    >>> tiles = bin_spikes(np.array([2, 0, 4, 4], np.uint32), with_multiplicity=False, n_frames=2, tile_sizes=[3])
    >>> tiles[0].cells.tolist(), tiles[0].counts.tolist()
    ([0, 2, 4], [1, 1, 2])
    """
    # Time-sorted events are ascending runs, which a merge sort only joins: measured 1 to 100 times a quicksort.
    packed.sort(kind="stable")
    weights = None
    if with_multiplicity:
        weights = (packed & packed.dtype.type(2**COUNT_BITS - 1)).astype(np.uint32)
        packed = packed >> packed.dtype.type(COUNT_BITS)
    cells, counts = count_sorted(packed, weights)
    ends = np.cumsum(np.asarray(tile_sizes, np.uint64)) * np.uint64(n_frames)
    splits = [*_positions(cells, ends[:-1]), len(cells)]
    tiles: list[Binned] = []
    start, base = 0, 0
    for stop, size in zip(splits, tile_sizes, strict=True):
        narrow = np.uint32 if n_frames * size <= 2**32 else np.uint64
        part = cells[start:stop]
        local = (
            (part - part.dtype.type(base)).astype(narrow, copy=False)
            if base and len(part)
            else part.astype(narrow)
        )
        kept = None if counts is None else counts[start:stop]
        if kept is not None and (not len(kept) or int(kept.max()) == 1):
            kept = None
        tiles.append(Binned(local, kept))
        start, base = int(stop), base + n_frames * size
    return tiles


def count_sorted(packed: Cells, weights: U32 | None = None) -> tuple[Cells, U32 | None]:
    """Return the distinct values of a sorted array and how often each occurs, or None where all occur once.

    Parameters
    ----------
    packed : (n,) uint32 or uint64
        Sorted ascending.
    weights : (n,) uint32 or None
        What each entry counts for; None means 1.
    """
    n = len(packed)
    fresh = np.empty(n, np.bool_)
    fresh[:1] = True
    np.not_equal(packed[1:], packed[:-1], out=fresh[1:])
    if fresh.all():
        return packed, None if weights is None or (weights == 1).all() else weights
    starts = np.flatnonzero(fresh)
    if weights is None:
        counts = np.diff(starts, append=n)
    else:
        counts = np.add.reduceat(weights, starts, dtype=np.uint64)
    if len(counts) and int(counts.max()) >= 2**32:
        raise ValueError("a neuron spikes more than 4,294,967,295 times in one bin")
    return packed[starts], counts.astype(np.uint32)


def frame_offsets(cells: Cells, *, n_items: int, n_frames: int) -> I64:
    """Return where each frame's cells start: (n_frames + 1,) int64, the last entry is the number of cells.

    Parameters
    ----------
    cells : (n_cells,) uint32 or uint64
        ``frame * n_items + item``, ascending.
    n_items : int
        Neurons or synapses of the tile.
    n_frames : int
        Frames of the range.
    """
    edges = np.arange(n_frames, dtype=np.uint64) * np.uint64(n_items)
    return np.append(_positions(cells, edges), len(cells)).astype(np.int64)


def _positions(cells: Cells, edges: NDArray[np.uint64]) -> NDArray[np.intp]:
    # Edges in another dtype than the cells would make numpy convert all cells.
    if cells.dtype == np.uint32:
        inside = edges < 2**32
        found = np.full(len(edges), len(cells), np.intp)
        found[inside] = np.searchsorted(cells, edges[inside].astype(np.uint32))
        return found
    return np.searchsorted(cells, edges)
