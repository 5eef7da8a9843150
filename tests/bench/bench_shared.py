"""How late followers of a shared session hear what its presenter does: twenty of them, on loopback.

A server as the command line starts it, and in this process a presenter who moves the camera twenty times a second and
twenty followers who each move and point ten times a second, as pages do. Beside it: the same with one follower, and
how long people who come late take, from connecting to the presenter's next move.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import requests
import socketio

from synaptarium.adapters.arrays import arrays_source
from synaptarium.jobs.build import precompute
from synaptarium.server.library import open_library
from synaptarium.store.importing import import_source

FOLLOWERS = 20
SECONDS = 15
ACT_S, MOVE_S = 0.05, 0.1
LATE = 10
NAMES = (
    f"shared.lag_p95_ms_{FOLLOWERS}_followers",
    f"shared.lag_p50_ms_{FOLLOWERS}_followers",
    "shared.late_joiner_in_sync",
    "shared.lost_operations",
)


class Someone:
    """A connection that notes when each operation came."""

    def __init__(self, url: str, room: str, name: str) -> None:
        self.came: dict[int, float] = {}
        self.socket = socketio.Client(reconnection=False)
        self.welcomed = threading.Event()
        self.in_sync = threading.Event()
        self.socket.on("welcome", lambda data: self.welcomed.set(), namespace="/shared")
        self.socket.on("acted", self._acted, namespace="/shared")
        self.socket.connect(url, namespaces=["/shared"], transports=["websocket"])
        join = {"room": room, "key": name, "name": name, "colour": "#3a86ff", "seat": "presenter"}
        self.socket.emit("join", join, namespace="/shared")
        if not self.welcomed.wait(10):
            raise RuntimeError(f"{name} was not let in")

    def _acted(self, data: dict[str, Any]) -> None:
        now = time.perf_counter()
        for op in data["operations"]:
            self.came[round(op["position"][0])] = now
        if self.welcomed.is_set():
            self.in_sync.set()

    def say(self, event: str, data: dict[str, Any]) -> None:
        self.socket.emit(event, data, namespace="/shared")


def rows() -> Iterator[dict[str, Any]]:
    """Yield the lag of twenty followers and of one, and how many operations were lost."""
    with tempfile.TemporaryDirectory(prefix="bench-shared-") as folder, ExitStack() as stack:
        with open_library(Path(folder), purpose="bench") as library:
            source = arrays_source(
                "bench", bin_us=1000, t_stop_us=1_000_000, layers=[{"name": "a", "neurons": 9}]
            )
            precompute(library.store, import_source(library.store, source).id, engine="local")
        url = started(folder, stack)
        one, _, _ = measured(url, 1)
        lags, lost, late = measured(url, FOLLOWERS)
    yield {
        "name": f"shared.lag_p95_ms_{FOLLOWERS}_followers",
        "value": float(np.percentile(lags, 95)),
        "unit": "ms",
        "goal": "<= 150",
    }
    yield {
        "name": f"shared.lag_p50_ms_{FOLLOWERS}_followers",
        "value": float(np.median(lags)),
        "unit": "ms",
        "reference": "the same with one follower",
        "reference_value": float(np.median(one)),
    }
    yield {
        "name": "shared.late_joiner_in_sync",
        "value": max(late),
        "unit": f"ms, slowest of {LATE}",
        "goal": "<= 1000",
    }
    yield {"name": "shared.lost_operations", "value": lost, "unit": "operations", "goal": "<= 0"}


def started(folder: str, stack: ExitStack) -> str:
    """Start a server that ends with the stack; returns its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "synaptarium.server.cli", "serve", "--port", str(port)]
    server = subprocess.Popen(
        command, env=os.environ | {"SYNAPTARIUM_DATA": folder}, stdout=subprocess.DEVNULL
    )
    stack.callback(server.wait, 20)
    stack.callback(server.terminate)
    url = f"http://127.0.0.1:{port}"
    for _ in range(300):
        try:
            urllib.request.urlopen(f"{url}/api/health", timeout=2).close()
            return url
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("the server does not answer")


def joined_late(url: str, room: str, late_ms: list[float]) -> None:
    """Join and leave some times, and note how long each took until a move of the presenter came."""
    for n in range(LATE):
        begin = time.perf_counter()
        person = Someone(url, room, f"late {n}")
        person.in_sync.wait(10)
        late_ms.append((time.perf_counter() - begin) * 1000)
        person.socket.disconnect()


def measured(url: str, followers: int) -> tuple[np.ndarray, int, list[float]]:
    """Return every follower's lag of every operation, milliseconds, how many never came, and what late ones waited."""
    room = requests.post(f"{url}/api/recordings/bench/shared", timeout=10).json()["room"]
    presenter = Someone(url, room, "presenter")
    people = [Someone(url, room, f"f{n}") for n in range(followers)]
    sent: dict[int, float] = {}
    late_ms: list[float] = []
    late = threading.Thread(target=joined_late, args=(url, room, late_ms))
    began = time.perf_counter()
    late.start()
    moved = began
    n = 0
    while (now := time.perf_counter()) - began < SECONDS:
        n += 1
        sent[n] = time.perf_counter()
        op = {"op": "pose", "at_ms": int((now - began) * 1000), "position": [n, 0, 0], "target": [0, 0, 0]}
        presenter.say("act", {"operations": [op]})
        if now - moved >= MOVE_S:
            moved = now
            head = {"position": [n, 1, 2], "rotation": [0, 0, 0, 1]}
            for person in people:
                person.say("move", {"presence": {"head": head, "points": [n, 0, 0]}})
        time.sleep(max(0.0, began + n * ACT_S - time.perf_counter()))
    time.sleep(1.0)
    late.join()
    lags = [person.came[k] - sent[k] for person in people for k in sent if k in person.came]
    for person in (presenter, *people):
        person.socket.disconnect()
    return np.asarray(lags) * 1000, followers * len(sent) - len(lags), late_ms
