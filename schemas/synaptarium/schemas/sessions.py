"""Sessions: what a person did while watching, as an append-only list of operations.

Times within a session are ``at_ms``, whole milliseconds since it began. The playhead is a formula: an operation
``clock`` says where it stood and how fast it ran, and so where it is at any later moment; playing adds nothing to the
log. :mod:`~synaptarium.schemas.session_state` tells what operations lead to; `docs/sessions.md` describes them and the file.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from synaptarium.schemas.errors import InvalidInput
from synaptarium.schemas.presence import Vector, Worn, is_rotation, numbers_of
from synaptarium.schemas.view_state import ViewState

FORMAT, VERSION = "synaptarium.session", 1

#: A snapshot of the state is kept after so many operations or milliseconds: what a seek has to read at most.
SNAPSHOT_OPERATIONS, SNAPSHOT_MS = 200, 30_000
LONGEST_MS = 24 * 3600 * 1000
MAX_NOTES, MAX_NOTE_LETTERS = 1000, 500

#: Fields of the view that are not the view's own here: the session names the recording, ``clock`` has the playhead,
#: ``pose`` the camera; theme, bookmarks and their path belong to who looks.
_ELSEWHERE = {"recording", "t_us", "speed", "loop", "camera", "theme", "bookmarks", "path_s"}


def _changes() -> type[msgspec.Struct]:
    """Make the Struct whose fields are those of the view, each of which may be absent."""
    fields: list[tuple[str, Any, Any]] = [
        (field.name, field.type | UnsetType, UNSET)
        for field in msgspec.structs.fields(ViewState)
        if field.name not in _ELSEWHERE
    ]
    return msgspec.defstruct(
        "ViewChanges",
        fields,
        module=__name__,
        frozen=True,
        kw_only=True,
        forbid_unknown_fields=True,
    )


ViewChanges = _changes()
ViewChanges.__doc__ = "What changed of the view: fields of ViewState, absent where they stayed as they were."


class PoseOp(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    tag_field="op",
    tag="pose",
    forbid_unknown_fields=True,
    omit_defaults=True,
):
    """``pose``: where the camera or the head was, and what it looked at, in scene units; ``worn`` in a headset."""

    at_ms: int
    position: Vector
    target: Vector
    worn: Worn | None = None


class ClockOp(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="op", tag="clock", forbid_unknown_fields=True
):
    """``clock``: the playhead stood at ``t_us`` and, where ``playing``, moves ``speed`` recorded seconds a second."""

    at_ms: int
    t_us: float
    speed: float
    playing: bool
    loop: tuple[int, int] | None = None


class ViewOp(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="op", tag="view", forbid_unknown_fields=True
):
    """``view``: selection, colour mode, layers, synapses, panels: what changed."""

    at_ms: int
    changes: ViewChanges  # type: ignore[valid-type]


class PointerOp(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="op", tag="pointer", forbid_unknown_fields=True
):
    """``pointer``: the light that points at a place, None when it went out."""

    at_ms: int
    position: Vector | None = None


class NoteOp(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="op", tag="note", forbid_unknown_fields=True
):
    """``note``: words at a moment and, with ``position``, at a place; the last of an ``id`` is the one that counts."""

    at_ms: int
    id: str
    text: str = ""
    position: Vector | None = None
    duration_ms: int = 6000
    author: str = ""


class UnnoteOp(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="op", tag="unnote", forbid_unknown_fields=True
):
    """``unnote``: the note of that ``id`` was taken back."""

    at_ms: int
    id: str


Operation = PoseOp | ClockOp | ViewOp | PointerOp | NoteOp | UnnoteOp
NoteChange = NoteOp | UnnoteOp


class SessionState(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What all operations up to a moment lead to; a snapshot is one of these. Notes are kept beside it."""

    clock: ClockOp | None = None
    pose: PoseOp | None = None
    pointer: PointerOp | None = None
    view: ViewChanges = ViewChanges()  # type: ignore[valid-type]


