"""What the options of the data source ``synaptarium`` ask for, and how its errors reach a notebook."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from synaptarium.schemas.errors import InvalidInput, SynaptariumError
from synaptarium.schemas.events import SCHEMAS
from synaptarium.store.database import Store, connect

#: Events that one task reads: seconds of work, tens of MB at a time.
ROWS_PER_PARTITION = 4_000_000
#: An election among the members of a replica set takes ten seconds.
PATIENCE_S = 30.0

#: Option -> what it means; docs/spark.md has the same table.
OPTIONS: Mapping[str, str] = {
    "recording": "the id, as `synaptarium list` shows it",
    "kind": "a kind of events, `chunks` or `vs2n`",
    "stream": "the variable of potentials, the projection of weights, the stream of chunks",
    "uri": "the MongoDB",
    "database": "its database",
    "t_start_us": "only what lies at or after this time",
    "t_stop_us": "only what lies before this time",
    "rows_per_partition": "how many rows a task takes, about",
    "rows_per_batch": "streaming: how many rows a batch takes at most, about",
    "level": "chunks: the time level",
    "target": "chunks: only this layer or projection",
    "raw": "chunks: the stored bytes in place of rows",
    "vs2n": "the address of a VS2N database",
    "collection": "vs2n: spikes, potential or synapseWeight",
    "time_unit": "vs2n: s, ms or us",
    "layers": "writing: the layers of a recording to make",
    "like": "writing: the recording whose network the one to make has",
    "name": "writing: its name",
    "bin_us": "writing: its width of a frame",
    "close": "writing: end the recording with this write",
    # Spark's own.
    "checkpointlocation": "streaming",
    "path": "not used",
}
_NUMBERS = (
    "t_start_us", "t_stop_us", "rows_per_partition", "rows_per_batch", "level", "bin_us",
)  # fmt: skip

#: Spark has no unsigned numbers: each takes the next larger signed one.
_SPARK_TYPES: Mapping[pa.DataType, tuple[str, pa.DataType]] = {
    pa.int64(): ("bigint", pa.int64()),
    pa.int32(): ("int", pa.int32()),
    pa.uint32(): ("bigint", pa.int64()),
    pa.uint16(): ("int", pa.int32()),
    pa.float32(): ("float", pa.float32()),
    pa.float64(): ("double", pa.float64()),
    pa.string(): ("string", pa.string()),
    pa.binary(): ("binary", pa.binary()),
}


@dataclass(frozen=True)
class Choice:
    """What the options ask for; made on the driver, sent to the executors.

    Parameters
    ----------
    recording, kind, stream, uri, database : str
        What, and where it is.
    numbers : dict of str to int
        Those that were given.
    texts : dict of str to str
        All others that were given.
    """

    recording: str
    kind: str
    stream: str
    uri: str
    database: str
    numbers: dict[str, int]
    texts: dict[str, str]

    @property
    def t_start_us(self) -> int | None:
        """Start of what is read, None where open."""
        return self.numbers.get("t_start_us")

    @property
    def t_stop_us(self) -> int | None:
        """End of what is read, itself not included; None where open."""
        return self.numbers.get("t_stop_us")

    @property
    def rows_per_partition(self) -> int:
        """Rows wanted in a task."""
        return max(1, self.numbers.get("rows_per_partition", ROWS_PER_PARTITION))

    def flag(self, name: str) -> bool:
        """Return whether an option says true; raises InvalidInput for what is neither true nor false."""
        text = self.texts.get(name, "false").lower()
        if text not in ("true", "false"):
            raise InvalidInput(f"{name} is {text!r}.", hint="Give true or false.", where=name)
        return text == "true"

    def store(self) -> Store:
        """Connect to the MongoDB, outliving its restarts."""
        return connect(self.uri, self.database, patience_s=PATIENCE_S)


def choice_of(options: Mapping[str, Any]) -> Choice:
    """Return what options ask for.

    Parameters
    ----------
    options : mapping of str to str
        As Spark hands them over; it compares names without case.

    Raises
    ------
    InvalidInput
        An unknown option or kind, a missing one, or a number that is none.
    """
    given = {name.lower(): str(value) for name, value in options.items()}
    unknown = sorted(set(given) - set(OPTIONS))
    if unknown:
        raise InvalidInput(
            f"The source 'synaptarium' has no option {unknown[0]!r}.",
            hint=f"Its options: {', '.join(name for name in OPTIONS if name not in ('path', 'checkpointlocation'))}.",
        )
    kind = given.get("kind", "vs2n" if "vs2n" in given else "spikes")
    if kind not in (*SCHEMAS, "chunks", "vs2n"):
        raise InvalidInput(
            f"There is no kind of events {kind!r}.",
            hint=f"The kinds: {', '.join(SCHEMAS)}, chunks, vs2n.",
            where="kind",
        )
    _check_needed(given, kind)
    numbers: dict[str, int] = {}
    for name in _NUMBERS:
        if name in given:
            try:
                numbers[name] = int(given[name])
            except ValueError as error:
                raise InvalidInput(
                    f"{name} is {given[name]!r}.", hint="Give a whole number.", where=name
                ) from error
    named = {"recording", "kind", "stream", "uri", "database", *_NUMBERS}
    return Choice(
        recording=given.get("recording", ""),
        kind=kind,
        stream=given.get("stream", "spikes" if kind == "chunks" else ""),
        uri=given.get("uri") or os.environ.get("SYNAPTARIUM_MONGO_URI", ""),
        database=given.get("database", "synaptarium"),
        numbers=numbers,
        texts={name: value for name, value in given.items() if name not in named},
    )


def _check_needed(given: Mapping[str, str], kind: str) -> None:
    if kind == "vs2n":
        if "vs2n" not in given:
            raise InvalidInput(
                "No VS2N database is named.",
                hint=".option('vs2n', 'mongodb://host:port/database').",
                where="vs2n",
            )
        return
    if "recording" not in given:
        raise InvalidInput(
            "No recording is named.",
            hint=".option('recording', ID), with an id that `synaptarium list` shows.",
            where="recording",
        )
    if not given.get("uri") and not os.environ.get("SYNAPTARIUM_MONGO_URI"):
        raise InvalidInput(
            "The source 'synaptarium' does not know its MongoDB.",
            hint=".option('uri', library.store.uri) inside `with open_library(...)`, or set SYNAPTARIUM_MONGO_URI.",
            where="uri",
        )


@contextmanager
def told() -> Iterator[None]:
    """Put the hint of our errors into their text: Spark shows the text alone."""
    try:
        yield
    except SynaptariumError as error:
        if not error.hint or error.message.endswith(error.hint):
            raise
        raise type(error)(f"{error.message} {error.hint}", hint=error.hint, where=error.where) from None


def for_spark(schema: pa.Schema) -> pa.Schema:
    """Return a schema in types that Spark has."""
    return pa.schema([field.with_type(_SPARK_TYPES[field.type][1]) for field in schema])


def ddl(schema: pa.Schema) -> str:
    """Return a schema as Spark writes it.

    Examples
    --------
    >>> ddl(pa.schema([pa.field("neuron", pa.uint32(), nullable=False), pa.field("value", pa.float32())]))
    'neuron bigint not null, value float'
    """
    return ", ".join(
        f"{field.name} {_SPARK_TYPES[field.type][0]}{'' if field.nullable else ' not null'}"
        for field in schema
    )
