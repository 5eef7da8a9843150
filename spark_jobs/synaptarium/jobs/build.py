"""A whole build: plan, ranges by one of two engines, finish; resumable, cancellable, one at a time a recording."""

from __future__ import annotations

import dataclasses
import os
import queue
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any

import msgspec

from synaptarium.jobs import live, states
from synaptarium.jobs.master import check_master
from synaptarium.jobs.plan import Plan
from synaptarium.jobs.planning import PLAN, PLANNER_VERSION, make_plan
from synaptarium.jobs.publish import MANIFEST, finish
from synaptarium.jobs.ranges import Part, build_range, build_ranges, groups_of
from synaptarium.schemas.errors import (
    Cancelled,
    Conflict,
    CorruptData,
    InvalidInput,
    RecordingBusy,
    StoreUnavailable,
    SynaptariumError,
    error_body,
)
from synaptarium.schemas.messages import Engine, Job
from synaptarium.schemas.recording import Recording
from synaptarium.store import chunks, jobs, recordings, summaries, tables
from synaptarium.store.database import Store

__all__ = ["build_range", "choose_engine", "finish", "precompute"]

#: Above this many events Spark's start-up pays for itself; see tests/bench/bench_scale.py.
SPARK_EVENTS = 100_000_000
#: On so few cores threads keep up (14 million events a second on two, Spark 12 to 14): there is little for Spark's five seconds
#: of start-up to win.
FEW_CORES, FEW_CORES_FACTOR = 4, 5
#: More threads only contend for the interpreter: sorting and compressing run outside its lock, the rest does not.
MAX_LOCAL_WORKERS = 4
POLL_S = 0.25
#: An election among the members of a replica set takes ten seconds, a restart of a server with its journal up to thirty.
PATIENCE_S = 60.0

Progress = Callable[[Job], None]


def precompute(
    store: Store,
    id: str,
    *,
    engine: Engine = "auto",
    master: str | None = None,
    progress: Progress | None = None,
) -> int:
    """Make the chunks of a recording and publish them as a new build.

    A build that was killed or cancelled goes on where it stopped, as long as the recording has not changed.

    Parameters
    ----------
    store : Store
        Holds the recording.
    id : str
        Recording. An open one is brought up to date in-process, whatever the engine.
    engine : {"auto", "spark", "local"}
        Auto takes Spark above 100 million events (500 million on four cores or fewer), and where a master is named.
    master : str or None
        Spark master; None is ``local[*]``.
    progress : callable or None
        Told after every range, in this thread.

    Returns
    -------
    int
        The published build.

    Raises
    ------
    InvalidInput
        A master that is none, or one for the local engine.
    MissingDependency
        Java or Spark is missing, or nobody answers at the master's address.
    RecordingNotFound, RecordingBusy, Conflict, Cancelled, CorruptData, StoreUnavailable
        The old build stays in all these cases.
    """
    store = dataclasses.replace(store, patience_s=max(store.patience_s, PATIENCE_S))
    recording = recordings.get(store, id)
    if recording.status == "open":
        return live.extend(store, id).build
    if recording.status != "ready":
        raise Conflict(
            f"Recording {id!r} is {recording.status}, not ready.",
            hint="Wait for its import to end; import it again if that was interrupted.",
        )
    chosen = choose_engine(recording, "spark" if engine == "auto" and master else engine)
    if master and chosen == "local":
        raise InvalidInput(
            f"The local engine has no use for the Spark master {master!r}.",
            hint="Leave out --master, or take --engine spark.",
            where="master",
        )
    if master:
        check_master(master)
    owner = jobs.new_owner()

    build = _unfinished(store, recording) or recordings.next_build(store, id)
    jobs.claim(store, recording.num, build, owner, engine=chosen)
    run = _Run(store, recording, build, chosen, progress)
    try:
        with _heartbeat(store, recording.num, build, owner) as lost:
            run.go(master, lost)
    except StoreUnavailable as error:
        # It was waited for long enough: what is left to tell it is tried once.
        store = run.store = dataclasses.replace(store, patience_s=0.0)
        run.failed(error)
        raise
    except BaseException as error:
        run.failed(error)
        raise
    finally:
        with suppress(StoreUnavailable):  # said already, and this process may take its own lease over
            jobs.release(store, recording.num, build, owner)
    return build


