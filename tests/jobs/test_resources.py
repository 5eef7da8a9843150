"""Memory and parallel ranges follow from the plan: the numbers by hand, and the peak of a real task below them."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from synaptarium.jobs import resources
from synaptarium.jobs.planning import make_plan
from synaptarium.jobs.resources import Resources, fullest_range, resources_of
from synaptarium.store import closing, open_runs, recordings
from synaptarium.store.database import Store

# The kernel's ru_maxrss begins with what the parent had at its highest, which other tests set: VmHWM is the child's own.
TASK = """
import pathlib, re, sys
from synaptarium.jobs import ranges
from synaptarium.jobs.planning import make_plan
from synaptarium.store import closing, open_runs, recordings
from synaptarium.store.database import connect

uri, name, id = sys.argv[1:]
store = connect(uri, name)
plan = make_plan(store, recordings.get(store, id), build=1)
events = sum(part.events for part in ranges.build_ranges(store, plan, range(plan.n_ranges)))
peak_kb = int(re.search(r"VmHWM:\\s+(\\d+)", pathlib.Path("/proc/self/status").read_text())[1])
print(events, plan.n_ranges, peak_kb // 1024)
"""


def test_a_fuller_range_asks_for_more_memory(store: Store, header_of: Any) -> None:
    id = recordings.create(store, header_of({"a": 10}, t_stop_us=2_000_000), status="open").id
    for times in (np.arange(0, 1_000_000, 10), np.arange(1_000_000, 2_000_000, 40)):
        neurons = np.zeros(len(times), np.uint32)
        open_runs.append(store, id, "spikes", "", pa.record_batch({"time_us": times, "neuron": neurons}))
    plan = make_plan(store, closing.close(store, id), build=1)

    needed = resources_of(store, plan, 3)

    assert fullest_range(store, plan) == 125_000 and plan.n_ranges == 1
    assert needed == Resources(3, resources.TASK_BASE_MB + 12)  # 125,000 events of 96 bytes are 11.4 MB


def test_a_task_stays_below_what_is_asked_for_it(store: Store, header_of: Any) -> None:
    rng = np.random.default_rng(0)
    n = 2_000_000
    id = recordings.create(store, header_of({"a": 50_000}, t_stop_us=16_000_000), status="open").id
    columns = {
        "time_us": np.sort(rng.integers(0, 16_000_000, n)),
        "neuron": rng.integers(0, 50_000, n).astype(np.uint32),
        "count": rng.choice([1, 1, 3], n).astype(np.uint16),
    }
    open_runs.append(store, id, "spikes", "", pa.record_batch(columns))
    recordings.finish(store, id)
    plan = make_plan(store, recordings.get(store, id), build=1)

    done = subprocess.run(
        [sys.executable, "-c", TASK, store.uri, store.name, id], capture_output=True, text=True, timeout=60
    )

    events, n_ranges, peak_mb = map(int, done.stdout.split())
    asked_mb = resources_of(store, plan, 1).task_mb
    assert (events, n_ranges) == (n, plan.n_ranges)
    assert asked_mb / 3 < peak_mb < asked_mb


@pytest.mark.parametrize(
    ("ranges", "cores", "in_flight", "executors", "overhead"),
    [(1, 1, 1, 1, "884m"), (7, 4, 4, 1, "2384m"), (100, 4, 50, 13, "2384m"), (1000, 4, 64, 16, "2384m")],
)
def test_executors_that_are_asked_for_by_number(
    ranges: int, cores: int, in_flight: int, executors: int, overhead: str
) -> None:
    needed = Resources(ranges, 500)

    assert needed.in_flight == in_flight
    for master in ("yarn", "k8s://https://host:6443"):
        assert needed.settings(master) == {
            "spark.executor.memory": "512m",
            "spark.executor.cores": str(cores),
            "spark.executor.instances": str(executors),
            "spark.executor.memoryOverhead": overhead,
        }


def test_a_standalone_master_is_asked_for_a_core_a_range() -> None:
    needed = Resources(30, 500)

    assert needed.settings("spark://host:7077") == {"spark.executor.memory": "512m", "spark.cores.max": "30"}
    assert needed.settings("local[4]") == {}
    assert needed.workers("local[4]", 4) == 4
    assert needed.workers("spark://host:7077", 3) == 3
    assert needed.workers("yarn", 2) == 8 and needed.workers("yarn", 20) == 20
    assert Resources(5, 500).workers("yarn", 2) == 3


@pytest.mark.parametrize(
    ("free", "task", "cores"), [(None, 500, 3), (100_000, 500, 3), (1300, 500, 2), (300, 500, 1)]
)
def test_this_machine_runs_as_many_tasks_as_its_free_memory_carries(
    monkeypatch: pytest.MonkeyPatch, free: int | None, task: int, cores: int
) -> None:
    monkeypatch.setattr(resources, "free_mb", lambda: free)
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0, 1, 2}, raising=False)

    assert Resources(30, task).local_cores() == cores
    assert Resources(1, task).local_cores() == 1


def test_the_free_memory_of_this_machine_is_known() -> None:
    free = resources.free_mb()

    assert free is None or 0 < free < 2**24
