"""The kernels on one core, in events a second, each against the plain numpy way to the same result in the same run.

A million spikes of 100,000 neurons at 5 Hz in 1 ms bins, eight layers; what a range of a real job holds.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from synaptarium.kernels.frames import bin_spikes, frame_offsets, pack_spikes
from synaptarium.kernels.pyramid import coarsen, group_counts
from synaptarium.kernels.series import frame_totals
from synaptarium.kernels.values import bin_values
from synaptarium.schemas.chunks import SpikeFrames, encode_spikes
from synaptarium.schemas.sealing import seal

NAMES = (
    "kernels.bin_spikes",
    "kernels.bin_spikes_in_order",
    "kernels.coarsen",
    "kernels.group_counts",
    "kernels.frame_totals",
    "kernels.bin_values",
    "kernels.encode_spikes",
)

N_SPIKES, N_NEURONS, N_FRAMES, BIN_US = 1_000_000, 100_000, 2048, 1000
TILES = [12_500] * 8
REPEATS = 5


def rows() -> Iterator[dict[str, Any]]:
    """Yield one row per kernel."""
    rng = np.random.default_rng(0)
    frame = np.sort(rng.integers(0, N_FRAMES, N_SPIKES))
    neuron = rng.integers(0, N_NEURONS, N_SPIKES).astype(np.uint32)
    time_us = frame * BIN_US + 500
    key = frame * N_NEURONS + neuron
    in_order = (np.sort(key) % N_NEURONS).astype(np.uint32)

    def framed(ids: np.ndarray, tiles: list[int]) -> Any:
        packed = pack_spikes(time_us, ids, t_start_us=0, bin_us=BIN_US, n_frames=N_FRAMES, tile_sizes=tiles)
        return bin_spikes(packed, with_multiplicity=False, n_frames=N_FRAMES, tile_sizes=tiles)

    def counted() -> Any:
        return np.unique((time_us // BIN_US) * N_NEURONS + neuron, return_counts=True)

    sort_and_count = "numpy unique of one 64-bit key"
    yield row("bin_spikes", lambda: framed(neuron, TILES), counted, sort_and_count, ">= 1")
    yield row("bin_spikes_in_order", lambda: framed(in_order, TILES), counted, sort_and_count, ">= 1.5")

    (whole,) = framed(neuron, [N_NEURONS])
    cells = whole.cells.astype(np.int64)

    def counted_16() -> Any:
        return np.unique(
            np.repeat(cells // N_NEURONS // 16 * N_NEURONS + cells % N_NEURONS, whole.counts),
            return_counts=True,
        )

    yield row("coarsen", lambda: coarsen(whole, n_neurons=N_NEURONS), counted_16, sort_and_count, ">= 1.5")

    ids, frames = (cells % N_NEURONS).astype(np.uint32), (cells // N_NEURONS).astype(np.uint32)
    n_groups = -(-N_NEURONS // 64)

    def grouped() -> Any:
        return group_counts(ids, frames, whole.counts, n_frames=N_FRAMES, n_neurons=N_NEURONS)

    def histogram() -> Any:
        return np.bincount(
            frames.astype(np.int64) * n_groups + ids // 64, whole.counts, minlength=N_FRAMES * n_groups
        )

    yield row("group_counts", grouped, histogram, "numpy bincount", ">= 0.7")

    def totals() -> Any:
        return frame_totals(frame_offsets(whole.cells, n_items=N_NEURONS, n_frames=N_FRAMES), whole.counts)

    yield row("frame_totals", totals, lambda: np.bincount(time_us // BIN_US), "numpy bincount", ">= 0.7")

    value = rng.random(N_SPIKES, np.float32)

    def last_values() -> Any:
        order = np.lexsort((np.arange(N_SPIKES), key))
        last = np.append(np.diff(key[order]) != 0, True)
        return key[order][last], value[order][last]

    def binned() -> Any:
        return bin_values(
            time_us,
            neuron,
            value,
            t_start_us=0,
            bin_us=BIN_US,
            n_frames=N_FRAMES,
            n_items=N_NEURONS,
            extremes=False,
        )

    yield row("bin_values", binned, last_values, "numpy lexsort, last of each", ">= 1")

    tile = framed(neuron, TILES)[0]
    offsets = frame_offsets(tile.cells, n_items=TILES[0], n_frames=N_FRAMES)
    n, local = np.diff(offsets).astype(np.uint32), (tile.cells % TILES[0]).astype(np.uint32)

    def encoded() -> Any:
        return seal(encode_spikes(SpikeFrames(0, TILES[0], n, local, tile.counts), level=0))

    yield row(
        "encode_spikes",
        encoded,
        lambda: seal(local.tobytes()),
        f"zstd of plain u32 ids, {len(seal(local.tobytes()).stored) / len(encoded().stored):.1f} times the bytes",
        "",
        n=len(local),
    )


def row(
    name: str,
    ours: Callable[[], Any],
    plain: Callable[[], Any],
    reference: str,
    goal: str,
    *,
    n: int = N_SPIKES,
) -> dict[str, Any]:
    """Time both ways alternately and keep the fastest of each."""
    best = [float("inf"), float("inf")]
    for _ in range(REPEATS):
        for place, run in enumerate((ours, plain)):
            start = time.perf_counter()
            run()
            best[place] = min(best[place], time.perf_counter() - start)
    return {
        "name": f"kernels.{name}",
        "value": n / best[0] / 1e6,
        "unit": "M events/s",
        "reference": reference,
        "reference_value": n / best[1] / 1e6,
        "goal": goal,
    }
