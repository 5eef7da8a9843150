"""VS2N's per-event collections as DataFrames, read in ranges of their ``_id`` by raw batches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pyarrow as pa
from pyspark.sql.datasource import DataSourceReader, InputPartition

from synaptarium.adapters.times import microseconds, unit_us
from synaptarium.adapters.vs2n import MongoDocuments
from synaptarium.adapters.vs2n_documents import Columns, numbers
from synaptarium.adapters.vs2n_ranges import IdRange, columns_between, id_ranges, time_unit_of
from synaptarium.jobs.datasource_options import Choice, told
from synaptarium.schemas.errors import InvalidInput

#: A document is about 70 bytes and is decoded at half a million a second.
DOCUMENTS_PER_PARTITION = 500_000

_TIME = pa.field("time_us", pa.int64(), nullable=False)
_LAYER = pa.field("layer", pa.string(), nullable=False)

#: Collection -> columns, each with the field that it comes from.
_COLUMNS: Mapping[str, tuple[tuple[pa.Field, str], ...]] = {
    "spikes": (
        (_TIME, "T"),
        (_LAYER, "i.L"),
        (pa.field("neuron", pa.int64(), nullable=False), "i.N"),
        (pa.field("amplitude", pa.float64()), "S"),
        (pa.field("input", pa.string()), "Input"),
    ),
    "potential": (
        (_TIME, "T"),
        (_LAYER, "L"),
        (pa.field("neuron", pa.int64(), nullable=False), "N"),
        (pa.field("value", pa.float64()), "V"),
    ),
    "synapseWeight": (
        (_TIME, "T"),
        (_LAYER, "L"),
        (pa.field("pre", pa.int64(), nullable=False), "C"),
        (pa.field("post", pa.int64(), nullable=False), "To"),
        (pa.field("value", pa.float64()), "V"),
    ),
}


@dataclass(frozen=True)
class Documents(InputPartition):
    """One task: a range of documents, and the unit of their times."""

    ids: IdRange
    time_unit: str


def schema_of(choice: Choice) -> pa.Schema:
    """Return the columns of the collection that is asked for; raises InvalidInput."""
    return pa.schema([field for field, _ in _COLUMNS[collection_of(choice)]])


def collection_of(choice: Choice) -> str:
    """Return the collection that is asked for, ``spikes`` where none is; raises InvalidInput."""
    name = choice.texts.get("collection", "spikes")
    if name not in _COLUMNS:
        raise InvalidInput(
            f"{name!r} is no collection of events that VS2N has.",
            hint=f"Its collections of events: {', '.join(_COLUMNS)}.",
            where="collection",
        )
    return name


class Vs2nReader(DataSourceReader):
    """Plans ranges of ``_id`` on the driver, reads one of them in a task.

    Parameters
    ----------
    choice : Choice
        Address, collection, unit of time and range.
    """

    def __init__(self, choice: Choice) -> None:
        self._choice = choice
        self._collection = collection_of(choice)
        self._documents = MongoDocuments(choice.texts["vs2n"])

    def partitions(self) -> list[InputPartition]:
        """Return tasks of about as many documents each; raises InvalidInput or StoreUnavailable."""
        rows = self._choice.numbers.get("rows_per_partition", DOCUMENTS_PER_PARTITION)
        with told():
            found = self._documents.collections()
            if self._collection not in found:
                raise InvalidInput(
                    f"{self._documents.where!r} has no collection {self._collection!r}.",
                    hint=f"It has {', '.join(found) or 'none'}.",
                    where="collection",
                )
            unit = self._choice.texts.get("time_unit") or time_unit_of(self._documents, self._collection)
            unit_us(unit)
            return [Documents(ids, unit) for ids in id_ranges(self._documents, self._collection, rows)]

    def read(self, partition: InputPartition) -> Iterator[pa.RecordBatch]:
        """Yield the events of a range, a batch of the database at a time, in the order of ``_id``."""
        part = cast("Documents", partition)
        with told():
            for columns in columns_between(self._documents, self._collection, part.ids):
                batch = self._batch(columns, part.time_unit)
                if batch.num_rows:
                    yield batch

    def _batch(self, columns: Columns, unit: str) -> pa.RecordBatch:
        arrays: list[pa.Array] = []
        fields: list[pa.Field] = []
        for field, name in _COLUMNS[self._collection]:
            values = columns[name]
            where = f"{self._collection}.{name}"
            if field.name == "time_us":
                array = pa.array(microseconds(numbers(values, where), unit_us(unit), where))
            elif field.type == pa.string():
                array = _texts(values)
            else:
                array = _numbers(values, where, field)
            arrays.append(array)
            fields.append(field)
        batch = pa.record_batch(arrays, schema=pa.schema(fields))
        time_us = batch.column(0).to_numpy()
        inside = np.ones(len(time_us), np.bool_)
        if self._choice.t_start_us is not None:
            inside &= time_us >= self._choice.t_start_us
        if self._choice.t_stop_us is not None:
            inside &= time_us < self._choice.t_stop_us
        return batch if inside.all() else batch.filter(pa.array(inside))


def _numbers(values: list[Any], where: str, field: pa.Field) -> pa.Array:
    found = numbers(values, where)
    if field.type == pa.int64() and found.dtype.kind == "f":
        if not bool((found == np.rint(found)).all()):
            raise InvalidInput(f"{where} holds ids that are no whole numbers.", where=where)
        found = found.astype(np.int64)
    return pa.array(found, from_pandas=True).cast(field.type)


def _texts(values: list[Any]) -> pa.Array:
    if set(map(type, values)) <= {str, type(None)}:
        return pa.array(values, pa.string())
    # Classes are numbers in some databases, and 7.0 is the class 7.
    texts = {value: _text(value) for value in set(values)}
    return pa.array([texts[value] for value in values], pa.string())


def _text(value: Any) -> str | None:
    if value is None:
        return None
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
