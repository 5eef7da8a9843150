"""A source over columns and sliceable arrays: what every adapter of this folder ends in."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, cast

import msgspec
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from synaptarium.adapters.base import BATCH_ROWS, NeuronLabels, Synapses, streams
from synaptarium.adapters.checks import known
from synaptarium.schemas.events import IMAGES, METRICS, POTENTIALS, SPIKES, STIMULI, WEIGHTS, EventKind
from synaptarium.schemas.recording import Counts, Header, Source, find_layer, find_projection

#: Values taken from a dense array at once (16 MiB of float32), so that memory does not grow with the run.
SLICE_VALUES = 4_194_304


@dataclass(frozen=True)
class SpikeColumns:
    """All spikes, sorted by (time, neuron): time_us i64, neuron u32 (global), count u16, payload f32."""

    time_us: NDArray[np.int64]
    neuron: NDArray[np.uint32]
    count: NDArray[np.uint16] | None = None
    payload: NDArray[np.float32] | None = None


@dataclass(frozen=True)
class ValueColumns:
    """Value changes sorted by time: item is a global neuron or a synapse; a NaN weight is a pruned synapse."""

    time_us: NDArray[np.int64]
    item: NDArray[np.uint32]
    value: NDArray[np.float32]


@dataclass(frozen=True)
class Samples:
    """A dense array of samples or snapshots, read in slices of time.

    Parameters
    ----------
    time_us : (T,) int64
        Ascending.
    items : (n,) uint32
        Global neurons or synapses, in the order of the array's other axes flattened.
    values : sliceable
        (T, ...) or, with ``time_axis`` 1, (n, T); whatever ``numpy.asarray`` makes numbers of.
    time_axis : int
        0 or 1.
    """

    time_us: NDArray[np.int64]
    items: NDArray[np.uint32]
    values: Any
    time_axis: int = 0

    def steps(self, first: int, last: int) -> NDArray[np.float32]:
        """Return the samples [first, last) as (last - first, n) float32."""
        if self.time_axis == 1:
            part = np.asarray(self.values[:, first:last]).T
        else:
            part = np.asarray(self.values[first:last])
        # Values beyond float32 become infinite; the check that counts finite values tells them.
        with np.errstate(over="ignore"):
            return np.ascontiguousarray(part.reshape(last - first, -1), dtype=np.float32)

    def slices(self, first: int, last: int) -> Iterator[tuple[int, NDArray[np.float32]]]:
        """Yield (index of the first sample, samples) over [first, last), bounded by SLICE_VALUES."""
        step = max(1, SLICE_VALUES // max(1, len(self.items)))
        for start in range(first, last, step):
            yield start, self.steps(start, min(last, start + step))


@dataclass(frozen=True)
class ArraySource:
    """An :class:`~synaptarium.adapters.base.EventSource` over checked arrays; made by ``arrays_source``.

    Parameters
    ----------
    header : Header
        Checked.
    totals : Counts
        What ``read`` yields in all.
    spikes : SpikeColumns
        Sorted.
    potentials : mapping of str to sequence
        Variable to dense samples and at most one block of changes.
    weights : mapping of str to Samples or ValueColumns
        Projection to its snapshots or changes.
    stimuli, metrics : pyarrow.RecordBatch
        Whole tables, sorted by time.
    images : sliceable or None
        (n, height, width) uint8.
    network : mapping
        Arrays of the network: positions, labels and synapses by name, recorded ids by (layer, variable).
    """

    header: Header
    totals: Counts
    spikes: SpikeColumns
    potentials: Mapping[str, Sequence[Samples | ValueColumns]]
    weights: Mapping[str, Samples | ValueColumns]
    stimuli: pa.RecordBatch
    metrics: pa.RecordBatch
    images: Any | None
    layer_positions: Mapping[str, NDArray[np.float32]]
    layer_labels: Mapping[str, NeuronLabels]
    layer_recorded: Mapping[tuple[str, str], NDArray[np.uint32]]
    projection_synapses: Mapping[str, Synapses]
    _digest: list[str] = field(default_factory=list[str], repr=False)

    def describe(self) -> Header:
        return self.header

    def counts(self) -> Counts:
        return self.totals

    def positions(self, layer: str) -> NDArray[np.float32] | None:
        return self.layer_positions.get(find_layer(self.header, layer).name)

    def labels(self, layer: str) -> NeuronLabels | None:
        return self.layer_labels.get(find_layer(self.header, layer).name)

    def recorded(self, layer: str, variable: str) -> NDArray[np.uint32]:
        find_layer(self.header, layer)
        return self.layer_recorded.get((layer, variable), np.zeros(0, np.uint32))

    def synapses(self, projection: str) -> Synapses:
        return self.projection_synapses[find_projection(self.header, projection).name]

    def read(
        self, kind: EventKind, stream: str = "", t_start_us: int | None = None, t_stop_us: int | None = None
    ) -> Iterator[pa.RecordBatch]:
        if kind == "spikes":
            return self._read_spikes(t_start_us, t_stop_us)
        if kind == "potentials":
            known(stream, self.potentials, "recorded variable", "stream")
            return _read_values(self.potentials[stream], t_start_us, t_stop_us)
        if kind == "weights":
            find_projection(self.header, stream)
            recorded = self.weights.get(stream)
            if recorded is None:
                return iter(())
            if isinstance(recorded, Samples):
                return _read_changes(recorded, t_start_us, t_stop_us)
            return _read_columns(recorded, WEIGHTS, t_start_us, t_stop_us)
        if kind == "images":
            return self._read_images()
        table = self.stimuli if kind == "stimuli" else self.metrics
        return _read_table(table, t_start_us, t_stop_us)

    def fingerprint(self) -> str:
        if not self._digest:
            self._digest.append(self._compute_fingerprint())
        return self._digest[0]

    def _read_spikes(self, t_start_us: int | None, t_stop_us: int | None) -> Iterator[pa.RecordBatch]:
        spikes = self.spikes
        first, last = _range(spikes.time_us, t_start_us, t_stop_us)
        columns: dict[str, NDArray[Any]] = {"time_us": spikes.time_us, "neuron": spikes.neuron}
        if spikes.count is not None:
            columns["count"] = spikes.count
        if spikes.payload is not None:
            columns["payload"] = spikes.payload
        schema = pa.schema([SPIKES.field(name) for name in columns])
        for start in range(first, last, BATCH_ROWS):
            stop = min(last, start + BATCH_ROWS)
            yield pa.record_batch(
                [pa.array(column[start:stop]) for column in columns.values()], schema=schema
            )

    def _read_images(self) -> Iterator[pa.RecordBatch]:
        if self.images is None:
            return
        n, height, width = self.images.shape
        step = max(1, SLICE_VALUES // (height * width))
        for start in range(0, n, step):
            block = np.ascontiguousarray(self.images[start : start + step], dtype=np.uint8)
            yield pa.record_batch([pa.array([one.tobytes() for one in block], pa.binary())], schema=IMAGES)

    def _compute_fingerprint(self) -> str:
        digest = hashlib.blake2b(digest_size=16)
        # The name is the user's to choose and the source's place may change; the data stay the same.
        bare = msgspec.structs.replace(self.header, name="", source=Source(format=self.header.source.format))
        digest.update(msgspec.json.encode(bare))
        for name in sorted(self.layer_positions):
            digest.update(np.ascontiguousarray(self.layer_positions[name]).tobytes())
        for name in sorted(self.layer_labels):
            digest.update(self.layer_labels[name][0].tobytes())
        for key in sorted(self.layer_recorded):
            digest.update(self.layer_recorded[key].tobytes())
        for name in sorted(self.projection_synapses):
            for array in self.projection_synapses[name]:
                if array is not None:
                    digest.update(array.tobytes())
        for kind, stream in streams(self.header, self.totals):
            digest.update(f"{kind}/{stream}".encode())
            for batch in self.read(kind, stream):
                for column in batch.columns:
                    for buffer in column.buffers():
                        if buffer is not None:
                            digest.update(buffer)
        return digest.hexdigest()


def _range(times_us: NDArray[np.int64], t_start_us: int | None, t_stop_us: int | None) -> tuple[int, int]:
    first = 0 if t_start_us is None else int(np.searchsorted(times_us, t_start_us, "left"))
    last = len(times_us) if t_stop_us is None else int(np.searchsorted(times_us, t_stop_us, "left"))
    return first, max(first, last)


def _read_columns(
    columns: ValueColumns, schema: pa.Schema, t_start_us: int | None, t_stop_us: int | None
) -> Iterator[pa.RecordBatch]:
    first, last = _range(columns.time_us, t_start_us, t_stop_us)
    for start in range(first, last, BATCH_ROWS):
        rows = slice(start, min(last, start + BATCH_ROWS))
        yield _value_batch(columns.time_us[rows], columns.item[rows], columns.value[rows], schema)


def _value_batch(
    time_us: NDArray[np.int64], item: NDArray[np.uint32], value: NDArray[np.float32], schema: pa.Schema
) -> pa.RecordBatch:
    absent = np.isnan(value) if schema is WEIGHTS else None
    return pa.record_batch([pa.array(time_us), pa.array(item), pa.array(value, mask=absent)], schema=schema)


def _read_changes(
    samples: Samples, t_start_us: int | None, t_stop_us: int | None
) -> Iterator[pa.RecordBatch]:
    """Yield the first snapshot whole, then what differs from the snapshot before (NaN equals NaN)."""
    first, last = _range(samples.time_us, t_start_us, t_stop_us)
    before = samples.steps(first - 1, first)[0] if 0 < first < last else None
    pending: list[tuple[NDArray[np.int64], NDArray[np.uint32], NDArray[np.float32]]] = []
    n_pending = 0
    for start, block in samples.slices(first, last):
        for row, now in enumerate(block):
            changed = changes(before, now)
            before = now
            time = np.full(len(changed), samples.time_us[start + row])
            pending.append((time, samples.items[changed], now[changed]))
            n_pending += len(changed)
            if n_pending >= BATCH_ROWS:
                yield from _split(pending, WEIGHTS)
                pending, n_pending = [], 0
    if n_pending:
        yield from _split(pending, WEIGHTS)


def changes(before: NDArray[np.float32] | None, now: NDArray[np.float32]) -> NDArray[np.intp]:
    """Return the indices whose value differs from the snapshot before; all of them where there is none."""
    if before is None:
        return np.arange(len(now))
    return np.flatnonzero((before != now) & ~(np.isnan(before) & np.isnan(now)))


def _split(
    pieces: Sequence[tuple[NDArray[np.int64], NDArray[np.uint32], NDArray[np.float32]]], schema: pa.Schema
) -> Iterator[pa.RecordBatch]:
    time_us, item, value = (
        np.concatenate([piece[0] for piece in pieces]),
        np.concatenate([piece[1] for piece in pieces]),
        np.concatenate([piece[2] for piece in pieces]),
    )
    order = np.argsort(time_us, kind="stable")
    for start in range(0, len(order), BATCH_ROWS):
        rows = order[start : start + BATCH_ROWS]
        yield _value_batch(time_us[rows], item[rows], value[rows], schema)


def _read_values(
    pieces: Sequence[Samples | ValueColumns], t_start_us: int | None, t_stop_us: int | None
) -> Iterator[pa.RecordBatch]:
    """Merge a variable's pieces by time, one window of about BATCH_ROWS rows at a time."""
    times = np.concatenate([piece.time_us for piece in pieces])
    rows = np.concatenate(
        [np.full(len(p.time_us), len(p.items) if isinstance(p, Samples) else 1, np.int64) for p in pieces]
    )
    order = np.argsort(times, kind="stable")
    times, rows = times[order], rows[order]
    first, last = _range(times, t_start_us, t_stop_us)
    if first == last:
        return
    window = (np.cumsum(rows[first:last]) - 1) // BATCH_ROWS
    starts = times[first:last][np.concatenate([[True], np.diff(window) > 0])]
    edges = [*np.unique(starts).tolist(), int(times[last - 1]) + 1]
    for low, high in pairwise(edges):
        parts: list[tuple[NDArray[np.int64], NDArray[np.uint32], NDArray[np.float32]]] = []
        for piece in pieces:
            a, b = _range(piece.time_us, low, high)
            if isinstance(piece, ValueColumns):
                parts.append((piece.time_us[a:b], piece.item[a:b], piece.value[a:b]))
                continue
            if a == b:
                continue
            values = piece.steps(a, b).ravel()
            good = np.isfinite(values)
            time = np.repeat(piece.time_us[a:b], len(piece.items))
            item = np.tile(piece.items, b - a)
            parts.append((time[good], item[good], values[good]))
        yield from _split(parts, POTENTIALS)


def _read_table(
    table: pa.RecordBatch, t_start_us: int | None, t_stop_us: int | None
) -> Iterator[pa.RecordBatch]:
    first, last = _range(cast("NDArray[np.int64]", table.column(0).to_numpy()), t_start_us, t_stop_us)
    for start in range(first, last, BATCH_ROWS):
        yield table.slice(start, min(BATCH_ROWS, last - start))


def empty_table(kind: EventKind) -> pa.RecordBatch:
    """Return a stimuli or metrics table without rows."""
    schema = STIMULI if kind == "stimuli" else METRICS
    return pa.record_batch([pa.array([], field.type) for field in schema], schema=schema)
