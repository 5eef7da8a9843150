"""A real cluster: two Spark workers and three MongoDB members, of which some die while a job runs."""

from __future__ import annotations

import importlib.util
import itertools
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pyarrow as pa
import pytest

from synaptarium.jobs.build import precompute
from synaptarium.schemas.errors import MissingDependency
from synaptarium.schemas.messages import Job
from synaptarium.schemas.recording import Recording
from synaptarium.store import events, jobs, recordings, staging
from synaptarium.store.database import Store, connect, prepare

pytestmark = pytest.mark.spark
_numbers = itertools.count()


def load(name: str) -> ModuleType:
    """Import a file beside this one."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def machines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A Spark cluster and a replica set; the tests of this file kill one part after the other."""
    with load("clusters").cluster(tmp_path_factory.mktemp("cluster")) as machines:
        yield machines


@pytest.fixture
def store(machines: Any) -> Iterator[Store]:
    """A fresh database in the replica set."""
    store = connect(machines[1].uri, f"cluster-{next(_numbers)}", patience_s=30.0)
    prepare(store)
    yield store
    store.close()


@pytest.fixture
def recording(store: Store, learning_run: Any, monkeypatch: pytest.MonkeyPatch) -> Recording:
    """A recording of many ranges from few events."""
    monkeypatch.setattr("synaptarium.jobs.planning.MAX_RANGE_BITS", 10)
    return learning_run(seconds=100.0, n_spikes=60_000).stored(store)


def test_executors_whose_python_lacks_synaptarium_are_told_and_a_rerun_finishes(
    machines: Any, store: Store, recording: Recording, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare = tmp_path / "python"
    bare.write_text(f'#!/bin/sh\nexec {sys.executable} -S "$@"\n')  # without what is installed
    bare.chmod(0o755)
    monkeypatch.setenv("PYSPARK_PYTHON", str(bare))

    with pytest.raises(MissingDependency, match=r"Python of the Spark executors has no \w+") as caught:
        precompute(store, recording.id, engine="spark", master=machines[0].url)

    assert "PYSPARK_PYTHON" in caught.value.hint
    assert recordings.get(store, recording.id).build is None
    failed = jobs.latest(store, recording.num)
    assert failed is not None and failed.state == "failed" and "executors has no" in failed.message
    build = precompute(store, recording.id, engine="local")
    assert build == failed.build and recordings.get(store, recording.id).build == build


def test_workers_without_room_are_told_with_what_was_asked_for(
    machines: Any, store: Store, recording: Recording, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "spark-defaults.conf").write_text("# our site\nspark.executor.memory  64g\n")
    monkeypatch.setenv("SPARK_CONF_DIR", str(tmp_path))
    monkeypatch.setattr("synaptarium.jobs.cluster.STANDALONE_WAIT_S", 1.0)

    with pytest.raises(
        MissingDependency, match=r"no executor for this job for \d+ s \(asked for: 64g"
    ) as caught:
        precompute(store, recording.id, engine="spark", master=machines[0].url)

    assert "start again" in caught.value.hint
    assert recordings.get(store, recording.id).build is None


def test_worker_primary_and_master_die_and_the_job_finishes_with_the_same_bytes(
    machines: Any, store: Store, recording: Recording, bytes_of: Any
) -> None:
    spark, replicas = machines
    assert store.replicated
    local = bytes_of(recording, precompute(store, recording.id, engine="local"))
    killed: list[Job] = []

    def kill(job: Job) -> None:
        if job.done and not killed:
            killed.append(job)
            spark.workers[0].kill()
            replicas.kill_primary()
        elif len(killed) == 1 and job.done > killed[0].done:
            killed.append(job)
            spark.master.kill()

    build = precompute(store, recording.id, engine="spark", master=spark.url, progress=kill)

    assert 0 < killed[0].done < killed[1].done < killed[1].total
    assert bytes_of(recording, build) == local
    assert recordings.get(store, recording.id).build == build
    parts = jobs.done_parts(store, recording.num, build)
    assert set(parts) == set(range(killed[0].total))
    assert {part["engine"] for part in parts.values()} == {"spark"}
    latest = max(name.split("/")[0] for name in spark.executors())
    assert (
        len([name for name in spark.executors() if name.startswith(latest)]) >= 2
    )  # the killed one may have done none


def test_a_write_of_events_outlives_the_primary(machines: Any, store: Store, header_of: Any) -> None:
    replicas = machines[1]
    replicas.revive()
    recording = recordings.create(store, header_of({"a": 100}, t_stop_us=1000), status="open")
    n, rows = 40, 200_000

    def batches() -> Iterator[pa.RecordBatch]:
        for number in range(n):
            if number == n // 2:
                replicas.kill_primary()
            times = pa.array(range(number * rows, (number + 1) * rows))
            yield pa.record_batch({"time_us": times, "neuron": pa.array([number] * rows, pa.uint32())})

    staged = staging.stage(store, recording, "spikes", "", batches(), writer="w", attempt="0")
    grown = staging.commit(store, recording.id, "spikes", [staged], writer="w")

    assert grown.counts.spikes == {"a": n * rows}
    assert sum(block.n for block in events.blocks(store, recording.num, "spikes")) == n * rows
