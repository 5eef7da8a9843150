"""Receptive fields and distributions equal a loop over the synapses."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from synaptarium.kernels.weights import mean_and_spread, receptive_fields, weight_histogram

WEIGHT = st.one_of(st.just(float("nan")), st.floats(-2, 2, width=32))


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 3), WEIGHT), max_size=30))
def test_receptive_fields_equal_a_loop(synapses: list[tuple[int, int, float]]) -> None:
    pre = np.array([one[0] for one in synapses], np.uint32)
    post = np.array([one[1] for one in synapses], np.uint32)
    weight = np.array([one[2] for one in synapses], np.float32)

    fields = receptive_fields(pre, post, weight, n_pre=5, neurons=np.array([2, 0]))

    wanted = np.full((2, 5), np.nan)
    for p, q, w in synapses:
        if q in (0, 2) and not np.isnan(w):
            row = [2, 0].index(q)
            wanted[row, p] = np.float32(w) + (0 if np.isnan(wanted[row, p]) else wanted[row, p])
    np.testing.assert_allclose(fields, wanted, atol=1e-12)


# Bins are worked out with rounding; these fall where they should.
EXACT = st.one_of(st.just(float("nan")), st.integers(-128, 128).map(lambda n: n / 64))


@given(st.lists(EXACT, max_size=50))
def test_histogram_equals_numpy_and_loses_nothing(weights: list[float]) -> None:
    weight = np.array(weights, np.float32)
    edges = np.linspace(-1, 1, 9)

    counts = weight_histogram(weight, low=-1, high=1, n_bins=8)

    present = weight[~np.isnan(weight)]
    assert counts.sum() == len(present)
    inside = np.clip(present.astype(np.float64), -1, 1)
    np.testing.assert_array_equal(counts, np.histogram(inside, edges)[0])


def test_spread_is_the_population_one() -> None:
    assert mean_and_spread(np.array([2, 4, 4, 4, 5, 5, 7, 9], np.float32)) == (5, 2)
    assert np.isnan(mean_and_spread(np.array([np.nan], np.float32))).all()
