"""A proxy of the local field potential (LFP): the reference weighted sum of a population's synaptic currents."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]

#: Mazzoni et al. 2015, Table 1: how much later AMPA currents count than GABA currents, and how much less.
AMPA_DELAY_US = 6_000
GABA_WEIGHT = 1.65
# The kernel ends where 1e-9 of it is left.
_CUTOFF = 21.0


def synaptic_current(counts: NDArray[np.number], *, bin_us: int, rise_us: float, decay_us: float) -> F64:
    """Filter presynaptic spikes with a biexponential synaptic kernel of unit area.

    Parameters
    ----------
    counts : (n_bins,) number
        Spikes, or sums of |weights|, 0 at least, per bin, closed on the left; a spike counts from its bin's start.
    bin_us : int
        Width of a bin.
    rise_us, decay_us : float
        Time constants, decay longer than rise.

    Returns
    -------
    (n_bins,) float64
        Mean current in each bin, in the unit of the counts per bin; before the first bin there are no spikes.

    Notes
    -----
    The kernel is (exp(-t / decay) - exp(-t / rise)) / (decay - rise) for t >= 0, taken as its integral over each bin, so that
    wide bins lose nothing. By Fourier transforms, in O(n log n).

    Examples
    --------
    >>> synaptic_current(np.array([0, 1, 0, 0]), bin_us=1000, rise_us=250.0, decay_us=1000.0).round(3)
    array([0.   , 0.516, 0.304, 0.114])
    """
    n = len(counts)
    if not n:
        return np.empty(0)
    size = min(n, math.ceil(_CUTOFF * decay_us / bin_us) + 1)
    edges = np.arange(size + 1) * float(bin_us)
    left = (decay_us * np.exp(-edges / decay_us) - rise_us * np.exp(-edges / rise_us)) / (decay_us - rise_us)
    length = 1 << (n + size).bit_length()
    product = np.fft.rfft(np.asarray(counts, np.float64), length) * np.fft.rfft(-np.diff(left), length)
    return np.maximum(np.fft.irfft(product, length)[:n], 0.0)


def weighted_sum_lfp(excitatory: F64, inhibitory: F64, *, bin_us: int) -> F64:
    """Return the reference weighted sum (RWS) proxy of the local field potential, normalised.

    Parameters
    ----------
    excitatory, inhibitory : (n_bins,) float64
        Sizes (not signs) of the AMPA and GABA currents into a population of pyramidal cells.
    bin_us : int
        Width of a bin; the delay is rounded to whole bins.

    Returns
    -------
    (n_bins,) float64
        |AMPA|(t - 6 ms) + 1.65 |GABA|(t), less its mean, by its population standard deviation; NaN in the first bins, to
        which nothing is delayed, and everywhere where it does not vary.

    Notes
    -----
    Mazzoni, Linden, Cuntz, Lansner, Panzeri, Einevoll, PLoS Comput. Biol. 2015, doi:10.1371/journal.pcbi.1004584. The paper
    writes a difference, of currents of opposite sign: of sizes it is a sum. Polarity is not told.

    Examples
    --------
    >>> weighted_sum_lfp(np.array([1.0, 0, 0, 0]), np.array([0.0, 0, 0, 2]), bin_us=6000).round(3)
    array([   nan, -0.314, -1.037,  1.351])
    """
    delay = round(AMPA_DELAY_US / bin_us)
    lfp = np.full(len(excitatory), np.nan)
    lfp[delay:] = excitatory[: len(excitatory) - delay] + GABA_WEIGHT * inhibitory[delay:]
    spread = float(np.nanstd(lfp)) if len(lfp) > delay else 0.0
    if not spread > 0:
        return np.full(len(excitatory), np.nan)
    lfp -= float(np.nanmean(lfp))
    lfp /= spread
    return lfp
