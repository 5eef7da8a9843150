"""The Spark engine: its executors write the chunks, and they are the same bytes."""

from __future__ import annotations

import os

import psutil
import pytest

from synaptarium.jobs.build import precompute
from synaptarium.store import jobs


@pytest.mark.spark
def test_spark_executors_write_the_same_bytes_as_the_local_engine(
    store, learning_run, bytes_of, monkeypatch
) -> None:
    monkeypatch.setattr("synaptarium.jobs.plan.MAX_RANGE_BITS", 11)  # several ranges from few events
    recording = learning_run(seconds=20.0).stored(store)
    local = bytes_of(recording, precompute(store, recording.id, engine="local"))
    seen = []

    build = precompute(store, recording.id, engine="spark", master="local[2]", progress=seen.append)

    assert bytes_of(recording, build) == local
    parts = jobs.done_parts(store, recording.num, build)
    assert len(parts) > 3
    assert {part["engine"] for part in parts.values()} == {"spark"}
    assert os.getpid() not in {part["pid"] for part in parts.values()}
    assert seen[-1].state == "done" and seen[-1].events == sum(part["events"] for part in parts.values())
    assert any(job.message == "starting Spark" for job in seen)
    assert not [child.name() for child in psutil.Process().children(recursive=True) if "java" in child.name()]
