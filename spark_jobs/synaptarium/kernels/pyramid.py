"""The time pyramid: frames of 16 times the duration, exact per neuron, and counts per group of 64 neurons."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from synaptarium.kernels.frames import Cells, Packing, histogram

U32 = NDArray[np.uint32]

#: A level's frame covers 16 of the level below.
LEVEL_BITS = 4
#: Neurons of a group.
GROUP = 64


def coarsen(packed: Cells, packing: Packing) -> tuple[Cells, Packing]:
    """Give spikes the frames of the next level, 16 times as long; what was counted stays exact.

    Parameters
    ----------
    packed : (n_spikes,) uint32 or uint64
        Packed spikes, every one, not cells: nothing has to be weighed then.
    packing : Packing
        As they were packed; at least 4 bits of frame.

    Returns
    -------
    packed : (n_spikes,) uint32 or uint64
        New memory, not sorted.
    packing : Packing
        With 4 bits of frame less.

    Examples
    --------
    >>> coarse, packing = coarsen(np.array([1, 17 << 3 | 5], np.uint32), Packing(1, 8, 3))
    >>> coarse.tolist(), packing.frame_bits
    ([1, 13], 4)
    """
    assert packing.frame_bits >= LEVEL_BITS
    scalar = packed.dtype.type
    below = scalar(packing.id_bits + packing.count_bits)
    coarse = packed >> (below + scalar(LEVEL_BITS))
    coarse <<= below
    coarse |= packed & ((scalar(1) << below) - scalar(1))
    return coarse, packing._replace(frame_bits=packing.frame_bits - LEVEL_BITS)


def coarse_cells(cells: Cells, *, n_items: int, factor: int) -> Cells:
    """Return the cells of frames ``factor`` times as long; not sorted, new memory."""
    scalar = cells.dtype.type
    frame = cells // scalar(n_items)
    item = cells - frame * scalar(n_items)
    frame //= scalar(factor)
    frame *= scalar(n_items)
    frame += item
    return frame


def group_counts(
    cells: Cells, counts: U32 | None, *, first_frame: int, n_frames: int, n_neurons: int, id_bits: int
) -> U32:
    """Count the spikes of each group of neurons (``64 g .. 64 g + 63``) in each frame.

    Parameters
    ----------
    cells : (n_cells,) uint32 or uint64
        Occupied cells ``frame << id_bits | neuron`` of one tile.
    counts : (n_cells,) uint32 or None
        Spikes in each; None means 1.
    first_frame : int
        Frame of the first row.
    n_frames, n_neurons : int
        Of the result.
    id_bits : int
        Width of the neuron in a cell.

    Returns
    -------
    (n_frames, ceil(n_neurons / 64)) uint32
        Dense counts.

    Examples
    --------
    >>> group_counts(np.array([0, 63, 64], np.uint32), None, first_frame=0, n_frames=1, n_neurons=65, id_bits=7)
    array([[2, 1]], dtype=uint32)
    """
    n_groups = -(-n_neurons // GROUP)
    drop = min(id_bits, GROUP.bit_length() - 1)
    width = 1 << (id_bits - drop)
    place = cells >> cells.dtype.type(drop)
    place -= cells.dtype.type(first_frame * width)
    return np.ascontiguousarray(
        histogram(place, n_frames * width, counts).reshape(n_frames, width)[:, :n_groups]
    )
