"""A precompute that is killed leaves nothing half-published and goes on where it stopped."""

from __future__ import annotations

import signal
import subprocess
import sys

import msgspec
import pytest

from synaptarium.jobs import spark
from synaptarium.jobs.build import precompute
from synaptarium.jobs.cluster import versions
from synaptarium.jobs.planning import make_plan
from synaptarium.jobs.ranges import build_range
from synaptarium.store import jobs, recordings

VICTIM = """
import os, signal, sys
from synaptarium.jobs import planning
from synaptarium.jobs.build import precompute
from synaptarium.store.database import connect

def die(job):
    if job.done >= 2:
        os.kill(os.getpid(), signal.SIGKILL)

planning.MAX_RANGE_BITS = 11
precompute(connect(sys.argv[1], sys.argv[2]), sys.argv[3], engine="local", progress=die)
"""


@pytest.fixture(autouse=True)
def short_ranges(monkeypatch) -> None:
    """Several ranges from few events, as the victim has them."""
    monkeypatch.setattr("synaptarium.jobs.planning.MAX_RANGE_BITS", 11)


def test_a_killed_build_goes_on_with_the_ranges_that_are_left(store, learning_run, bytes_of) -> None:
    recording = learning_run(seconds=24.0).stored(store)

    victim = subprocess.run([sys.executable, "-c", VICTIM, store.uri, store.name, recording.id], timeout=60)

    assert victim.returncode == -signal.SIGKILL
    killed = jobs.latest(store, recording.num)
    assert killed.state == "failed"
    assert recordings.get(store, recording.id).build is None
    before = jobs.done_parts(store, recording.num, killed.build)
    assert 2 <= len(before) < killed.total

    resumed = precompute(store, recording.id, engine="local")

    after = jobs.done_parts(store, recording.num, resumed)
    assert resumed == killed.build and len(after) == killed.total
    assert {part: after[part] for part in before} == before
    again = precompute(store, recording.id, engine="local")
    assert len(bytes_of(recording, again)) > 0 and bytes_of(recording, resumed) == {}


def test_a_resumed_build_has_the_bytes_of_an_undisturbed_one(store, learning_run, bytes_of) -> None:
    recording = learning_run(seconds=24.0).stored(store)
    subprocess.run([sys.executable, "-c", VICTIM, store.uri, store.name, recording.id], timeout=60)
    resumed = bytes_of(recording, precompute(store, recording.id, engine="local"))

    undisturbed = bytes_of(recording, precompute(store, recording.id, engine="local"))

    assert resumed == undisturbed


def test_a_changed_recording_is_planned_anew(store, learning_run) -> None:
    recording = learning_run(seconds=24.0).stored(store)
    subprocess.run([sys.executable, "-c", VICTIM, store.uri, store.name, recording.id], timeout=60)
    killed = jobs.latest(store, recording.num).build
    recordings.finish(store, recording.id)  # a new revision

    build = precompute(store, recording.id, engine="local")

    assert build != killed and recordings.get(store, recording.id).build == build
    assert jobs.done_parts(store, recording.num, killed) == {}


def test_a_task_tried_again_after_its_last_range_has_nothing_to_do(store, learning_run, monkeypatch) -> None:
    """Its worker was killed between the last range and the word of it."""
    recording = learning_run(seconds=24.0).stored(store)
    plan = make_plan(store, recording, build=1)
    for index in (0, 1):
        build_range(store, plan, index)
    before = jobs.done_parts(store, plan.num, 1)
    monkeypatch.setattr(spark, "_connected", lambda uri, name: store)  # else its connection outlives the test

    task = spark.build_ranges(store.uri, store.name, msgspec.json.encode(plan), versions(), [[0, 1]])

    assert list(task) == []
    assert jobs.done_parts(store, plan.num, 1) == before