def choose_engine(recording: Recording, engine: Engine) -> Engine:
    """Return ``"spark"`` or ``"local"``: auto decides by the number of events."""
    if engine != "auto":
        return engine
    factor = FEW_CORES_FACTOR if (os.cpu_count() or 1) <= FEW_CORES else 1
    return "spark" if n_events(recording) > factor * SPARK_EVENTS else "local"


def n_events(recording: Recording) -> int:
    """Return the number of events that a build reads."""
    counts = recording.counts
    return sum(counts.spikes.values()) + sum(counts.weights.values()) + sum(counts.potentials.values())


class _Run:
    """One attempt at a build."""

    def __init__(
        self, store: Store, recording: Recording, build: int, engine: Engine, tell: Progress | None
    ) -> None:
        self.store, self.recording, self.build, self.engine, self.tell = store, recording, build, engine, tell
        self.total_events = n_events(recording)
        self.total = 0
        self.done: dict[int, dict[str, Any]] = {}
        self.resumed_events = 0
        self.started = time.monotonic()

    def go(self, master: str | None, lost: threading.Event) -> None:
        self.report("reading weights and potentials" if self.recording.counts.weights else "planning")
        plan = self._plan()
        self.total = plan.n_ranges
        self.done = jobs.done_parts(self.store, plan.num, self.build)
        self.resumed_events = self._events()
        self.started = time.monotonic()
        begun = len(self.done)
        starting = "starting Spark" if self.engine == "spark" else ""
        self.report(starting)
        todo = [index for index in range(plan.n_ranges) if index not in self.done]

        def check() -> None:
            if lost.is_set():
                raise RecordingBusy(
                    f"The lease on recording {self.recording.id!r} was lost to another job.",
                    hint="This process was suspended for long. The other job goes on.",
                )
            if jobs.cancelled(self.store, plan.num, self.build):
                raise Cancelled(
                    f"Precomputing {self.recording.id!r} was cancelled.",
                    hint="Start it again: what is done is kept.",
                )

        def tick() -> None:
            self.done = jobs.done_parts(self.store, plan.num, self.build)
            self.report(starting if len(self.done) == begun else "")

        if todo and self.engine == "spark":
            from synaptarium.jobs.spark import run_spark  # pyspark costs 0.3 s and 100 MB to import

            with run_spark(self.store, plan, todo, master=master, check=check, tick=tick):
                self._finish(plan, check)
            return
        if todo:
            run_local(self.store, plan, todo, check=check, tick=tick)
        self._finish(plan, check)

    def _finish(self, plan: Plan, check: Callable[[], None]) -> None:
        check()
        self.report("verifying")
        finish(self.store, plan)
        self.done = jobs.done_parts(self.store, plan.num, self.build)
        self._forget_others()
        self.report(state="done")

    def report(self, message: str = "", state: str = "running") -> None:
        events = self._events()
        elapsed = max(time.monotonic() - self.started, 1e-3)
        rate_hz = (events - self.resumed_events) / elapsed
        eta_s = (self.total_events - events) / rate_hz if rate_hz > 0 and state == "running" else None
        jobs.progress(
            self.store,
            self.recording.num,
            self.build,
            done=len(self.done),
            total=self.total,
            events=events,
            rate_hz=rate_hz,
            eta_s=eta_s,
            state=state,  # type: ignore[arg-type]
            message=message,
        )
        if self.tell:
            found = jobs.latest(self.store, self.recording.num)
            if found is not None:
                # Just after an outage the lease may look run out, until its next heartbeat; we know better.
                self.tell(msgspec.structs.replace(found, state=state, message=message))

    def failed(self, error: BaseException) -> None:
        if isinstance(error, RecordingBusy):
            return  # the job that has the lease now tells how it goes
        try:
            if isinstance(error, CorruptData):
                # What is done did not add up: a retry makes everything anew.
                jobs.forget_parts(self.store, self.recording.num, self.build)
            if isinstance(error, Cancelled | KeyboardInterrupt):
                self.report("cancelled; what is done is kept", "cancelled")
            else:
                self.report(error_body(error).message, "failed")
        except SynaptariumError:
            pass  # the store is away: the first error is the one to tell, and the lease runs out by itself

    def _events(self) -> int:
        return sum(int(counts.get("events", 0)) for counts in self.done.values())

    def _plan(self) -> Plan:
        """Return the stored plan of a build that goes on, else a new one."""
        num = self.recording.num
        found = summaries.read(self.store, num, PLAN, str(self.build))
        if (
            found is not None
            and found["version"] == PLANNER_VERSION
            and found["revision"] == self.recording.revision
        ):
            return msgspec.json.decode(found["plan"], type=Plan)
        jobs.forget_parts(self.store, num, self.build)
        chunks.delete_build(self.store, num, self.build)
        tables.delete_build(self.store, num, self.build)
        tables.delete_parts(self.store, num)
        plan = make_plan(self.store, self.recording, build=self.build)
        document = {"version": PLANNER_VERSION, "revision": plan.revision, "plan": msgspec.json.encode(plan)}
        summaries.write(self.store, num, PLAN, str(self.build), document)
        return plan

    def _forget_others(self) -> None:
        """Delete every other build of the recording, and the states that only tasks needed."""
        num = self.recording.num
        for name, key in summaries.names(self.store, num):
            if name in (PLAN, MANIFEST) and key != str(self.build):
                chunks.delete_build(self.store, num, int(key))
                tables.delete_build(self.store, num, int(key))
                jobs.forget_parts(self.store, num, int(key))
                summaries.delete(self.store, num, name, key)
        summaries.delete(self.store, num, states.NAME)
        tables.delete_parts(self.store, num)
        summaries.delete(self.store, num, live.NAME)


