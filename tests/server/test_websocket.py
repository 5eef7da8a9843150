"""What the stream writes by itself is what the libraries would have written."""

from __future__ import annotations

import queue
import re
import socket
import threading
from types import SimpleNamespace

import msgspec
import pytest
from socketio.packet import EVENT, Packet
from wsproto.frame_protocol import FrameProtocol

from synaptarium.schemas.messages import Chunk
from synaptarium.server.stream.websocket import (
    BINARY,
    BoundedWebSocket,
    Frames,
    FramesPacket,
    attached_frames,
    event_frames,
    event_text,
    frame_head,
    send_all,
)

MESSAGE = Chunk(epoch=1, seq=2, build=1, stream=0, level=0, tile=0, chunk=3, checksum=4_000_000_000)


def test_event_text_is_the_librarys() -> None:
    data = ["chunk", msgspec.to_builtins(MESSAGE), b"bytes"]
    text, attachment = Packet(EVENT, data, namespace="/stream").encode()

    assert event_text("/stream", "chunk", MESSAGE) == b"4" + text.encode()
    assert attachment == b"bytes"


def test_event_without_attachments_is_the_librarys() -> None:
    text = Packet(EVENT, ["state", msgspec.to_builtins(MESSAGE)], namespace="/stream").encode()

    assert event_frames("/stream", "state", MESSAGE) == (frame_head(1, len(text) + 1) + b"4" + text.encode(),)


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536, 200_000])
def test_frame_head_is_the_librarys(size: int) -> None:
    frame = bytes(FrameProtocol(client=False, extensions=[]).send_data(b"x" * size, True))

    assert frame_head(BINARY, size) + b"x" * size == frame


def test_batch_is_one_packet_of_whole_events() -> None:
    batch = attached_frames("/stream", "chunk", [(MESSAGE, b"one"), (MESSAGE, b"two")])
    frames = FramesPacket(batch).encode()

    text = event_text("/stream", "chunk", MESSAGE)
    event = frame_head(1, len(text)) + text
    assert isinstance(frames, Frames)
    assert b"".join(frames) == event + b"\x82\x03one" + event + b"\x82\x03two"


def test_everything_is_sent_though_the_kernel_takes_it_in_pieces() -> None:
    ours, theirs = socket.socketpair()
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    ours.settimeout(20)  # with a timeout a send takes what fits and returns
    parts = [bytes([n]) * (n * 10_007 + (n % 3 == 0)) for n in range(12)]
    received: list[bytes] = []

    def read() -> None:
        while part := theirs.recv(8192):
            received.append(part)

    reading = threading.Thread(target=read)
    reading.start()
    send_all(ours, parts)
    ours.close()
    reading.join(20)
    theirs.close()

    assert b"".join(received) == b"".join(parts)


class _Line(BoundedWebSocket):
    """One end of a pair of sockets, with the writing thread of Engine.IO."""

    def __init__(self, sock: socket.socket) -> None:
        super().__init__(None, SimpleNamespace(max_http_buffer_size=1))
        self.ws = SimpleNamespace(connected=True, sock=sock, send=lambda text: sock.sendall(text))
        self.waiting: queue.Queue[bytes | Frames | None] = queue.Queue()
        self.writer = threading.Thread(target=self._write)

    def _write(self) -> None:
        while (message := self.waiting.get()) is not None:
            self.send(message)


def test_offered_frames_keep_their_order_and_no_other_message_comes_into_them() -> None:
    ours, theirs = socket.socketpair()
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    line = _Line(ours)
    received = bytearray()

    def read() -> None:
        while part := theirs.recv(3000):
            received.extend(part)

    offered = [Frames((b"<%03d" % n, bytes([97 + n % 26]) * (n * 97 % 5000), b">")) for n in range(200)]
    for n, frames in enumerate(offered):
        if n == 20:  # until then the kernel's buffer fills, and nobody reads or writes
            assert line.waiting.qsize() > 0
            line.writer.start()
            reading = threading.Thread(target=read)
            reading.start()
        if n % 10 == 5:
            line.waiting.put(b"!ping!")
        line.offer(frames, line.waiting.put)
    line.waiting.put(None)
    line.writer.join(20)
    ours.close()
    reading.join(20)
    theirs.close()

    assert received.count(b"!ping!") == 20
    assert bytes(received).replace(b"!ping!", b"") == b"".join(b"".join(frames) for frames in offered)
    whole = re.compile(rb"(?:<\d{3}[a-z]*>|!ping!)*")
    assert whole.fullmatch(bytes(received))


def test_what_the_kernel_takes_at_once_wakes_no_thread() -> None:
    ours, theirs = socket.socketpair()
    line = _Line(ours)

    line.offer(Frames((b"one", b"two")), line.waiting.put)

    assert (theirs.recv(100), line.waiting.qsize()) == (b"onetwo", 0)
    ours.close()
    line.offer(Frames((b"three",)), line.waiting.put)  # the writing thread finds out
    assert line.waiting.qsize() == 1
    theirs.close()
