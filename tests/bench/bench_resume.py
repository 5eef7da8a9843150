"""Killed in the middle (kill -9) and started again: an import of columns and a build, each beside one that nobody disturbed.

Ten million spikes of 20,000 neurons; a hundred million where this file is asked for by name: `make bench ONLY=resume`. Each
attempt is a command of its own, its start included.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from synaptarium.schemas.chunk_key import ChunkKey
from synaptarium.server.library import open_library
from synaptarium.store import chunks, events, jobs, recordings
from synaptarium.store.database import Store

NAMES = ("resume.import", "resume.precompute", "resume.same_bytes")

N_SPIKES = 100_000_000 if "resume" in sys.argv[1:] else 10_000_000


def rows() -> Iterator[dict[str, Any]]:
    """Yield how much longer the interrupted ones take, and whether they end with the same bytes."""
    with tempfile.TemporaryDirectory(prefix="synaptarium-bench-") as folder:
        file, data = Path(folder) / "run.parquet", Path(folder) / "data"
        shape = [
            "--layers",
            "8",
            "--neurons",
            "20000",
            "--spikes",
            str(N_SPIKES),
            "--seconds",
            str(N_SPIKES // 10**5),
        ]
        command(data, "generate", *shape, "--to", str(file)).wait()
        with open_library(data, purpose="benchmark") as library:
            store = library.store

            undisturbed = seconds(lambda: done(command(data, "import", str(file), "--name", "whole")))

            def half_imported() -> bool:
                found = [one for one in recordings.all_recordings(store) if one.id == "killed"]
                return bool(found) and events.n_rows(store, found[0].num, "spikes", "") > N_SPIKES // 2

            words = ("import", str(file), "--name", "killed")
            yield row("resume.import", interrupted(data, words, half_imported), undisturbed)

            undisturbed = seconds(lambda: done(command(data, "precompute", "whole", "--engine", "local")))

            def half_built() -> bool:
                job = jobs.latest(store, recordings.get(store, "killed").num)
                return job is not None and job.total > 0 and job.done * 2 >= job.total

            words = ("precompute", "killed", "--engine", "local")
            yield row("resume.precompute", interrupted(data, words, half_built), undisturbed) | {
                "goal": "<= 1.5"
            }
            same = checksums(store, "killed") == checksums(store, "whole")
            yield {"name": "resume.same_bytes", "value": float(same), "unit": "", "goal": ">= 1"}


def interrupted(data: Path, words: tuple[str, ...], half: Callable[[], bool]) -> float:
    """Return the seconds that a command takes that is killed half-way and given again."""
    started = time.perf_counter()
    first = command(data, *words)
    while not half():
        assert first.poll() is None, f"{words[0]} ended before it could be killed"
        time.sleep(0.005)
    first.kill()
    first.wait()
    done(command(data, *words))
    return time.perf_counter() - started


def row(name: str, value: float, undisturbed: float) -> dict[str, Any]:
    """Return a row beside the undisturbed command."""
    return {
        "name": name,
        "value": value,
        "unit": "s",
        "reference": "the same command, not killed",
        "reference_value": undisturbed,
    }


def command(data: Path, *words: str) -> subprocess.Popen[bytes]:
    """Start a command of Synaptarium."""
    environment = os.environ | {"SYNAPTARIUM_DATA": str(data)}
    line = [sys.executable, "-m", "synaptarium.server.cli", *words]
    return subprocess.Popen(line, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def done(process: subprocess.Popen[bytes]) -> None:
    """Wait for a command, which must succeed."""
    assert process.wait() == 0, process.args


def checksums(store: Store, id: str) -> str:
    """Return what tells the chunks of the published build apart from others."""
    recording = recordings.get(store, id)
    assert recording.build is not None
    first = ChunkKey(recording.num, recording.build, 0, 0, 0, 0)
    last = ChunkKey(recording.num, recording.build, 0xFFFF, 0xFF, 0xFFFFFFFF, 0xFFFFFF)
    return json.dumps([(*key[2:], sealed.checksum) for key, sealed in chunks.scan(store, first, last)])


def seconds(run: Callable[[], Any]) -> float:
    """Return how long a call takes."""
    started = time.perf_counter()
    run()
    return time.perf_counter() - started
