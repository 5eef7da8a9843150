"""The websocket under the stream: messages in are bounded, chunks go out as all their frames in one send.

A Socket.IO event with an attachment is two websocket frames: its text and its bytes. Sent one by one they cost a turn
of the library's queue, a copy and a system call each, and another thread's message may come between them, which no
Socket.IO client takes. So the events of a batch go to the kernel in one call, at once where nothing waits before them; the queue and its thread take
what the kernel has no room for.
"""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import simple_websocket
from engineio.async_drivers._websocket_wsgi import SimpleWebSocketWSGI
from engineio.packet import MESSAGE
from engineio.packet import Packet as EnginePacket
from socketio.packet import BINARY_EVENT, EVENT

from synaptarium.server.tls import TwoWaySocket

TEXT, BINARY = 0x1, 0x2
_LAST_FRAME = 0x80
#: Where the namespaces of a connection find it in their environment.
KEY = "synaptarium.websocket"
_PLACEHOLDER = {"_placeholder": True, "num": 0}


class Frames(tuple[bytes, ...]):
    """The bytes of complete websocket frames, in parts."""

    __slots__ = ()


class FramesPacket(EnginePacket):
    """Frames as one packet of Engine.IO's queue."""

    def __init__(self, frames: Frames) -> None:
        super().__init__(MESSAGE)
        self._frames = frames

    def encode(self, b64: bool = False) -> Frames:
        """Return the frames; the websocket below passes them on."""
        return self._frames


def attached_frames(namespace: str, event: str, messages: Sequence[tuple[msgspec.Struct, bytes]]) -> Frames:
    """Return events with one attachment each.

    Parameters
    ----------
    namespace, event : str
        Socket.IO namespace and event.
    messages : sequence of (msgspec.Struct, bytes)
        Each event's data: a message and its attachment.
    """
    return Frames(
        part
        for message, attachment in messages
        for part in (_heads(namespace, event, message, len(attachment)), attachment)
    )


def event_frames(namespace: str, event: str, message: msgspec.Struct) -> Frames:
    """Return an event without attachments."""
    text = b"%d%d%b,%b" % (MESSAGE, EVENT, namespace.encode(), msgspec.json.encode((event, message)))
    return Frames((frame_head(TEXT, len(text)) + text,))


def event_text(namespace: str, event: str, message: msgspec.Struct) -> bytes:
    """Return the text of an event whose data are a message and one attachment.

    The library's own encoder makes the same text (a test compares them), but looks for attachments everywhere first:
    17 microseconds against one.
    """
    data = msgspec.json.encode((event, message, _PLACEHOLDER))
    return b"%d%d1-%b,%b" % (MESSAGE, BINARY_EVENT, namespace.encode(), data)


def _heads(namespace: str, event: str, message: msgspec.Struct, n_bytes: int) -> bytes:
    text = event_text(namespace, event, message)
    return frame_head(TEXT, len(text)) + text + frame_head(BINARY, n_bytes)


def frame_head(opcode: int, n_bytes: int) -> bytes:
    """Return the first bytes of an unmasked, unfragmented websocket frame (RFC 6455, section 5.2).

    Examples
    --------
    >>> frame_head(BINARY, 5).hex(), frame_head(BINARY, 131072).hex()
    ('8205', '827f0000000000020000')
    """
    first = _LAST_FRAME | opcode
    if n_bytes < 126:
        return struct.pack("!BB", first, n_bytes)
    if n_bytes < 65_536:
        return struct.pack("!BBH", first, 126, n_bytes)
    return struct.pack("!BBQ", first, 127, n_bytes)


class BoundedWebSocket(SimpleWebSocketWSGI):
    """A websocket that refuses a message as soon as it is too large, not when it has been taken in whole.

    Its writing thread sends what is queued; :meth:`offer` spares that thread where the kernel has room.
    """

    def __init__(self, handler: Any, server: Any) -> None:
        super().__init__(handler, server, max_message_size=server.max_http_buffer_size, receive_bytes=65536)
        self._order = threading.Lock()
        self._writing = threading.Lock()
        self._n_queued = 0
        self._rest: Sequence[bytes] = ()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        """Take a connection; its namespaces find this object in their environment."""
        environ[KEY] = self
        return super().__call__(environ, start_response)

    def offer(self, frames: Frames, queue: Callable[[Frames], None]) -> None:
        """Send frames after all that were offered before; never blocks.

        Parameters
        ----------
        frames : Frames
            Complete messages.
        queue : callable
            Takes what has to wait for the writing thread.
        """
        with self._order:
            if not self._n_queued and self._writing.acquire(blocking=False):
                try:
                    rest = send_some(self._socket(), frames)
                except OSError:
                    rest = frames  # the writing thread meets the same, and ends the connection
                else:
                    if not rest:
                        return
                    # Whatever the writing thread sends next, this comes before it.
                    self._rest, frames = rest, Frames()
                finally:
                    self._writing.release()
            self._n_queued += 1
            queue(frames)

    def send(self, message: Any) -> None:
        """Send one message, or frames that are complete already, in the writing thread."""
        with self._writing:
            if self._rest:
                rest, self._rest = self._rest, ()
                send_all(self._socket(), rest)
            if not isinstance(message, Frames):
                super().send(message)
                return
            send_all(self._socket(), message)
        with self._order:
            self._n_queued -= 1

    def _socket(self) -> socket.socket | TwoWaySocket:
        connection: simple_websocket.Server = self.ws
        if not connection.connected or connection.sock is None:
            raise OSError("the websocket is closed")
        return connection.sock


def send_all(sock: socket.socket | TwoWaySocket, parts: Sequence[bytes]) -> None:
    """Send buffers in a row without joining them; blocks until the kernel has taken them all."""
    if isinstance(sock, TwoWaySocket):
        sock.send_parts(list(parts))  # TLS has no sendmsg
        return
    left = list(parts)
    while left:
        left = _without(left, sock.sendmsg(left))


def send_some(sock: socket.socket | TwoWaySocket, parts: Sequence[bytes]) -> list[bytes]:
    """Send as much of some buffers as the kernel takes at once; returns the rest."""
    left = list(parts)
    if isinstance(sock, TwoWaySocket):
        return left  # a record once begun has to be ended: the writing thread's work
    try:
        while left:
            left = _without(left, sock.sendmsg(left, [], socket.MSG_DONTWAIT))
    except BlockingIOError:
        pass
    return left


def _without(parts: list[bytes], n_bytes: int) -> list[bytes]:
    gone = 0
    while gone < len(parts) and n_bytes >= len(parts[gone]):
        n_bytes -= len(parts[gone])
        gone += 1
    left = parts[gone:]
    if n_bytes:
        left[0] = left[0][n_bytes:]
    return left
