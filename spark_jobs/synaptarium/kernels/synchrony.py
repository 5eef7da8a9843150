"""How synchronously a population fires: spike-contrast, and Golomb's chi of binned counts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]


def golomb_chi(counts: NDArray[np.number]) -> float:
    """Return the synchrony chi of a population: how far its mean count varies, by how far single neurons' do.

    Parameters
    ----------
    counts : (n_neurons, n_bins) number
        Spikes per bin.

    Returns
    -------
    float
        sqrt(var of the mean over neurons / mean over neurons of the variances), population variances over time. 1 when
        all neurons do the same, about 1 / sqrt(n_neurons) when they are independent; NaN when nothing varies.

    Notes
    -----
    Golomb and Rinzel, Phys. Rev. E 1993, doi:10.1103/PhysRevE.48.4810, there of potentials; here of counts.

    Examples
    --------
    >>> golomb_chi(np.array([[0, 1], [0, 1]])), golomb_chi(np.array([[0, 1], [1, 0]]))
    (1.0, 0.0)
    """
    wide = np.asarray(counts, np.float64)
    if not wide.size:
        return float("nan")
    single = wide.var(axis=1).mean()
    return float(np.sqrt(wide.mean(axis=0).var() / single)) if single > 0 else float("nan")


def spike_contrast(
    trains_us: list[I64], *, t_start_us: int, t_stop_us: int, min_bin_us: float = 10_000
) -> tuple[float, F64, F64]:
    """Return the synchrony of spike trains by spike-contrast, and its curve over bin sizes.

    Parameters
    ----------
    trains_us : list of (n_spikes,) int64
        Spike times of at least two neurons, ascending.
    t_start_us, t_stop_us : int
        Span that was observed.
    min_bin_us : float
        Smallest bin, unless half the shortest interspike interval is longer.

    Returns
    -------
    float, (n,) float64, (n,) float64
        The largest synchrony, NaN where no neuron spikes twice; bin sizes in us, each 0.9 of the one before it, from
        half the span; the synchrony of each, contrast times share of active trains.

    Notes
    -----
    As ``elephant.spike_train_synchrony.spike_contrast``. Bins overlap by half. Ciba, Isomura, Jimbo, Bahmer, Thielemann,
    J. Neurosci. Methods 2018, doi:10.1016/j.jneumeth.2017.09.008.

    Examples
    --------
    >>> together = [np.array([100_000, 500_000]), np.array([100_000, 500_000])]
    >>> spike_contrast(together, t_start_us=0, t_stop_us=1_000_000)[0]
    1.0
    """
    spiking = [np.asarray(times, np.float64) for times in trains_us]
    shortest = [np.diff(times).min() for times in spiking if len(times) > 1]
    if len(spiking) < 2 or not shortest:
        return float("nan"), np.empty(0), np.empty(0)
    shortest_us = float(min(shortest))
    smallest_us = max(shortest_us / 2, min_bin_us)
    total = sum(map(len, spiking))
    # One sorted array: a histogram of each train at each bin size would cost neurons x bins.
    times = np.concatenate(spiking)
    train = np.repeat(np.arange(len(spiking)), [len(one) for one in spiking])
    sizes: list[float] = []
    curve: list[float] = []
    size_us = (t_stop_us - t_start_us) / 2
    while size_us >= smallest_us:
        theta, active = _half_overlapping(
            times, train, t_start_us - shortest_us, t_stop_us + shortest_us, size_us
        )
        share = ((active * theta).sum() / theta.sum() - 1) / (len(spiking) - 1)
        sizes.append(size_us)
        curve.append(float(np.abs(np.diff(theta)).sum() / (2 * total) * share))
        size_us *= 0.9
    return (max(curve) if curve else float("nan")), np.array(sizes), np.array(curve)


def _half_overlapping(
    times: F64, train: NDArray[np.intp], start_us: float, stop_us: float, size_us: float
) -> tuple[F64, F64]:
    """Return spikes, and trains that spike, per bin; bins of ``size_us`` start every half of it."""
    step = size_us / 2
    edges = np.arange(start_us, stop_us + step, step)
    n = len(edges) - 1
    # numpy's histogram closes the last bin on the right.
    place = np.minimum(np.searchsorted(edges, times, "right") - 1, n - 1)
    half = np.bincount(place, minlength=n)
    # Trains lie one after the other, each in the order of time: their cells ascend.
    cells = train * n + place
    cells = cells[np.concatenate(([True], cells[1:] != cells[:-1]))]
    rows, columns = np.divmod(cells, n)
    occupied = np.bincount(columns, minlength=n)
    # A train that spikes in both halves of a bin counts once.
    twice = cells[:-1][(np.diff(cells) == 1) & (rows[1:] == rows[:-1])] % n
    both = np.bincount(twice, minlength=n)[: n - 1]
    return (half[:-1] + half[1:]).astype(np.float64), (occupied[:-1] + occupied[1:] - both).astype(np.float64)
