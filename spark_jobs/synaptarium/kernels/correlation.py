"""How spike trains go together: pairwise correlation of counts, cross-correlograms, spike time tiling coefficients."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]


def correlation_matrix(counts: NDArray[np.number]) -> F64:
    """Return Pearson's correlation of the binned spike counts of every pair of neurons.

    Parameters
    ----------
    counts : (n_neurons, n_bins) number
        Spikes per bin.

    Returns
    -------
    (n_neurons, n_neurons) float64
        Symmetric, 1 on the diagonal; NaN for a neuron whose count never changes.

    Notes
    -----
    As ``elephant.spike_train_correlation.correlation_coefficient``. Costs n_neurons^2 n_bins.

    Examples
    --------
    >>> correlation_matrix(np.array([[0, 1, 0, 1], [0, 2, 0, 2], [1, 0, 1, 0], [1, 1, 1, 1]]))
    array([[ 1.,  1., -1., nan],
           [ 1.,  1., -1., nan],
           [-1., -1.,  1., nan],
           [nan, nan, nan, nan]])
    """
    wide = np.asarray(counts, np.float64)
    if not wide.shape[1]:
        return np.full((len(wide), len(wide)), np.nan)
    wide = wide - wide.mean(axis=1, keepdims=True)
    size = np.sqrt((wide**2).sum(axis=1))
    norm = np.outer(size, size)
    matrix = np.divide(wide @ wide.T, norm, out=np.full(norm.shape, np.nan), where=norm > 0)
    # What rounding leaves beside 1 is no finding.
    matrix[np.diag_indices(len(wide))] = np.where(size > 0, 1.0, np.nan)
    return np.clip(matrix, -1.0, 1.0)


def cross_correlogram(bins_a: I64, counts_a: I64, bins_b: I64, counts_b: I64, *, max_lag: int) -> I64:
    """Count pairs of spikes of two neurons by their lag (cross-correlation histogram).

    Parameters
    ----------
    bins_a, bins_b : (n,) int64
        Bins in which each neuron spiked, ascending, distinct.
    counts_a, counts_b : (n,) int64
        Spikes in them.
    max_lag : int
        Largest lag in bins.

    Returns
    -------
    (2 max_lag + 1,) int64
        Pairs at lags -max_lag .. max_lag; a positive lag says that b spikes after a. No correction for the borders.

    Notes
    -----
    As ``elephant.spike_train_correlation.cross_correlation_histogram(a, b, window=[-max_lag, max_lag])``. Perkel,
    Gerstein, Moore, Biophys. J. 1967, doi:10.1016/S0006-3495(67)86597-4.

    Examples
    --------
    >>> cross_correlogram(np.array([5]), np.array([1]), np.array([4, 7]), np.array([1, 2]), max_lag=2)
    array([0, 1, 0, 0, 2])
    """
    first = np.searchsorted(bins_b, bins_a - max_lag, "left")
    last = np.searchsorted(bins_b, bins_a + max_lag, "right")
    n = last - first
    of_a = np.repeat(np.arange(len(bins_a)), n)
    of_b = np.arange(len(of_a)) - np.repeat(np.cumsum(n) - n, n) + np.repeat(first, n)
    lag = bins_b[of_b] - bins_a[of_a] + max_lag
    pairs = np.bincount(lag, counts_a[of_a] * counts_b[of_b], 2 * max_lag + 1)
    return pairs.astype(np.int64)


def tiling_coefficients(trains_us: list[I64], *, t_start_us: int, t_stop_us: int, dt_us: int) -> F64:
    """Return the spike time tiling coefficient (STTC) of every pair of neurons.

    Parameters
    ----------
    trains_us : list of (n_spikes,) int64
        Spike times of each neuron, ascending, within the span.
    t_start_us, t_stop_us : int
        Span that was observed.
    dt_us : int
        Spikes at most so far apart count as coincident.

    Returns
    -------
    (n_neurons, n_neurons) float64
        Symmetric, in [-1, 1]; NaN where one of the two is silent.

    Notes
    -----
    As ``elephant.spike_train_correlation.spike_time_tiling_coefficient``, save that Elephant widens ``dt`` by 1e-5 of
    the time (``numpy.isclose``), which a grid of spike times hides. Cutts and Eglen, J. Neurosci. 2014,
    doi:10.1523/JNEUROSCI.2767-14.2014.

    Examples
    --------
    >>> tiling_coefficients([np.array([10, 50]), np.array([12])], t_start_us=0, t_stop_us=100, dt_us=5).round(3)
    array([[1.   , 0.711],
           [0.711, 1.   ]])
    """
    n = len(trains_us)
    tiled = np.array([_tiled(times, t_start_us, t_stop_us, dt_us) for times in trains_us])
    found = np.full((n, n), np.nan)
    for a in range(n):
        for b in range(a, n):
            if len(trains_us[a]) and len(trains_us[b]):
                p_a = _near(trains_us[a], trains_us[b], dt_us)
                p_b = _near(trains_us[b], trains_us[a], dt_us)
                half_a, half_b = _part(p_a, tiled[b]), _part(p_b, tiled[a])
                found[a, b] = found[b, a] = (half_a + half_b) / 2
    return found


def _part(p: float, t: float) -> float:
    return 1.0 if p * t == 1 else (p - t) / (1 - p * t)


def _near(times: I64, others: I64, dt_us: int) -> float:
    """Return the part of the spikes that lie within dt of another's."""
    place = np.searchsorted(others, times)
    before = times - others[np.maximum(place - 1, 0)]
    after = others[np.minimum(place, len(others) - 1)] - times
    return float(np.mean((np.abs(before) <= dt_us) | (np.abs(after) <= dt_us)))


def _tiled(times: I64, t_start_us: int, t_stop_us: int, dt_us: int) -> float:
    """Return the part of the span that lies within dt of a spike."""
    if not len(times):
        return float("nan")
    between = np.minimum(np.diff(times), 2 * dt_us).sum()
    ends = min(int(times[0]) - t_start_us, dt_us) + min(t_stop_us - int(times[-1]), dt_us)
    return float((between + ends) / (t_stop_us - t_start_us))
