"""One range of a build: the one function that every engine calls."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator

import msgspec
import numpy as np
from numpy.typing import NDArray

from synaptarium.jobs import states, stimuli
from synaptarium.jobs.chunking import Chunk, layer_tiles, spike_chunks, value_chunks
from synaptarium.jobs.plan import Plan
from synaptarium.jobs.summaries import SpikeCounts, weight_parts
from synaptarium.jobs.survey import Target, Values, split_values, value_streams
from synaptarium.kernels.frames import Cells, Packing, pack_spikes, packing_of, tile_places
from synaptarium.schemas.recording import Counts
from synaptarium.store import chunks, events
from synaptarium.store.database import Store


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """What one range made, and who made it.

    Parameters
    ----------
    range_index : int
        Which range.
    events : int
        Rows read.
    chunks, size_bytes : int
        Chunks written and their stored bytes.
    engine : str
        ``"local"``, ``"spark"`` or ``"live"``.
    host, pid : str, int
        Process that wrote them.
    """

    range_index: int
    events: int
    chunks: int
    size_bytes: int
    engine: str
    host: str
    pid: int


def build_range(store: Store, plan: Plan, range_index: int, *, engine: str = "local") -> Part:
    """Read the events of a range, make its chunks of levels 0 to 2 and write them.

    A repetition writes the same bytes to the same keys.

    Parameters
    ----------
    store : Store
        Holds the events and boundary states; receives the chunks.
    plan : Plan
        The build's plan.
    range_index : int
        Which range.
    engine : str
        Who asks, for the part's record.

    Returns
    -------
    Part
        For ``store.jobs.part_done``.
    """
    tally = Tally()
    chunks.write(store, tally.count(range_chunks(store, plan, range_index, tally)))
    return Part(
        range_index=range_index,
        events=tally.events,
        chunks=tally.chunks,
        size_bytes=tally.size_bytes,
        engine=engine,
        host=socket.gethostname(),
        pid=os.getpid(),
    )


class Tally:
    """What one range has read and made so far."""

    def __init__(self) -> None:
        self.events = 0
        self.chunks = 0
        self.size_bytes = 0

    def count(self, made: Iterator[Chunk]) -> Iterator[Chunk]:
        """Pass chunks on, counting them."""
        for chunk in made:
            self.chunks += 1
            self.size_bytes += len(chunk.sealed.stored)
            yield chunk


def range_chunks(store: Store, plan: Plan, range_index: int, tally: Tally) -> Iterator[Chunk]:
    """Yield the chunks of a range; see :func:`build_range`."""
    if plan.open or any(plan.counts.spikes.values()):
        by_class = any(grid.table == "classes" for grid in plan.tables.grids)
        spans = stimuli.read_spans(store, plan.num, plan.build) if by_class else None
        counted = SpikeCounts(plan, range_index, spans)
        packed, packing = _read_spikes(store, plan, range_index, counted)
        counted.write(store)
        tally.events += len(packed)
        if len(packed):
            yield from spike_chunks(plan, range_index, packed, packing)
    for target, values in range_values(store, plan, range_index):
        tally.events += len(values.time_us)
        state = states.read(store, plan, target.stream, target.name, range_index, target.items)
        yield from value_chunks(plan, range_index, target, values, state)
        weight_parts(store, plan, range_index, target, values, state)


def range_values(store: Store, plan: Plan, range_index: int) -> Iterator[tuple[Target, Values]]:
    """Yield the weights and potentials of a range, target by target, in the order of time."""
    start, stop = plan.span_us(range_index)
    for kind, stream, targets in value_streams(plan.header):
        if not (plan.open or _has_values(plan.counts, kind, stream)):
            continue
        read: dict[Target, list[Values]] = {}
        for batch in events.read(store, plan.num, kind, stream, start, stop):
            for target, values in split_values(batch, targets):
                read.setdefault(target, []).append(values)
        for target, parts in read.items():
            values = Values(*(np.concatenate(column) for column in zip(*parts, strict=True)))
            if len(values.time_us):
                yield target, values


def _has_values(counts: Counts, kind: str, stream: str) -> bool:
    if kind == "weights":
        return bool(counts.weights.get(stream))
    return any(n for name, n in counts.potentials.items() if name.startswith(stream + "/"))


def _read_spikes(store: Store, plan: Plan, range_index: int, counted: SpikeCounts) -> tuple[Cells, bool]:
    start, stop = plan.span_us(range_index)
    first, end = plan.frames(range_index, 0)
    sizes = [tile.n for tile in layer_tiles(plan)]
    columns: list[tuple[NDArray[np.int64], NDArray[np.uint32], NDArray[np.uint16] | None]] = []
    for batch in events.read(store, plan.num, "spikes", "", start, stop):
        count = batch.column("count").to_numpy() if "count" in batch.schema.names else None
        if count is not None and (count == 1).all():
            count = None
        columns.append((batch.column("time_us").to_numpy(), batch.column("neuron").to_numpy(), count))
        counted.add(*columns[-1])
    # Multiplicities double the size of a packed spike, so they are packed only where one differs from 1.
    with_multiplicity = any(count is not None for _, _, count in columns)
    packing = packing_of(sizes, n_frames=end - first, with_multiplicity=with_multiplicity)
    places = tile_places(sizes, packing)
    packed: list[Cells] = []
    for time_us, neuron, count in columns:
        if count is not None and not count.all():
            kept = count > 0
            time_us, neuron, count = time_us[kept], neuron[kept], count[kept]
        packed.append(
            pack_spikes(
                time_us, neuron, count, packing=packing, places=places, t_start_us=start, bin_us=plan.bin_us
            )
        )
    return (np.concatenate(packed) if packed else np.empty(0, packing.dtype)), packing
