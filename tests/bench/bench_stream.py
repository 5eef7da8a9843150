"""The stream against bare websockets of the same library, to 1, 16 and 64 viewers on this machine.

Real parts: a `synaptarium serve` process with its MongoDB, and a client process that only takes bytes with
websocket-client. The look-ahead is so long that every chunk is due at once; what holds the stream back is the library,
the client, or the database. Rates are the best of several short rounds that take turns with their references, for other
work on the machine only ever slows a round down.

Two lanes of ours: from *memory*, a loop over chunks that the server has read a moment ago (as when several people watch,
or one loops), which compares the wire alone; and from the *store*, with nothing kept.
"""

from __future__ import annotations

import selectors
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import psutil

HERE = Path(__file__).parent / "stream"
sys.path.insert(0, str(HERE))  # its neighbours are found by their file names

from clients import BareViewer, Viewer, rate  # noqa: E402
from servers import BIN_US, bare, keys_of, name_of, payload, served, store_recording  # noqa: E402

from synaptarium.server.library import open_library  # noqa: E402
from synaptarium.server.stream.sender import BATCH_BYTES, BATCH_CHUNKS  # noqa: E402
from synaptarium.store import chunks  # noqa: E402

NAMES = ("stream.",)
ROUNDS, ROUND_S = 7, 0.7
N_CHUNKS, K = 256, 6
SIZE, SMALL = 128 * 1024, 16 * 1024
WINDOW = (32, 4 * 1024 * 1024)
BUSY: dict[str, Any] = {"look_ahead_s": 3600}
JITTER_VIEWERS, FRAMES_PER_S, JITTER_S = 64, 60, 15.0

Lanes = Mapping[str, Callable[[], Sequence[BareViewer]]]


def rows() -> Iterator[dict[str, Any]]:
    """Yield chunks per second with their ratios, and how evenly 64 viewers are served."""
    with tempfile.TemporaryDirectory(prefix="bench-stream-") as folder:
        data = Path(folder)
        with open_library(data, purpose="import") as library:
            for size in (SIZE, SMALL):
                store_recording(library.store, size, n_chunks=N_CHUNKS, k=K)
        for n_viewers in (1, 16):
            yield from rates(data, SIZE, n_viewers)
        yield from rates(data, SMALL, 1)
        yield from even_pace(data)


def rates(data: Path, size: int, n_viewers: int) -> Iterator[dict[str, Any]]:
    """Yield what so many viewers together take of chunks of one size."""
    stored = payload(size).stored
    with ExitStack() as running:
        free = running.enter_context(bare(stored))
        credit = running.enter_context(bare(stored, *WINDOW))
        memory, _ = running.enter_context(served(data, BUSY))
        lanes = {
            "bare": lambda: [BareViewer(free, acknowledge=False) for _ in range(n_viewers)],
            "credit": lambda: [BareViewer(credit, acknowledge=True) for _ in range(n_viewers)],
            "memory": lambda: looping(memory, size, n_viewers),
        }
        best = best_of(lanes)
    with served(data, BUSY | {"chunk_cache_bytes": 0}) as (url, _):
        best |= best_of({"store": lambda: looping(url, size, n_viewers)})
    name = f"stream.{size // 1024}KiB_to_{n_viewers}"
    row: dict[str, Any] = {"value": best["memory"], "unit": "chunks/s"}
    same = "same library, same client, same bytes"
    yield row | {
        "name": f"{name}_of_bare",
        "reference": f"bare websocket without credit, {same}; ours with credit, chunks from memory",
        "reference_value": best["bare"],
        "goal": ">= 0.75" if size == SIZE else "",
    }
    yield row | {
        "name": f"{name}_of_bare_with_credit",
        "reference": f"bare websocket under the same window and ack rule, {same}; chunks from memory",
        "reference_value": best["credit"],
        "goal": ">= 0.9" if size == SIZE else "",
    }
    yield {
        "name": f"{name}_from_store",
        "value": best["store"],
        "unit": "chunks/s",
        "reference": "one reader of the same chunks from MongoDB in the same batches, thrown away",
        "reference_value": store_rate(data, size),
    }


def best_of(lanes: Lanes) -> dict[str, float]:
    """Return each lane's best round, the lanes taking turns."""
    found = {name: 0.0 for name in lanes}
    for _ in range(ROUNDS):
        for name, connect in lanes.items():
            found[name] = max(found[name], rate(connect(), ROUND_S))
    return found


