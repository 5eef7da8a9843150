"""All shared sessions of this server, and the thread that looks after them."""

from __future__ import annotations

import logging
import re
import secrets
import threading
from collections.abc import Callable

from synaptarium.schemas.errors import InvalidInput, SharedSessionNotFound, SynaptariumError
from synaptarium.schemas.shared_messages import Join, Seat, SharedSession
from synaptarium.server.security import Gate
from synaptarium.server.shared.room import Outlet, Room

log = logging.getLogger("synaptarium.shared")

MAX_ROOMS = 200
TEND_EVERY_S = 0.1
_ID = re.compile(r"[0-9a-f]{10}")


class Rooms:
    """Shared sessions by id, and which of them a connection is in.

    They live in memory: a server that was started anew has none, and the presenter's page opens its own again.

    Parameters
    ----------
    gate : Gate
        Lets in who was invited.
    """

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._lock = threading.Lock()
        self._rooms: dict[str, Room] = {}
        self._of: dict[str, Room] = {}
        self._outlet_for: Callable[[str], Outlet] | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._tend, name="shared sessions", daemon=True)

    def start(self, outlet_for: Callable[[str], Outlet]) -> None:
        """Begin; ``outlet_for(room)`` is how a room speaks to its connections."""
        self._outlet_for = outlet_for
        self._thread.start()

    def close(self) -> None:
        """Stop."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout=5)

    def create(self, recording: str, id: str = "") -> Room:
        """Open a shared session on a recording.

        Raises
        ------
        InvalidInput
            There are too many.
        """
        assert self._outlet_for is not None
        with self._lock:
            id = id or secrets.token_hex(5)
            if id in self._rooms:
                return self._rooms[id]
            if len(self._rooms) >= MAX_ROOMS:
                raise InvalidInput(f"{MAX_ROOMS} shared sessions go on, which is the limit.", hint="End one.")
            invitations: dict[Seat, str] = self._gate.invite(id)
            room = self._rooms[id] = Room(id, recording, self._outlet_for(id), invitations)
        return room

    def list(self) -> list[SharedSession]:
        """Return the shared sessions that go on now."""
        with self._lock:
            rooms = list(self._rooms.values())
        found = [(room, *room.facts()) for room in rooms if not room.ended]
        return [
            SharedSession(room=room.id, recording=room.recording, presenter=presenter, people=people)
            for room, presenter, people in found
        ]

    def enter(self, sid: str, asked: Join, *, may_present: bool) -> Room:
        """Let a connection into a room; a presenter's page opens one again that a new server does not know.

        Raises
        ------
        SharedSessionNotFound, Forbidden, InvalidInput
        """
        with self._lock:
            room = self._rooms.get(asked.room)
        if room is None and may_present and asked.seat == "presenter" and asked.recording:
            room = self.create(asked.recording, asked.room) if _ID.fullmatch(asked.room) else None
        if room is None or room.ended:
            raise SharedSessionNotFound(
                "This shared session is over.",
                hint="Ask for a new invitation, or share this view yourself.",
                where="room",
            )
        with self._lock:
            if self._of.setdefault(sid, room) is not room:
                raise InvalidInput(
                    "This connection is in another shared session.", hint="Send 'leave' first."
                )
        try:
            room.enter(sid, asked, may_present=may_present)
        except SynaptariumError:
            with self._lock:
                self._of.pop(sid, None)
            raise
        return room

    def of(self, sid: str) -> Room:
        """Return the room of a connection; raises InvalidInput where it is in none."""
        with self._lock:
            room = self._of.get(sid)
        if room is None:
            raise InvalidInput("This connection is in no shared session.", hint="Send 'join' first.")
        return room

    def lost(self, sid: str) -> None:
        """Note that a connection is gone."""
        with self._lock:
            room = self._of.pop(sid, None)
        if room is not None:
            room.lost(sid)

    def deleted(self, recording: str) -> None:
        """End the sessions of a recording that was deleted."""
        with self._lock:
            rooms = [room for room in self._rooms.values() if room.recording == recording]
        for room in rooms:
            room.end("")

    def _tend(self) -> None:
        while not self._stop.wait(TEND_EVERY_S):
            with self._lock:
                rooms = list(self._rooms.values())
            for room in rooms:
                try:
                    room.tend()
                except Exception:
                    log.exception("looking after the shared session %s failed", room.id)
            over = [room for room in rooms if room.ended]
            for room in over:
                self._gate.uninvite(room.id)
            if over:
                with self._lock:
                    for room in over:
                        self._rooms.pop(room.id, None)
