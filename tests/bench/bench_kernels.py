"""The kernels on one core, in events a second, each against the plain numpy way to the same result in the same run.

A million spikes of 100,000 neurons at 5 Hz in 1 ms bins, eight layers; what a range of a real job holds.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from synaptarium.kernels.frames import (
    Binned,
    count_cells,
    pack_spikes,
    packing_of,
    split_cells,
    tile_places,
)
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

    def framed(ids: np.ndarray, tiles: list[int]) -> list[Binned]:
        packing = packing_of(tiles, n_frames=N_FRAMES)
        places = tile_places(tiles, packing)
        packed = pack_spikes(time_us, ids, packing=packing, places=places, t_start_us=0, bin_us=BIN_US)
        return split_cells(*count_cells(packed, packing), packing, n_frames=N_FRAMES)

    def counted() -> Any:
        return np.unique((time_us // BIN_US) * N_NEURONS + neuron, return_counts=True)

    sort_and_count = "numpy unique of one 64-bit key"
    yield row("bin_spikes", lambda: framed(neuron, TILES), counted, sort_and_count, ">= 1")
    yield row("bin_spikes_in_order", lambda: framed(in_order, TILES), counted, sort_and_count, ">= 1")

    one = packing_of([N_NEURONS], n_frames=N_FRAMES)
    places = tile_places([N_NEURONS], one)
    packed = pack_spikes(time_us, neuron, packing=one, places=places, t_start_us=0, bin_us=BIN_US)
    packed.sort()

    def counted_16() -> Any:
        return np.unique(frame // 16 * N_NEURONS + neuron, return_counts=True)

    yield row("coarsen", lambda: count_cells(*coarsen(packed, one)), counted_16, sort_and_count, ">= 1.5")

    (whole,) = framed(neuron, [N_NEURONS])
    n_groups = -(-N_NEURONS // 64)

    def grouped() -> Any:
        return group_counts(
            whole.cells,
            whole.counts,
            first_frame=0,
            n_frames=N_FRAMES,
            n_neurons=N_NEURONS,
            id_bits=one.id_bits,
        )

    def histogram() -> Any:
        return np.bincount(frame * n_groups + neuron // 64, minlength=N_FRAMES * n_groups)

    yield row("group_counts", grouped, histogram, "numpy bincount", ">= 0.7")

    def totals() -> Any:
        return frame_totals(whole.offsets, whole.counts)

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
    n = np.diff(tile.offsets).astype(np.uint32)
    local = (tile.cells & np.uint32((1 << packing_of(TILES, n_frames=N_FRAMES).id_bits) - 1)).astype(
        np.uint32
    )

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
