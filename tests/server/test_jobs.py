"""Precomputing from the home page: child processes, progress, cancel, and a server that stays responsive."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from synaptarium.client import Client
from synaptarium.schemas.errors import RecordingBusy, RecordingNotFound
from synaptarium.schemas.messages import Job
from synaptarium.server.app import serving
from synaptarium.server.config import Config
from synaptarium.server.library import Library, open_library
from synaptarium.store import jobs, recordings
from synaptarium.store.importing import import_source

from .conftest import everything


@pytest.fixture
def library_served(data_folder: Path) -> Iterator[tuple[Library, Client]]:
    """A data folder of its own, served: the child processes attach to its database."""
    with (
        open_library(data_folder, purpose="serve") as library,
        serving(library, Config(port=0, follow_ms=50)) as (_, server),
    ):
        yield library, Client(f"http://127.0.0.1:{server.port}")


def job_of(client: Client, id: str, found: Callable[[Job], bool], timeout_s: float = 60) -> Job:
    """Wait for a state of the latest job of a recording."""
    deadline = time.monotonic() + timeout_s
    job = None
    while time.monotonic() < deadline:
        job = next((job for job in client.jobs() if job.recording == id), None)
        if job and found(job):
            return job
        time.sleep(0.05)
    raise AssertionError(f"the job is {job}")


def test_job_runs_in_a_process_of_its_own(library_served: tuple[Library, Client]) -> None:
    library, client = library_served
    id = import_source(library.store, everything()).id

    started = client.precompute(id, engine="local")
    done = job_of(client, id, lambda job: job.state == "done")

    assert (started.state, started.recording) == ("queued", id)
    assert done.done == done.total > 0
    assert client.manifest(id).build == done.build
    (summary,) = client.recordings()
    assert summary.job
    assert summary.job.state == "done"


def test_second_job_of_a_recording_is_refused(library_served: tuple[Library, Client]) -> None:
    library, client = library_served
    id = import_source(library.store, everything()).id
    client.precompute(id, engine="local")

    with pytest.raises(RecordingBusy):
        client.precompute(id, engine="local")

    job_of(client, id, lambda job: job.state == "done")


def test_job_is_cancelled(library_served: tuple[Library, Client]) -> None:
    library, client = library_served
    id = import_source(library.store, everything(seconds=60, rate_hz=100.0)).id
    client.precompute(id, engine="local")
    job_of(client, id, lambda job: job.state == "running")

    client.cancel(id)

    cancelled = job_of(client, id, lambda job: job.state == "cancelled")
    assert cancelled.message
    assert recordings.get(library.store, id).build is None
    jobs.check_free(library.store, recordings.get(library.store, id).num)

    client.precompute(id, engine="local")  # and it can be started again
    job_of(client, id, lambda job: job.state == "done")


def test_job_cancelled_before_it_began_is_told(library_served: tuple[Library, Client]) -> None:
    library, client = library_served
    id = import_source(library.store, everything()).id
    client.precompute(id, engine="local")

    client.cancel(id)

    assert job_of(client, id, lambda job: job.state in ("cancelled", "done")).recording == id


@pytest.mark.parametrize("at_work", [False, True])
def test_killed_job_is_told_at_once(library_served: tuple[Library, Client], at_work: bool) -> None:
    library, client = library_served
    id = import_source(library.store, everything(seconds=30, rate_hz=100.0)).id
    client.precompute(id, engine="local")
    process = held_job(id, library, at_work=at_work)

    process.kill()

    failed = job_of(client, id, lambda job: job.state != "queued" and job.state != "running", timeout_s=10)
    assert failed.state == "failed" and "tart it again" in failed.message
    client.precompute(id, engine="local")
    job_of(client, id, lambda job: job.state == "done")


def held_job(id: str, library: Library, *, at_work: bool) -> psutil.Process:
    """Return the process of a job, held as soon as it runs, or as soon as it says that it works."""
    num = recordings.get(library.store, id).num
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        for child in psutil.Process().children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                if "precompute" in child.cmdline() and id in child.cmdline():
                    if at_work and jobs.latest(library.store, num) is None:
                        continue
                    child.suspend()
                    return child
        time.sleep(0.002)
    raise AssertionError("no job was started")


def test_failing_job_tells_why(library_served: tuple[Library, Client]) -> None:
    library, client = library_served
    id = import_source(library.store, everything()).id
    recordings.set_status(library.store, id, "failed")

    client.precompute(id)

    failed = job_of(client, id, lambda job: job.state == "failed")
    assert "is failed, not ready" in failed.message


def test_job_of_an_unknown_recording_is_told(library_served: tuple[Library, Client]) -> None:
    with pytest.raises(RecordingNotFound):
        library_served[1].precompute("nobody")


def test_server_answers_while_a_job_runs(library_served: tuple[Library, Client]) -> None:
    library, client = library_served
    id = import_source(library.store, everything(seconds=30, rate_hz=100.0)).id
    client.precompute(id, engine="local")
    answered = 0
    while job_of(client, id, lambda job: True).state in ("queued", "running"):
        assert client.health().status == "ok"
        answered += 1

    assert answered > 10
