"""REST bodies of sessions."""

from __future__ import annotations

from typing import Literal

import msgspec
from msgspec import UNSET, UnsetType

from synaptarium.schemas.sessions import NoteChange, Operation, Session

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
