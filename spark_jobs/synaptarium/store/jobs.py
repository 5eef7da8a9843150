"""Leases and progress: who works on a recording, which parts are done, how far it is, and whether to stop."""

from __future__ import annotations

import os
import secrets
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import msgspec
from pymongo.errors import DuplicateKeyError

from synaptarium.schemas.errors import RecordingBusy, SynaptariumError
from synaptarium.schemas.messages import Engine, Job, JobState
from synaptarium.store.database import Document, Store, call, edge, key_of

LEASE_S = 30.0
#: Owners of this process that have ended without the database hearing of it; their names are drawn at random.
_ended: set[str] = set()
# One document a recording says who works on it; it lies beside the jobs, as build 0 (builds start at 1).
_LEASE_BUILD = 0
_JOB_PART = -1


def new_owner() -> str:
    """Return a name for one worker: host, process and a random part."""
    return f"{socket.gethostname()}/{os.getpid()}/{secrets.token_hex(4)}"


def claim(
    store: Store, num: int, build: int, owner: str, lease_s: float = LEASE_S, *, engine: Engine = "auto"
) -> None:
    """Take the right to work on a recording, for ``lease_s`` or until :func:`release`.

    A lease whose owner died on this machine or ended in this process, or that ran out, is taken over. Build 0 is an import and makes no job.

    Raises
    ------
    RecordingBusy
        Somebody else works on it.
    """
    now_us = _now_us()
    lease = store.durable("jobs")
    name = key_of(num, "lease")
    ours: Document = {
        "recording": num,
        "build": _LEASE_BUILD,
        "part": _JOB_PART,
        "state": "running",
        "owner": owner,
        "working_on": build,
        "lease_until_us": now_us + int(lease_s * 1e6),
    }
    free: Document = {
        "_id": name,
        "$or": [{"owner": {"$in": [owner, ""]}}, {"lease_until_us": {"$lt": now_us}}],
    }
    with edge(store):
        try:
            lease.update_one(free, {"$set": ours}, upsert=True)
        except DuplicateKeyError:
            found = lease.find_one({"_id": name}) or {"owner": "", "working_on": build}
            taken = _is_dead(found["owner"]) and lease.update_one(
                {"_id": name, "owner": found["owner"]}, {"$set": ours}
            )
            if not taken or taken.matched_count == 0:
                raise busy(found) from None
        if build != _LEASE_BUILD:
            job: Document = {
                "recording": num,
                "build": build,
                "part": _JOB_PART,
                "state": "running",
                "owner": owner,
                "engine": engine,
                "cancel": False,
                "message": "",
                "updated_us": now_us,
            }
            fresh: Document = {
                "done": 0,
                "total": 0,
                "events": 0,
                "rate_hz": 0.0,
                "eta_s": None,
                "started_us": now_us,
            }
            change: Document = {"$set": job, "$setOnInsert": fresh}
            lease.update_one({"_id": key_of(num, build, "job")}, change, upsert=True)


def heartbeat(
    store: Store,
    num: int,
    build: int,
    owner: str,
    lease_s: float = LEASE_S,
    stopped: Callable[[], bool] | None = None,
) -> bool:
    """Extend the lease; returns False when it was lost to somebody else. ``stopped`` ends waiting for the database."""
    where: Document = {"_id": key_of(num, "lease"), "owner": owner}

    def extend() -> bool:
        # Counted from when the database answers: it may have been away for as long as the lease.
        change: Document = {"$set": {"lease_until_us": _now_us() + int(lease_s * 1e6)}}
        return store.quick("jobs").update_one(where, change).matched_count == 1

    return call(store, extend, stopped)


def release(store: Store, num: int, build: int, owner: str) -> None:
    """Give the lease back; does nothing when it is not ours.

    Raises
    ------
    StoreUnavailable
        The database is away. This process may claim the recording again all the same; others once the lease runs out.
    """
    where: Document = {"_id": key_of(num, "lease"), "owner": owner}
    try:
        call(store, lambda: store.durable("jobs").delete_one(where))
    except SynaptariumError:
        _ended.add(owner)
        raise


def check_free(store: Store, num: int) -> None:
    """Raise RecordingBusy while somebody alive works on the recording."""
    found = _holder(store, num)
    if found:
        raise busy(found)


def is_free(store: Store, num: int) -> bool:
    """Return whether nobody alive works on the recording."""
    return _holder(store, num) is None


def _holder(store: Store, num: int) -> Document | None:
    """Return the lease of a recording where somebody alive holds it."""
    found = call(store, lambda: store.db.jobs.find_one({"_id": key_of(num, "lease")}))
    if found and found["owner"] and found["lease_until_us"] >= _now_us() and not _is_dead(found["owner"]):
        return found
    return None


def busy(lease: Document) -> RecordingBusy:
    """Return the error that tells who holds a lease."""
    host, pid, *_ = [*lease["owner"].split("/"), "?"]
    doing = "imported" if lease.get("working_on") == _LEASE_BUILD else "precomputed"
    return RecordingBusy(
        f"The recording is being {doing} by process {pid} on {host}.",
        hint="Wait until it is done, or cancel it.",
    )


