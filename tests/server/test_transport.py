"""What goes over the wire: no deflate, large frames whole, a viewer that stops reading harms nobody."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import websocket

from synaptarium.client import Client, Received
from synaptarium.client.stream import Stream
from synaptarium.schemas.errors import PortInUse
from synaptarium.schemas.messages import Window
from synaptarium.server.app import MAX_MESSAGE_BYTES
from synaptarium.server.config import Config
from synaptarium.server.web_server import make_server
from synaptarium.store.database import Store

from .conftest import Serve, add, everything

OFFER = ["Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"]


def connect(url: str) -> websocket.WebSocket:
    """Open the Engine.IO websocket by hand, offering deflate as every browser does, and join /stream."""
    raw = websocket.create_connection(
        url.replace("http", "ws", 1) + "/socket.io/?EIO=4&transport=websocket", header=OFFER, timeout=10
    )
    assert raw.recv().startswith("0")
    raw.send("40/stream,")
    assert raw.recv().startswith("40/stream,")
    return raw


def emit(raw: websocket.WebSocket, event: str, data: object) -> None:
    raw.send("42/stream," + json.dumps([event, data]))


def test_deflate_is_off_although_it_is_offered(store: Store, serve: Serve) -> None:
    add(store, everything())
    raw = connect(serve()[1])

    assert "sec-websocket-extensions" not in raw.getheaders()
    emit(raw, "open", {"recording": "small"})
    emit(raw, "play", {"epoch": 1, "t_us": 0, "level": 0})
    while raw.recv_frame().opcode != websocket.ABNF.OPCODE_BINARY:
        pass
    raw.shutdown()


def test_polling_is_refused(serve: Serve) -> None:
    import requests

    answer = requests.get(f"{serve()[1]}/socket.io/?EIO=4&transport=polling")

    assert answer.status_code == 400


def test_too_large_a_message_ends_the_connection(serve: Serve) -> None:
    raw = connect(serve()[1])

    with pytest.raises((websocket.WebSocketException, OSError)):
        emit(raw, "open", {"recording": "x" * (2 * MAX_MESSAGE_BYTES)})
        while raw.recv():
            pass
        raise websocket.WebSocketException("closed")
    raw.shutdown()


def test_slow_reader_gets_large_chunks_whole(store: Store, serve: Serve) -> None:
    # Small receive buffers and pauses make the server's sends partial ones.
    add(store, everything(rate_hz=200.0))
    raw = websocket.WebSocket(sockopt=[(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)])
    raw.settimeout(20)
    url = serve()[1].replace("http", "ws", 1)
    raw.connect(url + "/socket.io/?EIO=4&transport=websocket", header=OFFER)
    raw.recv()
    raw.send("40/stream,")
    raw.recv()
    emit(raw, "open", {"recording": "small", "streams": ["spikes", "weights"]})
    loop = {"t_start_us": 0, "t_stop_us": 4_000_000}
    emit(raw, "play", {"epoch": 1, "t_us": 0, "level": 0, "speed": 40, "loop": loop})

    taken = 0
    while taken < 12:
        code, data = raw.recv_data()
        if code == websocket.ABNF.OPCODE_BINARY:
            assert data[:4] == b"\x28\xb5\x2f\xfd"  # the magic number of a zstd frame
            taken += 1
        time.sleep(0.01)
    raw.shutdown()


@pytest.fixture
def served(tmp_path: Path, data_folder: Path) -> Iterator[tuple[str, psutil.Process]]:
    """A real server process with one recording of 20 MB of chunks, and its address."""
    from synaptarium.server.library import open_library

    with open_library(data_folder, purpose="import") as library:
        add(library.store, everything(seconds=30, rate_hz=100.0))
    process = subprocess.Popen(
        [sys.executable, "-m", "synaptarium.server.cli", "serve", "--port", "0", "--json"],
        stdout=subprocess.PIPE,
        env=os.environ | {"SYNAPTARIUM_STALL_S": "120", "PYTHONUNBUFFERED": "1"},
        text=True,
    )
    assert process.stdout
    text = ""
    while not text.rstrip().endswith("}"):
        line = process.stdout.readline()
        assert line, "the server ended"
        text += line
    yield json.loads(text)["url"].rstrip("/"), psutil.Process(process.pid)
    process.terminate()
    assert process.wait(timeout=30) == 0
    process.stdout.close()


def frames_in(stream: Stream, seconds: float) -> int:
    deadline = time.monotonic() + seconds
    n = 0
    while (left := deadline - time.monotonic()) > 0:
        n += isinstance(stream.next(left), Received)
    return n


def test_viewer_that_stops_reading_harms_nobody(served: tuple[str, psutil.Process]) -> None:
    url, process = served
    streams = ("spikes", "weights", "v")
    loop = {"t_start_us": 0, "t_stop_us": 20_000_000}
    stalled = [connect(url) for _ in range(4)]  # they will never read again
    with Client(url).open_stream() as reader:
        reader.open("small", streams, Window(chunks=16))
        reader.play(0, speed=30.0, level=0, loop=(0, 20_000_000))
        frames_in(reader, 2.5)  # the look-ahead comes at once
        before = frames_in(reader, 3.0)
        memory_before = process.memory_info().rss

        for raw in stalled:
            emit(raw, "open", {"recording": "small", "streams": streams})
            emit(raw, "play", {"epoch": 1, "t_us": 0, "speed": 30, "level": 0, "loop": loop})
        after = frames_in(reader, 3.0)
        memory_after = process.memory_info().rss
    for raw in stalled:
        raw.shutdown()

    assert before > 10
    assert after > 0.7 * before
    # Two windows of 4 MiB a stalled viewer, and the noise of an interpreter.
    assert memory_after - memory_before < 4 * 8 * 2**20 + 16 * 2**20


def test_port_in_use_is_told() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        with pytest.raises(PortInUse, match=f"Port {port} of 127.0.0.1 is in use") as told:
            make_server(lambda environ, start: [], Config().host, port)

    assert "--port" in told.value.hint
