"""What pruning at a threshold would take away."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
U32 = NDArray[np.uint32]


class Pruned(NamedTuple):
    """Of each postsynaptic neuron: synapses that are there and that would go, (n_post,) int64; and which part of its summed
    |weight| would go with them, (n_post,) float64, 0 where it has none."""

    present: I64
    removed: I64
    removed_weight: F64


def prune(post: U32, weight: F32, *, threshold: float, n_post: int) -> Pruned:
    """Count the synapses whose absolute weight is below a threshold, by postsynaptic neuron.

    Parameters
    ----------
    post : (n_synapses,) uint32
        Neuron in the target layer.
    weight : (n_synapses,) float32
        NaN = absent.
    threshold : float
        A weight of exactly this stays.
    n_post : int
        Size of the result.

    Examples
    --------
    >>> prune(np.array([0, 0, 1], np.uint32), np.array([1, -3, np.nan], np.float32), threshold=2, n_post=2)
    Pruned(present=array([2, 0]), removed=array([1, 0]), removed_weight=array([0.25, 0.  ]))
    """
    there = ~np.isnan(weight)
    size = np.where(there, np.abs(weight), 0).astype(np.float64)
    below = there & (size < threshold)
    total = np.bincount(post, size, n_post)
    gone = np.bincount(post[below], size[below], n_post)
    return Pruned(
        np.bincount(post[there], minlength=n_post).astype(np.int64),
        np.bincount(post[below], minlength=n_post).astype(np.int64),
        np.divide(gone, total, out=np.zeros(n_post), where=total > 0),
    )
