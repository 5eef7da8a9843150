"""What is wrong with neurons in training: since when each is silent, saturated or running away."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]


def silent_since(counts: I64) -> I64:
    """Return the interval from which on every neuron is silent up to the end.

    Parameters
    ----------
    counts : (n_intervals, n_neurons) int64
        Spikes.

    Returns
    -------
    (n_neurons,) int64
        n_intervals for a neuron that spikes in the last one, 0 for one that never spikes.

    Examples
    --------
    >>> silent_since(np.array([[1, 0, 0], [0, 2, 0]]))
    array([1, 2, 0])
    """
    n = len(counts)
    if not n:
        return np.zeros(counts.shape[1], np.int64)
    spiked = counts > 0
    last = n - 1 - np.argmax(spiked[::-1], axis=0)
    return np.where(spiked.any(axis=0), last + 1, 0).astype(np.int64)


def first_at_least(values: F64, bound: float) -> I64:
    """Return the first interval in which a value of every neuron reaches a bound; -1 where none does.

    Parameters
    ----------
    values : (n_intervals, n_neurons) float64
        NaN never reaches it.
    bound : float
        Inclusive.

    Examples
    --------
    >>> first_at_least(np.array([[0.1, 0.9], [0.6, np.nan]]), 0.5)
    array([1, 0])
    """
    reached = values >= bound
    return np.where(reached.any(axis=0), reached.argmax(axis=0) if len(values) else 0, -1).astype(np.int64)


def growth(counts: I64, observed_us: I64, *, least_spikes: int, least_intervals: int) -> F64:
    """Return how many times its mean rate so far every neuron fires at, in each interval.

    Parameters
    ----------
    counts : (n_intervals, n_neurons) int64
        Spikes.
    observed_us : (n_intervals,) int64
        How long each interval is.
    least_spikes, least_intervals : int
        What must have been before an interval for a mean to stand on; NaN until then.

    Returns
    -------
    (n_intervals, n_neurons) float64
        Rate of the interval / mean rate of all intervals before it.

    Examples
    --------
    >>> growth(np.array([[2], [2], [8]]), np.array([10, 10, 10]), least_spikes=4, least_intervals=2)[:, 0]
    array([nan, nan,  4.])
    """
    before = np.cumsum(counts, axis=0) - counts
    before_us = (np.cumsum(observed_us) - observed_us)[:, None]
    known = (before >= max(1, least_spikes)) & (np.arange(len(counts)) >= least_intervals)[:, None]
    known &= (observed_us > 0)[:, None] & (before_us > 0)
    out = np.full(counts.shape, np.nan)
    return np.divide(counts * before_us, before * observed_us[:, None], out=out, where=known)
