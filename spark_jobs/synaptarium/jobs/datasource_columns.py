"""Event columns as DataFrames have them, and back as they are stored."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from synaptarium.jobs.datasource_options import for_spark
from synaptarium.schemas.errors import InvalidInput
from synaptarium.schemas.events import SCHEMAS, EventKind
from synaptarium.schemas.recording import Header

#: Columns that a stored block may do without.
_OPTIONAL = ("count", "payload", "label", "prediction", "image")


def complete(kind: EventKind, batch: pa.RecordBatch) -> pa.RecordBatch:
    """Return a batch with every column of its kind: a count that is not stored is 1, anything else is empty."""
    schema = for_spark(SCHEMAS[kind])
    columns: list[pa.Array] = []
    for field in schema:
        if field.name in batch.schema.names:
            columns.append(batch.column(field.name).cast(field.type))
        elif field.name == "count":
            columns.append(pa.repeat(pa.scalar(1, field.type), batch.num_rows))
        else:
            columns.append(pa.nulls(batch.num_rows, field.type))
    return pa.record_batch(columns, schema=schema)


def stored_columns(kind: EventKind, header: Header, batch: pa.RecordBatch) -> pa.RecordBatch:
    """Return rows of a DataFrame as they are stored: neurons numbered through all layers, no column that says nothing.

    Parameters
    ----------
    kind : EventKind
        Of the rows.
    header : Header
        Of the recording. With a column ``layer`` the neurons are numbered in their layer.
    batch : pyarrow.RecordBatch
        As Spark hands it over, at least one row.

    Raises
    ------
    InvalidInput
        A layer that the recording does not have, or a neuron that its layer does not have.
    """
    if kind in ("spikes", "potentials") and "layer" in batch.schema.names:
        batch = _numbered_through(header, batch)
    for name in _OPTIONAL:
        if name not in batch.schema.names:
            continue
        column = batch.column(name)
        empty = column.null_count == batch.num_rows
        if empty or (name == "count" and not column.null_count and bool((column.to_numpy() == 1).all())):
            batch = batch.drop_columns([name])
    return batch


def _numbered_through(header: Header, batch: pa.RecordBatch) -> pa.RecordBatch:
    layers = {layer.name: layer for layer in header.layers}
    names = batch.column("layer").dictionary_encode()
    known = names.dictionary.to_pylist()
    unknown = [name for name in known if name not in layers] or ([None] if names.null_count else [])
    if unknown:
        raise InvalidInput(
            f"There is a row of the layer {unknown[0]!r}, which {header.name!r} does not have.",
            hint=f"Its layers: {', '.join(map(repr, layers))}.",
            where="layer",
        )
    column = batch.column("neuron")
    if column.null_count:
        raise InvalidInput(
            "A row names no neuron.", hint="Every spike and potential has one.", where="neuron"
        )
    at, neuron = names.indices.to_numpy(), column.cast(pa.int64()).to_numpy()
    sizes = np.array([layers[name].neurons for name in known], np.int64)[at]
    outside = np.flatnonzero((neuron < 0) | (neuron >= sizes))
    if len(outside):
        row = int(outside[0])
        raise InvalidInput(
            f"Layer {known[at[row]]!r} has {sizes[row]} neurons; a row names neuron {neuron[row]}.",
            hint="With a column 'layer', neuron ids start at 0 in each layer.",
            where="neuron",
        )
    offsets = np.array([layers[name].offset for name in known], np.int64)[at]
    place = batch.schema.get_field_index("neuron")
    return batch.set_column(place, "neuron", pa.array(neuron + offsets)).drop_columns(["layer"])
