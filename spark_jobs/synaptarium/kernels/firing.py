"""Firing rates over time: of a population, smoothed by a kernel, and around the starts of stimuli (PSTH)."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

# The kernel is cut off at so many standard deviations, as Elephant does by default.
_CUTOFF = 5.0


def population_rate_hz(counts: NDArray[np.number], *, bin_us: int, n_neurons: int) -> F64:
    """Return the mean firing rate of a neuron of a population in each bin.

    Parameters
    ----------
    counts : (n_bins,) number
        Spikes of the population per bin, closed on the left.
    bin_us, n_neurons : int
        Width of a bin; neurons, silent ones included.

    Returns
    -------
    (n_bins,) float64
        Hz.

    Notes
    -----
    As ``elephant.statistics.time_histogram(output="rate")``, which also divides by the number of trains.

    Examples
    --------
    >>> population_rate_hz(np.array([2, 0]), bin_us=10_000, n_neurons=4)
    array([50.,  0.])
    """
    return np.asarray(counts, np.float64) * (1e6 / (bin_us * n_neurons))


def instantaneous_rate_hz(counts: NDArray[np.number], *, bin_us: int, sigma_us: float) -> F64:
    """Estimate the instantaneous firing rate: counts convolved with a Gaussian kernel.

    Parameters
    ----------
    counts : (n_bins,) number
        Spikes per bin.
    bin_us : int
        Width of a bin, the sampling period of the estimate.
    sigma_us : float
        Standard deviation of the kernel.

    Returns
    -------
    (n_bins,) float64
        Hz. Outside the counts there are no spikes, so the estimate falls off within 5 sigma of either end.

    Notes
    -----
    As ``elephant.statistics.instantaneous_rate`` with a centred ``GaussianKernel`` cut off at 5 sigma: the kernel has
    2 ceil(5 sigma / bin) + 1 points between -5 and 5 sigma. Nawrot, Aertsen, Rotter, J. Neurosci. Methods 1999,
    doi:10.1016/S0165-0270(99)00127-2.

    Examples
    --------
    >>> instantaneous_rate_hz(np.array([0, 1, 0]), bin_us=1_000_000, sigma_us=1e6).round(3)
    array([0.242, 0.399, 0.242])
    """
    half = math.ceil(_CUTOFF * sigma_us / bin_us)
    times_s = np.linspace(-_CUTOFF * sigma_us, _CUTOFF * sigma_us, 2 * half + 1) / 1e6
    sigma_s = sigma_us / 1e6
    kernel = np.exp(-0.5 * (times_s / sigma_s) ** 2) / (math.sqrt(2 * math.pi) * sigma_s)
    n = len(counts)
    if not n:
        return np.empty(0)
    # The convolution of a window of that length, by Fourier transforms.
    size = 1 << (n + 2 * half).bit_length()
    product = np.fft.rfft(np.asarray(counts, np.float64), size) * np.fft.rfft(kernel, size)
    return np.maximum(np.fft.irfft(product, size)[half : half + n], 0.0)


def psth(
    counts: NDArray[np.number], onsets: I64, classes: I64, *, n_classes: int, n_bins: int, before: int = 0
) -> tuple[F64, I64]:
    """Average counts around the starts of stimuli, class by class (peri-stimulus time histogram).

    Parameters
    ----------
    counts : (n,) number
        Spikes per bin; NaN where nothing was observed.
    onsets : (n_stimuli,) int64
        Bin in which each stimulus starts.
    classes : (n_stimuli,) int64
        Its class, -1 for none.
    n_classes, n_bins, before : int
        The histogram begins ``before`` bins before the onset and has ``n_bins`` bins.

    Returns
    -------
    (n_classes, n_bins) float64, (n_classes,) int64
        Mean spikes per bin, NaN for a class without a stimulus; stimuli that were averaged. One that reaches beyond
        the counts or into what was not observed is left out.

    Notes
    -----
    As ``elephant.statistics.time_histogram(output="mean")`` over trials cut at the onsets. Gerstein and Kiang,
    Biophys. J. 1960, doi:10.1016/S0006-3495(60)86839-5.

    Examples
    --------
    >>> psth(np.array([1, 3, 0, 5, 1]), np.array([0, 3, 4]), np.array([0, 0, 1]), n_classes=2, n_bins=2)
    (array([[ 3.,  2.],
           [nan, nan]]), array([2, 0]))
    """
    wide = np.asarray(counts, np.float64)
    whole = (classes >= 0) & (onsets >= before) & (onsets - before + n_bins <= len(wide))
    onsets, classes = onsets[whole], classes[whole]
    rows = wide[(onsets - before)[:, None] + np.arange(n_bins)] if len(onsets) else np.empty((0, n_bins))
    seen = ~np.isnan(rows).any(axis=1)
    rows, classes = rows[seen], classes[seen]
    total = np.zeros((n_classes, n_bins))
    np.add.at(total, classes, rows)
    n = np.bincount(classes, minlength=n_classes).astype(np.int64)
    mean = np.divide(total, n[:, None], out=np.full(total.shape, np.nan), where=n[:, None] > 0)
    return mean, n
