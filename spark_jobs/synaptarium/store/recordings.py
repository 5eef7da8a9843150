"""Recordings: made, found, appended to, summed up, deleted."""

from __future__ import annotations

import re
import time
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import pyarrow as pa
from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from synaptarium.schemas.errors import Conflict, InvalidInput, RecordingExists, RecordingNotFound
from synaptarium.schemas.events import TIME_COLUMN, EventKind
from synaptarium.schemas.manifest import levels_of
from synaptarium.schemas.recording import (
    RECORDING_ID,
    Accounting,
    Counts,
    Header,
    Recording,
    Status,
    WeightSpan,
    check_header,
    n_frames,
)
from synaptarium.store import chunks, events, jobs, summaries
from synaptarium.store.database import Document, Store, call, edge
from synaptarium.store.intake import Intake
from synaptarium.store.losses import add_losses, recount_losses

_MAX_ATTEMPTS = 1000


def slug(name: str) -> str:
    """Return a recording id made of a name.

    Examples
    --------
    >>> slug("Diehl & Cook, run 3")
    'diehl-cook-run-3'
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9._]+", "-", plain).strip("-._")[:56].rstrip("-._") or "recording"


def create(
    store: Store,
    header: Header,
    *,
    id: str | None = None,
    status: Status = "importing",
    fingerprint: str = "",
) -> Recording:
    """Make a recording that has no events yet.

    Parameters
    ----------
    header : Header
        Checked here.
    id : str or None
        None makes one of the name, with ``-2``, ``-3``, ... where it is taken.
    status : {"importing", "open"}
        ``open`` for a run that goes on: :func:`append` and :func:`close` follow.
    fingerprint : str
        Identity of the source.

    Raises
    ------
    InvalidInput
        The header's parts disagree, or the id has other characters than a-z, 0-9, ``.``, ``_`` and ``-``.
    RecordingExists
        The id is taken.
    """
    check_header(header)
    if id is not None and not RECORDING_ID.fullmatch(id):
        raise InvalidInput(
            f"{id!r} cannot be a recording's id.",
            hint="1 to 64 of a-z, 0-9, '.', '_' and '-', the first a letter or digit.",
        )
    base = id if id is not None else slug(header.name)
    num = next_number(store, "recording")
    for attempt in range(1, _MAX_ATTEMPTS):
        recording = Recording(
            id=base if attempt == 1 else f"{base}-{attempt}",
            num=num,
            status=status,
            header=header,
            fingerprint=fingerprint,
            created_us=time.time_ns() // 1000,
        )
        with edge(store):
            try:
                store.durable("recordings").insert_one(_to_document(recording))
                return recording
            except DuplicateKeyError:
                if id is not None:
                    break
    raise RecordingExists(
        f"There is a recording {base!r} already.",
        hint=f"Choose another name, or delete it: synaptarium delete {base}",
    )


def get(store: Store, id: str) -> Recording:
    """Return a recording; raises RecordingNotFound."""
    found = call(store, lambda: store.db.recordings.find_one({"_id": id}))
    if found is None:
        raise not_found(id)
    return _to_recording(found)


def by_num(store: Store, num: int) -> Recording:
    """Return the recording of a number; raises RecordingNotFound."""
    found = call(store, lambda: store.db.recordings.find_one({"num": num}))
    if found is None:
        raise not_found(str(num))
    return _to_recording(found)


def all_recordings(store: Store) -> list[Recording]:
    """Return every recording, newest first."""
    found = call(store, lambda: list(store.db.recordings.find().sort([("created_us", -1), ("num", -1)])))
    return [_to_recording(document) for document in found]


def of_fingerprint(store: Store, fingerprint: str, name: str) -> list[Recording]:
    """Return the recordings of that name that came from the same source, newest first."""
    where: Document = {"fingerprint": fingerprint, "header.name": name}
    return [
        _to_recording(d) for d in call(store, lambda: list(store.db.recordings.find(where).sort("num", -1)))
    ]


def delete(store: Store, id: str) -> None:
    """Delete a recording and everything of it; repeated after an interruption it goes on.

    Raises
    ------
    RecordingNotFound
        It does not exist.
    RecordingBusy
        It is being imported or precomputed.
    """
    recording = get(store, id)
    jobs.check_free(store, recording.num)
    # An interrupted deletion must not look whole, and who watches must not ask for chunks that are going.
    _update(store, id, {"$set": {"status": "failed", "build": None}})
    chunks.delete_all(store, recording.num)
    for name in ("events", "neurons", "synapses", "summaries", "jobs"):
        collection = store.durable(name)
        call(store, lambda collection=collection: collection.delete_many({"recording": recording.num}))
    for name in ("staged", "commits"):  # of writes that never ended
        collection = store.durable(name)
        call(store, lambda collection=collection: collection.delete_many({"recording": id}))
    call(store, lambda: store.durable("recordings").delete_one({"_id": id}))


def set_status(store: Store, id: str, status: Status) -> None:
    """Change a recording's status; raises RecordingNotFound."""
    _update(store, id, {"$set": {"status": status}})


