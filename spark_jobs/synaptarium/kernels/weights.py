"""Weights by postsynaptic neuron and as distributions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
U32 = NDArray[np.uint32]


def receptive_fields(pre: U32, post: U32, weight: F32, *, n_pre: int, neurons: NDArray[np.int64]) -> F64:
    """Lay the weights onto each of some postsynaptic neurons out over the presynaptic layer.

    Parameters
    ----------
    pre, post : (n_synapses,) uint32
        Neurons within source and target layer.
    weight : (n_synapses,) float32
        NaN = absent.
    n_pre : int
        Neurons of the source layer.
    neurons : (n,) int64
        Postsynaptic neurons, distinct.

    Returns
    -------
    (n, n_pre) float64
        Weight from each presynaptic neuron, several synapses of a pair summed; NaN where there is none.

    Examples
    --------
    >>> receptive_fields(np.array([0, 1, 1], np.uint32), np.array([5, 5, 5], np.uint32),
    ...                  np.array([1, 2, 3], np.float32), n_pre=3, neurons=np.array([5]))
    array([[ 1.,  5., nan]])
    """
    place = np.full(int(max(post.max(initial=0), neurons.max(initial=0))) + 1, -1, np.int64)
    place[neurons] = np.arange(len(neurons))
    row = place[post]
    kept = (row >= 0) & ~np.isnan(weight)
    cells = row[kept] * n_pre + pre[kept]
    n_cells = len(neurons) * n_pre
    fields = np.bincount(cells, weight[kept], n_cells).astype(np.float64)
    fields[np.bincount(cells, minlength=n_cells) == 0] = np.nan
    return fields.reshape(len(neurons), n_pre)


def weight_histogram(weight: F32, *, low: float, high: float, n_bins: int) -> NDArray[np.int64]:
    """Count weights per bin of the distribution.

    Parameters
    ----------
    weight : (n,) float32
        NaN = absent, not counted.
    low, high : float
        ``low < high``; bin b is ``[low + b * width, low + (b + 1) * width)``, the last one closed, as numpy's. What lies
        outside is counted in the outermost bin.
    n_bins : int
        Bins of equal width.

    Returns
    -------
    (n_bins,) int64
        Synapses per bin; they sum to the number of weights that are there.

    Examples
    --------
    >>> weight_histogram(np.array([0, 0.5, 1, 9, np.nan], np.float32), low=0, high=1, n_bins=2)
    array([1, 3])
    """
    present = weight[~np.isnan(weight)].astype(np.float64)
    place = np.clip((present - low) * (n_bins / (high - low)), 0, n_bins - 1).astype(np.int64)
    return np.bincount(place, minlength=n_bins).astype(np.int64)


def mean_and_spread(weight: F32) -> tuple[float, float]:
    """Return the mean and the population standard deviation of the weights that are there; NaN where none is.

    Parameters
    ----------
    weight : (n,) float32
        NaN = absent.

    Examples
    --------
    >>> mean_and_spread(np.array([1, 3, np.nan], np.float32))
    (2.0, 1.0)
    """
    present = weight[~np.isnan(weight)].astype(np.float64)
    return (float(present.mean()), float(present.std())) if len(present) else (float("nan"), float("nan"))
