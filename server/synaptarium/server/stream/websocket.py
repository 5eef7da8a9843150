"""The websocket under the stream: messages in are bounded, chunks go out as all their frames in one send.

A Socket.IO event with an attachment is two websocket frames: its text and its bytes. Sent one by one they cost a turn
of the library's queue, a copy and a system call each, and another thread's message may come between them, which no
Socket.IO client takes. So the events of a batch go to the queue as one packet, and from there to the kernel in one call.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Sequence
from typing import Any

import msgspec
import simple_websocket
from engineio.async_drivers._websocket_wsgi import SimpleWebSocketWSGI
from engineio.packet import MESSAGE
from engineio.packet import Packet as EnginePacket
from socketio.packet import BINARY_EVENT

TEXT, BINARY = 0x1, 0x2
_LAST_FRAME = 0x80
_PLACEHOLDER = {"_placeholder": True, "num": 0}


class Frames(tuple[bytes, ...]):
    """The bytes of complete websocket frames, in parts."""

    __slots__ = ()


class AttachedPacket(EnginePacket):
    """Events with one attachment each, as one packet of Engine.IO's queue.

    Parameters
    ----------
    namespace, event : str
        Socket.IO namespace and event.
    messages : sequence of (msgspec.Struct, bytes)
        Each event's data: a message and its attachment.
    """

    def __init__(self, namespace: str, event: str, messages: Sequence[tuple[msgspec.Struct, bytes]]) -> None:
        super().__init__(MESSAGE)
        self._frames = Frames(
            part
            for message, attachment in messages
            for part in (_heads(namespace, event, message, len(attachment)), attachment)
        )

    def encode(self, b64: bool = False) -> Frames:
        """Return the frames; the websocket below passes them on."""
        return self._frames


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
    """A websocket that refuses a message as soon as it is too large, not when it has been taken in whole."""

    def __init__(self, handler: Any, server: Any) -> None:
        super().__init__(handler, server, max_message_size=server.max_http_buffer_size, receive_bytes=65536)

    def send(self, message: Any) -> None:
        """Send one message, or frames that are complete already."""
        if not isinstance(message, Frames):
            super().send(message)
            return
        connection: simple_websocket.Server = self.ws
        if not connection.connected or connection.sock is None:
            raise OSError("the websocket is closed")
        send_all(connection.sock, message)


def send_all(sock: socket.socket, parts: Sequence[bytes]) -> None:
    """Send buffers in a row without joining them; blocks until the kernel has taken them all."""
    left = list(parts)
    while left:
        sent = sock.sendmsg(left)
        gone = 0
        while gone < len(left) and sent >= len(left[gone]):
            sent -= len(left[gone])
            gone += 1
        left = left[gone:]
        if sent:
            left[0] = left[0][sent:]
