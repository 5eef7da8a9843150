"""Spike counts and mean firing rates by neuron and class of stimulus."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]


def frame_classes(
    t_start_us: I64, t_stop_us: I64, classes: I64, *, first_us: int, frame_us: int, n_frames: int
) -> I64:
    """Find the class of the stimulus that is presented in each frame.

    A frame belongs to the presentation that is on at the frame's start; presentations are half-open, and of those
    that overlap the one that began last counts.

    Parameters
    ----------
    t_start_us, t_stop_us : (n_presentations,) int64
        Presentations, sorted by their start.
    classes : (n_presentations,) int64
        Class of each, -1 for none.
    first_us, frame_us, n_frames : int
        Frame f starts at ``first_us + f * frame_us``.

    Returns
    -------
    (n_frames,) int64
        Class of each frame, -1 where no stimulus of a class is on.

    Examples
    --------
    >>> frame_classes(np.array([0, 20]), np.array([20, 30]), np.array([1, 0]), first_us=0, frame_us=10, n_frames=4)
    array([ 1,  1,  0, -1])
    """
    starts_us = first_us + np.arange(n_frames, dtype=np.int64) * frame_us
    if not len(t_start_us):
        return np.full(n_frames, -1, np.int64)
    latest = np.searchsorted(t_start_us, starts_us, side="right") - 1
    on = (latest >= 0) & (starts_us < t_stop_us[latest])
    return np.where(on, classes[latest], -1).astype(np.int64)


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