def run_local(
    store: Store,
    plan: Plan,
    todo: list[int],
    *,
    check: Callable[[], None],
    tick: Callable[[], None],
) -> None:
    """Build ranges in this process, in order, on a few threads.

    Parameters
    ----------
    store, plan : Store, Plan
        Where and what.
    todo : list of int
        Ranges.
    check : callable
        Raises to stop; asked between ranges.
    tick : callable
        Told after ranges are done.
    """
    workers = min(MAX_LOCAL_WORKERS, os.cpu_count() or 1, len(todo))
    groups = groups_of(todo, workers)
    stop = threading.Event()
    told: queue.SimpleQueue[Part | BaseException | None] = queue.SimpleQueue()

    def make(group: list[int]) -> None:
        try:
            for part in build_ranges(store, plan, group, engine="local", stop=stop.is_set):
                told.put(part)
        except BaseException as error:
            told.put(error)
        else:
            told.put(None)

    with ThreadPoolExecutor(workers, thread_name_prefix="range") as pool:
        running = [pool.submit(make, group) for group in groups]
        left = len(running)
        try:
            while left:
                try:
                    found = told.get(timeout=POLL_S)
                except queue.Empty:
                    check()
                    continue
                if isinstance(found, BaseException):
                    raise found
                check()
                if found is None:
                    left -= 1
                else:
                    tick()
        finally:
            stop.set()
            for future in running:
                future.cancel()


def _unfinished(store: Store, recording: Recording) -> int | None:
    """Return the newest build that was begun for this revision and never published."""
    latest = jobs.latest(store, recording.num)
    if latest is None or latest.build == recording.build or latest.state in ("done", "running", "queued"):
        return None
    found = summaries.read(store, recording.num, PLAN, str(latest.build))
    return latest.build if found is not None and found["revision"] == recording.revision else None


@contextmanager
def _heartbeat(store: Store, num: int, build: int, owner: str) -> Iterator[threading.Event]:
    """Keep the lease while the block runs; the event is set when it was lost."""
    stop, lost = threading.Event(), threading.Event()

    def beat() -> None:
        while not stop.wait(jobs.LEASE_S / 3):
            try:
                if not jobs.heartbeat(store, num, build, owner, stopped=stop.is_set):
                    lost.set()
                    return
            except SynaptariumError:
                continue  # the database may be restarting; the lease outlives that

    thread = threading.Thread(target=beat, name="lease", daemon=True)
    thread.start()
    try:
        yield lost
    finally:
        stop.set()
        thread.join()
