"""Spike frames: which neurons spiked in each time bin, and how often."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from synaptarium.kernels.sorting import sort_in_place

I64 = NDArray[np.int64]
U32 = NDArray[np.uint32]
#: Packed integers: uint32 where they fit, else uint64. u32 sorts twice as fast.
Cells = NDArray[np.uint32 | np.uint64]

#: Multiplicities are uint16.
COUNT_BITS = 16
#: Levels 1 and 2 drop 4 bits of the frame each.
MIN_FRAME_BITS = 8


class Packing(NamedTuple):
    """How a spike lies in one integer; from the highest bit down: tile, frame, neuron of the tile, multiplicity.

    Fields of whole bits cost a shift where a product would cost a division, at every level.

    Parameters
    ----------
    n_tiles : int
        Tiles.
    frame_bits, id_bits, count_bits : int
        Width of the fields; ``count_bits`` is 0 where every spike counts once.
    """

    n_tiles: int
    frame_bits: int
    id_bits: int
    count_bits: int = 0

    @property
    def n_cells(self) -> int:
        """Values that tile, frame and neuron can take together."""
        return self.n_tiles << (self.frame_bits + self.id_bits)

    @property
    def dtype(self) -> type[np.uint32 | np.uint64]:
        """The narrowest dtype that holds a packed spike."""
        return np.uint32 if self.n_cells << self.count_bits <= 2**32 else np.uint64


class Binned(NamedTuple):
    """Occupied (frame, neuron) cells of one tile.

    Parameters
    ----------
    offsets : (n_frames + 1,) int64
        Where each frame's cells start; the last entry is their number.
    cells : (n_cells,) uint32 or uint64
        ``frame << id_bits | neuron``, strictly ascending.
    counts : (n_cells,) uint32 or None
        Spikes in each cell; None where all are 1.
    """

    offsets: I64
    cells: Cells
    counts: U32 | None


def packing_of(tile_sizes: Sequence[int], *, n_frames: int, with_multiplicity: bool = False) -> Packing:
    """Return how the spikes of a range are packed.

    Parameters
    ----------
    tile_sizes : sequence of int
        Neurons of each tile.
    n_frames : int
        Frames of the range.
    with_multiplicity : bool
        Whether rows carry a multiplicity that may differ from 1.

    Raises
    ------
    ValueError
        A spike needs more than 64 bits.
    """
    frame_bits = max(MIN_FRAME_BITS, (n_frames - 1).bit_length())
    id_bits = (max(tile_sizes) - 1).bit_length()
    packing = Packing(len(tile_sizes), frame_bits, id_bits, COUNT_BITS if with_multiplicity else 0)
    if packing.n_cells << packing.count_bits > 2**64:
        raise ValueError(
            f"{n_frames} frames of {len(tile_sizes)} tiles do not fit into 64 bits; take a shorter range"
        )
    return packing


def tile_places(tile_sizes: Sequence[int], packing: Packing) -> Cells:
    """Return what every neuron adds to its packed spikes: (n_neurons,) by global index."""
    sizes = np.asarray(tile_sizes, np.int64)
    tile = np.repeat(np.arange(len(sizes), dtype=np.uint64), sizes)
    local = np.arange(len(tile), dtype=np.uint64) - np.repeat(np.cumsum(sizes) - sizes, sizes).astype(
        np.uint64
    )
    places = (tile << np.uint64(packing.frame_bits + packing.id_bits)) | local
    return (places << np.uint64(packing.count_bits)).astype(packing.dtype)


def pack_spikes(
    time_us: I64,
    neuron: U32,
    multiplicity: NDArray[np.uint16] | None = None,
    *,
    packing: Packing,
    places: Cells,
    t_start_us: int,
    bin_us: int,
) -> Cells:
    """Pack spikes into one integer each; see :class:`Packing`.

    Packing block by block keeps a range of events at 4 bytes a spike until they are counted.

    Parameters
    ----------
    time_us : (n_spikes,) int64
        Ascending, from ``t_start_us`` to the range's end.
    neuron : (n_spikes,) uint32
        Global index.
    multiplicity : (n_spikes,) uint16 or None
        Spikes that each row stands for, where ``packing`` has room for it.
    packing : Packing
        From :func:`packing_of`.
    places : (n_neurons,) uint32 or uint64
        From :func:`tile_places`.
    t_start_us, bin_us : int
        Frame f covers ``[t_start_us + f * bin_us, t_start_us + (f + 1) * bin_us)``.

    Returns
    -------
    (n_spikes,) uint32 or uint64
        Not sorted.

    Raises
    ------
    IndexError
        A neuron beyond ``places``.

    Notes
    -----
    About 4 ns a spike: frames come from the bins' edges, not from a division a spike.

    Examples
    --------
    >>> packing = packing_of([4], n_frames=2)
    >>> pack_spikes(np.array([0, 9, 10]), np.array([2, 0, 1], np.uint32), packing=packing,
    ...             places=tile_places([4], packing), t_start_us=0, bin_us=10)
    array([2, 0, 5], dtype=uint32)
    """
    packed = places[neuron]
    if not len(packed):
        return packed
    shift = packed.dtype.type(packing.id_bits + packing.count_bits)
    first = (int(time_us[0]) - t_start_us) // bin_us
    last = (int(time_us[-1]) - t_start_us) // bin_us
    if last - first < len(packed):
        frames = np.arange(first, last + 1, dtype=packed.dtype) << shift
        edges = np.searchsorted(time_us, t_start_us + np.arange(first + 1, last + 1) * bin_us)
        packed += np.repeat(frames, np.diff(edges, prepend=0, append=len(packed)))
    else:
        packed += ((time_us - t_start_us) // bin_us).astype(packed.dtype) << shift
    if packing.count_bits:
        packed |= packed.dtype.type(1) if multiplicity is None else multiplicity
    return packed


def count_cells(packed: Cells, packing: Packing) -> tuple[Cells, U32 | None]:
    """Count the spikes of every neuron in every frame (spike frames), exactly.

    Parameters
    ----------
    packed : (n_spikes,) uint32 or uint64
        Packed spikes in any order; **may be sorted in place**.
    packing : Packing
        As they were packed.

    Returns
    -------
    cells : (n_cells,) uint32 or uint64
        Occupied cells ``tile, frame, neuron``, strictly ascending; may be ``packed`` itself.
    counts : (n_cells,) uint32 or None
        Spikes in each; None where all are 1.

    Raises
    ------
    ValueError
        A neuron spikes more than 4,294,967,295 times in one frame.

    Notes
    -----
    One sort and one comparison with the neighbour, 10 ns a spike; where most cells are occupied, a histogram.
    """
    one = packed.dtype.type(1)
    bits = packed.dtype.type(packing.count_bits)
    mask = (one << bits) - one
    if packing.n_cells <= 2 * len(packed):
        if packing.count_bits:
            dense = np.bincount((packed >> bits).astype(np.int64), packed & mask, packing.n_cells)
        else:
            dense = histogram(packed, packing.n_cells)
        found = np.flatnonzero(dense != 0)  # of booleans numpy finds them in a ninth of the time
        return found.astype(packed.dtype), _narrowed(dense[found])
    sort_in_place(packed)
    if not packing.count_bits:
        return _count_sorted(packed)
    cells = packed >> bits
    starts = np.flatnonzero(_fresh(cells))
    return cells[starts], _narrowed(np.add.reduceat(packed & mask, starts, dtype=np.uint64))


def histogram(places: Cells, n_places: int, counts: U32 | None = None) -> U32:
    """Count how often each place occurs, or sum up what it counts.

    Parameters
    ----------
    places : (n,) uint32 or uint64
        Below ``n_places``, in any order.
    n_places : int
        Length of the result.
    counts : (n,) uint32 or None
        What each occurrence counts; None means 1. No sum reaches 2**32.

    Returns
    -------
    (n_places,) uint32

    Notes
    -----
    ``numpy.bincount`` takes up to twice the time: it wants indices of 64 bits and sums weights as float64.

    Examples
    --------
    >>> histogram(np.array([2, 0, 2], np.uint32), 4)
    array([1, 0, 2, 0], dtype=uint32)
    """
    found = np.zeros(n_places, np.uint32)
    np.add.at(found, places, np.uint32(1) if counts is None else counts)
    return found


def split_cells(cells: Cells, counts: U32 | None, packing: Packing, *, n_frames: int) -> list[Binned]:
    """Return the cells of each tile, and where its frames start in them.

    Parameters
    ----------
    cells, counts : (n_cells,) uint32 or uint64, (n_cells,) uint32 or None
        From :func:`count_cells`.
    packing : Packing
        Of the cells.
    n_frames : int
        Frames of the range at this level.
    """
    frames = np.arange(n_frames + 1, dtype=np.uint64) << np.uint64(packing.id_bits)
    tiles: list[Binned] = []
    for tile in range(packing.n_tiles):
        base = tile << (packing.frame_bits + packing.id_bits)
        places = _positions(cells, frames + np.uint64(base))
        start, stop = int(places[0]), int(places[-1])
        part = cells[start:stop] - cells.dtype.type(base) if base else cells[start:stop]
        of_tile = None if counts is None else counts[start:stop]
        if of_tile is not None and (not len(of_tile) or int(of_tile.max()) == 1):
            of_tile = None
        tiles.append(Binned((places - start).astype(np.int64), part, of_tile))
    return tiles


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


def _fresh(ascending: Cells) -> NDArray[np.bool_]:
    """Return where a value differs from the one before it."""
    fresh = np.empty(len(ascending), np.bool_)
    fresh[:1] = True
    np.not_equal(ascending[1:], ascending[:-1], out=fresh[1:])
    return fresh


def _count_sorted(ascending: Cells) -> tuple[Cells, U32 | None]:
    fresh = _fresh(ascending)
    n_cells = int(np.count_nonzero(fresh))
    repeated = len(ascending) - n_cells
    if not repeated:
        return ascending, None
    if repeated * 4 > n_cells:
        starts = np.flatnonzero(fresh)
        return ascending[starts], np.diff(starts, append=len(ascending)).astype(np.uint32)
    # Few repetitions: one look at all spikes, the rest only where they are.
    again = np.flatnonzero(~fresh)
    counts = np.ones(n_cells, np.uint32)
    np.add.at(counts, again - np.arange(1, repeated + 1), np.uint32(1))
    return ascending[fresh], counts


def _narrowed(counts: NDArray[np.generic]) -> U32 | None:
    top = int(counts.max()) if len(counts) else 1
    if top >= 2**32:
        raise ValueError("a neuron spikes more than 4,294,967,295 times in one bin")
    return None if top == 1 else counts.astype(np.uint32)


def _positions(cells: Cells, edges: NDArray[np.uint64]) -> NDArray[np.intp]:
    # Edges in another dtype than the cells would make numpy convert all cells.
    if cells.dtype == np.uint32:
        inside = edges < 2**32
        found = np.full(len(edges), len(cells), np.intp)
        found[inside] = np.searchsorted(cells, edges[inside].astype(np.uint32))
        return found
    return np.searchsorted(cells, edges)
