"""Spike frames against counting with a dictionary."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synaptarium.kernels.frames import bin_spikes, frame_offsets, pack_spikes

spikes = st.lists(st.tuples(st.integers(0, 999), st.integers(0, 9), st.integers(1, 5)), max_size=200)
tilings = st.sampled_from([[10], [3, 7], [1, 1, 8], [4, 3, 2, 1]])


def binned(rows: list[tuple[int, int, int]], tiles: list[int], *, multiplicity: bool, bin_us: int = 10):
    time_us, neuron, count = (
        (np.array(column) for column in zip(*rows, strict=True)) if rows else (np.empty(0),) * 3
    )
    packed = pack_spikes(
        time_us.astype(np.int64) + 500,
        neuron.astype(np.uint32),
        count.astype(np.uint16) if multiplicity else None,
        t_start_us=500,
        bin_us=bin_us,
        n_frames=1000 // bin_us,
        tile_sizes=tiles,
    )
    return bin_spikes(packed, with_multiplicity=multiplicity, n_frames=1000 // bin_us, tile_sizes=tiles)


@settings(max_examples=60, deadline=None)
@given(spikes, tilings, st.booleans())
def test_bin_spikes_equals_counting_one_by_one(rows, tiles, multiplicity) -> None:
    expected: Counter[tuple[int, int]] = Counter()
    for time_us, neuron, count in rows:
        expected[time_us // 10, neuron] += count if multiplicity else 1

    found: dict[tuple[int, int], int] = {}
    first = 0
    for tile, size in zip(binned(rows, tiles, multiplicity=multiplicity), tiles, strict=True):
        assert (np.diff(tile.cells.astype(np.int64)) > 0).all()
        counts = np.ones(len(tile.cells), int) if tile.counts is None else tile.counts
        for cell, count in zip(tile.cells.tolist(), counts.tolist(), strict=True):
            found[cell // size, cell % size + first] = count
        first += size

    assert found == dict(expected)


@settings(max_examples=30, deadline=None)
@given(spikes, st.permutations(range(10)))
def test_bin_spikes_of_permuted_neurons_is_the_permuted_result(rows, order) -> None:
    (plain,) = binned(rows, [10], multiplicity=False)
    (permuted,) = binned([(t, order[i], c) for t, i, c in rows], [10], multiplicity=False)

    cells = plain.cells.astype(np.int64)
    moved = np.sort(cells // 10 * 10 + np.array(order)[cells % 10])
    assert moved.tolist() == permuted.cells.tolist()


@settings(max_examples=30, deadline=None)
@given(spikes, st.integers(1, 99))
def test_bin_spikes_of_two_halves_is_the_whole(rows, cut) -> None:
    (whole,) = binned(rows, [10], multiplicity=False)
    (left,) = binned([row for row in rows if row[0] // 10 < cut], [10], multiplicity=False)
    (right,) = binned([row for row in rows if row[0] // 10 >= cut], [10], multiplicity=False)

    assert np.concatenate([left.cells, right.cells]).tolist() == whole.cells.tolist()


def test_pack_spikes_takes_64_bits_where_32_do_not_suffice() -> None:
    time_us, neuron = np.array([0, 99_999], np.int64), np.array([5, 999_999], np.uint32)
    sizes = [65_536] * 15 + [16_960]

    packed = pack_spikes(time_us, neuron, t_start_us=0, bin_us=1, n_frames=100_000, tile_sizes=sizes)
    tiles = bin_spikes(packed, with_multiplicity=False, n_frames=100_000, tile_sizes=sizes)

    assert packed.dtype == np.uint64
    assert tiles[0].cells.tolist() == [5]
    assert tiles[-1].cells.tolist() == [99_999 * 16_960 + 16_959]


def test_pack_spikes_refuses_a_range_beyond_64_bits() -> None:
    with pytest.raises(ValueError, match="shorter range"):
        pack_spikes(
            np.zeros(1, np.int64),
            np.zeros(1, np.uint32),
            np.ones(1, np.uint16),
            t_start_us=0,
            bin_us=1,
            n_frames=2**30,
            tile_sizes=[2**20],
        )


def test_bin_spikes_where_every_neuron_spikes_counts_each() -> None:
    neuron = np.tile(np.arange(1000, dtype=np.uint32), 2)
    packed = pack_spikes(
        np.zeros(2000, np.int64), neuron, t_start_us=0, bin_us=1, n_frames=1, tile_sizes=[1000]
    )

    (tile,) = bin_spikes(packed, with_multiplicity=False, n_frames=1, tile_sizes=[1000])

    assert tile.cells.tolist() == list(range(1000))
    assert tile.counts is not None and set(tile.counts.tolist()) == {2}


def test_frame_offsets_include_empty_frames_and_the_last_cell_of_32_bits() -> None:
    cells = np.array([0, 1, 2**32 - 1], np.uint32)

    offsets = frame_offsets(cells, n_items=2**31, n_frames=2)

    assert offsets.tolist() == [0, 2, 3]
