"""Chunk sizes: estimates against real encodings, and the bounds that choose_k keeps."""

from __future__ import annotations

import numpy as np
import pytest

from synaptarium.jobs import sizing
from synaptarium.jobs.survey import choose_quantisation
from synaptarium.schemas.chunks import (
    SpikeFrames,
    ValueFrames,
    encode_spikes,
    encode_values,
)
from synaptarium.schemas.quantised import Quantised, dequantise, quantise
from synaptarium.schemas.sealing import seal


@pytest.mark.parametrize("density", [0.0005, 0.005, 0.05, 0.3])
def test_estimated_spike_chunks_are_near_the_real_ones(density) -> None:
    rng = np.random.default_rng(0)
    fired = rng.random((256, 4000)) < density
    n = fired.sum(axis=1).astype(np.uint32)
    payload = encode_spikes(SpikeFrames(0, 4000, n, np.nonzero(fired)[1].astype(np.uint32)), level=0)

    stored, raw = sizing.spike_chunk(4000, level=0)(256, np.array([float(fired.sum())]))

    assert 0.6 < len(seal(payload).stored) / stored[0] < 1.5
    assert 0.5 < payload.size / raw[0] < 1.5


@pytest.mark.parametrize("rate", [0.0, 0.1, 5.0, 400.0])
@pytest.mark.parametrize("bins", [1, 16, 256])
def test_choose_k_keeps_the_bounds_and_lies_within_a_range(rate, bins) -> None:
    profile = np.full(4096, rate * 256)
    estimate = sizing.spike_chunk(60_000, level=1)

    k = sizing.choose_k(profile, estimate, bins=bins, range_bins=2**16)

    assert bins << k <= 2**16
    stored, raw = estimate(1 << k, np.array([max(rate, 1e-9) * (bins << k)]))
    assert k == 0 or (stored[0] <= sizing.TARGET_STORED_BYTES and raw[0] <= sizing.MAX_RAW_BYTES)
    if k < min(14, 16 - (bins.bit_length() - 1)):
        stored, raw = estimate(2 << k, np.array([rate * (bins << (k + 1))]))
        assert stored[0] > sizing.TARGET_STORED_BYTES or raw[0] > sizing.MAX_RAW_BYTES


def test_choose_k_counts_only_chunks_that_are_stored() -> None:
    # Snapshots of 65,536 weights every 2**14 bins: a longer chunk holds several, a shorter one no less.
    profile = np.zeros(1024)
    profile[::64] = 65_536
    estimate = sizing.value_chunk(65_536, itemsize=2, columns=1)

    assert 0 < sizing.choose_k(profile, estimate, bins=1, range_bins=2**18) <= 14


@pytest.mark.parametrize("per_frame", [2, 100, 6000])
def test_estimated_value_chunks_are_near_the_real_ones(per_frame) -> None:
    rng = np.random.default_rng(0)
    items, frames = 30_000, 200
    ids = np.concatenate([np.sort(rng.choice(items, per_frame, replace=False)) for _ in range(frames)])
    last = rng.random(len(ids), np.float32)
    part = ValueFrames(
        0, rng.random(items, np.float32), np.full(frames, per_frame, np.uint32), ids.astype(np.uint32), last
    )
    payload = encode_values(part, Quantised("u16", 1 / 65_534, 0.0), level=0)

    stored, raw = sizing.value_chunk(items, itemsize=2, columns=1)(frames, np.array([float(len(ids))]))

    assert 0.8 < len(seal(payload).stored) / stored[0] < 1.2
    assert 0.5 < payload.size / raw[0] < 1.5


@pytest.mark.parametrize("itemsize", [2, 4])
def test_a_chunk_of_weights_is_about_two_keyframes(itemsize) -> None:
    # A tenth of the changes that a keyframe has weights in every unit: chunks of some units each.
    profile = np.full(4096, 6_500.0)
    estimate = sizing.value_chunk(65_536, itemsize=itemsize, columns=1)
    keyframe = 65_536 * itemsize

    k = sizing.choose_k(profile, estimate, bins=1, range_bins=2**20, keyframe_bytes=keyframe)

    stored, _ = estimate(1 << k, np.array([profile[0] * (1 << k) / sizing.UNIT_BINS]))
    longer, _ = estimate(2 << k, np.array([profile[0] * (2 << k) / sizing.UNIT_BINS]))
    assert 1.2 * keyframe < stored[0] <= 2 * keyframe < longer[0]


def test_quantisation_error_is_bounded_exactly() -> None:
    rng = np.random.default_rng(2)
    for scale, shift in ((1.0, 0.0), (1e-6, -3.0), (1e4, 1e6)):
        values = (rng.normal(0, scale, 10_000) + shift).astype(np.float32)
        found = choose_quantisation(float(values.min()), float(values.max()), values)

        if found.dtype == "u16":
            how = Quantised("u16", found.scale, found.offset)
            error = np.abs(
                dequantise(quantise(values, how), how).astype(np.float64) - values.astype(np.float64)
            )
            assert error.max() <= found.max_error


@pytest.mark.parametrize(
    ("low", "high", "sample", "infinite", "dtype"),
    [
        (0.0, 1.0, np.linspace(0, 1, 100), False, "u16"),
        (0.0, 1e6, np.append(np.linspace(0, 1, 100), 1e6), False, "f32"),  # one outlier
        (2.5, 2.5, np.array([2.5]), False, "u16"),
        (0.0, 1.0, np.array([0.0, 1.0]), True, "f32"),
        (np.inf, -np.inf, np.empty(0), False, "f32"),  # no values
    ],
)
def test_choose_quantisation(low, high, sample, infinite, dtype) -> None:
    assert choose_quantisation(low, high, sample.astype(np.float32), infinite=infinite).dtype == dtype
