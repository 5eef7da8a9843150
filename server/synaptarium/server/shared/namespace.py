"""The Socket.IO namespace ``/shared``: parse the message, call the room, answer errors with an ``error`` event."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import msgspec
from socketio import Namespace
from socketio.exceptions import ConnectionRefusedError

from synaptarium.schemas.errors import InvalidInput, SynaptariumError, error_body
from synaptarium.schemas.shared_messages import SHARED_FROM_CLIENT, Join, Leave
from synaptarium.server.roles import ALLOWED, Role, require
from synaptarium.server.shared.room import Outlet, Room
from synaptarium.server.shared.rooms import Rooms
from synaptarium.server.stream.namespace import parse

log = logging.getLogger("synaptarium.shared")

NAMESPACE = "/shared"


class RoomOutlet:
    """What a room says, over Socket.IO.

    Parameters
    ----------
    server : socketio.Server
        The server.
    room : str
        Id of the room.
    """

    def __init__(self, server: Any, room: str) -> None:
        self._server = server
        self._room = room

    def one(self, sid: str, event: str, message: msgspec.Struct) -> None:
        """Queue an event for one connection."""
        self._server.emit(event, msgspec.to_builtins(message), namespace=NAMESPACE, to=sid)

    def all(self, event: str, message: msgspec.Struct) -> None:
        """Queue an event for every connection of the room; it is encoded once."""
        self._server.emit(event, msgspec.to_builtins(message), namespace=NAMESPACE, to=self._room)


class SharedNamespace(Namespace):
    """One person per connection; messages arrive in order, in the connection's own thread."""

    def __init__(self, rooms: Rooms) -> None:
        super().__init__(NAMESPACE)
        self._rooms = rooms
        self._roles: dict[str, Role] = {}
        self._actions: dict[str, Callable[[Room, str, Any], None]] = {
            "rename": Room.rename,
            "act": Room.act,
            "move": Room.move,
            "follow": Room.follow,
            "ask": Room.ask,
            "offer": Room.offer,
            "time": lambda room, sid, asked: room.time(sid, asked.n),
        }

    @property
    def _io(self) -> Any:
        assert self.server is not None  # set when the namespace is registered
        return self.server

    def outlet_for(self, room: str) -> Outlet:
        """Return how a room speaks to its connections."""
        return RoomOutlet(self._io, room)

    def trigger_event(self, event: str, *args: Any) -> None:
        """Take a client's event; one that does not exist is answered instead of ignored."""
        sid = args[0]
        if event == "connect":
            self._connect(sid, args[1])
        elif event == "disconnect":
            self._roles.pop(sid, None)
            self._rooms.lost(sid)
        elif event in SHARED_FROM_CLIENT:
            self._act(event, sid, args[1] if len(args) > 1 else None)
        else:
            hint = "Events: " + ", ".join(SHARED_FROM_CLIENT)
            self._refuse(sid, InvalidInput(f"There is no event {event[:40]!r}.", hint=hint))

    def _connect(self, sid: str, environ: dict[str, Any]) -> None:
        role: Role = environ["synaptarium.role"]
        try:
            require(role, "look")
        except SynaptariumError as error:
            raise ConnectionRefusedError(error.message, msgspec.to_builtins(error_body(error))) from error
        self._roles[sid] = role

    def _act(self, event: str, sid: str, data: Any) -> None:
        try:
            asked = parse(event, SHARED_FROM_CLIENT[event], {} if data is None else data)
            if isinstance(asked, Join):
                self._join(sid, asked)
            elif isinstance(asked, Leave):
                room = self._rooms.of(sid)
                room.leave(sid, asked)
                self._rooms.lost(sid)
                self._io.leave_room(sid, room.id, namespace=NAMESPACE)
            else:
                self._actions[event](self._rooms.of(sid), sid, asked)
        except SynaptariumError as error:
            self._refuse(sid, error)
        except Exception as error:
            log.exception("the event %s failed", event)
            self._refuse(sid, error)

    def _join(self, sid: str, asked: Join) -> None:
        # The connection hears the room before the room knows it: nothing is said in between that it would miss.
        self._io.enter_room(sid, asked.room, namespace=NAMESPACE)
        try:
            may_present = "present" in ALLOWED[self._roles.get(sid, "viewer")]
            self._rooms.enter(sid, asked, may_present=may_present)
        except Exception:
            self._io.leave_room(sid, asked.room, namespace=NAMESPACE)
            raise

    def _refuse(self, sid: str, error: Exception) -> None:
        self._io.emit("error", msgspec.to_builtins(error_body(error)), namespace=NAMESPACE, to=sid)
