"""How soon a random moment is answered, in recordings of 10^6, 10^7 and 10^8 spikes of one network, and the overview.

100,000 neurons at 5 Hz, 1 ms bins: the recordings differ in their length alone. They are made once into the folder that
SYNAPTARIUM_BENCH_DATA names (a temporary one without it; 10^8 spikes take about two minutes and 400 MB), 10^8 only where
SYNAPTARIUM_BENCH_LARGE is set or they are there already. Times are a client's: from the request to the first byte of the
payload, over loopback, so they hold all of the server's time and a little more.
"""

from __future__ import annotations

import http.client
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np

HERE = Path(__file__).parent / "stream"
sys.path.insert(0, str(HERE))  # its neighbours are found by their file names

from clients import Viewer  # noqa: E402
from servers import served  # noqa: E402

from synaptarium.client import Client  # noqa: E402
from synaptarium.schemas.manifest import Manifest  # noqa: E402
from synaptarium.server.stream.plan import Catalogue  # noqa: E402

NAMES = ("seek.", "overview.")
N_SEEKS, N_WINDOWS = 500, 500
ROUNDS = 3
SIZES = {"m1": 10**6, "m10": 10**7, "m100": 10**8}
SPIKES_PER_S = 500_000
#: 10^8 spikes of 1,000 neurons over 10,000 s: ten million frames, the longest bar to zoom over.
LONG = "long"


def rows() -> Iterator[dict[str, Any]]:
    """Yield 99th percentiles of seeks over the stream and HTTP, and of overviews, in milliseconds."""
    with ExitStack() as cleanup:
        named = os.environ.get("SYNAPTARIUM_BENCH_DATA")
        data = Path(named or cleanup.enter_context(tempfile.TemporaryDirectory(prefix="bench-seek-")))
        names = prepare(data)
        # Seeks with nothing kept: the small recording would be answered from memory, the large one from the database.
        with served(data, {"chunk_cache_bytes": 0}) as (url, _):
            client = Client(url)
            catalogues = {name: Catalogue(client.manifest(name)) for name in names}
            yield from seeks(url, {name: catalogues[name] for name in SIZES if name in names})
        with served(data) as (url, _):
            for name in names:
                yield from overviews(url, name, catalogues[name].manifest)


def prepare(data: Path) -> list[str]:
    """Generate and precompute what is missing; returns the ids of the recordings there are."""
    large = bool(os.environ.get("SYNAPTARIUM_BENCH_LARGE"))
    environment = os.environ | {"SYNAPTARIUM_DATA": str(data)}

    def run(*words: str) -> str:
        command = [sys.executable, "-m", "synaptarium.server.cli", *words]
        return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout

    have = {line.split()[0] for line in run("list").splitlines()[1:] if line.split()}
    wanted = {
        name: ("input:200x200,exc:250x200,inh:100x100", n, n / SPIKES_PER_S) for name, n in SIZES.items()
    }
    wanted[LONG] = ("input:20x20,exc:25x20,inh:10x10", 10**8, 10_000.0)
    for name, (layers, n_spikes, seconds) in wanted.items():
        if name in have or (n_spikes >= 10**8 and not large):
            continue
        sizes = ("--spikes", str(n_spikes), "--seconds", f"{seconds:g}", "--seed", "1")
        run("generate", "--layers", layers, *sizes, "--name", name)
        run("precompute", name, "--engine", "local")
        have.add(name)
    return [name for name in wanted if name in have]


def seeks(url: str, catalogues: dict[str, Catalogue]) -> Iterator[dict[str, Any]]:
    """Yield the p99 of seeks for each recording, the recordings taking turns."""
    for lane, measure in (("stream", stream_seeks_ms), ("http", http_seeks_ms)):
        p99: dict[str, float] = {}
        for round in range(ROUNDS):
            for name, catalogue in catalogues.items():
                found = float(np.quantile(measure(url, name, catalogue, seed=round), 0.99))
                p99[name] = min(found, p99.get(name, np.inf))
        for name, value in p99.items():
            yield {
                "name": f"seek.{lane}_p99_{SIZES[name]:.0e}".replace("+0", ""),
                "value": value,
                "unit": "ms",
                "goal": "<= 15",
            }
        if "m100" in p99:
            yield {
                "name": f"seek.{lane}_p99_growth",
                "value": p99["m100"],
                "unit": "ms",
                "reference": "the same with 10^6 spikes",
                "reference_value": p99["m1"],
                "goal": "<= 1.3",
            }


