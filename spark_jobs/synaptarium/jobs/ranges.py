"""Ranges of a build: what every engine calls, one after another, reading ahead and writing behind."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import msgspec
import numpy as np

from synaptarium.jobs import states, stimuli
from synaptarium.jobs.chunking import Chunk, layer_tiles, spike_chunks, value_chunks
from synaptarium.jobs.plan import Plan
from synaptarium.jobs.reading import SpikeReader, Spikes
from synaptarium.jobs.summaries import SpikeCounts, weight_parts
from synaptarium.jobs.survey import Target, Values, split_values, value_streams
from synaptarium.kernels.frames import Cells, Packing, pack_spikes, packing_of, tile_places
from synaptarium.schemas.errors import CorruptData
from synaptarium.schemas.recording import Counts
from synaptarium.store import chunks, events, jobs
from synaptarium.store.database import Store

#: Chunks that wait for the database, in batches of 8 MiB.
MAX_WAITING = 2
#: Ranges of one task: neighbours share a block, and what is read ahead within a task is not within the next one.
MAX_GROUP = 8


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
    table_parts : int
        Parts of summary tables written.
    engine : str
        ``"local"``, ``"spark"`` or ``"live"``.
    host, pid : str, int
        Process that wrote them.
    """

    range_index: int
    events: int
    chunks: int
    size_bytes: int
    table_parts: int
    engine: str
    host: str
    pid: int


def build_range(store: Store, plan: Plan, range_index: int, *, engine: str = "local") -> Part:
    """Make one range and note that it is done; see :func:`build_ranges`."""
    return next(build_ranges(store, plan, [range_index], engine=engine))


def build_ranges(
    store: Store,
    plan: Plan,
    indices: Sequence[int],
    *,
    engine: str = "local",
    stop: Callable[[], bool] = lambda: False,
) -> Iterator[Part]:
    """Read the events of ranges, make their chunks of levels 0 to 2, write them, and note each range as done.

    A repetition writes the same bytes to the same keys. While one range is computed, the next is read, and the one
    before is written: decompression, sorts and the database leave the interpreter free.

    Parameters
    ----------
    store : Store
        Holds the events and boundary states; receives the chunks.
    plan : Plan
        The build's plan.
    indices : sequence of int
        Ranges, ascending; there may be none left.
    engine : str
        Who asks, for the parts' records.
    stop : callable
        Asked before each range; True ends the work after what was begun.

    Yields
    ------
    Part
        Of each range that is done, durably.
    """
    if not indices:
        return
    reader = SpikeReader(store, plan, indices)
    with (
        ThreadPoolExecutor(1, thread_name_prefix="read") as reading,
        ThreadPoolExecutor(1, thread_name_prefix="write") as writing,
    ):
        waiting: list[Future[Part | None]] = []

        def read(index: int) -> list[Spikes]:
            return list(reader.read(index))

        ahead = reading.submit(read, indices[0])
        try:
            for place, index in enumerate(indices):
                if stop():
                    break
                spikes = ahead.result()
                if place + 1 < len(indices):
                    ahead = reading.submit(read, indices[place + 1])
                tally = Tally()
                for batch in _batches(tally.count(range_chunks(store, plan, index, tally, spikes))):
                    waiting.append(writing.submit(_write, store, batch))
                    yield from _finished(waiting, MAX_WAITING)
                waiting.append(writing.submit(_note, store, plan, tally.part(index, engine)))
            yield from _finished(waiting, 0)
        finally:
            for late in [ahead, *waiting]:
                late.cancel()


