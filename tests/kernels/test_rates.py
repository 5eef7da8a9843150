"""Counts and rates by class equal a loop over presentations and spikes."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from synaptarium.kernels.presentations import class_of_times, presentation_spans
from synaptarium.kernels.rates import counts_by_class, mean_rate_hz


@given(
    st.lists(st.tuples(st.integers(0, 200), st.integers(1, 40), st.integers(-1, 3)), max_size=8),
    st.lists(st.tuples(st.integers(0, 24), st.integers(0, 4), st.integers(1, 3)), max_size=40),
)
def test_counts_by_class_equal_a_loop(
    presentations: list[tuple[int, int, int]], spikes: list[tuple[int, int, int]]
) -> None:
    presentations = sorted(presentations, key=lambda one: one[0])
    starts, lengths, classes = (
        (np.array(x, np.int64) for x in zip(*presentations, strict=True))
        if presentations
        else [np.empty(0, np.int64)] * 3
    )
    frame, neuron, count = (
        (np.array(x, np.int64) for x in zip(*spikes, strict=True)) if spikes else [np.empty(0, np.int64)] * 3
    )

    of = class_of_times(np.arange(25) * 10, presentation_spans(starts, starts + lengths, classes))
    counts = counts_by_class(frame, neuron.astype(np.uint32), count, classes=of, n_neurons=5, n_classes=4)

    wanted = np.zeros((5, 4), np.int64)
    for f, n, c in spikes:
        begun = [one for one in presentations if one[0] <= f * 10]
        if begun and f * 10 < begun[-1][0] + begun[-1][1] and begun[-1][2] >= 0:
            wanted[n, begun[-1][2]] += c
    np.testing.assert_array_equal(counts, wanted)


def test_mean_rate_is_spikes_by_duration() -> None:
    # elephant.statistics.mean_firing_rate: n / (t_stop - t_start), here 3 / 0.25 s.
    assert mean_rate_hz(np.array(3), np.array(250_000)) == 12


def test_mean_rate_of_no_time_is_unknown() -> None:
    assert np.isnan(mean_rate_hz(np.array([0]), np.array([0])))[0]
