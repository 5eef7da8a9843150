"""What the stream writes by itself is what the libraries would have written."""

from __future__ import annotations

import socket
import threading

import msgspec
import pytest
from socketio.packet import EVENT, Packet
from wsproto.frame_protocol import FrameProtocol

from synaptarium.schemas.messages import Chunk
from synaptarium.server.stream.websocket import (
    BINARY,
    AttachedPacket,
    Frames,
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


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536, 200_000])
def test_frame_head_is_the_librarys(size: int) -> None:
    frame = bytes(FrameProtocol(client=False, extensions=[]).send_data(b"x" * size, True))

    assert frame_head(BINARY, size) + b"x" * size == frame


def test_batch_is_one_packet_of_whole_events() -> None:
    frames = AttachedPacket("/stream", "chunk", [(MESSAGE, b"one"), (MESSAGE, b"two")]).encode()

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
