"""The Socket.IO namespace ``/stream``: parse the message, call the viewer, answer errors with an ``error`` event."""

from __future__ import annotations

import functools
import logging
import socket
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import msgspec
from socketio import Namespace
from socketio.exceptions import ConnectionRefusedError

from synaptarium.schemas.errors import InvalidInput, SynaptariumError, error_body
from synaptarium.schemas.messages import FROM_CLIENT, Window
from synaptarium.server.config import Config
from synaptarium.server.roles import require
from synaptarium.server.stream.hub import Hub
from synaptarium.server.stream.viewer import Viewer
from synaptarium.server.stream.websocket import (
    KEY,
    BoundedWebSocket,
    Frames,
    FramesPacket,
    attached_frames,
    event_frames,
)

log = logging.getLogger("synaptarium.stream")

NAMESPACE = "/stream"

Message = TypeVar("Message", bound=msgspec.Struct)


class Outlet:
    """What goes to one connection, in the order in which it is told and sent.

    Parameters
    ----------
    server : socketio.Server
        The stream.
    sid : str
        The connection.
    line : BoundedWebSocket
        Its websocket.
    """

    def __init__(self, server: Any, sid: str, line: BoundedWebSocket) -> None:
        self._server = server
        self._sid = sid
        self._line = line

    def tell(self, event: str, message: msgspec.Struct) -> None:
        """Send an event, or queue it."""
        self._offer(event_frames(NAMESPACE, event, message))

    def send(self, event: str, messages: Sequence[tuple[msgspec.Struct, bytes]]) -> None:
        """Send events with an attachment each, or queue them; none of another thread's comes between."""
        self._offer(attached_frames(NAMESPACE, event, messages))

    def _offer(self, frames: Frames) -> None:
        connection = self._server.manager.eio_sid_from_sid(self._sid, NAMESPACE)
        if connection is not None:
            eio = self._server.eio
            self._line.offer(frames, lambda left: eio.send_packet(connection, FramesPacket(left)))


class StreamNamespace(Namespace):
    """One viewer per connection; messages arrive in order, in the connection's own thread.

    A namespace of python-socketio itself: Flask-SocketIO's would build a request context around every event, and a
    viewer at full speed acknowledges a thousand times a second.
    """

    def __init__(self, hub: Hub, config: Config) -> None:
        super().__init__(NAMESPACE)
        self._hub = hub
        self._config = config
        self._window = Window(chunks=config.window_chunks, bytes=config.window_bytes)
        self._actions: dict[str, Callable[[Viewer, Any], None]] = {
            "open": lambda viewer, asked: viewer.open(asked, hub.catalogue(asked.recording)),
            "play": Viewer.play,
            "seek": Viewer.seek,
            "pause": Viewer.pause,
            "ack": Viewer.ack,
            "select": Viewer.select,
            "close": lambda viewer, asked: viewer.close(),
        }

    def trigger_event(self, event: str, *args: Any) -> None:
        """Take a client's event; one that does not exist is answered instead of ignored."""
        if event == "connect":
            self._connect(args[0], args[1])
        elif event == "disconnect":
            self._hub.leave(args[0])
        elif event in self._actions:
            self._act(event, args[0], args[1] if len(args) > 1 else None)
        else:
            hint = "Events: " + ", ".join(self._actions)
            self._refuse(args[0], InvalidInput(f"There is no event {event[:40]!r}.", hint=hint))

    def _connect(self, sid: str, environ: dict[str, Any]) -> None:
        """Take in a viewer; a refusal reaches the client as ``connect_error`` with the error's shape as its data."""
        try:
            require(environ["synaptarium.role"], "look")
            if len(self._hub.viewers()) >= self._config.max_viewers:
                raise InvalidInput(
                    f"{self._config.max_viewers} viewers are connected, which is the limit.",
                    hint="Close a window, or start the server with a larger --max-viewers.",
                )
        except SynaptariumError as error:
            raise ConnectionRefusedError(error.message, msgspec.to_builtins(error_body(error))) from error
        connection = environ.get("werkzeug.socket")
        viewer: Viewer = Viewer(
            Outlet(self.server, sid, environ[KEY]),
            self._hub.reader_for(lambda: viewer.recording),
            functools.partial(self._hang_up, sid, connection),
            limits=self._window,
            look_ahead_s=self._config.look_ahead_s,
            stall_s=self._config.stall_s,
        )
        self._hub.join(sid, viewer)

    def _act(self, event: str, sid: str, data: Any) -> None:
        viewer = self._hub.viewer(sid)
        if viewer is None:
            return
        try:
            asked = parse(event, FROM_CLIENT[event], {} if data is None and event == "close" else data)
            self._actions[event](viewer, asked)
        except SynaptariumError as error:
            self._refuse(sid, error)
        except Exception as error:
            log.exception("the event %s failed", event)
            self._refuse(sid, error)

    def _refuse(self, sid: str, error: Exception) -> None:
        server: Any = self.server
        server.emit("error", msgspec.to_builtins(error_body(error)), namespace=NAMESPACE, to=sid)

    def _hang_up(self, sid: str, connection: socket.socket | None) -> None:
        self._hub.leave(sid)
        if connection is not None:
            # The writing thread is stuck in send(); only the socket's end wakes it.
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                log.debug("the connection of %s was gone already", sid)


def parse(event: str, kind: type[Message], data: Any) -> Message:
    """Return the message of an event; raises InvalidInput that names the field."""
    try:
        return msgspec.convert(data, kind)
    except msgspec.ValidationError as error:
        raise InvalidInput(
            f"The event '{event}' cannot be used: {error}.",
            hint="docs/http-api.md lists the fields of every event.",
            where=event,
        ) from error
