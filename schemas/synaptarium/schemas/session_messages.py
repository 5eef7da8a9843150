"""REST bodies of sessions, and every Socket.IO event of ``/session``, where several people watch together."""

from __future__ import annotations

from typing import Literal

import msgspec
from msgspec import UNSET, UnsetType

from synaptarium.schemas.sessions import NoteChange, NoteOp, Operation, Session, Vector, ViewChanges

# --- REST ------------------------------------------------------------------------------------------------------------

#: Whether a session can be replayed here, and on what: as recorded; precomputed anew since; not precomputed; deleted or
#: never here; another recording has its name now.
Fit = Literal["ready", "rebuilt", "unbuilt", "missing", "other"]


class SessionSummary(Session, frozen=True, kw_only=True):
    """A session and whether it can be replayed here.

    Parameters
    ----------
    fit : Fit
        See there; ``ready`` and ``rebuilt`` can be replayed.
    fit_note : str
        What that means, for people; empty where there is nothing to say.
    replays_on : str
        Id of the recording that it replays on; empty where there is none.
    interrupted : bool
        It was never stopped, and nothing was heard of who recorded it for a while.
    """

    fit: Fit = "ready"
    fit_note: str = ""
    replays_on: str = ""
    interrupted: bool = False


class NewSession(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of ``POST /api/recordings/<id>/sessions``: begin to record; an empty name is made of recording and time."""

    name: str = ""
    author: str = ""


class SessionChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of ``POST /api/sessions/<session>``: rename, trim (None shows all again), stop. What is absent stays."""

    name: str | UnsetType = UNSET
    author: str | UnsetType = UNSET
    trim: tuple[int, int] | UnsetType | None = UNSET
    state: Literal["done"] | UnsetType = UNSET
    duration_ms: int | UnsetType = UNSET


class LogBatch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of ``POST /api/sessions/<session>/log``.

    Parameters
    ----------
    first : int
        How many operations the recorder sent before these; what came already is left out, so that a batch whose
        answer was lost can be sent again.
    at_ms : int
        The session's time now.
    operations : tuple of Operation
        In order, without notes.
    """

    first: int
    at_ms: int
    operations: tuple[Operation, ...] = ()


class NoteRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of ``POST /api/sessions/<session>/notes``: a note to add or to put in another's place, or one to take back."""

    change: NoteChange


class ForkRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of ``POST /api/sessions/<session>/fork``: a session that goes on from a moment of this one."""

    at_ms: int
    name: str = ""
    author: str = ""


class Me(msgspec.Struct, frozen=True, kw_only=True):
    """Answer of ``GET /api/me``: the role of who asks, and what it may do."""

    role: Literal["viewer", "presenter", "recorder", "admin"]
    may: tuple[Literal["look", "present", "record", "change"], ...]


# --- Socket.IO, client to server -------------------------------------------------------------------------------------


class SharedClock(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The shared playhead as a formula: at the server's time ``t0_us`` it stood at ``t_us``.

    Parameters
    ----------
    t0_us : int
        The server's clock, microseconds since 1970; clients know their offset to it.
    t_us, speed, playing, loop
        As in :class:`synaptarium.schemas.sessions.ClockOp`.
    """

    t0_us: int
    t_us: float
    speed: float
    playing: bool
    loop: tuple[int, int] | None = None


class Join(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``join``: enter a room, or make one (an empty ``room``).

    Parameters
    ----------
    recording : str
        What is watched.
    room : str
        From the link that invites.
    name : str
        Shown beside one's avatar.
    key : str
        Made up by the client: who comes back with it after a lost connection is the same person.
    """

    recording: str
    room: str = ""
    name: str = ""
    key: str


class Present(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``present``: the presenter says where the playhead is, and what changed of the view."""

    clock: SharedClock | None = None
    changes: ViewChanges | None = None  # type: ignore[valid-type]


class Look(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``look``: where one's camera is, and where one's light points."""

    position: Vector
    target: Vector
    pointer: Vector | None = None


class HandOver(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``hand_over``: another person presents from now on; taking over where nobody presents names oneself."""

    to: str


class ShareNote(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``note``: words that all in the room see now."""

    note: NoteOp


class TimeAsked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``time``: what time is it at the server? The answer carries the question's own time back."""

    sent_us: float


class Leave(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``leave``: go out of the room."""


# --- Socket.IO, server to client -------------------------------------------------------------------------------------


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Someone in a room; ``hue`` in degrees, ``here`` false while the connection is lost."""

    id: str
    name: str
    hue: int
    may_present: bool
    here: bool = True
    look: Look | None = None


class Joined(msgspec.Struct, frozen=True, kw_only=True):
    """``joined``: all that a late joiner needs to be in sync."""

    room: str
    recording: str
    you: str
    presenter: str
    people: tuple[Person, ...]
    clock: SharedClock | None
    view: ViewChanges  # type: ignore[valid-type]
    notes: tuple[NoteOp, ...]
    server_us: int


class People(msgspec.Struct, frozen=True, kw_only=True):
    """``people``: who is in the room, and who presents ("" = nobody)."""

    presenter: str
    people: tuple[Person, ...]


class Presented(msgspec.Struct, frozen=True, kw_only=True):
    """``presented``: what the presenter did; ``server_us`` is when it passed the server."""

    clock: SharedClock | None
    changes: ViewChanges | None  # type: ignore[valid-type]
    server_us: int


class Looks(msgspec.Struct, frozen=True, kw_only=True):
    """``looks``: the cameras and pointers that moved, by person."""

    looks: dict[str, Look]
    server_us: int


class Noted(msgspec.Struct, frozen=True, kw_only=True):
    """``noted``: somebody left a note."""

    note: NoteOp
    by: str


class TimeTold(msgspec.Struct, frozen=True, kw_only=True):
    """``time``: answer to ``time``, for the offset of the clocks as NTP reckons it."""

    sent_us: float
    received_us: int
    answered_us: int


#: Event name -> message.
SESSION_FROM_CLIENT: dict[str, type[msgspec.Struct]] = {
    "join": Join,
    "present": Present,
    "look": Look,
    "hand_over": HandOver,
    "note": ShareNote,
    "time": TimeAsked,
    "leave": Leave,
}
SESSION_FROM_SERVER: dict[str, type[msgspec.Struct]] = {
    "joined": Joined,
    "people": People,
    "presented": Presented,
    "looks": Looks,
    "noted": Noted,
    "time": TimeTold,
}
