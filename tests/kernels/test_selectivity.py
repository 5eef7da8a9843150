"""The preferred class and the selectivity index, by hand."""

from __future__ import annotations

import numpy as np

from synaptarium.kernels.rates import mean_rate_hz
from synaptarium.kernels.selectivity import preferred_class, selectivity


def test_preferred_class_is_by_rate_not_by_count() -> None:
    counts = np.array([[10, 6, 0], [0, 0, 0], [1, 1, 1]])

    assert preferred_class(counts, np.array([100, 20, 0])).tolist() == [1, -1, 1]
    assert preferred_class(np.zeros((2, 0)), np.zeros(0)).tolist() == [-1, -1]


def test_selectivity_takes_rates_and_not_counts() -> None:
    rates_hz = mean_rate_hz(np.array([[30, 20]]), np.array([3_000_000, 1_000_000]))
    np.testing.assert_allclose(selectivity(rates_hz), (20 - 10) / (20 + 10))


def test_selectivity_leaves_out_a_class_that_was_not_on() -> None:
    rates_hz = mean_rate_hz(np.array([[5, 0, 1]]), np.array([1_000, 0, 1_000]))
    np.testing.assert_allclose(selectivity(rates_hz), (5 - 1) / (5 + 1))


def test_selectivity_is_unknown_of_one_class_and_of_silence() -> None:
    assert np.isnan(selectivity(np.array([[4.0], [0.0]]))).all()
    assert np.isnan(selectivity(np.array([[0.0, 0.0]]))).all()
