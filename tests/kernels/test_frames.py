"""Spike frames against counting with a dictionary."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synaptarium.kernels.frames import (
    Binned,
    Packing,
    count_cells,
    frame_offsets,
    pack_spikes,
    packing_of,
    split_cells,
    tile_places,
)

spikes = st.lists(st.tuples(st.integers(0, 999), st.integers(0, 9), st.integers(1, 5)), max_size=200)
tilings = st.sampled_from([[10], [3, 7], [1, 1, 8], [4, 3, 2, 1]])


def binned(
    rows: list[tuple[int, int, int]], tiles: list[int], *, multiplicity: bool, bin_us: int = 10
) -> tuple[list[Binned], Packing]:
    columns = zip(*sorted(rows), strict=True) if rows else ((), (), ())
    time_us, neuron, count = (np.array(column, np.int64) for column in columns)
    n_frames = 1000 // bin_us
    packing = packing_of(tiles, n_frames=n_frames, with_multiplicity=multiplicity)
    packed = pack_spikes(
        time_us + 500,
        neuron.astype(np.uint32),
        count.astype(np.uint16) if multiplicity else None,
        packing=packing,
        places=tile_places(tiles, packing),
        t_start_us=500,
        bin_us=bin_us,
    )
    return split_cells(*count_cells(packed, packing), packing, n_frames=n_frames), packing


def frames_and_ids(tile: Binned, packing: Packing) -> tuple[np.ndarray, np.ndarray]:
    cells = tile.cells.astype(np.int64)
    return cells >> packing.id_bits, cells & ((1 << packing.id_bits) - 1)


@settings(max_examples=60, deadline=None)
@given(spikes, tilings, st.booleans(), st.sampled_from([1, 10, 500]))
def test_cells_equal_counting_one_by_one(rows, tiles, multiplicity, bin_us) -> None:
    expected: Counter[tuple[int, int]] = Counter()
    for time_us, neuron, count in rows:
        expected[time_us // bin_us, neuron] += count if multiplicity else 1

    found: dict[tuple[int, int], int] = {}
    first = 0
    parts, packing = binned(rows, tiles, multiplicity=multiplicity, bin_us=bin_us)
    for tile, size in zip(parts, tiles, strict=True):
        assert (np.diff(tile.cells.astype(np.int64)) > 0).all()
        frame, ids = frames_and_ids(tile, packing)
        assert (frame == np.repeat(np.arange(1000 // bin_us), np.diff(tile.offsets))).all()
        counts = np.ones(len(tile.cells), int) if tile.counts is None else tile.counts
        found |= dict(
            zip(zip(frame.tolist(), (ids + first).tolist(), strict=True), counts.tolist(), strict=True)
        )
        first += size

    assert found == dict(expected)


@settings(max_examples=30, deadline=None)
@given(spikes, st.permutations(range(10)))
def test_cells_of_permuted_neurons_are_the_permuted_ones(rows, order) -> None:
    (plain,), packing = binned(rows, [10], multiplicity=False)
    (permuted,), _ = binned([(t, order[i], c) for t, i, c in rows], [10], multiplicity=False)

    frame, ids = frames_and_ids(plain, packing)
    moved = np.sort(frame << packing.id_bits | np.array(order, np.int64)[ids])
    assert moved.tolist() == permuted.cells.tolist()


@settings(max_examples=30, deadline=None)
@given(spikes, st.integers(1, 99))
def test_cells_of_two_halves_are_the_whole(rows, cut) -> None:
    (whole,), _ = binned(rows, [10], multiplicity=False)
    (left,), _ = binned([row for row in rows if row[0] // 10 < cut], [10], multiplicity=False)
    (right,), _ = binned([row for row in rows if row[0] // 10 >= cut], [10], multiplicity=False)

    assert np.concatenate([left.cells, right.cells]).tolist() == whole.cells.tolist()


def test_few_spikes_in_many_frames_are_divided_one_by_one() -> None:
    packing = packing_of([2], n_frames=2**20)

    packed = pack_spikes(
        np.array([3, 10**9 + 3]),
        np.array([1, 0], np.uint32),
        packing=packing,
        places=tile_places([2], packing),
        t_start_us=3,
        bin_us=1000,
    )

    assert packed.tolist() == [1, 1_000_000 << 1]


def test_spikes_take_64_bits_where_32_do_not_suffice() -> None:
    time_us, neuron = np.array([0, 99_999], np.int64), np.array([5, 999_999], np.uint32)
    sizes = [65_536] * 15 + [16_960]
    packing = packing_of(sizes, n_frames=100_000)

    packed = pack_spikes(
        time_us, neuron, packing=packing, places=tile_places(sizes, packing), t_start_us=0, bin_us=1
    )
    tiles = split_cells(*count_cells(packed, packing), packing, n_frames=100_000)

    assert packed.dtype == np.uint64
    assert tiles[0].cells.tolist() == [5]
    assert tiles[-1].cells.tolist() == [99_999 << 16 | 16_959]
    assert tiles[-1].offsets[[99_999, 100_000]].tolist() == [0, 1]


def test_a_range_beyond_64_bits_is_refused() -> None:
    with pytest.raises(ValueError, match="shorter range"):
        packing_of([2**16] * 2**12, n_frames=2**30, with_multiplicity=True)


def test_a_neuron_beyond_the_tiles_is_refused() -> None:
    packing = packing_of([4], n_frames=1)

    with pytest.raises(IndexError):
        pack_spikes(
            np.zeros(1, np.int64),
            np.array([4], np.uint32),
            packing=packing,
            places=tile_places([4], packing),
            t_start_us=0,
            bin_us=1,
        )


@pytest.mark.parametrize("repeats", [2, 1000])
def test_every_neuron_is_counted_where_all_spike(repeats) -> None:
    packing = packing_of([1000], n_frames=1)
    neuron = np.tile(np.arange(1000, dtype=np.uint32), repeats)

    cells, counts = count_cells(neuron.copy(), packing)

    assert cells.tolist() == list(range(1000))
    assert counts is not None and set(counts.tolist()) == {repeats}


def test_the_last_value_of_32_bits_is_in_its_tile() -> None:
    packing = Packing(n_tiles=2, frame_bits=15, id_bits=16)
    cells = np.array([0, 2**31, 2**32 - 1], np.uint32)

    first, second = split_cells(cells, None, packing, n_frames=2**15)

    assert first.cells.tolist() == [0] and second.cells.tolist() == [0, 2**31 - 1]
    assert second.offsets[[0, 1, -2, -1]].tolist() == [0, 1, 1, 2]


def test_frame_offsets_include_empty_frames_and_the_last_cell_of_32_bits() -> None:
    cells = np.array([0, 1, 2**32 - 1], np.uint32)

    offsets = frame_offsets(cells, n_items=2**31, n_frames=2)

    assert offsets.tolist() == [0, 2, 3]
