"""Spike train statistics agree with Elephant to 1e-9, on generated and on real spike trains."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import elephant.conversion
import elephant.kernels
import elephant.spectral
import elephant.spike_train_correlation as trains_correlation
import elephant.spike_train_synchrony
import elephant.statistics
import neo
import numpy as np
import pytest
import quantities as pq

from synaptarium.kernels.correlation import correlation_matrix, cross_correlogram, tiling_coefficients
from synaptarium.kernels.firing import instantaneous_rate_hz, population_rate_hz, psth
from synaptarium.kernels.isi import fano_factor, intervals, isi_histogram, regularity
from synaptarium.kernels.spectrum import welch_psd
from synaptarium.kernels.synchrony import spike_contrast

from .trains import ALL, Trains

# Elephant's own calls of quantities, and trains with too few intervals, of which both say NaN.
pytestmark = [
    pytest.mark.filterwarnings("ignore:The 'copy' argument:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::PendingDeprecationWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
    pytest.mark.filterwarnings("ignore::RuntimeWarning"),
]

TOLERANCE: dict[str, Any] = {"rtol": 1e-9, "atol": 1e-9}


@pytest.fixture(params=ALL)
def trains(request: pytest.FixtureRequest) -> Trains:
    make: Callable[[], Trains] = request.param
    return make()


def binned(trains: Trains) -> elephant.conversion.BinnedSpikeTrain:
    return elephant.conversion.BinnedSpikeTrain(
        trains.neo(),
        bin_size=trains.bin_us * pq.us,
        t_start=trains.t_start_us * pq.us,
        t_stop=trains.t_stop_us * pq.us,
    )


def test_regularity(trains: Trains) -> None:
    found = regularity(intervals(*trains.merged()), n_neurons=len(trains.times_us))

    for neuron, train in enumerate(trains.neo()):
        isi = elephant.statistics.isi(train).magnitude if len(train) > 1 else np.empty(0)
        if len(isi):
            cv = elephant.statistics.cv(isi)
            np.testing.assert_allclose(found.cv[neuron], cv, **TOLERANCE)
            np.testing.assert_allclose(found.mean_us[neuron], isi.mean() * 1000, **TOLERANCE)
        if len(isi) > 1:
            cv2 = elephant.statistics.cv2(isi)
            np.testing.assert_allclose(found.cv2[neuron], cv2, **TOLERANCE)
            np.testing.assert_allclose(found.lv[neuron], elephant.statistics.lv(isi), **TOLERANCE)


def test_isi_histogram(trains: Trains) -> None:
    isi = intervals(*trains.merged()).isi_us

    counts, longer = isi_histogram(isi, bin_us=2000, n_bins=100)

    theirs = np.concatenate(
        [elephant.statistics.isi(one).magnitude for one in trains.neo() if len(one) > 1]
    ).round(6)
    wanted, _ = np.histogram(theirs, np.arange(0, 201, 2))
    # numpy closes the last bin.
    wanted[-1] -= int((theirs == 200).sum())
    np.testing.assert_array_equal(counts, wanted)
    assert counts.sum() + longer == len(theirs)


def test_fano_factor(trains: Trains) -> None:
    ours = fano_factor(np.array([len(one) for one in trains.times_us]))

    np.testing.assert_allclose(ours, elephant.statistics.fanofactor(trains.neo()), **TOLERANCE)


def test_population_rate(trains: Trains) -> None:
    counts = trains.counts()

    ours = population_rate_hz(counts.sum(axis=0), bin_us=trains.bin_us, n_neurons=len(counts))

    theirs = elephant.statistics.time_histogram(trains.neo(), trains.bin_us * pq.us, output="rate")
    np.testing.assert_allclose(ours, theirs.rescale("Hz").magnitude[:, 0], **TOLERANCE)


@pytest.mark.parametrize("sigma_us", [3_000, 20_000])
def test_instantaneous_rate(trains: Trains, sigma_us: int) -> None:
    ours = instantaneous_rate_hz(trains.counts()[0], bin_us=trains.bin_us, sigma_us=sigma_us)

    theirs = elephant.statistics.instantaneous_rate(
        trains.neo()[0],
        sampling_period=trains.bin_us * pq.us,
        kernel=elephant.kernels.GaussianKernel(sigma=sigma_us * pq.us),
    )
    np.testing.assert_allclose(ours, theirs.magnitude[:, 0], **TOLERANCE)


def test_psth(trains: Trains) -> None:
    onsets = np.arange(0, (trains.t_stop_us - trains.t_start_us) // trains.bin_us - 40, 40)

    ours, n = psth(
        trains.counts().sum(axis=0), onsets, np.zeros(len(onsets), np.int64), n_classes=1, n_bins=30
    )

    cut = [
        neo.SpikeTrain(
            np.concatenate([times[(times >= begin) & (times < begin + 150_000)] for times in trains.times_us])
            / 1000
            - begin / 1000,
            units=pq.ms,
            t_stop=150,
        )
        for begin in onsets * trains.bin_us
    ]
    theirs = elephant.statistics.time_histogram(cut, trains.bin_us * pq.us, output="mean")
    np.testing.assert_allclose(ours[0], theirs.magnitude[:, 0], **TOLERANCE)
    assert n[0] == len(onsets)


def test_correlation_matrix(trains: Trains) -> None:
    np.testing.assert_allclose(
        correlation_matrix(trains.counts()),
        trains_correlation.correlation_coefficient(binned(trains)),
        **TOLERANCE,
    )


@pytest.mark.parametrize("max_lag", [1, 20])
def test_cross_correlogram(trains: Trains, max_lag: int) -> None:
    counts = trains.counts()
    bins = [np.flatnonzero(row) for row in counts]
    theirs = binned(trains)
    for a, b in ((0, 1), (1, 0), (2, 2)):
        ours = cross_correlogram(bins[a], counts[a][bins[a]], bins[b], counts[b][bins[b]], max_lag=max_lag)

        wanted, _ = trains_correlation.cross_correlation_histogram(
            theirs[a], theirs[b], window=[-max_lag, max_lag]
        )
        np.testing.assert_allclose(ours, wanted.magnitude[:, 0], **TOLERANCE)


def test_tiling_coefficients(trains: Trains) -> None:
    few = trains.times_us[:8]

    ours = tiling_coefficients(few, t_start_us=trains.t_start_us, t_stop_us=trains.t_stop_us, dt_us=5_000)

    theirs = trains.neo()[:8]
    for a in range(len(few)):
        for b in range(len(few)):
            wanted = trains_correlation.spike_time_tiling_coefficient(theirs[a], theirs[b], dt=5 * pq.ms)
            np.testing.assert_allclose(ours[a, b], wanted, **TOLERANCE)


def test_spike_contrast(trains: Trains) -> None:
    ours, sizes, curve = spike_contrast(
        trains.times_us, t_start_us=trains.t_start_us, t_stop_us=trains.t_stop_us
    )

    theirs, trace = elephant.spike_train_synchrony.spike_contrast(trains.neo(), return_trace=True)
    np.testing.assert_allclose(ours, theirs, **TOLERANCE)
    np.testing.assert_allclose(sizes / 1000, trace.bin_size.rescale("ms").magnitude, **TOLERANCE)
    np.testing.assert_allclose(curve, trace.synchrony, **TOLERANCE)


def test_power_spectrum(trains: Trains) -> None:
    rate = population_rate_hz(trains.counts().sum(axis=0), bin_us=trains.bin_us, n_neurons=1)

    frequency, psd = welch_psd(rate, sampling_period_us=trains.bin_us, segment=64)

    signal = neo.AnalogSignal(rate, units="Hz", sampling_period=trains.bin_us * pq.us)
    theirs_hz, theirs = elephant.spectral.welch_psd(signal, len_segment=64)
    np.testing.assert_allclose(frequency, theirs_hz.magnitude, **TOLERANCE)
    np.testing.assert_allclose(psd, theirs.magnitude[0], **TOLERANCE)
