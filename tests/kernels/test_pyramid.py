"""The time pyramid conserves every count; groups and series agree with it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synaptarium.kernels.frames import Packing, count_cells, packing_of
from synaptarium.kernels.pyramid import coarsen, group_counts
from synaptarium.kernels.series import Series, add_series, fold_series, frame_totals

dense_counts = st.integers(1, 80).flatmap(
    lambda n: st.tuples(
        st.just(n),
        st.lists(st.tuples(st.integers(0, 599), st.integers(0, n - 1), st.integers(1, 9)), max_size=150),
    )
)


def packed_of(rows: list[tuple[int, int, int]], n: int, *, multiplicity: bool):
    """Return packed spikes in a shuffled order, and their dense counts."""
    packing = packing_of([n], n_frames=600, with_multiplicity=multiplicity)
    dense = np.zeros((600, n), np.int64)
    packed: list[int] = []
    for frame, neuron, count in rows:
        dense[frame, neuron] += count
        cell = frame << packing.id_bits | neuron
        packed += [cell << 16 | count] if multiplicity else [cell] * count
    return np.random.default_rng(0).permutation(np.array(packed, packing.dtype)), packing, dense


@settings(max_examples=60, deadline=None)
@given(dense_counts, st.booleans())
def test_coarsen_twice_equals_summing_256_frames(case, multiplicity) -> None:
    n, rows = case
    packed, packing, dense = packed_of(rows, n, multiplicity=multiplicity)

    cells, counts = count_cells(*coarsen(*coarsen(packed, packing)))

    expected = np.add.reduceat(dense, [0, 256, 512], axis=0)
    frame, neuron = np.nonzero(expected)
    assert (frame << packing.id_bits | neuron).tolist() == cells.tolist()
    counts = np.ones(len(cells), int) if counts is None else counts
    assert expected[frame, neuron].tolist() == counts.tolist()


@settings(max_examples=60, deadline=None)
@given(dense_counts)
def test_group_counts_equal_sums_over_64_neurons(case) -> None:
    n, rows = case
    packed, packing, dense = packed_of(rows, n, multiplicity=False)
    cells, counts = count_cells(packed, packing)

    groups = group_counts(cells, counts, first_frame=0, n_frames=600, n_neurons=n, id_bits=packing.id_bits)

    expected = np.add.reduceat(dense, np.arange(0, n, 64), axis=1)
    assert (groups == expected).all()


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


def test_multiplicities_add_up_beyond_16_bits() -> None:
    packing = packing_of([1], n_frames=300, with_multiplicity=True)
    packed = (np.arange(300, dtype=np.uint32) << 16) | np.uint32(65_535)

    cells, counts = count_cells(*coarsen(*coarsen(packed, packing)))

    assert cells.tolist() == [0, 1] and counts.tolist() == [256 * 65_535, 44 * 65_535]


def test_a_count_beyond_32_bits_is_refused() -> None:
    with pytest.raises(ValueError, match="4,294,967,295"):
        count_cells(np.full(65_540, 65_535, np.uint32), Packing(1, 8, 0, 16))


def test_no_spikes_make_no_cells() -> None:
    cells, counts = count_cells(*coarsen(np.empty(0, np.uint32), Packing(1, 8, 3)))

    assert len(cells) == 0 and counts is None


def test_cells_without_repetition_have_no_counts() -> None:
    cells, counts = count_cells(np.array([5, 1, 2], np.uint32), Packing(1, 8, 3))

    assert cells.tolist() == [1, 2, 5] and counts is None


def test_add_series_sums_the_tiles_of_a_layer() -> None:
    offsets = np.array([0, 1, 1])

    both = add_series(frame_totals(offsets, None), frame_totals(offsets, np.array([4], np.uint32)))

    assert both.total.tolist() == [5, 0]
