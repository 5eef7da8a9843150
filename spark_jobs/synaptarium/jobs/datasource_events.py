"""Events as DataFrames: in time ranges of a recording, or block by block as an open one grows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

import pyarrow as pa
from pyspark.sql.datasource import DataSourceReader, DataSourceStreamReader, InputPartition
from pyspark.sql.streaming.datasource import (
    ReadAllAvailable,
    ReadLimit,
    ReadMaxRows,
    SupportsTriggerAvailableNow,
)

from synaptarium.jobs.datasource_columns import complete
from synaptarium.jobs.datasource_options import Choice, told
from synaptarium.schemas.errors import Conflict, InvalidInput
from synaptarium.schemas.events import EventKind
from synaptarium.schemas.recording import Header
from synaptarium.store import events, recordings


@dataclass(frozen=True)
class TimeRange(InputPartition):
    """One task: the events of [t_start_us, t_stop_us), or the images of a range of numbers; None leaves a side open."""

    t_start_us: int | None
    t_stop_us: int | None


@dataclass(frozen=True)
class BlockRange(InputPartition):
    """One task of a stream: some blocks, one after the other."""

    num: int
    blocks: tuple[events.BlockInfo, ...]


class EventReader(DataSourceReader):
    """Plans time ranges on the driver, reads one of them in a task.

    Parameters
    ----------
    choice
        Recording, kind, stream, range and address.
    """

    def __init__(self, choice: Choice) -> None:
        self._choice = choice
        self._kind: EventKind = cast("EventKind", choice.kind)

    def partitions(self) -> list[InputPartition]:
        """Return ranges that hold about as many events each; raises RecordingNotFound or InvalidInput."""
        choice = self._choice
        with told():
            store = choice.store()
            try:
                recording = recordings.get(store, choice.recording)
                check_stream(recording.header, self._kind, choice.stream)
                blocks = events.blocks(store, recording.num, self._kind, choice.stream)
            finally:
                store.close()
        return list(planned(blocks, choice.rows_per_partition, choice.t_start_us, choice.t_stop_us))

    def read(self, partition: InputPartition) -> Iterator[pa.RecordBatch]:
        """Yield the events of a range in time order, about a block at a time."""
        choice, span = self._choice, cast("TimeRange", partition)
        with told():
            store = choice.store()
            try:
                num = recordings.get(store, choice.recording).num
                for batch in events.read(
                    store, num, self._kind, choice.stream, span.t_start_us, span.t_stop_us
                ):
                    yield complete(self._kind, batch)
            finally:
                store.close()


class EventStreamReader(DataSourceStreamReader, SupportsTriggerAvailableNow):
    """Follows a recording: an offset is the number of the next block of its stream.

    Parameters
    ----------
    choice : Choice
        Recording, kind, stream and address. Blocks come in the order in which they were written, which for a run that
        goes on is the order of time but for what the simulator itself wrote late.
    """

    def __init__(self, choice: Choice) -> None:
        for name in ("t_start_us", "t_stop_us"):
            if name in choice.numbers:
                raise InvalidInput(
                    f"A stream has no {name}: it gives every block of a recording once.",
                    hint="Filter the DataFrame by its time column.",
                    where=name,
                )
        self._choice = choice
        self._kind: EventKind = cast("EventKind", choice.kind)
        self._until: int | None = None
        self._store = choice.store()
        recording = recordings.get(self._store, choice.recording)
        check_stream(recording.header, self._kind, choice.stream)
        self._num = recording.num

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_store"}

    def initialOffset(self) -> dict[str, int]:
        """Return the first block."""
        return self._offset(0)

    def latestOffset(self, start: dict[str, int], limit: ReadLimit) -> dict[str, int]:
        """Return the block after the last one there is, or after as many rows as the limit says."""
        self._check(start)
        blocks = self._blocks(start["block"])
        if self._until is not None:
            blocks = [block for block in blocks if block.seq < self._until]
        rows, end = 0, start["block"]
        for block in blocks:
            rows += block.n
            if isinstance(limit, ReadMaxRows) and rows > limit.max_rows and end > start["block"]:
                break
            end = block.seq + 1
        return self._offset(end)

    def getDefaultReadLimit(self) -> ReadLimit:
        """Return the limit that the option rows_per_batch sets."""
        rows = self._choice.numbers.get("rows_per_batch")
        return ReadAllAvailable() if rows is None else ReadMaxRows(max(1, rows))

    def prepareForTriggerAvailableNow(self) -> None:
        """Look no further than what is there now."""
        newest = self._blocks(0)
        self._until = newest[-1].seq + 1 if newest else 0

    def partitions(self, start: dict[str, int], end: dict[str, int]) -> list[InputPartition]:
        """Return tasks of some blocks each."""
        self._check(start)
        blocks = [block for block in self._blocks(start["block"]) if block.seq < end["block"]]
        tasks: list[InputPartition] = []
        taken, rows = 0, 0
        for place, block in enumerate(blocks):
            rows += block.n
            if rows >= self._choice.rows_per_partition or place + 1 == len(blocks):
                tasks.append(BlockRange(self._num, tuple(blocks[taken : place + 1])))
                taken, rows = place + 1, 0
        return tasks

    def read(self, partition: InputPartition) -> Iterator[pa.RecordBatch]:
        """Yield the events of blocks, one block at a time."""
        part = cast("BlockRange", partition)
        with told():
            store = self._choice.store()
            try:
                for block in part.blocks:
                    yield complete(self._kind, events.load(store, part.num, self._kind, block))
            finally:
                store.close()

    def stop(self) -> None:
        """Close the connection."""
        self._store.close()

    def _blocks(self, first: int) -> list[events.BlockInfo]:
        with told():
            found = events.blocks_from(self._store, self._num, self._kind, self._choice.stream, first)
            if not found:
                events.check_exists(self._store, self._num)
        return found

    def _offset(self, block: int) -> dict[str, int]:
        return {"recording": self._num, "block": block}

    def _check(self, start: dict[str, int]) -> None:
        if start["recording"] != self._num:
            raise Conflict(
                f"Recording {self._choice.recording!r} is not the one that this query followed: that was deleted. "
                "Begin with a new checkpointLocation."
            )


def planned(
    blocks: list[events.BlockInfo], rows: int, t_start_us: int | None, t_stop_us: int | None
) -> Iterator[TimeRange]:
    """Yield half-open ranges that join to [t_start_us, t_stop_us), cut where blocks begin.

    Parameters
    ----------
    blocks : list of BlockInfo
        Of one kind and stream, ordered by time.
    rows : int
        Events wanted in each.
    t_start_us, t_stop_us : int or None
        None leaves that side open.
    """
    start, n = t_start_us, 0
    for block in blocks:
        outside = (t_start_us is not None and block.t1_us < t_start_us) or (
            t_stop_us is not None and block.t0_us >= t_stop_us
        )
        if outside:
            continue
        if n >= rows and (start is None or block.t0_us > start):
            yield TimeRange(start, block.t0_us)
            start, n = block.t0_us, 0
        n += block.n
    yield TimeRange(start, t_stop_us)


def check_stream(header: Header, kind: EventKind, stream: str) -> None:
    """Raise InvalidInput unless a recording may have such a stream."""
    streams = recordings.streams_of(header, kind)
    if stream not in streams:
        raise InvalidInput(
            f"{header.name!r} has no {kind} of the stream {stream!r}.",
            hint=f".option('stream', ...) takes {', '.join(map(repr, streams)) or 'nothing: there are none'}.",
            where="stream",
        )
