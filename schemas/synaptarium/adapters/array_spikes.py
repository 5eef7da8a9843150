"""Spikes from plain arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synaptarium.adapters import checks
from synaptarium.adapters.array_context import ArrayContext
from synaptarium.adapters.array_inputs import SpikeArrays
from synaptarium.adapters.array_source import SpikeColumns
from synaptarium.adapters.conversions import record_of, sorted_spikes, spike_counts


def spikes_of(
    context: ArrayContext, spikes: Mapping[str, SpikeArrays | Mapping[str, Any] | Sequence[Any]]
) -> tuple[SpikeColumns, dict[str, int]]:
    """Return the spikes of all layers in the order of time, and how many each layer has; raises as ``arrays_source``."""
    counts: dict[str, int] = {}
    parts: list[tuple[NDArray[np.int64], NDArray[np.uint32], Any, Any]] = []
    unsorted, total = 0, 0
    for name, given in spikes.items():
        where = f"spikes[{name!r}]"
        layer = context.network.layer(name, where)
        one = record_of(given, SpikeArrays, where)
        time_us = context.times(one.times, f"{where}.times")
        neuron = checks.ids_below(one.ids, layer.neurons, f"Layer {name!r}", "neuron", f"{where}.ids")
        count = None if one.counts is None else spike_counts(one.counts, f"{where}.counts")
        payload = None
        if one.payload is not None:
            payload = checks.numbers(one.payload, f"{where}.payload").astype(np.float32)
        columns: dict[str, NDArray[Any] | None] = {
            "times": time_us, "ids": neuron, "counts": count, "payload values": payload,
        }  # fmt: skip
        checks.same_length({key: column for key, column in columns.items() if column is not None}, where)
        if count is not None and (count == 0).any():
            there = count > 0
            context.left_out(
                what=f"spike rows of {name!r}",
                kept=int(there.sum()),
                total=len(there),
                why="rows with a count of 0 are no spikes",
            )
            time_us, neuron, count = time_us[there], neuron[there], count[there]
            payload = None if payload is None else payload[there]
        unsorted += int(np.count_nonzero(np.diff(time_us) < 0))
        total += len(time_us)
        counts[name] = len(time_us) if count is None else int(count.sum(dtype=np.int64))
        parts.append((time_us, neuron + np.uint32(layer.offset), count, payload))
    if unsorted:
        context.notes.append(
            f"{unsorted} of {total} spikes came before the spike listed ahead of them: they were sorted"
        )
    return sorted_spikes(parts), counts