def stream_seeks_ms(url: str, name: str, catalogue: Catalogue, *, seed: int) -> list[float]:
    """Return the times from a seek to the first byte of its first chunk, at random times, one after the other."""
    manifest = catalogue.manifest
    times: list[float] = []
    with Viewer(url, name) as viewer:
        for epoch, t_us in enumerate(moments(manifest, N_SEEKS, seed), 1):
            began = time.perf_counter()
            viewer.emit("seek", {"epoch": epoch, "t_us": t_us, "level": 0})
            while viewer.next_chunk()["epoch"] != epoch:
                pass
            times.append((time.perf_counter() - began) * 1000)
            viewer.take()
            viewer.emit("ack", {"epoch": epoch, "seq": viewer.taken, "bytes": 0})
    return times


def http_seeks_ms(url: str, name: str, catalogue: Catalogue, *, seed: int) -> list[float]:
    """Return the times from a request to the first byte of the body of a random moment's chunk of the first layer."""
    manifest = catalogue.manifest
    track = catalogue.tracks("spikes", 0)[0]
    base = f"/api/recordings/{name}/builds/{manifest.build}/chunks/{track.stream.stream}/0/{track.tile}/"
    connection = http.client.HTTPConnection(urlsplit(url).netloc)
    times: list[float] = []
    for t_us in moments(manifest, N_SEEKS, seed):
        began = time.perf_counter()
        connection.request(
            "GET",
            f"{base}{(t_us - manifest.t_start_us) // track.chunk_us}",
            headers={"Accept-Encoding": "zstd"},
        )
        answer = connection.getresponse()
        answer.read(1)
        times.append((time.perf_counter() - began) * 1000)
        answer.read()
        assert answer.status == 200
    connection.close()
    return times


def moments(manifest: Manifest, n: int, seed: int) -> list[int]:
    """Return random times."""
    rng = np.random.default_rng(seed)
    return rng.integers(manifest.t_start_us, manifest.t_stop_us, n).tolist()


def overviews(url: str, name: str, manifest: Manifest) -> Iterator[dict[str, Any]]:
    """Yield how long the whole run takes at first, then random windows of all lengths, and the largest answer."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc)
    largest = 0

    def ask(query: str) -> float:
        nonlocal largest
        began = time.perf_counter()
        connection.request("GET", f"/api/recordings/{name}/overview?columns=600&{query}")
        answer = connection.getresponse()
        largest = max(largest, len(answer.read()))
        assert answer.status == 200
        return (time.perf_counter() - began) * 1000

    first_ms = ask("")
    span_us = manifest.t_stop_us - manifest.t_start_us
    rng = np.random.default_rng(1)
    best: dict[float, float] = {}
    for _ in range(ROUNDS):
        times: list[float] = []
        for _ in range(N_WINDOWS):
            length = max(1000, int(span_us * 10 ** rng.uniform(-4, 0)))
            start = manifest.t_start_us + int(rng.integers(0, span_us - length + 1))
            times.append(ask(f"t_start_us={start}&t_stop_us={start + length}"))
        for part in (0.5, 0.99):
            best[part] = min(best.get(part, np.inf), float(np.quantile(times, part)))
    connection.close()
    yield {"name": f"overview.{name}_first", "value": first_ms, "unit": "ms"}
    yield {"name": f"overview.{name}_p50", "value": best[0.5], "unit": "ms", "goal": "<= 4"}
    yield {"name": f"overview.{name}_p99", "value": best[0.99], "unit": "ms"}
    yield {"name": f"overview.{name}_largest", "value": largest, "unit": "bytes", "goal": "<= 8192"}