def looping(url: str, size: int, n_viewers: int) -> list[Viewer]:
    """Connect viewers that play the whole recording in a loop, far faster than it can be sent."""
    viewers = [Viewer(url, name_of(size)) for _ in range(n_viewers)]
    loop = {"t_start_us": 0, "t_stop_us": (N_CHUNKS << K) * BIN_US}
    for viewer in viewers:
        viewer.emit("play", {"epoch": 1, "t_us": 0, "speed": 1000, "level": 0, "loop": loop})
    return viewers


def store_rate(data: Path, size: int) -> float:
    """Return chunks a second that one reader gets from the database alone."""
    keys = keys_of(data, size, N_CHUNKS)
    batch = min(BATCH_CHUNKS, BATCH_BYTES // size)
    best = 0.0
    with open_library(data, purpose="bench") as library:
        for _ in range(ROUNDS):
            began, n = time.monotonic(), 0
            while time.monotonic() - began < ROUND_S:
                wanted = keys[n % N_CHUNKS :][:batch]
                n += len(chunks.read_many(library.store, wanted, {(0, 0): [0]}))
            best = max(best, n / (time.monotonic() - began))
    return best


def even_pace(data: Path) -> Iterator[dict[str, Any]]:
    """Yield how late chunks come to 64 viewers that are each to get 60 chunks of 16 KiB a second.

    Chunk n of a viewer is due 1/60 s after chunk n - 1, for the server sends it when the playhead is a look-ahead away;
    its jitter is how far it comes from that beat, whose start is the median of all its chunks.
    """
    # A chunk of 2**6 bins of a millisecond in a sixtieth of a second.
    speed = FRAMES_PER_S * (BIN_US << K) / 1e6
    loop = {"t_start_us": 0, "t_stop_us": (N_CHUNKS << K) * BIN_US}
    with bare(payload(SMALL).stored, FRAMES_PER_S) as url:
        bare_ms, _ = lateness(lambda: [BareViewer(url, acknowledge=False) for _ in range(JITTER_VIEWERS)])
    with served(data, {"look_ahead_s": 0.25, "max_viewers": JITTER_VIEWERS}) as (url, pid):

        def connect() -> list[BareViewer]:
            viewers = [Viewer(url, name_of(SMALL)) for _ in range(JITTER_VIEWERS)]
            for viewer in viewers:
                viewer.emit("play", {"epoch": 1, "t_us": 0, "speed": speed, "level": 0, "loop": loop})
            return list(viewers)

        late_ms, sizes_mb = lateness(connect, psutil.Process(pid))
    seconds = JITTER_S - 3
    yield {
        "name": "stream.16KiB_to_64_pace",
        "value": len(late_ms) / seconds / JITTER_VIEWERS,
        "unit": "chunks/s each",
        "reference": "60 a second for each of 64 viewers",
        "reference_value": FRAMES_PER_S,
        "goal": ">= 0.99",
    }
    yield {
        "name": "stream.16KiB_to_64_jitter_p99",
        "value": float(np.quantile(late_ms, 0.99)),
        "unit": "ms",
        "reference": "64 bare websockets whose threads sleep between two chunks, same client",
        "reference_value": float(np.quantile(bare_ms, 0.99)),
        "goal": "<= 10",
        "met": float(np.quantile(late_ms, 0.99)) <= 10,
    }
    half = len(sizes_mb) // 2
    yield {
        "name": "stream.16KiB_to_64_memory_growth",
        "value": float(np.median(sizes_mb[half:]) - np.median(sizes_mb[:half])),
        "unit": "MB",
        "goal": "<= 4",
    }


def lateness(
    connect: Callable[[], Sequence[BareViewer]], server: psutil.Process | None = None
) -> tuple[list[float], list[float]]:
    """Return how many ms each chunk is off its viewer's beat, and the server's memory in MB, after 3 s to get going."""
    sizes_mb: list[float] = []
    with ExitStack() as connections, selectors.DefaultSelector() as ready:
        came: dict[BareViewer, list[float]] = {connections.enter_context(viewer): [] for viewer in connect()}
        for viewer in came:
            ready.register(viewer.raw.sock, selectors.EVENT_READ, viewer)
        began = time.monotonic()
        while (now := time.monotonic()) - began < JITTER_S:
            if server is not None and now - began > 3 + 0.5 * len(sizes_mb):
                sizes_mb.append(server.memory_info().rss / 1e6)
            for key, _ in ready.select(1.0):
                if key.data.take():
                    came[key.data].append(time.monotonic())
    late_ms: list[float] = []
    for times in came.values():
        beat = np.array(times) - np.arange(len(times)) / FRAMES_PER_S
        steady = beat[np.array(times) - began > 3]
        late_ms += (abs(steady - np.median(steady)) * 1000).tolist()
    return late_ms, sizes_mb
