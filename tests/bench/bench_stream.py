"""The stream against a bare websocket of the same library and client, and how soon a seek is answered.

Real parts: a `synaptarium serve` process with its MongoDB, and a client that only takes bytes. The look-ahead is so long
that every chunk is due at once; what holds the stream back is the database, then credit and the library.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import textwrap
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import websocket

from synaptarium.schemas.chunk_key import ChunkKey
from synaptarium.schemas.manifest import Grid, Level, Manifest, Stream, Tile, pack_presence
from synaptarium.schemas.recording import Header, Layer, Source
from synaptarium.schemas.sealing import Sealed, seal
from synaptarium.server.library import open_library
from synaptarium.server.stream.viewer import BATCH_CHUNKS
from synaptarium.store import chunks, recordings, summaries

SECONDS = 3.0
N_CHUNKS = 256
SIZES = {"16KiB": 16 * 1024, "128KiB": 128 * 1024}
BIN_US, K = 1000, 6
OFFER = ["Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"]

BARE = textwrap.dedent(
    """
    import sys, simple_websocket
    from werkzeug.serving import make_server, WSGIRequestHandler
    data = bytes(bytearray(sys.stdin.buffer.read()))
    def app(environ, start_response):
        environ.pop("HTTP_SEC_WEBSOCKET_EXTENSIONS", None)
        ws = simple_websocket.Server(environ)
        try:
            while True:
                ws.send(data)
        except (simple_websocket.ConnectionClosed, OSError):
            raise ConnectionError
    class Quiet(WSGIRequestHandler):
        def log(self, *a): pass
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
    print(server.port, flush=True)
    server.serve_forever()
    """
)


def rows() -> Iterator[dict[str, Any]]:
    """Yield chunks per second by size, and milliseconds to the first chunk after a seek."""
    with tempfile.TemporaryDirectory(prefix="bench-stream-") as folder, served(Path(folder)) as url:
        reached, size = 0.0, 0
        for name, size in SIZES.items():
            stored = payload(size)
            with bare(stored.stored) as bare_url:
                reference = bare_rate(bare_url)
            reached = stream_rate(url, f"bench-{size}")
            yield {
                "name": f"stream.chunks_{name}",
                "value": reached,
                "unit": "chunks/s",
                "reference": "bare websocket, same library, client and bytes; no database, no credit",
                "reference_value": reference,
            }
            yield {
                "name": f"stream.chunks_{name}_of_store",
                "value": reached,
                "unit": "chunks/s",
                "reference": "the same chunks read from MongoDB in the same batches and thrown away",
                "reference_value": store_rate(Path(folder), f"bench-{size}"),
            }
        # A million neurons at 1 % and 1 ms bins are 10 MB/s at their own pace; ten times that is room enough.
        yield {
            "name": "stream.throughput",
            "value": reached * size / 1e6,
            "unit": "MB/s",
            "goal": ">= 100",
        }
        seeks_ms = seek_times_ms(url, f"bench-{SIZES['128KiB']}")
        yield {"name": "stream.seek_p50", "value": float(np.median(seeks_ms)), "unit": "ms", "goal": "<= 10"}
        yield {
            "name": "stream.seek_p99",
            "value": float(np.quantile(seeks_ms, 0.99)),
            "unit": "ms",
            "goal": "<= 50",
        }
        http_ms = http_times_ms(url, f"bench-{SIZES['128KiB']}")
        yield {
            "name": "stream.http_chunk_p50",
            "value": float(np.median(http_ms)),
            "unit": "ms",
            "goal": "<= 10",
        }


def payload(size: int) -> Sealed:
    """Bytes that do not compress, as sealed chunks do not."""
    return seal(np.random.default_rng(1).integers(0, 256, size, np.uint8).tobytes())


def store_recording(store: Any, size: int) -> None:
    """Store a recording whose chunks all have one size."""
    frames = N_CHUNKS << K
    header = Header(
        name=f"bench-{size}",
        bin_us=BIN_US,
        t_start_us=0,
        t_stop_us=frames * BIN_US,
        layers=(Layer(name="a", neurons=60_000, shape=(60_000,), offset=0),),
        source=Source(format="bench"),
    )
    recording = recordings.create(store, header, id=f"bench-{size}")
    recordings.finish(store, recording.id)
    stored = payload(size)
    chunks.write(
        store, [(ChunkKey(recording.num, 1, 0, 0, chunk, 0), stored, 1) for chunk in range(N_CHUNKS)]
    )
    manifest = Manifest(
        recording=recording.id,
        num=recording.num,
        build=1,
        revision=1,
        open=False,
        bin_us=BIN_US,
        t_start_us=0,
        t_stop_us=frames * BIN_US,
        closed_us=frames * BIN_US,
        levels=tuple(Level(level=n, bins=16**n, frames=-(-frames // 16**n)) for n in range(3)),
        tiles=(Tile(tile=0, kind="layer", name="a", first=0, n=60_000),),
        streams=(Stream(stream=0, name="spikes", kind="spikes", of="spikes"),),
        grids=(
            Grid(
                stream=0,
                level=0,
                target="a",
                k=K,
                tiles=(0,),
                presence=(pack_presence(np.ones(N_CHUNKS, np.bool_)),),
            ),
        ),
    )
    summaries.write(store, recording.num, "manifest", "1", msgspec.to_builtins(manifest))
    recordings.set_build(store, recording.id, 1)


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """A server process on a fresh data folder with one recording for each size."""
    with open_library(folder, purpose="import") as library:
        for size in SIZES.values():
            store_recording(library.store, size)
    environment = os.environ | {"SYNAPTARIUM_DATA": str(folder), "SYNAPTARIUM_LOOK_AHEAD_S": "3600"}
    environment.pop("SYNAPTARIUM_MONGO_URI", None)
    words = [sys.executable, "-m", "synaptarium.server.cli", "serve", "--port", "0"]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, env=environment, text=True)
    assert process.stdout
    try:
        yield process.stdout.readline().split()[-1].rstrip("/")
    finally:
        process.terminate()
        process.wait(30)
        process.stdout.close()


@contextmanager
def bare(data: bytes) -> Iterator[str]:
    """A server that does nothing but send."""
    process = subprocess.Popen([sys.executable, "-c", BARE], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin
    assert process.stdout
    process.stdin.write(data)
    process.stdin.close()
    try:
        yield f"ws://127.0.0.1:{int(process.stdout.readline())}/"
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def bare_rate(url: str) -> float:
    """Return frames a second from the bare server."""
    raw = websocket.create_connection(url, header=OFFER, timeout=20)
    return rate(raw, lambda n: None)


def store_rate(folder: Path, id: str) -> float:
    """Return chunks a second that one reader gets from the database, beside the server that owns it."""
    with open_library(folder, purpose="bench") as library:
        num = recordings.get(library.store, id).num
        keys = [ChunkKey(num, 1, 0, 0, chunk, 0) for chunk in range(N_CHUNKS)]
        began = time.monotonic()
        n = 0
        while time.monotonic() - began < SECONDS:
            n += len(chunks.read_many(library.store, keys[n % N_CHUNKS :][:BATCH_CHUNKS]))
        return n / (time.monotonic() - began)


def connect(url: str, recording: str) -> websocket.WebSocket:
    """Open the stream of a recording by hand."""
    address = url.replace("http", "ws", 1) + "/socket.io/?EIO=4&transport=websocket"
    raw = websocket.create_connection(address, header=OFFER, timeout=20)
    raw.recv()
    raw.send("40/stream,")
    raw.recv()
    emit(raw, "open", {"recording": recording, "streams": ["spikes"]})
    return raw


def emit(raw: websocket.WebSocket, event: str, data: object) -> None:
    """Send an event."""
    raw.send("42/stream," + json.dumps([event, data]))


def stream_rate(url: str, recording: str) -> float:
    """Return chunks a second from the stream, acknowledged every 8."""
    raw = connect(url, recording)
    loop = {"t_start_us": 0, "t_stop_us": (N_CHUNKS << K) * BIN_US}
    emit(raw, "play", {"epoch": 1, "t_us": 0, "speed": 1000, "level": 0, "loop": loop})

    def acknowledge(n: int) -> None:
        if n % 8 == 0:
            emit(raw, "ack", {"epoch": 1, "seq": n, "bytes": 0})

    return rate(raw, acknowledge)


def rate(raw: websocket.WebSocket, taken: Callable[[int], None]) -> float:
    """Return binary frames a second, after a second to get going."""
    n = 0
    marks: list[tuple[float, int]] = []
    began = time.monotonic()
    while True:
        opcode, frame = raw.recv_data_frame()
        if opcode != websocket.ABNF.OPCODE_BINARY:
            if frame.data == b"2":  # Engine.IO asks whether we live
                raw.send("3")
            continue
        n += 1
        taken(n)
        now = time.monotonic()
        if not marks and now - began > 1.0:
            marks.append((now, n))
        if marks and now - marks[0][0] > SECONDS:
            raw.shutdown()
            return (n - marks[0][1]) / (now - marks[0][0])


def seek_times_ms(url: str, recording: str, n_seeks: int = 300) -> list[float]:
    """Return the times from a seek to its chunk, one after the other, at places drawn at random."""
    raw = connect(url, recording)
    places = np.random.default_rng(2).integers(0, N_CHUNKS, n_seeks)
    times: list[float] = []
    seq = 0
    for epoch, place in enumerate(places, 1):
        began = time.perf_counter()
        emit(raw, "seek", {"epoch": epoch, "t_us": (int(place) * 64 + 32) * BIN_US, "level": 0})
        found = False
        while not found:
            opcode, frame = raw.recv_data_frame()
            if opcode == websocket.ABNF.OPCODE_TEXT and frame.data.startswith(b"451-"):
                message = json.loads(frame.data[frame.data.index(b",") + 1 :])[1]
                seq = message["seq"]
                found = message["epoch"] == epoch
                raw.recv_data_frame()
        times.append((time.perf_counter() - began) * 1000)
        emit(raw, "ack", {"epoch": epoch, "seq": seq, "bytes": 0})
    raw.shutdown()
    return times


def http_times_ms(url: str, recording: str, n_requests: int = 200) -> list[float]:
    """Return the times of chunk requests, each on a connection of its own."""
    times: list[float] = []
    for place in np.random.default_rng(3).integers(0, N_CHUNKS, n_requests):
        address = f"{url}/api/recordings/{recording}/builds/1/chunks/0/0/0/{place}"
        began = time.perf_counter()
        with urllib.request.urlopen(
            urllib.request.Request(address, headers={"Accept-Encoding": "zstd"})
        ) as answer:
            answer.read()
        times.append((time.perf_counter() - began) * 1000)
    return times
