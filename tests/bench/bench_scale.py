"""A hundred million spikes of a hundred thousand neurons, from event blocks to a published build, by Spark on this machine.

All frames of levels 0 to 2, groups, series and summary tables go into MongoDB; from the first task to the last write, the
start of the JVM apart. Ten million where nobody asks for this file: `make bench ONLY=scale` takes a hundred. The recording
is made once, by `synaptarium generate`, and kept in build/bench-data; SYNAPTARIUM_BENCH_SPIKES takes another number.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from synaptarium.jobs.build import precompute
from synaptarium.schemas.messages import Job
from synaptarium.server.library import open_library
from synaptarium.store import events, recordings
from synaptarium.store.database import Store

NAMES = (
    "scale.precompute_spark",
    "scale.precompute_spark_numpy",
    "scale.precompute_spark_duckdb",
    "scale.precompute_local",
    "scale.spark_start",
    "scale.task_peak_memory",
    "scale.driver_peak_memory",
)

HERE = Path(__file__).parent
FOLDER = HERE.parents[1] / "build" / "bench-data"
NEURONS, RATE_HZ = 100_000, 5
#: DuckDB holds all groups in memory; its speed hardly depends on how many there are.
DUCKDB_SPIKES = 20_000_000


def rows() -> Iterator[dict[str, Any]]:
    """Yield the speed against three references, and the peaks of memory."""
    asked = any("scale" in word for word in sys.argv[1:])
    n = int(os.environ.get("SYNAPTARIUM_BENCH_SPIKES", 100_000_000 if asked else 10_000_000))
    folder = FOLDER / str(n)
    id = recording(folder, n)
    with open_library(folder, purpose="benchmark") as library:
        columns(library.store, id, folder)
        seen: list[tuple[float, Job]] = []
        with peaks() as peak:
            precompute(
                library.store,
                id,
                engine="spark",
                master="local[2]",
                progress=lambda job: seen.append((time.perf_counter(), job)),
            )
        # Until the last moment with no range done, Spark was starting; its first task is part of that moment.
        ready = max(at for at, job in seen if job.message == "starting Spark")
        took = seen[-1][0] - ready
        begin = time.perf_counter()
        precompute(library.store, id, engine="local")
        local = n / (time.perf_counter() - begin) / 1e6
    value = {"value": n / took / 1e6, "unit": "M spikes/s"}
    yield {"name": "scale.precompute_spark", **value, "goal": ">= 20"}
    half = n // 2
    bare = n / reference("numpy", folder, [(0, half), (half, n)]) / 1e6
    yield {
        "name": "scale.precompute_spark_numpy",
        **value,
        "reference": "bare numpy on two processes, level-0 frames only, nothing stored",
        "reference_value": bare,
        "goal": ">= 0.25",
    }
    some = min(n, DUCKDB_SPIKES)
    yield {
        "name": "scale.precompute_spark_duckdb",
        **value,
        "reference": f"DuckDB, group and order of {some // 10**6} M of them, level-0 frames only",
        "reference_value": some / reference("duckdb", folder, [(0, some)]) / 1e6,
        "goal": ">= 4",
    }
    yield {
        "name": "scale.precompute_local",
        "value": local,
        "unit": "M spikes/s",
        "reference": "by Spark, its start apart",
        "reference_value": value["value"],
    }
    yield {"name": "scale.spark_start", "value": ready - seen[0][0], "unit": "s", "goal": "<= 20"}
    yield {"name": "scale.task_peak_memory", "value": peak["task"] / 2**30, "unit": "GiB", "goal": "<= 1.5"}
    yield {"name": "scale.driver_peak_memory", "value": peak["driver"] / 2**30, "unit": "GiB", "goal": "<= 2"}


def recording(folder: Path, n: int) -> str:
    """Return the recording of a kept data folder, made if it is not there."""
    id = f"scale-{n}"
    made = folder / "made"
    if not made.exists():
        command = [str(Path(sys.executable).with_name("synaptarium")), "generate", "--data", str(folder)]
        shape = ["--layers", "8", "--neurons", str(NEURONS), "--spikes", str(n), "--seed", "1", "--name", id]
        seconds = max(1, n // (NEURONS * RATE_HZ))
        print(f"making {n // 10**6} M spikes in {folder}", file=sys.stderr, flush=True)
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run([*command, *shape, "--seconds", str(seconds)], check=True, stdout=subprocess.DEVNULL)
        made.touch()
    return id


def columns(store: Store, id: str, folder: Path) -> None:
    """Write the spikes as two arrays, for the references."""
    if (folder / "neuron.npy").exists():
        return
    found = recordings.get(store, id)
    n = sum(found.counts.spikes.values())
    time_us = np.lib.format.open_memmap(folder / "time_us.npy", "w+", np.int64, (n,))
    neuron = np.lib.format.open_memmap(folder / "neuron.part", "w+", np.uint32, (n,))
    end = 0
    for batch in events.read(store, found.num, "spikes"):
        begin, end = end, end + batch.num_rows
        time_us[begin:end] = batch.column("time_us").to_numpy()
        neuron[begin:end] = batch.column("neuron").to_numpy()
    (folder / "neuron.part").rename(folder / "neuron.npy")


def reference(way: str, folder: Path, parts: list[tuple[int, int]]) -> float:
    """Return the seconds that a reference takes, a process for each part, all started at once."""
    processes = [
        subprocess.Popen(
            [sys.executable, str(HERE / "scale" / "references.py"), way, str(folder), str(start), str(stop)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for start, stop in parts
    ]
    for process in processes:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    told = [process.communicate()[0].split() for process in processes]
    assert all(process.returncode == 0 for process in processes)
    return max(float(words[0]) for words in told)


@contextmanager
def peaks() -> Iterator[dict[str, int]]:
    """Watch resident memory: the largest Python worker, and this process with its JVM."""
    found = {"task": 0, "driver": 0}
    stop = threading.Event()

    def watch() -> None:
        me = psutil.Process()
        while not stop.wait(0.1):
            driver = me.memory_info().rss
            for process in me.children(recursive=True):
                try:
                    name, resident = process.name(), process.memory_info().rss
                except psutil.Error:
                    continue
                if name == "java":
                    driver += resident
                elif name.startswith("python"):
                    found["task"] = max(found["task"], resident)
            found["driver"] = max(found["driver"], driver)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield found
    finally:
        stop.set()
        watcher.join()
