"""A whole recording of any source as a folder of columns: what docs/importing-columns.md describes, written."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa

from synaptarium.adapters.base import EventSource
from synaptarium.adapters.column_header import Description, ProjectionEntry, VariableEntry
from synaptarium.adapters.column_writing import (
    NAME,
    NeuronNames,
    layer_entries,
    merged,
    write_rows,
    write_spikes,
)
from synaptarium.schemas.errors import InvalidInput
from synaptarium.schemas.events import SCHEMAS, EventKind
from synaptarium.schemas.recording import Header

_AXES = ("x_um", "y_um", "z_um")


def write_folder(
    source: EventSource, path: Path, *, progress: Callable[[str, int], None] | None = None
) -> None:
    """Write everything that a source has, but notes on where it comes from, as a folder of Parquet files.

    Parameters
    ----------
    source : EventSource
        Read block by block; held are the synapses and a row for each neuron.
    path : Path
        Gets its name when it is complete; it must not exist.
    progress : callable or None
        Told the kind and the number of its rows so far.

    Raises
    ------
    InvalidInput
        Something is of a kind that columns cannot tell.
    """
    header = source.describe()
    _check(source, header)
    part = path.with_name(path.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        _write(source, header, part, progress or (lambda kind, done: None))
        part.rename(path)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise


def _check(source: EventSource, header: Header) -> None:
    """Raise InvalidInput where the columns that there are would say something else than the source."""
    problem = ""
    for one in header.projections:
        if one.kind != "explicit":
            problem = f"projection {one.name!r} is a {one.kind}"
    if len({one.delays for one in header.projections}) > 1:
        problem = "some projections have delays and others none"
    unplaced = [one.name for one in header.layers if not one.positions]
    if any(one.positions for one in header.layers) and any(source.labels(name) for name in unplaced):
        problem = "some layers have labels without positions and others positions"
    if problem:
        raise InvalidInput(
            f"{header.name!r} cannot be written as columns: {problem}.",
            hint="Write a file NAME.synaptarium: it holds everything.",
        )


def _write(source: EventSource, header: Header, folder: Path, progress: Callable[[str, int], None]) -> None:
    def told(kind: str) -> Callable[[int], None]:
        return lambda done: progress(kind, done)

    described = Description(
        name=header.name,
        bin_us=header.bin_us,
        t_start_us=header.t_start_us,
        t_stop_us=header.t_stop_us,
        layers=tuple(layer_entries(header.layers)),
        projections=tuple(
            ProjectionEntry(
                source=one.source, target=one.target, name=one.name, learning_rule=one.learning_rule
            )
            for one in header.projections
        ),
        potentials=tuple(
            VariableEntry(
                variable=one.variable,
                layer=one.layer,
                unit=one.unit,
                sampling_period_us=one.sampling_period_us,
            )
            for one in header.potentials
        ),
        classes=header.classes,
        labels_method=_labels_method(source, header),
        image_shape=header.image_shape,
    )
    (folder / "header.json").write_bytes(msgspec.json.format(msgspec.json.encode(described), indent=2))
    write_spikes(source, folder / "spikes.parquet", progress=told("spikes"))
    neurons = _neurons(source, header)
    if neurons is not None:
        write_rows(folder / "neurons.parquet", neurons.schema, neurons.to_batches())
    if header.projections:
        names = [one.name for one in header.projections]
        synapses = (_synapses(source, names, place) for place in range(len(names)))
        write_rows(folder / "synapses.parquet", _SYNAPSES, synapses, progress=told("synapses"))
        weights = merged(_named(source, "weights", "projection", names, place) for place in range(len(names)))
        least = pa.schema([*SCHEMAS["weights"], pa.field("projection", NAME)])
        write_rows(folder / "weights.parquet", least, weights, progress=told("weights"))
    if header.potentials:
        variables = list(dict.fromkeys(one.variable for one in header.potentials))
        values = merged(
            _named(source, "potentials", "variable", variables, place) for place in range(len(variables))
        )
        layers = NeuronNames(header.layers)
        rows = (layers.batch(batch) for batch in values)
        write_rows(folder / "potentials.parquet", SCHEMAS["potentials"], rows, progress=told("potentials"))
    kinds: tuple[EventKind, ...] = ("stimuli", "images", "metrics")
    counts = source.counts()
    for kind, n in zip(kinds, (counts.stimuli, counts.images, sum(counts.metrics.values())), strict=True):
        if n:
            least = pa.schema([field for field in SCHEMAS[kind] if not field.nullable])
            write_rows(folder / f"{kind}.parquet", least, source.read(kind), progress=told(kind))


_SYNAPSES = pa.schema(
    [
        pa.field("projection", NAME, nullable=False),
        pa.field("pre", pa.uint32(), nullable=False),
        pa.field("post", pa.uint32(), nullable=False),
    ]
)


def _names(names: list[str], place: int, n: int) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(np.full(n, place, np.int32)), pa.array(names, pa.string()))


def _named(
    source: EventSource, kind: EventKind, column: str, names: list[str], place: int
) -> Iterator[pa.RecordBatch]:
    """Yield the rows of one stream with its name."""
    for batch in source.read(kind, names[place]):
        columns: dict[str, Any] = {name: batch.column(name) for name in batch.schema.names}
        yield pa.record_batch(columns | {column: _names(names, place, batch.num_rows)})


def _synapses(source: EventSource, names: list[str], place: int) -> pa.RecordBatch:
    pre, post, delays_ms = source.synapses(names[place])
    columns: dict[str, Any] = {"projection": _names(names, place, len(pre))}
    columns |= {"pre": pa.array(pre), "post": pa.array(post)}
    if delays_ms is not None:
        columns["delay_ms"] = pa.array(delays_ms)
    return pa.record_batch(columns)


def _labels_method(source: EventSource, header: Header) -> str:
    found = (source.labels(layer.name) for layer in header.layers)
    return next((labels[1] for labels in found if labels is not None), "")


def _neurons(source: EventSource, header: Header) -> pa.Table | None:
    """Return a row for each neuron of the layers that have positions or labels; None where no layer has."""
    parts: list[pa.Table] = []
    for layer in header.layers:
        positions, labels = source.positions(layer.name), source.labels(layer.name)
        if positions is None and labels is None:
            continue
        columns: dict[str, Any] = {
            "layer": pa.array([layer.name] * layer.neurons),
            "neuron": pa.array(np.arange(layer.neurons, dtype=np.uint32)),
        }
        if positions is not None:
            columns |= {name: pa.array(positions[:, axis]) for axis, name in enumerate(_AXES)}
        if labels is not None:
            columns["label"] = pa.array(
                [header.classes[k] if k >= 0 else None for k in labels[0].tolist()], pa.string()
            )
        parts.append(pa.table(columns))
    return pa.concat_tables(parts, promote_options="default") if parts else None
