"""Spikes of one range after another, straight from their blocks: in no order, and no block decoded twice in a row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from synaptarium.jobs.plan import Plan
from synaptarium.store import events
from synaptarium.store.database import Store

#: Decoded blocks kept for the range that follows: two neighbours share one where blocks are in order.
MAX_KEPT = 2


class Spikes(NamedTuple):
    """Spikes of a part of a range: ascending times (us), global indices, multiplicities (None = 1 each)."""

    time_us: NDArray[np.int64]
    neuron: NDArray[np.uint32]
    multiplicity: NDArray[np.uint16] | None


class SpikeReader:
    """Reads ranges of one recording, best in ascending order.

    Blocks that overlap in time are not merged: a range takes its share of each, and the kernels sort anyway.

    Parameters
    ----------
    store, plan : Store, Plan
        Where, and which ranges.
    indices : sequence of int
        Ranges that will be asked for.
    """

    def __init__(self, store: Store, plan: Plan, indices: Sequence[int]) -> None:
        self.store, self.plan = store, plan
        self.blocks: list[events.BlockInfo] = []
        self.kept: dict[int, pa.RecordBatch] = {}
        if indices and (plan.open or any(plan.counts.spikes.values())):
            first, last = plan.span_us(min(indices)), plan.span_us(max(indices))
            self.blocks = events.blocks(store, plan.num, "spikes", "", t_start_us=first[0], t_stop_us=last[1])
            if not self.blocks:
                events.check_exists(store, plan.num)

    def read(self, range_index: int) -> Iterator[Spikes]:
        """Yield the spikes of a range, block by block.

        Raises
        ------
        RecordingNotFound, CorruptData, StoreUnavailable
            See :func:`synaptarium.store.events.load`.
        """
        start_us, stop_us = self.plan.span_us(range_index)
        kept: dict[int, pa.RecordBatch] = {}
        for block in self.blocks:
            if block.t0_us >= stop_us or block.t1_us < start_us:
                continue
            batch = self.kept.get(block.seq)
            if batch is None:
                batch = events.load(self.store, self.plan.num, "spikes", block)
            if block.t1_us >= stop_us and len(kept) < MAX_KEPT:
                kept[block.seq] = batch
            found = clipped(batch, start_us, stop_us)
            if len(found.time_us):
                yield found
        self.kept = kept


def clipped(batch: pa.RecordBatch, start_us: int, stop_us: int) -> Spikes:
    """Return the spikes of a block within a half-open range, without those that stand for none."""
    time_us = batch.column("time_us").to_numpy()
    first, stop = (int(place) for place in np.searchsorted(time_us, [start_us, stop_us]))
    part = slice(first, stop)
    time_us, neuron = time_us[part], batch.column("neuron").to_numpy()[part]
    count = batch.column("count").to_numpy()[part] if "count" in batch.schema.names else None
    if count is None or bool((count == 1).all()):
        return Spikes(time_us, neuron, None)
    if not count.all():
        some = count > 0
        time_us, neuron, count = time_us[some], neuron[some], count[some]
    return Spikes(time_us, neuron, count)
