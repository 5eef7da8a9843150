"""The class at each moment equals a search through all presentations."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from synaptarium.kernels.presentations import class_of_times, presentation_spans, time_by_class

PRESENTATIONS = st.lists(st.tuples(st.integers(-5, 30), st.integers(-2, 9), st.integers(-1, 2)), max_size=12)


def plain(shown: list[tuple[int, int, int]], time_us: int) -> int:
    """Return the class of the stimulus that began last, if it is still on."""
    begun = [one for one in shown if one[0] <= time_us]
    return begun[-1][2] if begun and time_us < begun[-1][1] else -1


@given(PRESENTATIONS)
def test_classes_and_times_equal_a_search(given_spans: list[tuple[int, int, int]]) -> None:
    # A stop before the start means the same as an empty presentation.
    shown = sorted(((start, start + length, of) for start, length, of in given_spans), key=lambda one: one[0])
    columns = [np.array([one[place] for one in shown], np.int64) for place in range(3)]
    spans = presentation_spans(*columns)
    times = np.arange(-8, 45)
    wanted = np.array([plain(shown, int(time)) for time in times])

    assert (np.diff(spans.start_us) > 0).all()
    assert class_of_times(times, spans).tolist() == wanted.tolist()
    # Moments are whole microseconds here, so time is a number of moments.
    on_us = time_by_class(spans, times, n_classes=3)
    for place, edge in enumerate(times):
        for number in range(3):
            assert on_us[place, number] == (wanted[times < edge] == number).sum()


@given(PRESENTATIONS, st.lists(st.integers(-8, 44), max_size=20), st.integers(-8, 44))
def test_times_may_be_split_anywhere(given_spans, times: list[int], at: int) -> None:
    shown = sorted(
        ((start, start + abs(length), of) for start, length, of in given_spans), key=lambda one: one[0]
    )
    spans = presentation_spans(*(np.array([one[place] for one in shown], np.int64) for place in range(3)))
    ordered = np.sort(np.array(times, np.int64))
    cut = np.searchsorted(ordered, at)

    parts = [class_of_times(part, spans) for part in (ordered[:cut], ordered[cut:])]

    assert np.concatenate(parts).tolist() == class_of_times(ordered, spans).tolist()
