"""Recordings: made, found, published, deleted."""

from __future__ import annotations

import re
import time
import unicodedata
from collections.abc import Mapping

import msgspec
from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from synaptarium.schemas.errors import InvalidInput, RecordingExists, RecordingNotFound
from synaptarium.schemas.events import EventKind
from synaptarium.schemas.recording import (
    RECORDING_ID,
    Counts,
    Header,
    Recording,
    Status,
    ToldStatus,
    WeightSpan,
    check_header,
)
from synaptarium.store import chunks, jobs
from synaptarium.store.database import Document, Store, call, edge

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
        ``open`` for a run that goes on: :func:`.open_runs.append` and :func:`.closing.close` follow.
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
    return recording_of(found)


def all_recordings(store: Store) -> list[Recording]:
    """Return every recording, newest first."""
    found = call(store, lambda: list(store.db.recordings.find().sort([("created_us", -1), ("num", -1)])))
    return [recording_of(document) for document in found]


def of_fingerprint(store: Store, fingerprint: str, name: str) -> list[Recording]:
    """Return the recordings of that name that came from the same source, newest first."""
    where: Document = {"fingerprint": fingerprint, "header.name": name}
    return [
        recording_of(d) for d in call(store, lambda: list(store.db.recordings.find(where).sort("num", -1)))
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


def told_status(store: Store, recording: Recording) -> ToldStatus:
    """Return a recording's status; ``interrupted`` where it is importing and its importer ended or was killed."""
    if recording.status == "importing" and jobs.is_free(store, recording.num):
        return "interrupted"
    return recording.status


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


def streams_of(header: Header, kind: EventKind) -> list[str]:
    """Return the streams that a kind may have in a recording: variables, projections, or the one without a name."""
    if kind == "potentials":
        return list(dict.fromkeys(stream.variable for stream in header.potentials))
    if kind == "weights":
        return [projection.name for projection in header.projections]
    return [""]


def not_found(id: str) -> RecordingNotFound:
    """Return the error for a recording that does not exist."""
    return RecordingNotFound(
        f"There is no recording {id!r}.",
        hint="synaptarium list shows those that there are; it may have been deleted.",
    )


def _update(store: Store, id: str, change: Document) -> None:
    if call(store, lambda: store.durable("recordings").update_one({"_id": id}, change)).matched_count == 0:
        raise not_found(id)


def _to_document(recording: Recording) -> Document:
    document: Document = msgspec.to_builtins(recording)
    return {"_id": document.pop("id"), **document}


def recording_of(document: Document) -> Recording:
    """Return the recording that a document of the collection describes."""
    return msgspec.convert({**document, "id": document["_id"]}, Recording)