def part_done(store: Store, num: int, build: int, part: int, counts: dict[str, Any]) -> None:
    """Note that a part is done, with what it counted; durable, and so are the chunks written before it."""
    document: Document = {
        "_id": key_of(num, build, part),
        "recording": num,
        "build": build,
        "part": part,
        "state": "done",
        "counts": counts,
    }
    jobs = store.durable("jobs")
    call(store, lambda: jobs.replace_one({"_id": document["_id"]}, document, upsert=True))


def done_parts(store: Store, num: int, build: int) -> dict[int, dict[str, Any]]:
    """Return the counts of every part that is done, by part number."""
    where: Document = {"recording": num, "build": build, "part": {"$gte": 0}}
    found = call(store, lambda: list(store.db.jobs.find(where).sort("part", 1)))
    return {document["part"]: document["counts"] for document in found}


def forget_parts(store: Store, num: int, build: int) -> None:
    """Forget which parts of a build are done, to make them again."""
    where: Document = {"recording": num, "build": build, "part": {"$gte": 0}}
    call(store, lambda: store.durable("jobs").delete_many(where))


def progress(
    store: Store,
    num: int,
    build: int,
    *,
    done: int,
    total: int,
    events: int = 0,
    rate_hz: float = 0.0,
    eta_s: float | None = None,
    state: JobState = "running",
    message: str = "",
) -> None:
    """Note how far a job is; see :class:`synaptarium.schemas.messages.Job`.

    Notes
    -----
    A job that is done stays so: a process that was suspended, and lost its lease to the one that did it, changes nothing.
    """
    change: Document = {
        "$set": {
            "done": done,
            "total": total,
            "events": events,
            "rate_hz": rate_hz,
            "eta_s": eta_s,
            "state": state,
            "message": message,
            "updated_us": _now_us(),
        },
        "$setOnInsert": {
            "recording": num,
            "build": build,
            "part": _JOB_PART,
            "engine": "auto",
            "owner": "",
            "cancel": False,
            "started_us": _now_us(),
        },
    }
    jobs = store.quick("jobs") if state == "running" else store.durable("jobs")
    where: Document = {"_id": key_of(num, build, "job"), "state": {"$ne": "done"}}

    def note() -> None:
        with suppress(DuplicateKeyError):  # it is there, and done
            jobs.update_one(where, change, upsert=True)

    call(store, note)


def cancel(store: Store, num: int) -> bool:
    """Ask the running or waiting job of a recording to stop; returns whether there was one."""
    where: Document = {
        "recording": num,
        "part": _JOB_PART,
        "build": {"$gt": 0},
        "state": {"$in": ["queued", "running"]},
    }
    return (
        call(
            store, lambda: store.durable("jobs").update_many(where, {"$set": {"cancel": True}})
        ).matched_count
        > 0
    )


def cancelled(store: Store, num: int, build: int) -> bool:
    """Return whether a job was asked to stop."""
    found = call(store, lambda: store.db.jobs.find_one({"_id": key_of(num, build, "job")}, {"cancel": 1}))
    return bool(found and found.get("cancel"))


def latest(store: Store, num: int) -> Job | None:
    """Return the newest job of a recording; one whose worker died counts as failed."""
    where: Document = {"recording": num, "part": _JOB_PART, "build": {"$gt": 0}}
    found = call(store, lambda: list(store.db.jobs.find(where).sort("started_us", -1).limit(1)))
    return _job(store, found[0]) if found else None


def all_jobs(store: Store) -> list[Job]:
    """Return every job, newest first."""
    found = call(
        store,
        lambda: list(store.db.jobs.find({"part": _JOB_PART, "build": {"$gt": 0}}).sort("started_us", -1)),
    )
    return [_job(store, document) for document in found]


def _job(store: Store, document: Document) -> Job:
    num = document["recording"]
    recording = call(store, lambda: store.db.recordings.find_one({"num": num}, {"_id": 1}))
    state, message = document["state"], document.get("message", "")
    if state == "running" and document.get("owner"):
        lease = call(store, lambda: store.db.jobs.find_one({"_id": key_of(num, "lease")}))
        if (
            lease is None
            or lease["owner"] != document["owner"]
            or lease["lease_until_us"] < _now_us()
            or _is_dead(document["owner"])
        ):
            state, message = "failed", "It stopped unexpectedly. Start it again: what is done is kept."
    fields = {
        **document,
        "recording": recording["_id"] if recording else str(num),
        "state": state,
        "message": message,
    }
    return msgspec.convert(fields, Job)


def _is_dead(owner: str) -> bool:
    """Return whether an owner has ended here or was a process of this machine; of others only the lease tells."""
    if owner in _ended:
        return True
    host, _, rest = owner.partition("/")
    pid = rest.partition("/")[0]
    if host != socket.gethostname() or not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def _now_us() -> int:
    return time.time_ns() // 1000
