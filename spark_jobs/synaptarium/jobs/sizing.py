"""How long a chunk may be: the largest 2**k frames whose estimated size stays in bounds.

The estimates come from the events' density over time, never from trial encodings, so that the same recording gives
the same plan on every machine. Coefficients are measured on the codecs of ``synaptarium.schemas.codecs``.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from synaptarium.schemas.codecs import BITMAP_ABOVE, GAP16_BELOW

F64 = NDArray[np.float64]

MAX_K = 14
#: The profile counts events per unit of this many bins; no range is shorter.
UNIT_BINS = 256
TARGET_STORED_BYTES = 256 * 1024
MAX_RAW_BYTES = 8 * 1024 * 1024

#: (frames, events per chunk) -> (stored bytes, raw bytes), both per chunk.
Estimate = Callable[[int, F64], tuple[F64, F64]]


def choose_k(
    profile: F64,
    estimate: Estimate,
    *,
    bins: int,
    range_bins: int,
    max_k: int = MAX_K,
    keyframe_bytes: int = 0,
) -> int:
    """Return the largest k whose median stored chunk is at most 256 KiB and whose largest is at most 8 MiB raw.

    Parameters
    ----------
    profile : (n_units,) float64
        Events of one tile per unit of ``UNIT_BINS`` bins, expected or counted.
    estimate : callable
        Size of chunks from their frames and events.
    bins : int
        Level-0 bins per frame of the level.
    range_bins : int
        No chunk is longer than a range, so that one task makes it whole.
    max_k : int
        Upper bound.
    keyframe_bytes : int
        Size of a state that every chunk begins with: a median of twice that is allowed, so that the changes outweigh
        the keyframes and a seek reads about two of them.

    Returns
    -------
    int
        k, at least 0.
    """
    top = min(max_k, max(0, (range_bins // bins).bit_length() - 1))
    if not np.any(profile > 0):
        return top
    sizes = [_sizes(profile, estimate, bins, k) for k in range(top + 1)]
    # What a single frame takes, no shorter chunk can save: a snapshot of all weights, say.
    limit = max(TARGET_STORED_BYTES, 2 * keyframe_bytes, 1.1 * sizes[0][0])
    fitting = [k for k, (stored, raw) in enumerate(sizes) if stored <= limit and raw <= MAX_RAW_BYTES]
    return max(fitting, default=0)


def _sizes(profile: F64, estimate: Estimate, bins: int, k: int) -> tuple[float, float]:
    """Return the median stored and the largest raw size of the chunks that would be stored."""
    extent = bins << k
    if extent >= UNIT_BINS:
        events = np.add.reduceat(profile, np.arange(0, len(profile), extent // UNIT_BINS))
    else:
        events = profile * (extent / UNIT_BINS)
    stored, raw = estimate(1 << k, events[events > 0])
    return float(np.median(stored)), float(raw.max())


def spike_chunk(n_neurons: int, *, level: int) -> Estimate:
    """Return the size of spike chunks: close to the entropy of independent spikes, plus what each frame costs.

    At level 0 a neuron is taken to spike at most once a bin; above, spikes fall together as independent ones do.
    """

    def estimate(frames: int, events: F64) -> tuple[F64, F64]:
        slots = float(frames * n_neurons)
        cells = slots * -np.expm1(-events / slots) if level else np.minimum(events, slots)
        density = np.clip(cells / slots, 1e-12, 1 - 1e-12)
        bits = slots * -(density * np.log2(density) + (1 - density) * np.log2(1 - density))
        extra = np.where(events > cells * 1.02, cells * 0.5, 0.0)
        stored = bits / 8 * 1.1 + extra + 2.0 * frames
        id_bytes = np.where(
            density < GAP16_BELOW,
            2.1 * cells,
            np.where(density <= BITMAP_ABOVE, 1.6 * cells, frames * n_neurons / 8),
        )
        raw = id_bytes + np.where(extra > 0, 1.1 * cells, 0.0) + 12.0 * frames
        return stored, raw

    return estimate


def group_chunk(n_groups: int) -> Estimate:
    """Return the size of group chunks: dense counts of Poisson entropy, one or two bytes each before compression."""

    def estimate(frames: int, events: F64) -> tuple[F64, F64]:
        slots = float(frames * n_groups)
        mean = np.maximum(events / slots, 1e-12)
        sparse = mean * (1 - np.log(np.minimum(mean, 1))) / np.log(2)
        dense = 0.5 * np.log2(2 * np.pi * np.e * (mean + 1 / 12))
        bits = slots * np.where(mean < 1, np.minimum(sparse, 2.0), np.maximum(dense, 2.0))
        return bits / 8 * 1.2 + 2.0 * frames, slots * np.where(mean < 64, 1.0, 2.0) + 8.0 * frames

    return estimate


def value_chunk(n_items: int, *, itemsize: int, columns: int) -> Estimate:
    """Return the size of value chunks: a keyframe, then ids and ``columns`` values (last, min, max) per change.

    Ids take what independent ones do, 2 bytes each where few items change in a frame; values of weights hardly shrink.
    """

    def estimate(frames: int, events: F64) -> tuple[F64, F64]:
        slots = float(frames * n_items)
        cells = np.minimum(events, slots)
        density = np.clip(cells / slots, 1e-12, 1.0)
        id_bytes = np.minimum(2.0, (1.45 - np.log2(density)) / 8 * 1.05)
        keyframe = float(n_items * itemsize)
        stored = keyframe + cells * (id_bytes + itemsize * columns) + 3.0 * frames
        raw = keyframe + cells * (2.1 + itemsize * columns) + (12.0 + 4.0 * columns) * frames
        return stored, raw

    return estimate


def series_chunk(level: int) -> Estimate:
    """Return the size of series chunks: a float64 a frame, and three uint32 above level 0."""

    def estimate(frames: int, events: F64) -> tuple[F64, F64]:
        raw = np.full(len(events), frames * (8.0 if level == 0 else 20.0))
        return raw * 0.4, raw

    return estimate
