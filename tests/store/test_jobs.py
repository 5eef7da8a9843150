"""Leases, parts and progress of jobs."""

from __future__ import annotations

import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from synaptarium.schemas.errors import RecordingBusy
from synaptarium.schemas.recording import Header, Layer, Recording, Source
from synaptarium.store import jobs, recordings
from synaptarium.store.database import Store


@pytest.fixture
def recording(store: Store) -> Recording:
    layers = (Layer(name="L", neurons=1, shape=(1,), offset=0),)
    header = Header(
        name="run", bin_us=1, t_start_us=0, t_stop_us=1, layers=layers, source=Source(format="test")
    )
    return recordings.create(store, header)


def dead_owner() -> str:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return f"{socket.gethostname()}/{process.pid}/00000000"


def test_one_of_many_gets_the_lease(store: Store, recording: Recording) -> None:
    def attempt(_: int) -> bool:
        try:
            jobs.claim(store, recording.num, 1, jobs.new_owner())
        except RecordingBusy:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(attempt, range(8)))

    assert sum(outcomes) == 1


def test_a_held_lease_names_its_holder(store: Store, recording: Recording) -> None:
    jobs.claim(store, recording.num, 0, "elsewhere/12/ab")

    with pytest.raises(RecordingBusy, match="being imported by process 12 on elsewhere"):
        jobs.claim(store, recording.num, 1, jobs.new_owner())
    with pytest.raises(RecordingBusy, match="being imported"):
        recordings.delete(store, recording.id)


def test_a_released_lease_is_free(store: Store, recording: Recording) -> None:
    first, second = jobs.new_owner(), jobs.new_owner()
    jobs.claim(store, recording.num, 1, first)

    jobs.release(store, recording.num, 1, second)  # not ours: nothing happens
    with pytest.raises(RecordingBusy):
        jobs.check_free(store, recording.num)
    jobs.release(store, recording.num, 1, first)

    jobs.check_free(store, recording.num)
    jobs.claim(store, recording.num, 1, second)


def test_a_lease_that_ran_out_or_whose_owner_died_is_taken_over(store: Store, recording: Recording) -> None:
    jobs.claim(store, recording.num, 1, "elsewhere/12/ab", lease_s=-1)
    dead = dead_owner()
    jobs.claim(store, recording.num, 1, dead)
    jobs.check_free(store, recording.num)
    ours = jobs.new_owner()

    jobs.claim(store, recording.num, 1, ours)

    assert jobs.heartbeat(store, recording.num, 1, ours)
    assert not jobs.heartbeat(store, recording.num, 1, dead)


def test_parts_that_are_done_stay_done(store: Store, recording: Recording) -> None:
    jobs.claim(store, recording.num, 1, jobs.new_owner())
    jobs.part_done(store, recording.num, 1, 7, {"spikes": 3})
    jobs.part_done(store, recording.num, 1, 2, {"spikes": 1})
    jobs.part_done(store, recording.num, 1, 7, {"spikes": 3})

    assert jobs.done_parts(store, recording.num, 1) == {2: {"spikes": 1}, 7: {"spikes": 3}}
    assert jobs.done_parts(store, recording.num, 2) == {}
    jobs.forget_parts(store, recording.num, 1)
    assert jobs.done_parts(store, recording.num, 1) == {}


def test_progress_is_seen_by_others(store: Store, recording: Recording) -> None:
    assert jobs.latest(store, recording.num) is None
    jobs.claim(store, recording.num, 3, jobs.new_owner(), engine="local")

    jobs.progress(
        store, recording.num, 3, done=2, total=8, events=100, rate_hz=50.0, eta_s=6.0, message="level 0"
    )

    job = jobs.latest(store, recording.num)
    assert job is not None
    assert (job.recording, job.build, job.engine, job.state) == ("run", 3, "local", "running")
    assert (job.done, job.total, job.events, job.rate_hz, job.eta_s, job.message) == (
        2,
        8,
        100,
        50.0,
        6.0,
        "level 0",
    )
    assert jobs.all_jobs(store) == [job]


def test_a_job_that_is_done_stays_done(store: Store, recording: Recording) -> None:
    jobs.claim(store, recording.num, 1, jobs.new_owner())
    jobs.progress(store, recording.num, 1, done=2, total=2, state="done")

    jobs.progress(store, recording.num, 1, done=1, total=2, state="failed", message="the lease was lost")

    found = jobs.latest(store, recording.num)
    assert found is not None and (found.state, found.done, found.message) == ("done", 2, "")


def test_a_job_can_be_asked_to_stop(store: Store, recording: Recording) -> None:
    owner = jobs.new_owner()
    assert not jobs.cancel(store, recording.num)
    jobs.claim(store, recording.num, 1, owner)
    assert not jobs.cancelled(store, recording.num, 1)

    assert jobs.cancel(store, recording.num)

    assert jobs.cancelled(store, recording.num, 1)
    jobs.claim(store, recording.num, 1, owner)  # started again: the old wish is forgotten
    assert not jobs.cancelled(store, recording.num, 1)


def test_a_job_whose_worker_died_is_not_called_running(store: Store, recording: Recording) -> None:
    jobs.claim(store, recording.num, 1, dead_owner())

    job = jobs.latest(store, recording.num)

    assert job is not None
    assert job.state == "failed"
    assert "Start it again" in job.message
