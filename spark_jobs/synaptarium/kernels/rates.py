"""Spike counts and mean firing rates by neuron and class of stimulus."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]


def counts_by_class(
    frame: I64, neuron: NDArray[np.uint32], count: I64, *, classes: I64, n_neurons: int, n_classes: int
) -> I64:
    """Count the spikes of every neuron in the frames of every class.

    Parameters
    ----------
    frame : (n,) int64
        Frame of each entry, an index into ``classes``.
    neuron : (n,) uint32
        Its neuron, below ``n_neurons``.
    count : (n,) int64
        Its spikes.
    classes : (n_frames,) int64
        Class of each frame; spikes in frames of class -1 are not counted.
    n_neurons, n_classes : int
        Size of the result.

    Returns
    -------
    (n_neurons, n_classes) int64
        Spikes.

    Examples
    --------
    >>> counts_by_class(np.array([0, 1, 2]), np.array([0, 0, 1], np.uint32), np.array([1, 2, 5]),
    ...                 classes=np.array([1, 1, -1]), n_neurons=2, n_classes=2)
    array([[0, 3],
           [0, 0]])
    """
    of = classes[frame]
    kept = of >= 0
    cells = neuron[kept].astype(np.int64) * n_classes + of[kept]
    counted = np.bincount(cells, weights=count[kept], minlength=n_neurons * n_classes)
    return counted.astype(np.int64).reshape(n_neurons, n_classes)


def mean_rate_hz(n_spikes: I64, duration_us: I64) -> F64:
    """Return the mean firing rate, spikes by duration.

    Parameters
    ----------
    n_spikes : (...) int64
        Spikes in a half-open span.
    duration_us : (...) int64
        Its length; broadcast against ``n_spikes``.

    Returns
    -------
    (...) float64
        Hz; NaN where the duration is 0.

    Notes
    -----
    As ``elephant.statistics.mean_firing_rate``: n / (t_stop - t_start).

    Examples
    --------
    >>> mean_rate_hz(np.array([3, 1]), np.array([2_000_000, 0]))
    array([1.5, nan])
    """
    n, us = np.broadcast_arrays(np.asarray(n_spikes, np.float64), np.asarray(duration_us, np.float64))
    return np.divide(n * 1e6, us, out=np.full(n.shape, np.nan), where=us > 0)
