"""Every Socket.IO event of ``/shared``, and the REST bodies of shared sessions.

A shared session is a session that several people are in. Its operations are those of a recorded one
(:mod:`synaptarium.schemas.sessions`), with ``at_ms`` counted by the server's clock since it began; who joins late gets
the state that they led to, and from then on every operation in order.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Literal

import msgspec

from synaptarium.schemas.errors import InvalidInput
from synaptarium.schemas.presence import Hand, Placed, Vector
from synaptarium.schemas.sessions import NoteOp, Operation, SessionState, check_operation

MAX_NAME_LETTERS, MAX_KEY_LETTERS, MAX_OPERATIONS = 40, 64, 500
#: "#rrggbb"
COLOUR_LETTERS = 7

#: What an invitation gives: to follow, or to lead as well.
Seat = Literal["viewer", "presenter"]
#: How somebody follows: in all; with a camera of one's own; or apart, with a playhead of one's own as well.
Following = Literal["along", "around", "apart"]


class Presence(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where somebody is in the network, in scene units.

    Parameters
    ----------
    head : Placed
        The headset, or the camera of somebody at a desk.
    left, right : Hand or None
        Wrists or controllers of somebody in a headset.
    points : Vector or None
        Where the ray from the head through the cursor ends, of somebody at a desk.
    lit : bool
        What this person points at is meant to be noticed: the laser.
    headset : bool
        False at a desk.
    scale : float
        Scene units of one metre of this person; 0 at a desk.
    lag_ms : float
        How old what this person saw last was.
    """

    head: Placed
    left: Hand | None = None
    right: Hand | None = None
    points: Vector | None = None
    lit: bool = False
    headset: bool = False
    scale: float = 0.0
    lag_ms: float = 0.0


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody in a shared session.

    Parameters
    ----------
    id : str
        Within the session.
    name, colour : str
        As chosen; "#rrggbb".
    seat : Seat
        What the invitation and the role give.
    following : Following
        How this person follows.
    asks : bool
        Whether this person asked to present.
    away : bool
        The connection is lost; the place is kept for a while.
    """

    id: str
    name: str
    colour: str
    seat: Seat
    following: Following = "along"
    asks: bool = False
    away: bool = False


# --- client to server ------------------------------------------------------------------------------------------------


class Join(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``join``: come in, or come back after a lost connection.

    Parameters
    ----------
    room : str
        The shared session.
    key : str
        A secret of the page: who shows it again is the same person.
    name, colour : str
        See :class:`Person`.
    seat : Seat
        What is asked for; "presenter" needs a role that may present.
    recording : str
        What the page shows, of who presented: a server that was started anew opens the session again for them.
    """

    room: str
    key: str
    name: str
    colour: str
    seat: Seat = "viewer"
    recording: str = ""