def groups_of(indices: Sequence[int], workers: int) -> list[list[int]]:
    """Cut ranges into tasks of neighbours: long ones first, single ones last, so that all workers end together.

    Examples
    --------
    >>> [len(group) for group in groups_of(range(40), 2)]
    [8, 8, 6, 4, 3, 2, 2, 1, 1, 1, 1, 1, 1, 1]
    """
    groups: list[list[int]] = []
    left = list(indices)
    while left:
        size = min(MAX_GROUP, max(1, len(left) // (2 * workers)))
        run = 1
        while run < size and left[run] == left[run - 1] + 1:
            run += 1
        groups.append(left[:run])
        left = left[run:]
    return groups


def _batches(made: Iterator[Chunk]) -> Iterator[list[Chunk]]:
    batch: list[Chunk] = []
    size = 0
    for chunk in made:
        batch.append(chunk)
        size += len(chunk.sealed.stored)
        if size >= chunks.BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _write(store: Store, batch: list[Chunk]) -> None:
    chunks.write(store, batch)


def _note(store: Store, plan: Plan, part: Part) -> Part:
    jobs.part_done(store, plan.num, plan.build, part.range_index, msgspec.to_builtins(part))
    return part


def _finished(waiting: list[Future[Part | None]], at_most: int) -> Iterator[Part]:
    """Wait until so few writes are left, oldest first; yield the parts among those done."""
    while waiting and (len(waiting) > at_most or waiting[0].done()):
        part = waiting.pop(0).result()
        if part is not None:
            yield part


class Tally:
    """What one range has read and made so far."""

    def __init__(self) -> None:
        self.events = 0
        self.chunks = 0
        self.size_bytes = 0
        self.table_parts = 0

    def count(self, made: Iterator[Chunk]) -> Iterator[Chunk]:
        """Pass chunks on, counting them."""
        for chunk in made:
            self.chunks += 1
            self.size_bytes += len(chunk.sealed.stored)
            yield chunk

    def part(self, range_index: int, engine: str) -> Part:
        """Return the record of the range."""
        return Part(
            range_index=range_index,
            events=self.events,
            chunks=self.chunks,
            size_bytes=self.size_bytes,
            table_parts=self.table_parts,
            engine=engine,
            host=socket.gethostname(),
            pid=os.getpid(),
        )


def range_chunks(
    store: Store, plan: Plan, range_index: int, tally: Tally, spikes: list[Spikes] | None = None
) -> Iterator[Chunk]:
    """Yield the chunks of a range; its spikes are read where they are not given."""
    if plan.open or any(plan.counts.spikes.values()):
        by_class = any(grid.table == "classes" for grid in plan.tables.grids)
        spans = stimuli.read_spans(store, plan.num, plan.build) if by_class else None
        counted = SpikeCounts(plan, range_index, spans)
        if spikes is None:
            spikes = list(SpikeReader(store, plan, [range_index]).read(range_index))
        for part in spikes:
            counted.add(*part)
        packed, packing = _packed(plan, range_index, spikes)
        spikes.clear()  # three times the memory of what is packed
        tally.table_parts += counted.write(store)
        tally.events += len(packed)
        if len(packed):
            yield from spike_chunks(plan, range_index, packed, packing)
    for target, values in range_values(store, plan, range_index):
        tally.events += len(values.time_us)
        state = states.read(store, plan, target.stream, target.name, range_index, target.items)
        yield from value_chunks(plan, range_index, target, values, state)
        tally.table_parts += weight_parts(store, plan, range_index, target, values, state)


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


def _packed(plan: Plan, range_index: int, spikes: list[Spikes]) -> tuple[Cells, Packing]:
    start_us, _ = plan.span_us(range_index)
    first, stop = plan.frames(range_index, 0)
    sizes = [tile.n for tile in layer_tiles(plan)]
    # Multiplicities double the size of a packed spike, so they are packed only where one differs from 1.
    with_multiplicity = any(part.multiplicity is not None for part in spikes)
    packing = packing_of(sizes, n_frames=stop - first, with_multiplicity=with_multiplicity)
    places = tile_places(sizes, packing)
    packed = np.empty(sum(len(part.time_us) for part in spikes), packing.dtype)
    end = 0
    for part in spikes:
        begin, end = end, end + len(part.time_us)
        try:
            packed[begin:end] = pack_spikes(
                *part, packing=packing, places=places, t_start_us=start_us, bin_us=plan.bin_us
            )
        except IndexError:
            raise CorruptData(
                f"A spike of range {range_index} is of neuron {part.neuron.max()}; "
                f"{plan.recording!r} has {len(places)} neurons.",
                hint="Something other than Synaptarium wrote it. Delete the recording and import it again.",
            ) from None
    return packed, packing
