"""The one way into the store: a source's arrays and events are checked, cut into blocks and written, resumably."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import msgspec
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from synaptarium.adapters.base import EventSource
from synaptarium.schemas.errors import (
    InvalidInput,
    NeuronOutOfRange,
    RecordingBusy,
    RecordingExists,
    StoreUnavailable,
    SynaptariumError,
)
from synaptarium.schemas.events import TIME_COLUMN, EventKind
from synaptarium.schemas.recording import Counts, Header, Recording, check_header, find_layer, n_neurons
from synaptarium.store import events, jobs, network, recordings
from synaptarium.store.block_writer import BlockWriter
from synaptarium.store.database import Store, call
from synaptarium.store.intake import Intake

#: ``progress(done, total, what)``: events so far, events in all (0 while unknown), and what is being written.
Progress = Callable[[int, int, str], None]

# A database that dies during an import is back within seconds, a restarted server within a minute or so; nothing is lost
# by waiting for it.
PATIENCE_S = 60.0
HEARTBEAT_S = 5.0
# Images first: stimuli name them.
_ORDER: tuple[EventKind, ...] = ("images", "stimuli", "metrics", "spikes", "potentials", "weights")


def import_source(
    store: Store, source: EventSource, *, name: str | None = None, progress: Progress | None = None
) -> Recording:
    """Write a source as a recording.

    Parameters
    ----------
    store : Store
        Where to.
    source : EventSource
        Any adapter's. Read once, block by block: memory stays at a few blocks and one value per synapse.
    name : str or None
        Name of the recording; None takes the source's.
    progress : callable or None
        See :data:`Progress`.

    Returns
    -------
    Recording
        With status ``ready``.

    Raises
    ------
    InvalidInput, CorruptData
        The source contradicts itself or cannot be read. Nothing of it stays in the store.
    RecordingExists
        This source was imported under this name before.
    RecordingBusy
        Another process imports it right now.
    StoreUnavailable
        The database went away for longer than a minute, or its disk is full. What was acknowledged stays, the recording says ``importing``,
        and the same import goes on from there; so it does after the importing process was killed.
    """
    store = dataclasses.replace(store, patience_s=max(store.patience_s, PATIENCE_S))
    header = source.describe()
    if name is not None:
        header = msgspec.structs.replace(header, name=name)
    check_header(header)
    owner = jobs.new_owner()
    recording = _begin(store, header, source.fingerprint(), owner)
    try:
        return _Import(store, recording, source, owner, progress).run()
    except StoreUnavailable:
        raise  # What is written is kept, to go on from.
    except SynaptariumError:
        # The source's own fault, a damaged file say, or cancelled: leave the store as it was.
        with suppress(SynaptariumError):
            jobs.release(store, recording.num, 0, owner)
            recordings.delete(store, recording.id)
        raise
    finally:
        with suppress(StoreUnavailable):
            jobs.release(store, recording.num, 0, owner)


def _begin(store: Store, header: Header, fingerprint: str, owner: str) -> Recording:
    for found in recordings.of_fingerprint(store, fingerprint, header.name):
        if found.status == "ready":
            raise RecordingExists(
                f"This source is in the store already, as recording {found.id!r}.",
                hint=f"Give another --name to keep both, or delete it first: synaptarium delete {found.id}",
            )
        if found.status == "importing":
            jobs.claim(store, found.num, 0, owner)  # RecordingBusy while its importer lives
            if found.header == header:
                return found
            # Read with other options this time: its blocks are others.
            jobs.release(store, found.num, 0, owner)
            recordings.delete(store, found.id)
    recording = recordings.create(store, header, fingerprint=fingerprint)
    # Whoever began the same in the same moment and was quicker has the earlier id.
    for found in recordings.of_fingerprint(store, fingerprint, header.name):
        if found.status in ("importing", "ready") and _order(found.id) < _order(recording.id):
            recordings.delete(store, recording.id)
            raise RecordingBusy(
                f"This source is being imported already, as recording {found.id!r}.",
                hint="Wait for it, or give another --name to keep both.",
            )
    jobs.claim(store, recording.num, 0, owner)
    return recording


def _order(id: str) -> tuple[int, str]:
    return len(id), id


class _Import:
    """One import as it goes on."""

    def __init__(
        self, store: Store, recording: Recording, source: EventSource, owner: str, progress: Progress | None
    ) -> None:
        self._store = store
        self._recording = recording
        self._num = recording.num
        self._header = recording.header
        self._source = source
        self._owner = owner
        self._progress = progress
        self._done = 0
        self._total = total_of(source.counts()) if progress is not None else 0
        self._beat = time.monotonic()

    def run(self) -> Recording:
        """Write arrays, then events; returns the finished recording."""
        self._tell("network")
        recorded = self._write_network()
        intake = Intake(self._header, recorded=recorded)
        with BlockWriter(self._store, self._num) as writer:
            for kind in _ORDER:
                for stream in recordings.streams_of(self._header, kind):
                    self._write_events(writer, intake, kind, stream)
            writer.flush()
        intake.finish()
        header = msgspec.structs.replace(
            self._header, accounting=self._header.accounting + intake.accounting()
        )
        return recordings.finish(
            self._store, self._recording.id, header=header, counts=intake.counts(), weights=intake.weights()
        )

    def _tell(self, what: str) -> None:
        if self._progress is not None:
            self._progress(self._done, max(self._total, self._done), what)
        now = time.monotonic()
        if now - self._beat > HEARTBEAT_S:
            self._beat = now
            if not jobs.heartbeat(self._store, self._num, 0, self._owner):
                raise StoreUnavailable(
                    f"The import of {self._header.name!r} lost its lease: it stood still for too long.",
                    hint="Start it again; it goes on from where it was.",
                )

    def _write_network(self) -> dict[str, NDArray[np.bool_]]:
        store, source, num = self._store, self._source, self._num
        for layer in self._header.layers:
            positions = source.positions(layer.name)
            if positions is not None:
                _check_length(
                    f"Layer {layer.name!r} has {layer.neurons} neurons",
                    "positions",
                    len(positions),
                    layer.neurons,
                )
                if not bool(np.isfinite(positions).all()):
                    raise InvalidInput(f"Positions of layer {layer.name!r} are not all numbers.")
                network.write_positions(store, num, layer.name, positions)
            labels = source.labels(layer.name)
            if labels is not None:
                _check_length(
                    f"Layer {layer.name!r} has {layer.neurons} neurons",
                    "labels",
                    len(labels[0]),
                    layer.neurons,
                )
                network.write_labels(store, num, layer.name, labels[0], labels[1])
        recorded: dict[str, NDArray[np.bool_]] = {}
        for stream in self._header.potentials:
            layer = find_layer(self._header, stream.layer)
            ids = source.recorded(layer.name, stream.variable)
            _check_ids(
                f"Layer {layer.name!r} has {layer.neurons} neurons; recorded is neuron", ids, layer.neurons
            )
            network.write_recorded(store, num, layer.name, stream.variable, ids)
            mask = recorded.setdefault(stream.variable, np.zeros(n_neurons(self._header), np.bool_))
            mask[layer.offset + ids.astype(np.int64)] = True
        for projection in self._header.projections:
            pre, post, delay_ms = source.synapses(projection.name)
            named = f"Projection {projection.name!r}"
            if projection.kind != "kernel" or len(pre):
                _check_length(
                    f"{named} has {projection.synapses} synapses",
                    "presynaptic ids",
                    len(pre),
                    projection.synapses,
                )
                _check_length(
                    f"{named} has {projection.synapses} synapses",
                    "postsynaptic ids",
                    len(post),
                    projection.synapses,
                )
            neurons = find_layer(self._header, projection.source).neurons
            _check_ids(
                f"Layer {projection.source!r} has {neurons} neurons; {named} comes from neuron", pre, neurons
            )
            neurons = projection.target_neurons
            _check_ids(f"{projection.target!r} has {neurons} neurons; {named} leads to neuron", post, neurons)
            network.write_synapses(store, num, projection.name, pre, post, delay_ms)
        return recorded

    def _write_events(self, writer: BlockWriter, intake: Intake, kind: EventKind, stream: str) -> None:
        written = {block.seq: block for block in events.blocks(self._store, self._num, kind, stream)}
        column = TIME_COLUMN[kind]
        what = kind if not stream else f"{kind} of {stream}"
        seq = first = 0
        for block in cut(self._taken(intake, kind, stream)):
            if column is not None:
                block = events.time_sorted(block, column)
            known = written.get(seq)
            t0_us, t1_us = first, first + block.num_rows - 1
            if column is not None:
                t0_us, t1_us = block.column(column)[0].as_py(), block.column(column)[-1].as_py()
            if known is None or (known.n, known.t0_us, known.t1_us) != (block.num_rows, t0_us, t1_us):
                writer.put(kind, stream, seq, block, first=first)
            seq += 1
            first += block.num_rows
            self._tell(what)
        beyond = {"recording": self._num, "kind": kind, "stream": stream, "seq": {"$gte": seq}}
        call(self._store, lambda: self._store.durable("events").delete_many(beyond))
        self._tell(what)

    def _taken(self, intake: Intake, kind: EventKind, stream: str) -> Iterator[pa.RecordBatch]:
        for batch in self._source.read(kind, stream):
            taken = intake.take(kind, stream, batch)
            self._done += batch.num_rows
            if taken.num_rows:
                yield taken


def total_of(counts: Counts) -> int:
    """Return the number of events of all kinds (spikes by their multiplicity)."""
    named = (counts.spikes, counts.potentials, counts.weights, counts.metrics)
    return sum(sum(group.values()) for group in named) + counts.stimuli + counts.images


def cut(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Yield the rows of batches of one stream as blocks of at most 4 MiB.

    Notes
    -----
    Columns of fixed width give blocks of one size, however the rows come: a resumed import meets the same blocks.
    """
    waiting: list[pa.RecordBatch] = []
    n_waiting = 0
    limit = 0
    for batch in batches:
        limit = limit or _rows_of_a_block(batch)
        waiting.append(batch)
        n_waiting += batch.num_rows
        if n_waiting < limit:
            continue
        rows = events.joined(waiting)
        start = 0
        while n_waiting - start >= limit:
            yield rows.slice(start, limit)
            start += limit
        waiting = [rows.slice(start)] if start < n_waiting else []
        n_waiting -= start
    if n_waiting:
        yield events.joined(waiting)


def _rows_of_a_block(batch: pa.RecordBatch) -> int:
    widths: list[int] = []
    for column in batch.columns:
        try:
            widths.append(column.type.bit_width)
        except ValueError:  # text and pixels: as wide as they are here, with room to spare
            widths.append(16 * max(1, column.nbytes // max(1, len(column))))
    return max(1, events.BLOCK_BYTES * 8 // sum(widths))


def _check_length(has: str, what: str, found: int, wanted: int) -> None:
    if found != wanted:
        raise InvalidInput(f"{has}; {found} {what} are given.")


def _check_ids(says: str, ids: NDArray[np.uint32], n: int) -> None:
    if len(ids) and int(ids.max()) >= n:
        raise NeuronOutOfRange(f"{says} {int(ids.max())}.", hint="Neuron ids start at 0 in each layer.")
