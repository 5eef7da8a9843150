"""Snapshots of a session: its state at places in its log, so that a seek reads only what lies between two of them.

They follow from the log, and are written beside it where it has grown enough.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from synaptarium.schemas.errors import Internal
from synaptarium.schemas.session_state import reduce
from synaptarium.schemas.sessions import (
    SNAPSHOT_MS,
    SNAPSHOT_OPERATIONS,
    NoteChange,
    Operation,
    Session,
    SessionState,
)
from synaptarium.store import session_log
from synaptarium.store.database import Document, Store, call


class Snapshot(NamedTuple):
    """The state after the operation at ``seq``, -1 for before the first; nothing lies between it and ``at_ms``."""

    seq: int
    at_ms: int
    state: SessionState


def begin(store: Store, num: int) -> None:
    """Write the snapshot at the beginning of a session, which every other one follows from."""
    _write(store, num, Snapshot(-1, 0, SessionState()))


def latest(store: Store, session: Session, at_ms: int | None = None) -> Snapshot:
    """Return the last snapshot at or before a moment, or the last of all."""
    where: Document = {"session": session.num}
    if at_ms is not None:
        where["at_ms"] = {"$lte": at_ms}
    order = [("at_ms", -1), ("seq", -1)]
    found = call(store, lambda: store.db.session_snapshots.find_one(where, sort=order))
    if found is None:
        raise Internal(f"The session {session.id!r} has no snapshot at its beginning.")
    return _to_snapshot(found)


def next_after(store: Store, session: Session, snapshot: Snapshot) -> Snapshot | None:
    """Return the snapshot that follows one; None after the last."""
    where: Document = {"session": session.num, "at_ms": {"$gt": snapshot.at_ms}}
    order = [("at_ms", 1), ("seq", 1)]
    found = call(store, lambda: store.db.session_snapshots.find_one(where, sort=order))
    return None if found is None else _to_snapshot(found)


def write_due(store: Store, session: Session, operations: Sequence[Operation]) -> None:
    """Write the snapshots that are due within operations which were appended to what the session counts."""
    seq = session.n_operations
    last_seq, last_ms, state = latest(store, session)
    for op in session_log.read(store, session.num, last_seq + 1, seq - 1):
        state = reduce(state, op)
    for place, op in enumerate(operations):
        due = seq + place - last_seq > SNAPSHOT_OPERATIONS or op.at_ms - last_ms >= SNAPSHOT_MS
        # Never two at one moment: a seek finds a snapshot by its time.
        if due and op.at_ms > last_ms and not isinstance(op, NoteChange):
            last_seq, last_ms = seq + place - 1, op.at_ms
            _write(store, session.num, Snapshot(last_seq, last_ms, state))
        state = reduce(state, op)


def delete(store: Store, num: int) -> None:
    """Delete a session's snapshots."""
    call(store, lambda: store.durable("session_snapshots").delete_many({"session": num}))


def _write(store: Store, num: int, snapshot: Snapshot) -> None:
    where: Document = {"session": num, "seq": snapshot.seq, "at_ms": snapshot.at_ms}
    document: Document = {**where, "state": msgspec.to_builtins(snapshot.state)}
    call(store, lambda: store.durable("session_snapshots").replace_one(where, document, upsert=True))


def _to_snapshot(document: Document) -> Snapshot:
    return Snapshot(document["seq"], document["at_ms"], msgspec.convert(document["state"], SessionState))
