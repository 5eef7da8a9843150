"""One shared session: who is in it, who presents, what was done. Knows no sockets; an outlet carries what it says."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Callable
from typing import Protocol

import msgspec

from synaptarium.schemas.errors import Forbidden, InvalidInput
from synaptarium.schemas.session_state import notes_after, reduce
from synaptarium.schemas.sessions import MAX_NOTES, NoteOp, Operation, SessionState, UnnoteOp
from synaptarium.schemas.shared_messages import (
    MAX_KEY_LETTERS,
    Act,
    Acted,
    Ask,
    Ended,
    Follow,
    Following,
    Join,
    Leave,
    Move,
    Moved,
    Offer,
    People,
    Person,
    Presence,
    Rename,
    Seat,
    Time,
    Welcome,
    check_operations,
    check_person,
    check_presence,
)

MAX_PEOPLE = 64
#: A place is kept for so long for somebody whose connection is lost.
AWAY_S = 20.0
#: A session that nobody is in lasts so long: a page may be loaded again, a server's network may be away.
EMPTY_S = 600.0
#: What a page says happened may lie so far from our clock; anything else happened now.
OLDEST_MS, NEWEST_MS = 3000, 250


class Outlet(Protocol):
    """Carries messages to the connections of a room, in the order in which they are given."""

    def one(self, sid: str, event: str, message: msgspec.Struct) -> None:
        """Send to one connection."""

    def all(self, event: str, message: msgspec.Struct) -> None:
        """Send to every connection of the room."""


@dataclasses.dataclass(slots=True)
class _Member:
    id: str
    key: str
    name: str
    colour: str
    seat: Seat
    sid: str | None
    following: Following = "along"
    asks: bool = False
    away_since_s: float = 0.0
    presence: Presence | None = None
    moved: bool = False

    def person(self) -> Person:
        return Person(
            id=self.id,
            name=self.name,
            colour=self.colour,
            seat=self.seat,
            following=self.following,
            asks=self.asks,
            away=self.sid is None,
        )


class Room:
    """A shared session.

    Every method may be called from any thread. What changes is said under the lock, so that everybody hears it in the
    same order.

    Parameters
    ----------
    id, recording : str
        The session, and the recording that it shows.
    outlet : Outlet
        Where what it says goes.
    invitations : dict
        Seat -> token, for those who may invite.
    clock_s : callable
        Seconds that only go forward.
    """

    def __init__(
        self,
        id: str,
        recording: str,
        outlet: Outlet,
        invitations: dict[Seat, str],
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self.id = id
        self.recording = recording
        self.invitations = invitations
        self.ended = False
        self._outlet = outlet
        self._clock_s = clock_s
        self._began_s = clock_s()
        self._lock = threading.RLock()
        self._members: dict[str, _Member] = {}
        self._presenter = ""
        self._offered = ""
        self._state = SessionState()
        self._notes: tuple[NoteOp, ...] = ()
        self._seq = 0
        self._made = 0
        self._empty_since_s = self._began_s

    @property
    def now_ms(self) -> float:
        """The session's clock."""
        return (self._clock_s() - self._began_s) * 1000

    def facts(self) -> tuple[str, int]:
        """Return the presenter's name and how many are here."""
        with self._lock:
            presenter = self._members.get(self._presenter)
            here = sum(member.sid is not None for member in self._members.values())
            return (presenter.name if presenter else "", here)

    # --- coming and going ----------------------------------------------------------------------------------------

    def enter(self, sid: str, asked: Join, *, may_present: bool) -> None:
        """Let somebody in, or back in; raises Forbidden for a seat that the role does not give."""
        name, colour = check_person(asked.name, asked.colour)
        if not 0 < len(asked.key) <= MAX_KEY_LETTERS:
            raise InvalidInput("The key is empty or too long.", where="key")
        if asked.seat == "presenter" and not may_present:
            raise Forbidden(
                "Your role may follow a shared session, not lead one.",
                hint="Ask for an invitation to present.",
                where="seat",
            )
        with self._lock:
            member = next((other for other in self._members.values() if other.key == asked.key), None)
            if member is None:
                if len(self._members) >= MAX_PEOPLE:
                    raise InvalidInput(f"{MAX_PEOPLE} people are in this session.", hint="That is the limit.")
                self._made += 1
                member = _Member(f"p{self._made}", asked.key, name, colour, asked.seat, sid)
                self._members[member.id] = member
            if member.sid not in (None, sid):
                # The same page in two windows: the newer one has the place.
                self._outlet.one(str(member.sid), "ended", Ended())
            member.sid, member.name, member.colour, member.seat = sid, name, colour, asked.seat
            if not self._presenter and self._seq == 0 and member.seat == "presenter":
                self._presenter = member.id  # who begins it presents
            self._outlet.one(
                sid,
                "welcome",
                Welcome(
                    room=self.id,
                    recording=self.recording,
                    you=member.id,
                    now_ms=self.now_ms,
                    seq=self._seq,
                    state=self._state,
                    notes=self._notes,
                    invitations=self.invitations if member.seat == "presenter" else {},
                ),
            )
            here = {
                other.id: other.presence
                for other in self._members.values()
                if other.presence and other.id != member.id
            }
            if here:
                self._outlet.one(sid, "moved", Moved(people=here))
            self._tell_people()

    def lost(self, sid: str) -> None:
        """Keep the place of somebody whose connection is lost."""
        with self._lock:
            member = self._find(sid)
            if member is None:
                return
            member.sid, member.away_since_s = None, self._clock_s()
            self._mark_empty()
            self._tell_people()

    def leave(self, sid: str, asked: Leave) -> None:
        """Let somebody go for good; the presenter may end the session for all."""
        with self._lock:
            member = self._member(sid)
            if asked.end:
                self._presents(member)
                self.end(member.name)
                return
            self._remove(member)
            self._tell_people()

    def end(self, by: str) -> None:
        """Close the session for everybody."""
        with self._lock:
            if not self.ended:
                self.ended = True
                self._outlet.all("ended", Ended(by=by))

    def tend(self) -> None:
        """Say who moved, let go of who stays away, and end what nobody is in any more; ten times a second."""
        with self._lock:
            moved: dict[str, Presence] = {}
            for member in self._members.values():
                if member.moved and member.presence is not None:
                    moved[member.id] = member.presence
                    member.moved = False
            if moved:
                self._outlet.all("moved", Moved(people=moved))
            now_s = self._clock_s()
            gone = [
                member
                for member in self._members.values()
                if member.sid is None and now_s - member.away_since_s > AWAY_S
            ]
            # While nobody is here, everybody's place is kept: it is the server's network that was away.
            if gone and len(gone) < len(self._members):
                for member in gone:
                    self._remove(member)
                self._tell_people()
            if all(member.sid is None for member in self._members.values()):
                self.ended = self.ended or now_s - self._empty_since_s > EMPTY_S

    # --- what people do ------------------------------------------------------------------------------------------

    def act(self, sid: str, asked: Act) -> None:
        """Take what the presenter did, or somebody's notes, and say it to everybody in one order."""
        check_operations(asked.operations)
        with self._lock:
            member = self._member(sid)
            if not all(isinstance(op, NoteOp | UnnoteOp) for op in asked.operations):
                self._presents(member)
            elif member.seat != "presenter":
                raise Forbidden(
                    "Your invitation is for following: it leaves no notes.",
                    hint="Point at things, or ask for an invitation to present.",
                    where="act",
                )
            now_ms = round(self.now_ms)
            operations = tuple(self._timed(op, now_ms) for op in asked.operations)
            for op in operations:
                self._state = reduce(self._state, op)
                self._notes = notes_after(self._notes, op)
            if len(self._notes) > MAX_NOTES:
                self._notes = self._notes[-MAX_NOTES:]
            self._outlet.all("acted", Acted(seq=self._seq, by=member.id, operations=operations))
            self._seq += len(operations)

    def move(self, sid: str, asked: Move) -> None:
        """Note where somebody is; it is said with the next turn."""
        presence = check_presence(asked.presence)
        with self._lock:
            member = self._member(sid)
            member.presence, member.moved = presence, True

    def rename(self, sid: str, asked: Rename) -> None:
        """Give somebody another name or colour."""
        name, colour = check_person(asked.name, asked.colour)
        with self._lock:
            member = self._member(sid)
            member.name, member.colour = name, colour
            self._tell_people()

    def follow(self, sid: str, asked: Follow) -> None:
        """Note how somebody follows."""
        with self._lock:
            self._member(sid).following = asked.following
            self._tell_people()

    def ask(self, sid: str, asked: Ask) -> None:
        """Let somebody ask to present; at once where it was offered, or where nobody presents."""
        with self._lock:
            member = self._member(sid)
            if member.seat != "presenter":
                raise Forbidden(
                    "Your invitation is for following, not for presenting.",
                    hint="Ask for an invitation to present.",
                    where="ask",
                )
            presenter = self._members.get(self._presenter)
            if asked.wanted and (presenter is None or presenter.sid is None or self._offered == member.id):
                self._hand_to(member)
            else:
                member.asks = asked.wanted and member is not presenter
                if not asked.wanted and self._offered == member.id:
                    self._offered = ""
            self._tell_people()

    def offer(self, sid: str, asked: Offer) -> None:
        """Let the presenter hand over; at once to somebody who asked."""
        with self._lock:
            self._presents(self._member(sid))
            chosen = self._members.get(asked.to)
            if asked.to and chosen is None:
                raise InvalidInput(f"There is no {asked.to[:40]!r} in this session.", where="to")
            if chosen is not None and chosen.seat != "presenter":
                raise Forbidden(
                    f"{chosen.name} came by an invitation for following.",
                    hint="Send an invitation to present first.",
                    where="to",
                )
            if chosen is not None and chosen.asks:
                self._hand_to(chosen)
            else:
                self._offered = asked.to if asked.to != self._presenter else ""
            self._tell_people()

    def time(self, sid: str, n: int) -> None:
        """Answer what the clock says."""
        self._outlet.one(sid, "time", Time(n=n, now_ms=self.now_ms))

    # --- within the lock -----------------------------------------------------------------------------------------

    def _find(self, sid: str) -> _Member | None:
        return next((member for member in self._members.values() if member.sid == sid), None)

    def _member(self, sid: str) -> _Member:
        member = self._find(sid)
        if member is None:
            raise InvalidInput("This connection is in no shared session.", hint="Send 'join' first.")
        return member

    def _presents(self, member: _Member) -> None:
        if member.id == self._presenter:
            return
        presenter = self._members.get(self._presenter)
        told = f"{presenter.name} presents" if presenter else "Nobody presents"
        raise Forbidden(
            f"{told}; you follow.",
            hint="Ask to present: a click of the presenter hands over."
            if member.seat == "presenter"
            else "Your invitation is for following.",
            where="act",
        )

    def _hand_to(self, member: _Member) -> None:
        self._presenter, self._offered, member.asks, member.following = member.id, "", False, "along"

    def _remove(self, member: _Member) -> None:
        del self._members[member.id]
        if self._presenter == member.id:
            self._presenter = ""
        if self._offered == member.id:
            self._offered = ""
        self._mark_empty()

    def _mark_empty(self) -> None:
        if all(member.sid is None for member in self._members.values()):
            self._empty_since_s = self._clock_s()

    def _tell_people(self) -> None:
        people = tuple(member.person() for member in self._members.values())
        self._outlet.all("people", People(people=people, presenter=self._presenter, offered=self._offered))

    @staticmethod
    def _timed(op: Operation, now_ms: int) -> Operation:
        if now_ms - OLDEST_MS <= op.at_ms <= now_ms + NEWEST_MS:
            return op
        return msgspec.structs.replace(op, at_ms=now_ms)
