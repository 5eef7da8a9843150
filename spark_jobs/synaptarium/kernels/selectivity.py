"""Which class of stimuli a neuron answers most, and how exclusively."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]


def preferred_class(counts: NDArray[np.number], duration_us: NDArray[np.number]) -> I64:
    """Return the class at whose stimuli every neuron fires most.

    Parameters
    ----------
    counts : (..., n_classes) number
        Spikes while stimuli of each class were on.
    duration_us : (..., n_classes) number
        For how long they were; broadcast against ``counts``.

    Returns
    -------
    (...) int64
        The class of the highest mean rate, the first of equal ones; -1 for a neuron that fired at none.

    Notes
    -----
    The labelling of Diehl and Cook, Front. Comput. Neurosci. 2015, doi:10.3389/fncom.2015.00099, by rates in place of
    counts, so that a class that was shown more often is not preferred for that.

    Examples
    --------
    >>> preferred_class(np.array([[4, 3], [0, 0]]), np.array([2, 1]))
    array([ 1, -1])
    """
    n, us = np.broadcast_arrays(np.asarray(counts, np.float64), np.asarray(duration_us, np.float64))
    rate = np.divide(n, us, out=np.zeros(n.shape), where=us > 0)
    if not rate.shape[-1]:
        return np.full(rate.shape[:-1], -1, np.int64)
    return np.where(rate.max(axis=-1) > 0, rate.argmax(axis=-1), -1).astype(np.int64)


def selectivity(rates_hz: F64) -> F64:
    """Return the class selectivity index of every neuron.

    Parameters
    ----------
    rates_hz : (n_neurons, n_classes) float64
        Mean rate while stimuli of each class were on; NaN for a class that was not.

    Returns
    -------
    (n_neurons,) float64
        (largest - mean of the others) / (largest + mean of the others): 0 for a neuron to which all classes are alike,
        1 for one that fires at one class only; NaN where fewer than two classes are known or it never fired.

    Notes
    -----
    Morcos, Barrett, Rabinowitz, Botvinick, ICLR 2018, arXiv:1803.06959, equation 1.

    Examples
    --------
    >>> selectivity(np.array([[6, 2, 2], [0, 0, 0]]))
    array([0.5, nan])
    """
    known = ~np.isnan(rates_hz)
    n = known.sum(axis=1)
    filled = np.where(known, rates_hz, 0.0)
    top = filled.max(axis=1, initial=0.0)
    out = np.full(len(rates_hz), np.nan)
    others = np.divide(filled.sum(axis=1) - top, n - 1, out=out.copy(), where=n > 1)
    both = top + others
    return np.divide(top - others, both, out=out, where=both > 0)