def set_build(store: Store, id: str, build: int | None) -> None:
    """Publish a build: from now on readers see it. Durable, and with it all chunks written before."""
    _update(store, id, {"$set": {"build": build}})


def next_build(store: Store, id: str) -> int:
    """Return a build number that no build of a recording of that id ever had, even if it was deleted meanwhile.

    Notes
    -----
    Browsers keep chunks forever under ``/recordings/<id>/builds/<build>/``: a number used twice would show old data.
    """
    return (next_number(store, f"build/{id}") - 1) % 0xFFFF + 1


def next_number(store: Store, name: str) -> int:
    """Return the next number, from 1, of a counter that never goes back."""
    counters = store.durable("counters")
    after = ReturnDocument.AFTER
    found = call(
        store,
        lambda: counters.find_one_and_update(
            {"_id": name}, {"$inc": {"value": 1}}, upsert=True, return_document=after
        ),
    )
    return int((found or {})["value"])


def finish(
    store: Store,
    id: str,
    *,
    header: Header | None = None,
    counts: Counts | None = None,
    weights: Mapping[str, WeightSpan] | None = None,
) -> Recording:
    """Mark a recording as whole: status ``ready``, with what is now known of it."""
    changes: Document = {"status": "ready"}
    for name, value in (("header", header), ("counts", counts), ("weights", weights)):
        if value is not None:
            changes[name] = msgspec.to_builtins(value)
    _update(store, id, {"$set": changes, "$inc": {"revision": 1}, "$unset": {"grown": ""}})
    return get(store, id)


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
    recording = get(store, id)
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


def close(store: Store, id: str) -> Recording:
    """End an open recording: counts and weight statistics are taken anew from what is stored, and it is ``ready``.

    Notes
    -----
    Counting again settles what a writer that died between a block and its counts left behind.
    """
    from synaptarium.store.staging import settle  # which stands on this module

    recording = get(store, id)
    check_open(recording)
    settle(store, id)
    recording = get(store, id)
    intake = recounted(store, recording)
    accounting = recount_losses(recording.header.accounting, intake.losses())
    header = msgspec.structs.replace(recording.header, accounting=accounting)
    return finish(store, id, header=header, counts=intake.counts(), weights=intake.weights())


def recounted(store: Store, recording: Recording) -> Intake:
    """Return an intake that has seen every stored event of a recording once."""
    intake = Intake(recording.header, open_ended=True)
    for kind in TIME_COLUMN:
        for stream in streams_of(recording.header, kind):
            for batch in events.read(store, recording.num, kind, stream):
                intake.take(kind, stream, batch)
    return intake


def streams_of(header: Header, kind: EventKind) -> list[str]:
    """Return the streams that a kind may have in a recording: variables, projections, or the one without a name."""
    if kind == "potentials":
        return list(dict.fromkeys(stream.variable for stream in header.potentials))
    if kind == "weights":
        return [projection.name for projection in header.projections]
    return [""]


def stored_bytes(store: Store, recording: Recording) -> int:
    """Return the stored bytes of a recording's events and of its published build."""
    pipeline: list[Document] = [
        {"$match": {"recording": recording.num}},
        {"$group": {"_id": None, "size_bytes": {"$sum": "$size_bytes"}}},
    ]
    hint = "recording_1_kind_1_stream_1_t0_us_1_t1_us_1_seq_1_n_1_size_bytes_1"
    found = call(store, lambda: list(store.db.events.aggregate(pipeline, hint=hint)))
    total = int(found[0]["size_bytes"]) if found else 0
    if recording.build is None:
        return total
    known = summaries.read(store, recording.num, "stored_bytes", str(recording.build))
    if known is None:
        known = chunks.sizes(store, recording.num, recording.build).size_bytes
        if recording.status == "ready":  # published builds never change then
            summaries.write(store, recording.num, "stored_bytes", str(recording.build), known)
    return total + int(known)


