"""Events as Spark DataFrames: ``spark.read.format("synaptarium")``, read from MongoDB by the executors themselves."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

import pyarrow as pa
from pyspark.sql.datasource import DataSource, DataSourceReader, InputPartition
from pyspark.sql.types import StructType

from synaptarium.schemas.errors import InvalidInput
from synaptarium.schemas.events import SCHEMAS, EventKind
from synaptarium.schemas.recording import Header
from synaptarium.store import events, recordings
from synaptarium.store.database import Store, connect

#: Events that one task reads: seconds of work, tens of MB at a time.
ROWS_PER_PARTITION = 4_000_000
_PATIENCE_S = 30.0
_OPTIONS = (
    "recording", "kind", "stream", "uri", "database", "t_start_us", "t_stop_us", "rows_per_partition",
)  # fmt: skip

#: Spark has no unsigned numbers: each takes the next larger signed one.
_SPARK_TYPES: Mapping[pa.DataType, tuple[str, pa.DataType]] = {
    pa.int64(): ("bigint", pa.int64()),
    pa.uint32(): ("bigint", pa.int64()),
    pa.uint16(): ("int", pa.int32()),
    pa.float32(): ("float", pa.float32()),
    pa.float64(): ("double", pa.float64()),
    pa.string(): ("string", pa.string()),
    pa.binary(): ("binary", pa.binary()),
}


@dataclass(frozen=True)
class TimeRange(InputPartition):
    """One task: the events of [t_start_us, t_stop_us), or the images of a range of numbers; None leaves a side open."""

    t_start_us: int | None
    t_stop_us: int | None


@dataclass(frozen=True)
class _Choice:
    """What the options ask for; made on the driver, sent to the executors."""

    recording: str
    kind: EventKind
    stream: str
    uri: str
    database: str
    t_start_us: int | None
    t_stop_us: int | None
    rows_per_partition: int

    def store(self) -> Store:
        return connect(self.uri, self.database, patience_s=_PATIENCE_S)


class SynaptariumSource(DataSource):
    """The data source ``synaptarium``; see docs/spark.md for its options.

    Examples
    --------
    ``spark.dataSource.register(SynaptariumSource)``, then
    ``spark.read.format("synaptarium").option("recording", "digits").option("kind", "spikes").load()``.
    """

    @classmethod
    def name(cls) -> str:
        return "synaptarium"

    def schema(self) -> str:
        kind = _choice(self.options).kind
        return ", ".join(
            f"{field.name} {_SPARK_TYPES[field.type][0]}{'' if field.nullable else ' not null'}"
            for field in SCHEMAS[kind]
        )

    def reader(self, schema: StructType) -> DataSourceReader:
        return EventReader(_choice(self.options))


class EventReader(DataSourceReader):
    """Plans time ranges on the driver, reads one of them in a task.

    Parameters
    ----------
    choice
        Recording, kind, stream, range and address.
    """

    def __init__(self, choice: _Choice) -> None:
        self._choice = choice

    def partitions(self) -> list[InputPartition]:
        """Return ranges that hold about as many events each; raises RecordingNotFound or InvalidInput."""
        choice = self._choice
        store = choice.store()
        try:
            recording = recordings.get(store, choice.recording)
            _check_stream(recording.header, choice)
            blocks = events.blocks(store, recording.num, choice.kind, choice.stream)
        finally:
            store.close()
        return list(planned(blocks, choice.rows_per_partition, choice.t_start_us, choice.t_stop_us))

    def read(self, partition: InputPartition) -> Iterator[pa.RecordBatch]:
        """Yield the events of a range in time order, about a block at a time."""
        choice, span = self._choice, cast("TimeRange", partition)
        schema = pa.schema([field.with_type(_SPARK_TYPES[field.type][1]) for field in SCHEMAS[choice.kind]])
        store = choice.store()
        try:
            num = recordings.get(store, choice.recording).num
            for batch in events.read(store, num, choice.kind, choice.stream, span.t_start_us, span.t_stop_us):
                yield _complete(batch, schema)
        finally:
            store.close()


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


def _complete(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """Return a batch with every column of its kind: a count that is not stored is 1, anything else is empty."""
    columns: list[pa.Array] = []
    for field in schema:
        if field.name in batch.schema.names:
            columns.append(batch.column(field.name).cast(field.type))
        elif field.name == "count":
            columns.append(pa.repeat(pa.scalar(1, field.type), batch.num_rows))
        else:
            columns.append(pa.nulls(batch.num_rows, field.type))
    return pa.record_batch(columns, schema=schema)


def _check_stream(header: Header, choice: _Choice) -> None:
    streams = recordings.streams_of(header, choice.kind)
    if choice.stream not in streams:
        raise InvalidInput(
            f"{header.name!r} has no {choice.kind} of the stream {choice.stream!r}.",
            hint=f".option('stream', ...) takes {', '.join(map(repr, streams)) or 'nothing: there are none'}.",
            where="stream",
        )


def _choice(options: Mapping[str, Any]) -> _Choice:
    # Spark compares option names without case.
    given = {name.lower(): str(value) for name, value in options.items()}
    unknown = sorted(set(given) - set(_OPTIONS) - {"path"})
    if unknown:
        raise InvalidInput(
            f"The source 'synaptarium' has no option {unknown[0]!r}.",
            hint=f"Its options: {', '.join(_OPTIONS)}.",
        )
    if "recording" not in given:
        raise InvalidInput(
            "No recording is named.",
            hint=".option('recording', ID), with an id that `synaptarium list` shows.",
        )
    kind = given.get("kind", "spikes")
    if kind not in SCHEMAS:
        raise InvalidInput(f"There is no kind of events {kind!r}.", hint=f"The kinds: {', '.join(SCHEMAS)}.")
    uri = given.get("uri") or os.environ.get("SYNAPTARIUM_MONGO_URI")
    if not uri:
        raise InvalidInput(
            "The source 'synaptarium' does not know its MongoDB.",
            hint=".option('uri', library.store.uri) inside `with open_library(...)`, or set SYNAPTARIUM_MONGO_URI.",
            where="uri",
        )
    numbers: dict[str, int] = {}
    for name in ("t_start_us", "t_stop_us", "rows_per_partition"):
        if name in given:
            try:
                numbers[name] = int(given[name])
            except ValueError as error:
                raise InvalidInput(f"{name} is {given[name]!r}.", hint="Give a whole number.") from error
    return _Choice(
        recording=given["recording"],
        kind=cast("EventKind", kind),
        stream=given.get("stream", ""),
        uri=uri,
        database=given.get("database", "synaptarium"),
        t_start_us=numbers.get("t_start_us"),
        t_stop_us=numbers.get("t_stop_us"),
        rows_per_partition=max(1, numbers.get("rows_per_partition", ROWS_PER_PARTITION)),
    )
