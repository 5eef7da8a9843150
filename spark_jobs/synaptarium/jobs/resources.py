"""How many ranges are in flight, on how much memory: worked out from the plan, so that nobody has to choose them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from synaptarium.jobs.plan import Plan
from synaptarium.store import events
from synaptarium.store.database import Store

#: Peak of a task: what Python, numpy, Arrow and the driver of MongoDB take, and each event and each item of a state.
#: Measured (docs/performance.md): 180 to 260 MB for ranges of a million events, 55 to 85 bytes for each further one.
TASK_BASE_MB = 256
EVENT_BYTES = 96
ITEM_BYTES = 32
#: No event passes the JVM: it only hands out tasks. Spark itself asks for 450 MiB at least.
HEAP_MB = 512
#: What Spark adds for the JVM's own needs where nobody says otherwise.
JVM_OVERHEAD_MB = 384
#: Where executors are asked for by number: a JVM for so many tasks, and not more tasks than one MongoDB can feed.
EXECUTOR_CORES = 4
MAX_IN_FLIGHT = 64
#: Ranges in flight to plan for where most executors are still to come.
LATE_CORES = 8
#: Part of the free memory of this machine that local tasks may take together.
LOCAL_SHARE = 0.8
_MB = 2**20


@dataclass(frozen=True)
class Resources:
    """What a build needs of Spark.

    Parameters
    ----------
    ranges : int
        To build; neighbours may share a task.
    task_mb : int
        Peak memory of the Python process of a task.
    """

    ranges: int
    task_mb: int

    @property
    def in_flight(self) -> int:
        """Ranges built at the same time where Spark gives what it is asked for: two or more in turn for each core."""
        return max(1, min(-(-self.ranges // 2), MAX_IN_FLIGHT))

    def local_cores(self) -> int:
        """Return how many tasks this machine runs at a time: its cores, as far as its free memory carries them."""
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        free = free_mb()
        by_memory = cores if free is None else int(free * LOCAL_SHARE) // self.task_mb
        return max(1, min(cores, self.ranges, by_memory))

    def workers(self, master: str, known: int) -> int:
        """Return how many tasks at a time to cut the ranges for.

        Parameters
        ----------
        master : str
            Where.
        known : int
            Cores that Spark has by now: all of them but on YARN and Kubernetes, whose executors come one by one.
        """
        return (
            known if master.startswith(("local", "spark://")) else max(known, min(self.in_flight, LATE_CORES))
        )

    def settings(self, master: str) -> dict[str, str]:
        """Return Spark's settings for a master.

        Parameters
        ----------
        master : str
            As for :func:`synaptarium.jobs.master.check_master`; ``local`` needs none.

        Notes
        -----
        ``spark.executor.pyspark.memory`` is left alone: it limits the address space of a Python process, of which Arrow
        and threads reserve 2 GB where they use 0.2. The memory is asked for as overhead instead.
        """
        if master.startswith("local"):
            return {}
        wanted = {"spark.executor.memory": f"{HEAP_MB}m"}
        if master.startswith("spark://"):
            # One executor on each worker with the cores that it offers: a standalone master counts the heap only.
            return wanted | {"spark.cores.max": str(self.ranges)}
        cores = min(EXECUTOR_CORES, self.in_flight)
        return wanted | {
            "spark.executor.cores": str(cores),
            "spark.executor.instances": str(-(-self.in_flight // cores)),
            "spark.executor.memoryOverhead": f"{JVM_OVERHEAD_MB + cores * self.task_mb}m",
        }


def resources_of(store: Store, plan: Plan, ranges: int) -> Resources:
    """Return what the ranges of a plan need.

    Parameters
    ----------
    store : Store
        Lists the blocks; no payload is read.
    plan : Plan
        The build's plan.
    ranges : int
        How many are still to be built.
    """
    items = max((tile.first + tile.n for tile in plan.tiles), default=0)
    has_values = any(stream.kind == "values" for stream in plan.streams)
    need = fullest_range(store, plan) * EVENT_BYTES + (items * ITEM_BYTES if has_values else 0)
    return Resources(ranges, TASK_BASE_MB + -(-need // _MB))


def fullest_range(store: Store, plan: Plan) -> int:
    """Return the events of the range that has most, each block taken as evenly spread over its span."""
    found = np.zeros(plan.n_ranges)
    width = plan.range_bins * plan.bin_us
    for kind in ("spikes", "weights", "potentials"):
        for block in events.blocks(store, plan.num, kind):
            t0, t1 = block.t0_us - plan.t_start_us, block.t1_us + 1 - plan.t_start_us
            first, last = max(0, t0 // width), min(plan.n_ranges, -(-t1 // width))
            edges = width * np.arange(first, last + 1, dtype=np.float64)
            found[first:last] += block.n * np.diff(np.clip((edges - t0) / (t1 - t0), 0.0, 1.0))
    return int(np.ceil(found.max())) if len(found) else 0


def free_mb() -> int | None:
    """Return the memory that new processes can have here, None where the system does not tell."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        free = next(int(line.split()[1]) // 1024 for line in lines if line.startswith("MemAvailable"))
    except (OSError, StopIteration, ValueError):
        return None
    limits = Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory.current")
    try:  # a container's own limit
        limit, used = (int(path.read_text()) // _MB for path in limits)
    except (OSError, ValueError):  # none, or "max"
        return free
    return min(free, max(0, limit - used))
