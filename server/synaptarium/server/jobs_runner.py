"""Precomputes started from the home page: each in a process of its own, so that the server stays responsive."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from synaptarium.schemas.errors import RecordingBusy
from synaptarium.schemas.messages import Engine, Job
from synaptarium.schemas.recording import Recording
from synaptarium.store import jobs

if TYPE_CHECKING:
    from synaptarium.server.library import Library

log = logging.getLogger("synaptarium.server")

#: A job looks at its cancel flag between ranges; one that does not stop by then is ended.
CANCEL_S = 20.0
TIDY_S = 10.0
LAST_WORDS = 2000


@dataclass
class _Child:
    process: subprocess.Popen[bytes]
    job: Job
    words: IO[bytes]
    cancelled: bool = False


class JobsRunner:
    """Starts and ends precomputing processes; how far they are stands in the database.

    Parameters
    ----------
    library : Library
        The children open the same one.
    """

    def __init__(self, library: Library) -> None:
        self._library = library
        self._lock = threading.Lock()
        self._children: dict[int, _Child] = {}

    def start(self, recording: Recording, engine: Engine) -> Job:
        """Start precomputing a recording.

        Raises
        ------
        RecordingBusy
            It is being precomputed or imported.
        """
        with self._lock:
            known = self._children.get(recording.num)
            if known and not self._has_ended(known, recording):
                raise RecordingBusy(
                    f"{recording.id!r} is being precomputed already.",
                    hint="Wait until it is done, or cancel it.",
                )
            jobs.check_free(self._library.store, recording.num)
            now_us = time.time_ns() // 1000
            job = Job(
                recording=recording.id,
                build=0,
                engine=engine,
                state="queued",
                done=0,
                total=0,
                message="Starting.",
                started_us=now_us,
                updated_us=now_us,
            )
            words = tempfile.TemporaryFile()  # noqa: SIM115  lives as long as the child
            command = [sys.executable, "-m", "synaptarium.server.cli", "precompute", recording.id]
            process = subprocess.Popen(
                [*command, "--engine", engine, "--data", str(self._library.data)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=words,
                env=self._environment(),
            )
            if known:
                known.words.close()
            self._children[recording.num] = _Child(process, job, words)
        return job

    def _has_ended(self, child: _Child, recording: Recording) -> bool:
        """Tell whether a child is gone; one whose job is over is only tidying up."""
        stored = jobs.latest(self._library.store, recording.num)
        over = (
            stored and stored.updated_us >= child.job.started_us and stored.state not in ("queued", "running")
        )
        try:
            child.process.wait(timeout=TIDY_S if over else 0)
        except subprocess.TimeoutExpired:
            return False
        return True

    def latest(self, recording: Recording) -> Job | None:
        """Return the newest job of a recording, whoever started it."""
        return self._newer(recording.num, jobs.latest(self._library.store, recording.num))

    def all(self) -> list[Job]:
        """Return the newest job of every recording, newest first."""
        newest: dict[str, Job] = {}
        for job in jobs.all_jobs(self._library.store):
            newest.setdefault(job.recording, job)
        with self._lock:
            children = list(self._children.items())
        for num, child in children:
            job = self._newer(num, newest.get(child.job.recording))
            if job:
                newest[job.recording] = job
        return sorted(newest.values(), key=lambda job: -job.started_us)

    def cancel(self, recording: Recording) -> None:
        """Ask the job of a recording to stop, and end our process if it does not."""
        asked = jobs.cancel(self._library.store, recording.num)
        with self._lock:
            child = self._children.get(recording.num)
        if child and child.process.poll() is None:
            child.cancelled = True
            threading.Thread(
                target=_end, args=(child.process, CANCEL_S if asked else 0.0), name="cancel", daemon=True
            ).start()

    def close(self) -> None:
        """End all our processes; what they did is kept, and they can be started again."""
        with self._lock:
            children, self._children = list(self._children.values()), {}
        for child in children:
            _end(child.process, 0.0)
            child.words.close()

    def _environment(self) -> dict[str, str]:
        environment = os.environ | {"PYTHONUNBUFFERED": "1"}
        if self._library.mongod is None:
            environment["SYNAPTARIUM_MONGO_URI"] = self._library.store.uri
        return environment

    def _newer(self, num: int, stored: Job | None) -> Job | None:
        with self._lock:
            child = self._children.get(num)
        # Asked for first: while nobody does, a killed process counts as one that lives, for the store too.
        code = child.process.poll() if child else None
        if child is None or (stored and stored.started_us >= child.job.started_us):
            return stored
        if code is None:
            # A build that goes on where it was stopped keeps its first start.
            return stored if stored and stored.updated_us >= child.job.started_us else child.job
        if stored and stored.updated_us >= child.job.started_us:
            return stored
        if code == 0:
            return stored
        killed = f"Its process was ended by {signal.Signals(-code).name}. Start it again." if code < 0 else ""
        message = _last_words(child.words) or killed or f"Its process ended with code {code}."
        return Job(
            recording=child.job.recording,
            build=0,
            engine=child.job.engine,
            state="cancelled" if child.cancelled else "failed",
            done=0,
            total=0,
            message=message,
            started_us=child.job.started_us,
            updated_us=child.job.started_us,
        )


def _end(process: subprocess.Popen[bytes], patience_s: float) -> None:
    for end, wait_s in ((process.terminate, patience_s), (process.kill, 5.0)):
        try:
            process.wait(timeout=wait_s)
            return
        except subprocess.TimeoutExpired:
            end()
    process.wait()


def _last_words(words: IO[bytes]) -> str:
    words.seek(0, os.SEEK_END)
    words.seek(max(0, words.tell() - LAST_WORDS))
    lines = [line.strip() for line in words.read().decode(errors="replace").splitlines() if line.strip()]
    return next((line for line in reversed(lines) if line.startswith("error:")), lines[-1] if lines else "")
