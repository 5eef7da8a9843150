"""The preferred class and the selectivity index, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from synaptarium.kernels.selectivity import preferred_class


def test_preferred_class_takes_rates_and_not_counts() -> None:
    classes, index = preferred_class(np.array([[30, 20]]), np.array([3_000_000, 1_000_000]))
    assert classes.tolist() == [1]
    assert index[0] == pytest.approx((20 - 10) / (20 + 10))


def test_preferred_class_never_shown_is_never_preferred() -> None:
    classes, index = preferred_class(np.array([[5, 0, 1]]), np.array([1_000, 0, 1_000]))
    assert classes.tolist() == [0]
    assert index[0] == pytest.approx((5 - 1) / (5 + 1))


def test_preferred_class_one_class_only_and_silence() -> None:
    classes, index = preferred_class(np.array([[4], [0]]), np.array([10]))
    assert classes.tolist() == [0, -1]
    assert index.tolist() == [1.0, 0.0]
    classes, index = preferred_class(np.array([[4], [0]]), np.array([0]))
    assert classes.tolist() == [-1, -1] and index.tolist() == [0.0, 0.0]


def test_preferred_class_shapes_that_do_not_fit() -> None:
    with pytest.raises(ValueError, match="do not fit"):
        preferred_class(np.zeros((2, 3), np.int64), np.zeros(2, np.int64))