class Rename(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``rename``: another name or colour."""

    name: str
    colour: str


class Act(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``act``: what the presenter did. Notes may come from everybody who has a presenter's seat."""

    operations: tuple[Operation, ...]


class Move(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``move``: where one is now; the last one counts."""

    presence: Presence


class Follow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``follow``: how one follows from now on."""

    following: Following


class Ask(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``ask``: to present, or no longer; takes over at once where it was offered or nobody presents."""

    wanted: bool = True


class Offer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``offer``: the presenter hands over to somebody; at once to who asked. An empty ``to`` takes an offer back."""

    to: str


class AskTime(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``time``: what the session's clock says; ``n`` comes back with the answer."""

    n: int


class Leave(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``leave``: for good; ``end`` closes the session for everybody, which the presenter may."""

    end: bool = False


# --- server to client ------------------------------------------------------------------------------------------------


class Welcome(msgspec.Struct, frozen=True, kw_only=True):
    """``welcome``: all that there is to know on coming in.

    Parameters
    ----------
    room, recording : str
        The session, and the recording that it shows.
    you : str
        One's own id.
    now_ms : float
        The session's clock.
    seq : int
        Number of operations that led to ``state``; the next that comes has this number.
    state : SessionState
        What the presenter shows.
    notes : tuple of NoteOp
        All that were left.
    invitations : dict
        Seat -> token that lets its bearer in; empty without a presenter's seat, and where no token is needed.
    """

    room: str
    recording: str
    you: str
    now_ms: float
    seq: int
    state: SessionState
    notes: tuple[NoteOp, ...]
    invitations: dict[Seat, str]


class People(msgspec.Struct, frozen=True, kw_only=True):
    """``people``: who is there, who presents ("" = nobody), and whom the presenter offered to take over."""

    people: tuple[Person, ...]
    presenter: str
    offered: str = ""


class Acted(msgspec.Struct, frozen=True, kw_only=True):
    """``acted``: operations, the first of which has the number ``seq``; nobody gets them in another order."""

    seq: int
    by: str
    operations: tuple[Operation, ...]


class Moved(msgspec.Struct, frozen=True, kw_only=True):
    """``moved``: where people are who moved since the last such event, ten times a second at most."""

    people: dict[str, Presence]


class Time(msgspec.Struct, frozen=True, kw_only=True):
    """``time``: the session's clock when the question ``n`` came."""

    n: int
    now_ms: float


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """``ended``: the session is over; ``by`` names who ended it."""

    by: str = ""


# --- REST ------------------------------------------------------------------------------------------------------------


class SharedSession(msgspec.Struct, frozen=True, kw_only=True):
    """A shared session that goes on now."""

    room: str
    recording: str
    presenter: str = ""
    people: int = 0


SHARED_FROM_CLIENT: dict[str, type[msgspec.Struct]] = {
    "join": Join,
    "rename": Rename,
    "act": Act,
    "move": Move,
    "follow": Follow,
    "ask": Ask,
    "offer": Offer,
    "time": AskTime,
    "leave": Leave,
}
SHARED_FROM_SERVER: dict[str, type[msgspec.Struct]] = {
    "welcome": Welcome,
    "people": People,
    "acted": Acted,
    "moved": Moved,
    "time": Time,
    "ended": Ended,
}


def check_person(name: str, colour: str) -> tuple[str, str]:
    """Return a name and a colour that can be shown; raises InvalidInput that says what cannot."""
    name = " ".join(name.split())
    if len(name) > MAX_NAME_LETTERS or not name.isprintable():
        raise InvalidInput(
            f"The name has {len(name)} letters.", hint=f"At most {MAX_NAME_LETTERS}.", where="name"
        )
    digits = colour.removeprefix("#")
    if len(colour) != COLOUR_LETTERS or len(digits) != 6 or any(c not in "0123456789abcdef" for c in digits):
        raise InvalidInput(f"The colour is {colour[:20]!r}.", hint="It is '#rrggbb'.", where="colour")
    return name or "Somebody", colour


def check_presence(presence: Presence) -> Presence:
    """Return a presence whose numbers can be drawn; raises InvalidInput where one cannot."""
    numbers: list[Iterable[float]] = [(presence.lag_ms, presence.scale), presence.points or ()]
    for part in (presence.head, presence.left, presence.right):
        if part is not None:
            numbers += [part.position, part.rotation]
        if isinstance(part, Hand):
            numbers += [(part.pinch,), part.points or ()]
    if not all(math.isfinite(number) and abs(number) < 1e12 for group in numbers for number in group):
        raise InvalidInput("A presence holds a number that is no place.", where="presence")
    return presence


def check_operations(operations: tuple[Operation, ...]) -> tuple[Operation, ...]:
    """Return operations that can be used; raises InvalidInput that names what cannot."""
    if not 0 < len(operations) <= MAX_OPERATIONS:
        raise InvalidInput(
            f"{len(operations)} operations came at once.",
            hint=f"1 to {MAX_OPERATIONS}.",
            where="operations",
        )
    for op in operations:
        check_operation(op)
    return operations
