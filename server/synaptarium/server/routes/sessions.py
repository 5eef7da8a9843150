"""Sessions: recorded viewings, listed, written, read by segments, exported and brought in."""

from __future__ import annotations

from synaptarium.schemas.session_file import MAX_FILE_BYTES, lines_of, read_lines
from synaptarium.schemas.session_messages import (
    ForkRequest,
    LogBatch,
    Me,
    NewSession,
    NoteRequest,
    SessionChange,
    SessionSummary,
)
from synaptarium.schemas.sessions import LONGEST_MS, Segment, Session
from synaptarium.server.endpoint import Endpoint, Payload, Query
from synaptarium.server.roles import ALLOWED, Role
from synaptarium.server.site import Site
from synaptarium.store import recordings, sessions

JSON_LINES = "application/x-ndjson"
_ACTIONS = ("look", "present", "record", "change")


def me(site: Site, role: Role) -> Me:
    """Return who asks."""
    return Me(role=role, may=tuple(action for action in _ACTIONS if action in ALLOWED[role]))


def list_sessions(site: Site) -> list[SessionSummary]:
    """Return every session, newest first."""
    return [sessions.summary(site.store, found) for found in sessions.all_sessions(site.store)]


def begin(site: Site, id: str, body: NewSession) -> Session:
    """Begin to record a session."""
    recording = recordings.get(site.store, id)
    return sessions.create(site.store, recording, name=body.name, author=body.author)


def get_session(site: Site, session: str) -> SessionSummary:
    """Return a session without its log."""
    return sessions.summary(site.store, sessions.get(site.store, session))


def change_session(site: Site, session: str, body: SessionChange) -> SessionSummary:
    """Rename, trim or stop a session."""
    return sessions.summary(site.store, sessions.change(site.store, session, body))


def delete_session(site: Site, session: str) -> None:
    """Delete a session and its log."""
    sessions.delete(site.store, session)


def append_log(site: Site, session: str, body: LogBatch) -> Session:
    """Append what the recorder saw."""
    return sessions.append(site.store, session, body.first, body.at_ms, body.operations)


def add_note(site: Site, session: str, body: NoteRequest) -> SessionSummary:
    """Add, replace or take back a note."""
    return sessions.summary(site.store, sessions.note(site.store, session, body.change))


def fork_session(site: Site, session: str, body: ForkRequest) -> Session:
    """Begin a session that goes on from a moment of this one."""
    return sessions.fork(site.store, session, body.at_ms, name=body.name, author=body.author)


def segment(site: Site, session: str, at_ms: int) -> Segment:
    """Return the part of a session that holds a moment."""
    return sessions.segment(site.store, session, at_ms)


def export(site: Site, session: str) -> Payload:
    """Return a session as a file of JSON lines."""
    found = sessions.get(site.store, session)
    data = b"".join(lines_of(found, sessions.operations_of(site.store, found)))
    return Payload(data=data, content_type=JSON_LINES, etag=f"{found.id}.{found.updated_us}.{len(data)}")


def bring_in(site: Site, body: bytes) -> SessionSummary:
    """Store a session from a file of JSON lines."""
    header, operations = read_lines(body)
    return sessions.summary(site.store, sessions.bring_in(site.store, header, operations))


_ID = "/api/sessions/<session>"

ENDPOINTS = (
    Endpoint(
        method="GET", path="/api/me", call=me, summary="The role of who asks", answer=Me, wants_role=True
    ),
    Endpoint(
        method="GET",
        path="/api/sessions",
        call=list_sessions,
        summary="List the sessions, newest first",
        answer=list[SessionSummary],
    ),
    Endpoint(
        method="POST",
        path="/api/session-files",
        call=bring_in,
        summary="Bring in a session that was exported",
        answer=SessionSummary,
        action="present",
        raw_body=JSON_LINES,
        max_body_bytes=MAX_FILE_BYTES,
    ),
    Endpoint(
        method="POST",
        path="/api/recordings/<id>/sessions",
        call=begin,
        summary="Begin to record a session",
        answer=Session,
        action="present",
        body=NewSession,
    ),
    Endpoint(
        method="GET", path=_ID, call=get_session, summary="A session without its log", answer=SessionSummary
    ),
    Endpoint(
        method="POST",
        path=_ID,
        call=change_session,
        summary="Rename, trim or stop a session",
        answer=SessionSummary,
        action="present",
        body=SessionChange,
    ),
    Endpoint(
        method="DELETE",
        path=_ID,
        call=delete_session,
        summary="Delete a session and its log",
        answer=None,
        action="present",
    ),
    Endpoint(
        method="POST",
        path=f"{_ID}/log",
        call=append_log,
        summary="Append operations to a session that is being recorded",
        answer=Session,
        action="present",
        body=LogBatch,
    ),
    Endpoint(
        method="POST",
        path=f"{_ID}/notes",
        call=add_note,
        summary="Add, replace or take back a note",
        answer=SessionSummary,
        action="present",
        body=NoteRequest,
    ),
    Endpoint(
        method="POST",
        path=f"{_ID}/fork",
        call=fork_session,
        summary="Begin a session that goes on from a moment of this one",
        answer=Session,
        action="present",
        body=ForkRequest,
    ),
    Endpoint(
        method="GET",
        path=f"{_ID}/segment",
        call=segment,
        summary="The nearest snapshot before a moment, and the log up to the next",
        answer=Segment,
        query=(Query(name="at_ms", default=0, help="the moment, milliseconds", high=LONGEST_MS),),
    ),
    Endpoint(
        method="GET",
        path=f"{_ID}/export",
        call=export,
        summary="The session as JSON lines",
        answer=JSON_LINES,
    ),
)