def info(store: Store, id: str) -> dict[str, Any]:
    """Return what ``synaptarium info ID --json`` prints: network, counts, weights, levels and accounting."""
    recording = get(store, id)
    header, counts = recording.header, recording.counts
    weights = msgspec.to_builtins(recording.weights)
    accounting = [msgspec.to_builtins(entry) for entry in header.accounting]
    manifest = None
    if recording.build is not None:
        manifest = summaries.read(store, recording.num, "manifest", str(recording.build))
        accounting += [entry for entry in (manifest or {}).get("accounting", []) if entry not in accounting]
    potentials: dict[str, int] = {}
    for name, n in counts.potentials.items():
        layer = name.partition("/")[2]
        potentials[layer] = potentials.get(layer, 0) + n
    return {
        "id": recording.id,
        "name": header.name,
        "status": recording.status,
        "format": header.source.format,
        "bin_us": header.bin_us,
        "span_us": [header.t_start_us, header.t_stop_us],
        "layers": [
            {
                "name": layer.name,
                "neurons": layer.neurons,
                "shape": list(layer.shape),
                "offset": layer.offset,
                "spikes": counts.spikes.get(layer.name, 0),
                "potentials": potentials.get(layer.name, 0),
                "cell_type": layer.cell_type,
                "neuron_type": layer.neuron_type,
                "positions": layer.positions,
            }
            for layer in header.layers
        ],
        "projections": [
            {
                "name": projection.name,
                "source": projection.source,
                "target": projection.target,
                "kind": projection.kind,
                "synapses": projection.synapses,
                "weights": {
                    "first": weights.get(projection.name, {}).get("first"),
                    "last": weights.get(projection.name, {}).get("last"),
                    "changes": counts.weights.get(projection.name, 0),
                },
                "learning_rule": projection.learning_rule,
            }
            for projection in header.projections
        ],
        "variables": [msgspec.to_builtins(stream) for stream in header.potentials],
        "stimuli": counts.stimuli,
        "images": counts.images,
        "classes": list(header.classes),
        "metrics": dict(counts.metrics),
        "levels": [msgspec.to_builtins(level) for level in levels_of(n_frames(header))],
        "accounting": accounting,
        "notes": list(header.source.notes),
        "details": dict(header.source.details),
        "build": recording.build,
        "revision": recording.revision,
        "num": recording.num,
        "created_us": recording.created_us,
        "stored_bytes": stored_bytes(store, recording),
    }


def not_found(id: str) -> RecordingNotFound:
    """Return the error for a recording that does not exist."""
    return RecordingNotFound(
        f"There is no recording {id!r}.",
        hint="synaptarium list shows those that there are; it may have been deleted.",
    )


def check_open(recording: Recording) -> None:
    """Raise Conflict unless the recording is open."""
    if recording.status != "open":
        raise Conflict(
            f"Recording {recording.id!r} is {recording.status}, not open.",
            hint="Events are appended only while a run goes on.",
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
        recording = get(store, id)
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
            return _to_recording(found)
        if once and _has_grown(store, id, once, batch):
            return get(store, id)


def _has_grown(store: Store, id: str, once: str, batch: int) -> bool:
    where: Document = {"_id": id, "status": "open", f"grown.{once}": {"$not": {"$gte": batch}}}
    return call(store, lambda: store.db.recordings.find_one(where, {"_id": 1})) is None


def added(first: Counts, second: Counts) -> Counts:
    """Return the sum of two counts."""
    return Counts(
        **{field: _added(getattr(first, field), getattr(second, field)) for field in Counts.__struct_fields__}
    )


def _added(first: Any, second: Any) -> Any:
    if isinstance(first, dict):
        return {name: first.get(name, 0) + second.get(name, 0) for name in {**first, **second}}
    return first + second


def _update(store: Store, id: str, change: Document) -> None:
    if call(store, lambda: store.durable("recordings").update_one({"_id": id}, change)).matched_count == 0:
        raise not_found(id)


def _to_document(recording: Recording) -> Document:
    document: Document = msgspec.to_builtins(recording)
    return {"_id": document.pop("id"), **document}


def _to_recording(document: Document) -> Recording:
    return msgspec.convert({**document, "id": document["_id"]}, Recording)
