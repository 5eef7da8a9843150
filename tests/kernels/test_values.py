"""Values per bin against a naive replay, event by event."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from synaptarium.kernels.values import bin_values, coarsen_values, replay

N = 7
changes = st.lists(
    st.tuples(
        st.integers(0, 5999), st.integers(0, N - 1), st.sampled_from([0.5, -1.0, 2.25, 3.0, float("nan")])
    ),
    max_size=120,
).map(lambda rows: sorted(rows, key=lambda row: row[0]))


def columns(rows: list[tuple[int, int, float]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    time_us = np.array([row[0] for row in rows], np.int64)
    return (
        time_us,
        np.array([row[1] for row in rows], np.uint32),
        np.array([row[2] for row in rows], np.float32),
    )


@settings(max_examples=80, deadline=None)
@given(changes)
def test_replaying_frames_gives_the_state_of_replaying_events_at_every_frame_end(rows) -> None:
    time_us, item, value = columns(rows)
    level0 = bin_values(time_us, item, value, t_start_us=0, bin_us=10, n_frames=600, n_items=N)
    level1 = coarsen_values(level0, n_items=N)

    for binned, bins in ((level0, 10), (level1, 160)):
        frames, ids = np.divmod(binned.cells.astype(np.int64), N)
        state, naive = np.full(N, np.nan, np.float32), np.full(N, np.nan, np.float32)
        for frame in range(-(-6000 // bins)):
            inside = frames == frame
            replay(state, ids[inside].astype(np.uint32), binned.last[inside])
            for t, i, v in rows:
                if frame * bins <= t < (frame + 1) * bins:
                    naive[i] = v
            np.testing.assert_array_equal(state, naive)


@settings(max_examples=60, deadline=None)
@given(changes)
def test_extremes_are_those_of_the_values_set_in_the_frame(rows) -> None:
    time_us, item, value = columns(rows)
    level0 = bin_values(time_us, item, value, t_start_us=0, bin_us=10, n_frames=600, n_items=N)
    level2 = coarsen_values(coarsen_values(level0, n_items=N), n_items=N)

    frames, ids = np.divmod(level2.cells.astype(np.int64), N)
    for place, (frame, i) in enumerate(zip(frames, ids, strict=True)):
        inside = value[(time_us // 2560 == frame) & (item == i)]
        finite = inside[~np.isnan(inside)]
        expected = (finite.min(), finite.max()) if len(finite) else (np.nan, np.nan)
        np.testing.assert_array_equal((level2.minimum[place], level2.maximum[place]), expected)


@settings(max_examples=30, deadline=None)
@given(changes, st.integers(0, 10**9))
def test_shifted_time_gives_the_same_cells(rows, shift) -> None:
    time_us, item, value = columns(rows)

    plain = bin_values(time_us, item, value, t_start_us=0, bin_us=10, n_frames=600, n_items=N)
    moved = bin_values(time_us + shift, item, value, t_start_us=shift, bin_us=10, n_frames=600, n_items=N)

    assert plain.cells.tolist() == moved.cells.tolist()
    np.testing.assert_array_equal(plain.last, moved.last)


def test_of_equal_times_the_later_row_wins() -> None:
    binned = bin_values(
        np.array([5, 5, 5], np.int64),
        np.array([1, 1, 1], np.uint32),
        np.array([3, 9, 4], np.float32),
        t_start_us=0,
        bin_us=10,
        n_frames=1,
        n_items=2,
    )

    assert binned.cells.tolist() == [1]
    assert (binned.last[0], binned.minimum[0], binned.maximum[0]) == (4, 3, 9)


def test_no_events_give_no_cells() -> None:
    none = np.empty(0, np.int64)

    binned = bin_values(
        none, none.astype(np.uint32), none.astype(np.float32), t_start_us=0, bin_us=1, n_frames=4, n_items=3
    )

    assert len(binned.cells) == len(binned.last) == 0
    assert len(coarsen_values(binned, n_items=3).cells) == 0
