"""What a session shows at a moment: pure functions of its operations, the same as ``state/session/session_state.ts`` in the page.

Both are held against one table of moments.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import msgspec
from msgspec import UNSET

from synaptarium.schemas.presence import Vector
from synaptarium.schemas.sessions import (
    ClockOp,
    NoteOp,
    Operation,
    PointerOp,
    PoseOp,
    Segment,
    SessionState,
    UnnoteOp,
    ViewOp,
)
from synaptarium.schemas.view_state import Camera, ViewState

#: A moved camera is noted ten times a second; between two notes it moves in a straight line for so long at most.
POSE_BLEND_MS = 150


def given_fields(changes: msgspec.Struct) -> dict[str, Any]:
    """Return the fields that are there."""
    found = msgspec.structs.asdict(changes)
    return {name: value for name, value in found.items() if value is not UNSET}


def reduce(state: SessionState, op: Operation) -> SessionState:
    """Return the state after an operation; notes change nothing in it."""
    if isinstance(op, PoseOp):
        return msgspec.structs.replace(state, pose=op)
    if isinstance(op, ClockOp):
        return msgspec.structs.replace(state, clock=op)
    if isinstance(op, PointerOp):
        return msgspec.structs.replace(state, pointer=op if op.position is not None else None)
    if isinstance(op, ViewOp):
        changed = msgspec.structs.replace(state.view, **given_fields(op.changes))
        return msgspec.structs.replace(state, view=changed)
    return state


def notes_after(notes: tuple[NoteOp, ...], op: Operation) -> tuple[NoteOp, ...]:
    """Return the notes that count after an operation, by moment."""
    if not isinstance(op, NoteOp | UnnoteOp):
        return notes
    others = [note for note in notes if note.id != op.id]
    if isinstance(op, NoteOp):
        others.append(op)
    return tuple(sorted(others, key=lambda note: (note.at_ms, note.id)))


def playhead_us(clock: ClockOp, at_ms: float) -> float:
    """Return where the playhead is at a moment, after the ``clock`` operation in force.

    Examples
    --------
    >>> clock = ClockOp(at_ms=1000, t_us=500_000, speed=0.5, playing=True)
    >>> playhead_us(clock, 3000)
    1500000.0
    """
    if not clock.playing:
        return float(clock.t_us)
    t_us = clock.t_us + clock.speed * (at_ms - clock.at_ms) * 1000
    if clock.loop is None:
        return t_us
    start, stop = clock.loop
    length = stop - start
    if clock.speed > 0 and t_us >= stop:
        return start + (t_us - stop) % length
    if clock.speed < 0 and t_us <= start:
        return stop - 1 - min((start - t_us) % length, length - 1)
    return t_us


def camera_at(pose: PoseOp | None, after: PoseOp | None, at_ms: float) -> Camera | None:
    """Return the camera at a moment between two poses: it stands, and moves in a straight line at the end."""
    if pose is None:
        return None
    if after is None or at_ms <= (start := max(pose.at_ms, after.at_ms - POSE_BLEND_MS)):
        return Camera(position=pose.position, target=pose.target)
    part = min(1.0, (at_ms - start) / max(1, after.at_ms - start))
    return Camera(
        position=_between(pose.position, after.position, part),
        target=_between(pose.target, after.target, part),
    )


def _between(a: Vector, b: Vector, part: float) -> Vector:
    return (a[0] + (b[0] - a[0]) * part, a[1] + (b[1] - a[1]) * part, a[2] + (b[2] - a[2]) * part)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Moment:
    """What a session shows at one moment.

    Parameters
    ----------
    view : ViewState
        The document behind the URL.
    playing : bool
        Whether the playhead runs.
    pointer : tuple of float or None
        Where the light points.
    notes : tuple of NoteOp
        Those shown now.
    """

    view: ViewState
    playing: bool
    pointer: Vector | None
    notes: tuple[NoteOp, ...]


def moment_at(segment: Segment, recording: str, notes: tuple[NoteOp, ...], at_ms: float) -> Moment:
    """Return what a session shows at a moment of a segment: the same for everyone who replays it.

    Parameters
    ----------
    segment : Segment
        That holds the moment.
    recording : str
        Recording id.
    notes : tuple of NoteOp
        The session's notes.
    at_ms : float
        Milliseconds since the session began.
    """
    state, after = segment.state, segment.next_pose
    for op in segment.operations:
        if op.at_ms <= at_ms:
            state = reduce(state, op)
        elif isinstance(op, PoseOp):
            after = op
            break
    clock = state.clock
    fields = given_fields(state.view)
    view = ViewState(
        recording=recording,
        t_us=0 if clock is None else math.floor(playhead_us(clock, at_ms) + 0.5),
        speed=1.0 if clock is None else clock.speed,
        loop=None if clock is None else clock.loop,
        camera=camera_at(state.pose, after, at_ms),
        **fields,
    )
    return Moment(
        view=view,
        playing=clock is not None and clock.playing,
        pointer=state.pointer.position if state.pointer else None,
        notes=tuple(note for note in notes if note.at_ms <= at_ms < note.at_ms + note.duration_ms),
    )
