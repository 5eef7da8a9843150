"""Recordings whose run goes on: events are appended, counts and span grow with them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import pyarrow as pa
from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from synaptarium.schemas.errors import Conflict
from synaptarium.schemas.events import TIME_COLUMN, EventKind
from synaptarium.schemas.recording import Accounting, Counts, Recording
from synaptarium.store import events, recordings
from synaptarium.store.database import Document, Store, call, edge
from synaptarium.store.intake import Intake
from synaptarium.store.losses import add_losses


def append(store: Store, id: str, kind: EventKind, stream: str, batch: pa.RecordBatch) -> Recording:
    """Append events to an open recording; on disk when this returns.

    Parameters
    ----------
    id : str
        A recording whose status is ``open``.
    kind, stream : str
        See :mod:`synaptarium.schemas.events`.
    batch : pyarrow.RecordBatch
        In any order; may reach beyond the present span, which grows. Values that are no numbers are left out.

    Returns
    -------
    Recording
        With the new counts, end, revision, and what was left out in its accounting.

    Raises
    ------
    Conflict
        The recording is not open.
    InvalidInput
        As :meth:`synaptarium.store.intake.Intake.take`; nothing of the batch is stored then.
    """
    recording = recordings.get(store, id)
    check_open(recording)
    intake = Intake(recording.header, open_ended=True, track_weights=False)
    taken = intake.take(kind, stream, batch)
    if batch.num_rows == 0:
        return recording
    first, last_us = recording.counts.images, None
    if taken.num_rows:
        rows = max(1, events.BLOCK_BYTES // max(1, taken.nbytes // taken.num_rows))
        for start in range(0, taken.num_rows, rows):
            _append_block(store, recording.num, kind, stream, taken.slice(start, rows), first + start)
        column = TIME_COLUMN[kind]
        last_us = None if column is None else taken.column(column)[-1].as_py()
    losses = intake.losses()
    stored = events.n_rows(store, recording.num, kind, stream) if taken.num_rows < batch.num_rows else 0
    return grow(store, id, intake.counts(), last_us, losses=losses, stored=stored)


def check_open(recording: Recording) -> None:
    """Raise Conflict unless the recording is open."""
    if recording.status != "open":
        raise Conflict(
            f"Recording {recording.id!r} is {recording.status}, not open.",
            hint="Events are appended only while a run goes on.",
        )


def grow(
    store: Store,
    id: str,
    more: Counts,
    last_us: int | None,
    *,
    losses: Sequence[Accounting] = (),
    stored: int = 0,
    once: str = "",
    batch: int = 0,
) -> Recording:
    """Add counts and losses and stretch the span, whoever else does so at the same time.

    Parameters
    ----------
    more : Counts
        Events that are stored already.
    last_us : int or None
        Time of the last of them; None where there is none.
    losses, stored : sequence of Accounting, int
        See :func:`synaptarium.store.losses.add_losses`.
    once, batch : str, int
        Where named (by letters and digits), each batch under a name counts once, however often and late it is asked
        for; the recording keeps the name until it is closed.
    """
    while True:
        recording = recordings.get(store, id)
        header, counts = recording.header, recording.counts
        t_stop_us = header.t_stop_us
        if last_us is not None:
            bins = (last_us - header.t_start_us) // header.bin_us + 1
            t_stop_us = max(t_stop_us, header.t_start_us + bins * header.bin_us)
        changes: Document = {
            "counts": msgspec.to_builtins(added(counts, more)),
            "header.t_stop_us": t_stop_us,
            "revision": recording.revision + 1,
        }
        if losses:
            told = add_losses(header.accounting, losses, stored=stored)
            changes["header.accounting"] = msgspec.to_builtins(told)
        where: Document = {"_id": id, "revision": recording.revision}
        if once:
            where |= {"status": "open", f"grown.{once}": {"$not": {"$gte": batch}}}
            changes[f"grown.{once}"] = batch

        def update(where: Document = where, changes: Document = changes) -> Document | None:
            return store.durable("recordings").find_one_and_update(
                where, {"$set": changes}, return_document=ReturnDocument.AFTER
            )

        if once:
            found = call(store, update)
        else:
            with edge(store):
                found = update()
        if found is not None:
            return recordings.recording_of(found)
        if once and _has_grown(store, id, once, batch):
            return recordings.get(store, id)


def added(first: Counts, second: Counts) -> Counts:
    """Return the sum of two counts."""
    return Counts(
        **{field: _added(getattr(first, field), getattr(second, field)) for field in Counts.__struct_fields__}
    )


def _append_block(
    store: Store, num: int, kind: EventKind, stream: str, batch: pa.RecordBatch, first: int
) -> None:
    where: Document = {"recording": num, "kind": kind, "stream": stream}
    with edge(store):
        while True:
            newest = store.db.events.find_one(where, {"_id": 0, "seq": 1}, sort=[("seq", -1)])
            try:
                events.add_block(
                    store, num, kind, stream, newest["seq"] + 1 if newest else 0, batch, first=first
                )
                return
            except DuplicateKeyError:
                continue  # another writer of the same stream was quicker


def _has_grown(store: Store, id: str, once: str, batch: int) -> bool:
    where: Document = {"_id": id, "status": "open", f"grown.{once}": {"$not": {"$gte": batch}}}
    return call(store, lambda: store.db.recordings.find_one(where, {"_id": 1})) is None


def _added(first: Any, second: Any) -> Any:
    if isinstance(first, dict):
        return {name: first.get(name, 0) + second.get(name, 0) for name in {**first, **second}}
    return first + second
