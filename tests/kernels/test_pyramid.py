"""The time pyramid conserves every count; groups and series agree with it."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from synaptarium.kernels.frames import Binned, count_sorted
from synaptarium.kernels.pyramid import coarsen, fold_groups, group_counts
from synaptarium.kernels.series import Series, add_series, fold_series, frame_totals

dense_counts = st.integers(1, 80).flatmap(
    lambda n: st.tuples(
        st.just(n),
        st.lists(st.tuples(st.integers(0, 599), st.integers(0, n - 1), st.integers(1, 9)), max_size=150),
    )
)


def cells_of(rows: list[tuple[int, int, int]], n: int) -> tuple[Binned, np.ndarray]:
    dense = np.zeros((600, n), np.int64)
    for frame, neuron, count in rows:
        dense[frame, neuron] += count
    cells = np.flatnonzero(dense).astype(np.uint32)
    return Binned(cells, dense.reshape(-1)[cells].astype(np.uint32)), dense


@settings(max_examples=60, deadline=None)
@given(dense_counts)
def test_coarsen_twice_equals_summing_256_frames(case) -> None:
    n, rows = case
    binned, dense = cells_of(rows, n)

    level2 = coarsen(coarsen(binned, n_neurons=n), n_neurons=n)

    expected = np.add.reduceat(dense, [0, 256, 512], axis=0).reshape(-1)
    counts = np.ones(len(level2.cells), int) if level2.counts is None else level2.counts
    assert np.flatnonzero(expected).tolist() == level2.cells.tolist()
    assert expected[level2.cells].tolist() == list(counts)


@settings(max_examples=60, deadline=None)
@given(dense_counts)
def test_group_counts_equal_sums_over_64_neurons(case) -> None:
    n, rows = case
    binned, dense = cells_of(rows, n)
    frame, ids = np.divmod(binned.cells, np.uint32(n))

    groups = group_counts(ids, frame, binned.counts, n_frames=600, n_neurons=n)

    expected = np.add.reduceat(dense, np.arange(0, n, 64), axis=1)
    assert (groups == expected).all()
    assert (fold_groups(groups) == np.add.reduceat(expected, np.arange(0, 600, 16), axis=0)).all()


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 50), min_size=1, max_size=700))
def test_fold_series_twice_equals_statistics_of_level_0_frames(values) -> None:
    total = np.array(values, np.int64)

    level2 = fold_series(fold_series(Series(total, total, total, total)))

    parts = [total[start : start + 256] for start in range(0, len(total), 256)]
    assert level2.total.tolist() == [part.sum() for part in parts]
    assert level2.minimum.tolist() == [part.min() for part in parts]
    assert level2.maximum.tolist() == [part.max() for part in parts]
    assert level2.last.tolist() == [part[-1] for part in parts]


def test_coarsen_keeps_counts_that_need_32_bits() -> None:
    binned = Binned(np.array([0, 1], np.uint32), np.array([4_000_000_000, 200_000_000], np.uint32))

    coarse = coarsen(binned, n_neurons=1)

    assert coarse.counts is not None and coarse.counts.tolist() == [4_200_000_000]


def test_coarsen_of_nothing_is_nothing() -> None:
    coarse = coarsen(Binned(np.empty(0, np.uint32), None), n_neurons=5)

    assert len(coarse.cells) == 0


def test_count_sorted_without_repetition_returns_no_counts() -> None:
    cells, counts = count_sorted(np.array([1, 2, 5], np.uint32))

    assert cells.tolist() == [1, 2, 5] and counts is None


def test_add_series_sums_the_tiles_of_a_layer() -> None:
    offsets = np.array([0, 1, 1])

    both = add_series(frame_totals(offsets, None), frame_totals(offsets, np.array([4], np.uint32)))

    assert both.total.tolist() == [5, 0]
