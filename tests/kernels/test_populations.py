"""What Elephant has no analysis for equals plain numpy; degenerate input gives NaN, not a wrong number."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synaptarium.kernels.confusion import confusion_matrix, rolling_accuracy
from synaptarium.kernels.correlation import correlation_matrix, cross_correlogram, tiling_coefficients
from synaptarium.kernels.firing import instantaneous_rate_hz, psth
from synaptarium.kernels.isi import fano_factor, intervals, regularity
from synaptarium.kernels.spectrum import welch_psd
from synaptarium.kernels.synchrony import golomb_chi, spike_contrast
from synaptarium.kernels.trajectory import principal_components

NONE = np.empty(0, np.int64)


@settings(deadline=None)  # the first example pays for what numpy loads
@given(
    st.lists(st.tuples(st.integers(0, 500), st.integers(0, 3)), max_size=60),
    st.permutations(range(4)),
    st.integers(0, 10_000),
)
def test_regularity_follows_permuted_neurons_and_shifted_time(
    spikes: list[tuple[int, int]], places: list[int], shift_us: int
) -> None:
    spikes = sorted(spikes)
    times = np.array([time for time, _ in spikes], np.int64)
    neuron = np.array([one for _, one in spikes], np.int64)

    plain = regularity(intervals(times, neuron), n_neurons=4)
    moved = regularity(intervals(times + shift_us, np.array(places)[neuron]), n_neurons=4)

    for one, other in zip(plain, moved, strict=True):
        np.testing.assert_allclose(one, other[places])


def test_no_interval_reaches_over_a_gap() -> None:
    found = intervals(np.array([0, 5, 90, 96]), np.zeros(4, np.int64), np.array([0, 0, 1, 1]))

    assert found.isi_us.tolist() == [5, 6]
    # So there is no pair of consecutive intervals for CV2 and LV.
    assert np.isnan(regularity(found, n_neurons=1).cv2[0])


def test_silence_has_no_statistics() -> None:
    found = regularity(intervals(NONE, NONE), n_neurons=2)

    assert found.n.tolist() == [0, 0]
    assert np.isnan([found.mean_us, found.cv, found.cv2, found.lv]).all()
    assert np.isnan(fano_factor(np.zeros((2, 5)))).all()
    assert np.isnan(fano_factor(np.zeros((2, 0)))).all()
    assert np.isnan(golomb_chi(np.zeros((3, 4))))
    assert np.isnan(spike_contrast([NONE, NONE], t_start_us=0, t_stop_us=10)[0])
    assert np.isnan(spike_contrast([np.array([1, 2])], t_start_us=0, t_stop_us=10)[0])
    assert np.isnan(correlation_matrix(np.zeros((2, 0)))).all()
    assert np.isnan(tiling_coefficients([NONE, np.array([3])], t_start_us=0, t_stop_us=9, dt_us=1)[0, 1])
    assert cross_correlogram(NONE, NONE, NONE, NONE, max_lag=1).tolist() == [0, 0, 0]
    assert not len(instantaneous_rate_hz(NONE, bin_us=1, sigma_us=1))


def test_golomb_chi_is_one_when_all_do_the_same() -> None:
    random = np.random.default_rng(1)
    one = random.poisson(2, 4000)

    assert golomb_chi(np.tile(one, (50, 1))) == pytest.approx(1)
    # Independent neurons: about 1 / sqrt(50).
    assert golomb_chi(random.poisson(2, (50, 4000))) == pytest.approx(1 / np.sqrt(50), rel=0.05)


def test_psth_leaves_out_what_was_not_observed() -> None:
    counts = np.array([1, 2, np.nan, 4, 5, 6])

    mean, n = psth(counts, np.array([0, 1, 3, 5]), np.array([0, 0, 0, 0]), n_classes=2, n_bins=2, before=0)

    # The second has a gap, the fourth reaches beyond the end.
    assert mean[0].tolist() == [(1 + 4) / 2, (2 + 5) / 2]
    assert n.tolist() == [2, 0]
    assert np.isnan(mean[1]).all()


def test_spectrum_refuses_a_segment_longer_than_the_signal() -> None:
    with pytest.raises(ValueError, match="segment of 9"):
        welch_psd(np.zeros(8), sampling_period_us=1000, segment=9)


def test_spectrum_integrates_to_the_variance() -> None:
    random = np.random.default_rng(2)
    signal = random.normal(size=2**16)

    frequency, psd = welch_psd(signal, sampling_period_us=1000, segment=1024)

    assert np.trapezoid(psd, frequency) == pytest.approx(signal.var(), rel=0.02)


@pytest.mark.parametrize("shape", [(40, 6), (6, 40)])
def test_components_are_those_of_a_singular_value_decomposition(shape: tuple[int, int]) -> None:
    activity = np.random.default_rng(3).poisson(3, shape)

    scores, explained = principal_components(activity, n=3)

    centred = activity - activity.mean(axis=0)
    _, sizes, axes = np.linalg.svd(centred, full_matrices=False)
    np.testing.assert_allclose(np.abs(scores), np.abs(centred @ axes[:3].T), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(explained, (sizes[:3] ** 2) / (sizes**2).sum(), rtol=1e-9)


def test_components_of_little_or_nothing() -> None:
    scores, explained = principal_components(np.array([[1], [2]]), n=3)

    assert explained.tolist() == [1, 0, 0]
    assert np.isnan(scores[:, 1:]).all()
    assert np.isnan(principal_components(np.ones((5, 2)))[0]).all()
    assert np.isnan(principal_components(np.empty((0, 2)))[1]).sum() == 0


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(-1, 2), st.integers(-1, 2)), max_size=30))
def test_confusion_matrix_equals_a_loop(pairs: list[tuple[int, int]]) -> None:
    label = np.array([one for one, _ in pairs], np.int64)
    prediction = np.array([other for _, other in pairs], np.int64)

    found = confusion_matrix(label, prediction, n_classes=3)

    wanted = np.zeros((3, 3), np.int64)
    for one, other in pairs:
        if one >= 0 and other >= 0:
            wanted[one, other] += 1
    np.testing.assert_array_equal(found, wanted)


def test_rolling_accuracy_waits_for_enough_stimuli() -> None:
    found = rolling_accuracy(np.array([True, True, False, False]), n=3)

    np.testing.assert_allclose(found, [np.nan, np.nan, 2 / 3, 1 / 3])
    assert np.isnan(rolling_accuracy(np.array([True]), n=2)).all()
