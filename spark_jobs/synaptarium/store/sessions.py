"""Sessions and their logs: begun, appended to, read by segments, forked, brought in, deleted.

The log is never altered: a note that is taken back is one more operation. Snapshots lie beside it and can be made again.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from pymongo.errors import DuplicateKeyError

from synaptarium.schemas.errors import Conflict, InvalidInput, SessionNotFound
from synaptarium.schemas.recording import Recording
from synaptarium.schemas.session_file import SessionHeader
from synaptarium.schemas.session_messages import SessionChange, SessionSummary
from synaptarium.schemas.session_state import notes_after
from synaptarium.schemas.sessions import (
    LONGEST_MS,
    MAX_NOTES,
    ForkedFrom,
    NoteChange,
    NoteOp,
    Operation,
    PoseOp,
    RecordingRef,
    Segment,
    Session,
    check_operation,
)
from synaptarium.store import recordings, session_log, session_recording, session_snapshots
from synaptarium.store.database import Document, Store, call, edge
from synaptarium.store.session_log import PlaceTaken

#: Nothing was heard of a recorder for so long: it is gone, and its session ended where it was heard last.
SILENT_US = 15_000_000
_MAX_ATTEMPTS = 100


def create(store: Store, recording: Recording, *, name: str = "", author: str = "") -> Session:
    """Begin a session of a recording.

    Raises
    ------
    InvalidInput
        The name or the author is too long, or the recording is not precomputed.
    """
    if recording.build is None:
        raise InvalidInput(
            f"The recording {recording.id!r} is not precomputed.", hint="Nothing of it can be watched yet."
        )
    shown = name.strip() or f"{recording.header.name}, {time.strftime('%d %b %H:%M')}"
    return _insert(store, _session(shown, author, session_recording.remembered(recording)))


def get(store: Store, id: str) -> Session:
    """Return a session; raises SessionNotFound."""
    found = call(store, lambda: store.db.sessions.find_one({"_id": id}))
    if found is None:
        raise SessionNotFound(
            f"There is no session {id[:80]!r}.",
            hint="synaptarium session list shows those that there are; it may have been deleted.",
            where=id[:80],
        )
    return _to_session(found)


def all_sessions(store: Store) -> list[Session]:
    """Return every session, newest first."""
    order = [("created_us", -1), ("num", -1)]
    return [_to_session(d) for d in call(store, lambda: list(store.db.sessions.find().sort(order)))]


def summary(store: Store, session: Session) -> SessionSummary:
    """Return a session with whether and on what it can be replayed here."""
    fit, note, replays_on = session_recording.fit_of(store, session.recording)
    silent = time.time_ns() // 1000 - session.updated_us > SILENT_US
    return SessionSummary(
        **msgspec.structs.asdict(session),
        fit=fit,
        fit_note=note,
        replays_on=replays_on,
        interrupted=session.state == "recording" and silent,
    )


def append(store: Store, id: str, first: int, at_ms: int, operations: Sequence[Operation]) -> Session:
    """Append what the recorder saw; on disk when this returns.

    Parameters
    ----------
    first : int
        Operations that the recorder sent before; those of the batch that are here already are left out.
    at_ms : int
        The session's time now.
    operations : sequence of Operation
        In order, without notes.

    Raises
    ------
    SessionNotFound
    Conflict
        The session was stopped, or operations before these are missing.
    InvalidInput
        An operation cannot be used, goes back in time or is a note.
    """
    for op in operations:
        check_operation(op)
        if isinstance(op, NoteChange) or op.at_ms > at_ms:
            raise InvalidInput(
                f"The operation at {op.at_ms} ms does not belong into a batch up to {at_ms} ms.",
                hint="Notes go to the session's notes.",
            )
    if not 0 <= at_ms <= LONGEST_MS:
        raise InvalidInput(f"A session lasts at most {LONGEST_MS // 3_600_000} hours.", hint="Begin another.")

    def new(session: Session) -> Sequence[Operation]:
        if session.state != "recording":
            raise Conflict(
                f"The session {session.name!r} was stopped.", hint="Begin another one, or fork this one."
            )
        if first > session.n_recorded:
            raise Conflict(f"Operations {session.n_recorded} to {first - 1} of {id!r} are missing.")
        rest = operations[session.n_recorded - first :]
        if rest and rest[0].at_ms < session.duration_ms:
            raise InvalidInput(
                f"An operation goes back in time, from {session.duration_ms} to {rest[0].at_ms} ms."
            )
        return rest

    return _extend(store, id, new, at_ms)


def note(store: Store, id: str, change: NoteChange) -> Session:
    """Add a note at a moment, put it in the place of one with its id, or take it back; raises InvalidInput."""
    check_operation(change)

    def new(session: Session) -> Sequence[Operation]:
        if session.state == "done" and change.at_ms > session.duration_ms:
            raise InvalidInput(
                f"The note is at {change.at_ms / 1000:.1f} s; the session ends at {session.duration_ms / 1000:.1f} s."
            )
        if isinstance(change, NoteOp) and len(session.notes) >= MAX_NOTES:
            raise InvalidInput(f"A session holds at most {MAX_NOTES} notes.")
        return (change,)

    return _extend(store, id, new, 0)


def change(store: Store, id: str, wanted: SessionChange) -> Session:
    """Rename, trim or stop a session; raises InvalidInput and SessionNotFound."""
    session = get(store, id)
    given = {
        name: value for name, value in msgspec.structs.asdict(wanted).items() if value is not msgspec.UNSET
    }
    if "name" in given:
        given["name"] = _name(given["name"])
    if "author" in given:
        given["author"] = _author(given["author"])
    trim = given.get("trim")
    length_ms = max(session.duration_ms, given.get("duration_ms", 0))
    if trim is not None and not 0 <= trim[0] < trim[1] <= length_ms:
        raise InvalidInput(
            f"The session lasts {length_ms / 1000:.1f} s; {trim[0] / 1000:.1f} to {trim[1] / 1000:.1f} s was asked for.",
            where="trim",
        )
    if "duration_ms" in given:
        if session.state == "done" or not session.duration_ms <= given["duration_ms"] <= LONGEST_MS:
            raise InvalidInput("The length of a session only grows, and only while it is recorded.")
    given["updated_us"] = time.time_ns() // 1000
    return _set(store, id, msgspec.to_builtins(given))


def segment(store: Store, id: str, at_ms: int) -> Segment:
    """Return the part of a session that holds a moment: the nearest snapshot, and the log up to the next."""
    session = get(store, id)
    snapshot = session_snapshots.latest(store, session, max(0, at_ms))
    following = session_snapshots.next_after(store, session, snapshot)
    last = following.seq if following else session.n_operations - 1
    read = session_log.read(store, session.num, snapshot.seq + 1, last)
    operations = [op for op in read if not isinstance(op, NoteChange)]
    next_pose = None
    if following:
        later = session_log.read(store, session.num, last + 1)
        next_pose = next((op for op in later if isinstance(op, PoseOp)), None)
    return Segment(
        t_start_ms=snapshot.at_ms,
        t_stop_ms=following.at_ms if following else session.duration_ms + 1,
        state=snapshot.state,
        operations=tuple(operations),
        next_pose=next_pose,
    )


def operations_of(store: Store, session: Session) -> Iterator[Operation]:
    """Yield the whole log of a session in its order."""
    return session_log.read(store, session.num, 0, session.n_operations - 1)


def fork(store: Store, id: str, at_ms: int, *, name: str = "", author: str = "") -> Session:
    """Begin a session that has all of another up to a moment, and goes on from there; raises InvalidInput."""
    origin = get(store, id)
    if not 0 <= at_ms <= origin.duration_ms:
        raise InvalidInput(
            f"The session lasts {origin.duration_ms / 1000:.1f} s; a fork at {at_ms / 1000:.1f} s was asked for."
        )
    made = _session(
        _name(name or f"{origin.name}, from {at_ms / 1000:.1f} s"),
        author,
        origin.recording,
        forked_from=ForkedFrom(session=origin.id, at_ms=at_ms),
    )
    kept = [op for op in operations_of(store, origin) if op.at_ms <= at_ms]
    return _fill(store, made, kept, at_ms)


def bring_in(store: Store, header: SessionHeader, operations: Sequence[Operation], name: str = "") -> Session:
    """Store a session that was read from a file; it gets an id of its own."""
    made = _session(
        _name(name or header.name),
        header.author,
        header.recording,
        created_us=header.created_us,
        trim=header.trim,
        forked_from=header.forked_from,
    )
    stored = _fill(store, made, operations, header.duration_ms)
    return _set(store, stored.id, {"state": "done"})


def delete(store: Store, id: str) -> None:
    """Delete a session and its log; repeated after an interruption it goes on. Raises SessionNotFound."""
    session = get(store, id)
    session_log.delete(store, session.num)
    session_snapshots.delete(store, session.num)
    call(store, lambda: store.durable("sessions").delete_one({"_id": id}))


def _session(name: str, author: str, recording: RecordingRef, **more: Any) -> Session:
    now_us = time.time_ns() // 1000
    fields: dict[str, Any] = {"created_us": now_us} | more
    return Session(
        id="",
        num=0,
        name=_name(name),
        author=_author(author),
        recording=recording,
        updated_us=now_us,
        **fields,
    )


def _author(author: str) -> str:
    shown = " ".join(author.split())
    if len(shown) > 80:
        raise InvalidInput(f"The author's name has {len(shown)} letters; 80 is the limit.", where="author")
    return shown


def _name(name: str) -> str:
    shown = " ".join(name.split())
    if not 0 < len(shown) <= 120:
        raise InvalidInput(
            f"The name has {len(shown)} letters.", hint="A session's name has 1 to 120.", where="name"
        )
    return shown


def _insert(store: Store, session: Session) -> Session:
    num = recordings.next_number(store, "session")
    base = recordings.slug(session.name)
    base = "session" if base == "recording" else base
    for attempt in range(1, _MAX_ATTEMPTS):
        made = msgspec.structs.replace(session, id=base if attempt == 1 else f"{base}-{attempt}", num=num)
        document: Document = msgspec.to_builtins(made)
        with edge(store):
            try:
                store.durable("sessions").insert_one({"_id": document.pop("id"), **document})
            except DuplicateKeyError:
                continue
            session_snapshots.begin(store, num)
            return made
    raise Conflict(f"There are {_MAX_ATTEMPTS} sessions named {session.name!r}.", hint="Choose another name.")


def _fill(store: Store, session: Session, operations: Sequence[Operation], duration_ms: int) -> Session:
    made = _insert(store, session)
    try:
        return _write(store, made, operations, duration_ms)
    except BaseException:
        delete(store, made.id)
        raise


def _extend(store: Store, id: str, new: Any, at_ms: int) -> Session:
    for _ in range(_MAX_ATTEMPTS):
        session = get(store, id)
        operations = new(session)
        try:
            return _write(store, session, operations, at_ms)
        except PlaceTaken:
            # Another writer was quicker, or one died between the log and the session: count what is there.
            _recount(store, session)
    raise Conflict(f"Too many write to the session {id!r} at once.", hint="Try again.")


def _write(store: Store, session: Session, operations: Sequence[Operation], at_ms: int) -> Session:
    """Write operations after those that are there, snapshots where they are due, and the session's counts."""
    seq, notes = session.n_operations, session.notes
    session_log.append(store, session.num, seq, operations)
    recorded = [op for op in operations if not isinstance(op, NoteChange)]
    duration_ms = max([session.duration_ms, at_ms, *(op.at_ms for op in recorded)])
    if recorded:
        session_snapshots.write_due(store, session, operations)
    for op in operations:
        notes = notes_after(notes, op)
    return _set(
        store,
        session.id,
        {
            "n_operations": seq + len(operations),
            "n_recorded": session.n_recorded + len(recorded),
            "duration_ms": duration_ms,
            "updated_us": time.time_ns() // 1000,
            "notes": msgspec.to_builtins(notes),
        },
    )


def _recount(store: Store, session: Session) -> None:
    n, recorded, duration_ms = 0, 0, session.duration_ms
    notes: tuple[NoteOp, ...] = ()
    for op in session_log.read(store, session.num):
        n += 1
        notes = notes_after(notes, op)
        if not isinstance(op, NoteChange):
            recorded, duration_ms = recorded + 1, max(duration_ms, op.at_ms)
    counts: Document = {
        "n_operations": n,
        "n_recorded": recorded,
        "duration_ms": duration_ms,
        "notes": msgspec.to_builtins(notes),
    }
    _set(store, session.id, counts)


def _set(store: Store, id: str, fields: Document) -> Session:
    sessions = store.durable("sessions")
    if call(store, lambda: sessions.update_one({"_id": id}, {"$set": fields})).matched_count == 0:
        get(store, id)
    return get(store, id)


def _to_session(document: Document) -> Session:
    return msgspec.convert({**document, "id": document["_id"]}, Session)
