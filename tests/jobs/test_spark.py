"""The Spark engine: its executors write the chunks and summary tables, and they are the same bytes."""

from __future__ import annotations

import os

import psutil
import pytest

from synaptarium.jobs.build import precompute
from synaptarium.store import jobs
from synaptarium.store.tables import PAGE


def pages_of(store, recording, build: int) -> dict[str, bytes]:
    """Return the stored bytes of every page of the summary tables, by its key without the build."""
    where = {"recording": recording.num, "name": PAGE, "key": {"$regex": f"^{build}/"}}
    return {page["key"].split("/", 1)[1]: page["payload"] for page in store.db.summaries.find(where)}


@pytest.mark.spark
def test_spark_executors_write_the_same_bytes_as_the_local_engine(
    store, learning_run, bytes_of, monkeypatch
) -> None:
    monkeypatch.setattr("synaptarium.jobs.planning.MAX_RANGE_BITS", 11)  # several ranges from few events
    recording = learning_run(seconds=20.0).stored(store)
    local_build = precompute(store, recording.id, engine="local")
    local, local_pages = bytes_of(recording, local_build), pages_of(store, recording, local_build)
    seen = []

    build = precompute(store, recording.id, engine="spark", master="local[2]", progress=seen.append)

    assert bytes_of(recording, build) == local
    assert pages_of(store, recording, build) == local_pages and len(local_pages) >= 5
    parts = jobs.done_parts(store, recording.num, build)
    assert len(parts) > 3
    assert {part["engine"] for part in parts.values()} == {"spark"}
    assert os.getpid() not in {part["pid"] for part in parts.values()}
    assert seen[-1].state == "done" and seen[-1].events == sum(part["events"] for part in parts.values())
    assert any(job.message == "starting Spark" for job in seen)
    assert not [child.name() for child in psutil.Process().children(recursive=True) if "java" in child.name()]