class Segment(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a session, from one snapshot to the next: all that replaying it needs.

    Parameters
    ----------
    t_start_ms, t_stop_ms : int
        What it covers, half-open; the last one reaches to the session's end.
    state : SessionState
        At its start.
    operations : tuple of Operation
        In order, without notes.
    next_pose : PoseOp or None
        The first pose after it, towards which the camera already moves.
    """

    t_start_ms: int
    t_stop_ms: int
    state: SessionState
    operations: tuple[Operation, ...]
    next_pose: PoseOp | None = None


class LayerRef(msgspec.Struct, frozen=True, kw_only=True):
    """A layer as the session knew it."""

    name: str
    neurons: int


class RecordingRef(msgspec.Struct, frozen=True, kw_only=True):
    """The recording that was watched, as far as a session depends on it; ``build`` tells whether it was made anew."""

    id: str
    name: str
    num: int
    fingerprint: str
    build: int
    t_start_us: int
    t_stop_us: int
    layers: tuple[LayerRef, ...]


class ForkedFrom(msgspec.Struct, frozen=True, kw_only=True):
    """Where a session branched off another."""

    session: str
    at_ms: int


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """A session as it is stored, without its log.

    Parameters
    ----------
    id : str
        Name for URLs and the command line, of the same letters as a recording's.
    num : int
        Number for keys.
    name, author : str
        What it is called, and who recorded it (may be empty).
    recording : RecordingRef
        What was watched.
    state : {"recording", "done"}
        ``recording`` until it is stopped.
    created_us, updated_us : int
        Wall clock, microseconds since 1970.
    duration_ms, n_operations, n_recorded : int
        Length; operations in the log; those of them that came from the recorder, not from later notes.
    trim : tuple of int or None
        The half-open range, milliseconds, that replaying shows; the log keeps the rest.
    forked_from : ForkedFrom or None
        Its origin.
    notes : tuple of NoteOp
        Those that count now, by moment.
    version : int
        Of the format.
    """

    id: str
    num: int
    name: str
    recording: RecordingRef
    author: str = ""
    state: Literal["recording", "done"] = "recording"
    created_us: int = 0
    updated_us: int = 0
    duration_ms: int = 0
    n_operations: int = 0
    n_recorded: int = 0
    trim: tuple[int, int] | None = None
    forked_from: ForkedFrom | None = None
    notes: tuple[NoteOp, ...] = ()
    version: int = VERSION


def check_operation(op: Operation) -> Operation:
    """Return an operation whose numbers can be used; raises InvalidInput that names what cannot."""
    where = type(op).__name__.removesuffix("Op").lower()
    if not 0 <= op.at_ms <= LONGEST_MS:
        raise InvalidInput(
            f"The operation '{where}' is at {op.at_ms} ms.",
            hint=f"A session's times are 0 to {LONGEST_MS:,} ms.",
            where=where,
        )
    numbers: Iterable[float] = ()
    if isinstance(op, PoseOp):
        numbers = (*op.position, *op.target)
        if op.worn is not None:
            numbers = (*numbers, *numbers_of(op.worn))
            turns = [op.worn.rotation, *(hand.rotation for hand in (op.worn.left, op.worn.right) if hand)]
            if op.worn.scale <= 0 or not all(is_rotation(turn) for turn in turns):
                raise InvalidInput(
                    f"The pose at {op.at_ms} ms has a headset that is turned nowhere or has no size.",
                    hint="Rotations are unit quaternions (x, y, z, w); the scale is scene units of one metre.",
                    where=where,
                )
    elif isinstance(op, ClockOp):
        numbers = (op.t_us, op.speed)
        if op.loop is not None and op.loop[1] <= op.loop[0]:
            raise InvalidInput(f"The loop {op.loop[0]} to {op.loop[1]} us is empty.", where=where)
    elif isinstance(op, PointerOp | NoteOp) and op.position is not None:
        numbers = op.position
    if not all(math.isfinite(number) and abs(number) < 2**53 for number in numbers):
        raise InvalidInput(
            f"The operation '{where}' at {op.at_ms} ms holds a number that is no place or time."
        )
    if isinstance(op, NoteOp):
        if not 0 < len(op.id) <= 64 or len(op.text) > MAX_NOTE_LETTERS or len(op.author) > 80:
            raise InvalidInput(
                f"The note at {op.at_ms} ms has {len(op.text)} letters.",
                hint=f"At most {MAX_NOTE_LETTERS}, an author of at most 80, and an id of 1 to 64.",
                where=where,
            )
        if not 0 < op.duration_ms <= LONGEST_MS or (not op.text.strip() and op.position is None):
            raise InvalidInput(f"The note at {op.at_ms} ms shows nothing.", hint="Give it words or a place.")
    return op
