"""Memory of the server stays flat under random seeks: a minute here, ten in `make soak`.

Four viewers jump about in a recording that is larger than what the server keeps of it, each at places and levels of its
own; they play a little in between, come back on new connections, and ask for the overview of random windows. So all that
a server holds is filled and turned over many times.
"""

from __future__ import annotations

import os
import random
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from synaptarium.client import Client, Received, Stream
from synaptarium.schemas.errors import ErrorBody

SECONDS = float(os.environ.get("SYNAPTARIUM_SOAK_SECONDS", "60"))
VIEWERS = 4
SAMPLES = 30
SPAN_US = 20_000_000
LEVELS = (None, 0, 0, 1, 2)
CACHE_BYTES = 2 * 1024 * 1024
MB = 1e6
# What may be added from the second third to the last one; a leak of a kilobyte a seek would add twice as much in a minute.
GROWTH_MB = 8.0


class Jumper(threading.Thread):
    """One viewer that seeks until it is stopped, and counts what came."""

    def __init__(self, url: str, seed: int) -> None:
        super().__init__(daemon=True)
        self._client = Client(url)
        self._random = random.Random(seed)
        self.stopped = threading.Event()
        self.seeks = self.chunks = 0
        self.problems: list[str] = []

    def run(self) -> None:
        """Seek on one connection after another."""
        while not self.stopped.is_set():
            try:
                with self._client.open_stream() as stream:
                    stream.open("soak", ("spikes", "spikes.groups"))
                    for _ in range(200):
                        if self.stopped.is_set():
                            return
                        self._seek(stream)
            except Exception as error:
                self.problems.append(repr(error))
                return

    def _seek(self, stream: Stream) -> None:
        stream.seek(self._random.randrange(SPAN_US), level=self._random.choice(LEVELS))
        self._take(stream, 1)
        if self.seeks % 20 == 0:
            speed = self._random.choice((-4.0, 0.5, 1.0, 20.0))
            stream.play(self._random.randrange(SPAN_US), speed=speed)
            self._take(stream, 10)
            stream.pause()
        if self.seeks % 5 == 0:
            start = self._random.randrange(SPAN_US - 1000)
            stop = self._random.randrange(start + 1000, SPAN_US + 1)
            assert self._client.overview("soak", (start, stop)).total.shape[0] == 2
        self.seeks += 1

    def _take(self, stream: Stream, n: int) -> None:
        """Take so many chunks of the newest epoch, or what comes within a second."""
        deadline = time.monotonic() + 1
        while n and time.monotonic() < deadline:
            event = stream.next(0.1)
            if isinstance(event, ErrorBody):
                self.problems.append(event.message)
            elif isinstance(event, Received):
                self.chunks += 1
                n -= 1


@contextmanager
def served(data: Path) -> Iterator[tuple[str, psutil.Process]]:
    """A server process that keeps little; its address and process."""
    environment = os.environ | {
        "SYNAPTARIUM_DATA": str(data),
        "SYNAPTARIUM_CHUNK_CACHE_BYTES": str(CACHE_BYTES),
    }
    command = [sys.executable, "-m", "synaptarium.server.cli", "serve", "--port", "0"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        try:
            yield server.stdout.readline().split()[-1].rstrip("/"), psutil.Process(server.pid)
        finally:
            server.terminate()


def synaptarium(*words: str) -> None:
    """Run one command of the command line."""
    command = [sys.executable, "-m", "synaptarium.server.cli", *words]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_memory_stays_flat_under_random_seeks(data_folder: Path) -> None:
    synaptarium(
        "generate", "--layers", "input:100x100,output:100x200", "--spikes", "6000000", "--seconds", "20",
        "--name", "soak",
    )  # fmt: skip
    synaptarium("precompute", "soak", "--engine", "local")
    sizes_mb: list[float] = []
    with served(data_folder) as (url, server):
        jumpers = [Jumper(url, seed) for seed in range(VIEWERS)]
        for jumper in jumpers:
            jumper.start()
        for _ in range(SAMPLES):
            time.sleep(SECONDS / SAMPLES)
            sizes_mb.append(server.memory_info().rss / MB)
        threads = server.num_threads()
        for jumper in jumpers:
            jumper.stopped.set()
        for jumper in jumpers:
            jumper.join(20)

    third = SAMPLES // 3
    growth_mb = statistics.median(sizes_mb[2 * third :]) - statistics.median(sizes_mb[third : 2 * third])
    seeks, chunks = (sum(getattr(jumper, name) for jumper in jumpers) for name in ("seeks", "chunks"))
    print(
        f"\n{SECONDS:.0f} s of random seeks: {seeks} seeks, {chunks} chunks, "
        f"server {sizes_mb[-1]:.0f} MB ({growth_mb:+.1f}), {threads} threads"
    )
    assert [problem for jumper in jumpers for problem in jumper.problems] == []
    assert seeks > 10 * SECONDS
    assert growth_mb < GROWTH_MB, [round(size, 1) for size in sizes_mb]
    assert threads < 10 * VIEWERS + 30
