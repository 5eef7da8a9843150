"""The Socket.IO namespace ``/stream``: parse the message, call the viewer, answer errors with an ``error`` event."""

from __future__ import annotations

import functools
import logging
import socket
from collections.abc import Callable
from typing import Any, TypeVar

import flask
import msgspec
from flask_socketio import Namespace

from synaptarium.schemas.errors import InvalidInput, SynaptariumError, error_body
from synaptarium.schemas.messages import FROM_CLIENT, Ack, Close, Open, Pause, Play, Seek, Select, Window
from synaptarium.server.config import Config
from synaptarium.server.security import require
from synaptarium.server.stream.hub import Hub
from synaptarium.server.stream.viewer import Viewer

log = logging.getLogger("synaptarium.stream")

Message = TypeVar("Message", bound=msgspec.Struct)


class StreamNamespace(Namespace):
    """One viewer per connection; messages arrive in order, in the connection's own thread."""

    def __init__(self, hub: Hub, config: Config, socketio: Any) -> None:
        super().__init__("/stream")
        self._hub = hub
        self._config = config
        self._sio = socketio
        self._window = Window(chunks=config.window_chunks, bytes=config.window_bytes)

    def on_connect(self, auth: Any = None) -> None:
        """Take in a viewer; a refusal reaches the client as ``connect_error`` with the error's shape as its data."""
        sid, environ = flask.request.sid, flask.request.environ  # type: ignore[attr-defined]
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
            functools.partial(self._send, sid),
            self._hub.read_for(lambda: viewer.recording),
            functools.partial(self._hang_up, sid, connection),
            limits=self._window,
            look_ahead_s=self._config.look_ahead_s,
            stall_s=self._config.stall_s,
        )
        self._hub.join(sid, viewer)

    def on_disconnect(self, reason: str = "") -> None:
        self._hub.leave(flask.request.sid)  # type: ignore[attr-defined]

    def on_open(self, data: Any = None) -> None:
        def start(viewer: Viewer, asked: Open) -> None:
            viewer.open(asked, self._hub.catalogue(asked.recording))

        self._handle("open", Open, data, start)

    def on_play(self, data: Any = None) -> None:
        self._handle("play", Play, data, Viewer.play)

    def on_seek(self, data: Any = None) -> None:
        self._handle("seek", Seek, data, Viewer.seek)

    def on_pause(self, data: Any = None) -> None:
        self._handle("pause", Pause, data, Viewer.pause)

    def on_ack(self, data: Any = None) -> None:
        self._handle("ack", Ack, data, Viewer.ack)

    def on_select(self, data: Any = None) -> None:
        self._handle("select", Select, data, Viewer.select)

    def on_close(self, data: Any = None) -> None:
        self._handle("close", Close, {} if data is None else data, lambda viewer, _: viewer.close())

    def trigger_event(self, event: str, *args: Any) -> Any:
        """Answer an event that does not exist instead of ignoring it."""
        if event not in FROM_CLIENT and event not in ("connect", "disconnect"):
            sid = args[0]
            error = InvalidInput(
                f"There is no event {event[:40]!r}.", hint="Events: " + ", ".join(FROM_CLIENT)
            )
            self._send(sid, "error", msgspec.to_builtins(error_body(error)))
            return None
        return super().trigger_event(event, *args)

    def _handle(
        self, event: str, kind: type[Message], data: Any, act: Callable[[Viewer, Message], None]
    ) -> None:
        sid = flask.request.sid  # type: ignore[attr-defined]
        viewer = self._hub.viewer(sid)
        if viewer is None:
            return
        try:
            act(viewer, parse(event, kind, data))
        except SynaptariumError as error:
            self._send(sid, "error", msgspec.to_builtins(error_body(error)))
        except Exception as error:
            log.exception("the event %s failed", event)
            self._send(sid, "error", msgspec.to_builtins(error_body(error)))

    def _send(self, sid: str, event: str, *data: Any) -> None:
        # Flask-SocketIO's own emit() only adds callbacks, which we do not use.
        self._sio.server.emit(event, data, namespace="/stream", to=sid)

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
