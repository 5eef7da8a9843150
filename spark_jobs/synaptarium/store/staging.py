"""Writes of many tasks that become part of a recording all together and once: blocks are staged, then committed.

A task writes its blocks to ``staged``, where no reader looks. The commit is one durable document that lists them; from
then on they belong to the recording, and whoever comes next moves what a killed committer left (:func:`settle`). Each
block is moved inside the database and leaves its staged id behind, so that no block arrives twice. A write that is not
committed leaves nothing.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import msgspec
import pyarrow as pa
from pymongo.errors import DuplicateKeyError, OperationFailure

from synaptarium.schemas.errors import CorruptData
from synaptarium.schemas.events import TIME_COLUMN, EventKind
from synaptarium.schemas.recording import Accounting, Counts, Recording
from synaptarium.store import events, open_runs, recordings
from synaptarium.store.database import Document, Store, call, key_of
from synaptarium.store.importing import cut
from synaptarium.store.intake import Intake
from synaptarium.store.losses import sum_losses

#: Rows that a task sorts at once: what comes in time order anyway stays in blocks that do not overlap.
SORTED_ROWS = 2_000_000
#: What is staged and committed by nobody is deleted after this long.
SWEEP_AFTER_S = 24 * 3600
_DUPLICATE_KEY = 11000


@dataclass(frozen=True)
class Staged:
    """What one attempt of a task has staged.

    Parameters
    ----------
    attempt : str
        Its name.
    blocks : int
        How many.
    counts : Counts
        Events inside.
    last_us : int
        Time of the last event.
    stream : str
        Whose events they are.
    losses : tuple of Accounting
        What was left out of them.
    """

    attempt: str
    blocks: int
    counts: Counts
    last_us: int
    stream: str = ""
    losses: tuple[Accounting, ...] = ()


def stage(
    store: Store,
    recording: Recording,
    kind: EventKind,
    stream: str,
    batches: Iterable[pa.RecordBatch],
    *,
    writer: str,
    attempt: str,
) -> Staged:
    """Check, sort, cut and stage the events of one attempt; on disk when this returns.

    Parameters
    ----------
    recording : Recording
        What they are meant for; it may not be stored yet.
    kind, stream : str
        See :mod:`synaptarium.schemas.events`; not images, whose order is their number.
    batches : iterable of pyarrow.RecordBatch
        In any order; sorted by two million rows at a time.
    writer, attempt : str
        Names of the write and of this attempt, both unique.

    Raises
    ------
    InvalidInput
        As :meth:`synaptarium.store.intake.Intake.take`; :func:`discard` removes what was staged before.
    """
    intake = Intake(recording.header, open_ended=True, track_weights=False)
    column = TIME_COLUMN[kind]
    assert column is not None, "images have no time"
    staged = store.durable("staged")
    n_blocks, last_us = 0, recording.header.t_start_us
    for block in cut(taken for taken in _taken(intake, kind, stream, batches)):
        block = events.time_sorted(block, column)
        document = events.block_document(0, kind, stream, n_blocks, block)
        document |= {
            "_id": key_of(writer, attempt, n_blocks),
            "recording": recording.id,
            "writer": writer,
            "attempt": attempt,
            "created_us": time.time_ns() // 1000,
        }
        call(
            store,
            lambda document=document: staged.replace_one({"_id": document["_id"]}, document, upsert=True),
        )
        n_blocks += 1
        last_us = max(last_us, document["t1_us"])
    return Staged(attempt, n_blocks, intake.counts(), last_us, stream, intake.losses())


def commit(
    store: Store, id: str, kind: EventKind, staged: Iterable[Staged], *, writer: str, batch: int = 0
) -> Recording:
    """Make what attempts have staged part of an open recording: all of it, and once.

    Parameters
    ----------
    id : str
        An open recording.
    kind : str
        Of the events.
    staged : iterable of Staged
        The attempts that count; what others of the same writer have staged is deleted.
    writer, batch : str, int
        A batch that was committed before, or one before it, changes nothing.

    Raises
    ------
    RecordingNotFound, Conflict
        The recording is gone or not open; nothing is committed.
    CorruptData
        A staged block is missing; nothing is committed.
    """
    settle(store, id)
    known = call(store, lambda: store.db.commits.find_one({"_id": _commit_id(id, writer)}))
    if known is not None and known["batch"] >= batch:
        discard(store, writer)
        return recordings.get(store, id)
    open_runs.check_open(recordings.get(store, id))
    kept = list(staged)
    blocks = list(_blocks(store, writer, kept))
    wanted = sum(one.blocks for one in kept)
    if len(blocks) != wanted:
        raise CorruptData(
            f"{wanted - len(blocks)} of {wanted} blocks that were to be added to {id!r} are gone.",
            hint=f"Blocks that wait for longer than {SWEEP_AFTER_S // 3600} hours are deleted. Write again.",
        )
    counts = Counts()
    for one in kept:
        counts = open_runs.added(counts, one.counts)
    losses = sum_losses(loss for one in kept for loss in one.losses)
    document: Document = {
        "_id": _commit_id(id, writer),
        "recording": id,
        "writer": writer,
        "batch": batch,
        "state": "moving",
        "blocks": blocks,
        "kind": kind,
        "last_us": max((one.last_us for one in kept if one.blocks), default=-(2**62)),
        "counts": msgspec.to_builtins(counts),
        "stream": kept[0].stream if kept else "",
        "losses": msgspec.to_builtins(losses),
    }
    commits = store.durable("commits")
    call(store, lambda: commits.replace_one({"_id": document["_id"]}, document, upsert=True))
    settle(store, id)
    discard(store, writer)
    return recordings.get(store, id)


def settle(store: Store, id: str) -> None:
    """Finish the commits of a recording whose committer was killed; does nothing where there is none."""
    where: Document = {"recording": id, "state": "moving"}
    for found in call(store, lambda: list(store.db.commits.find(where))):
        num = recordings.get(store, id).num
        for block in found["blocks"]:
            call(store, lambda num=num, block=block: _move(store, num, block))
        losses = msgspec.convert(found.get("losses", []), list[Accounting])
        lost = any(loss.kept < loss.total for loss in losses)
        if found["blocks"] or lost:
            once = hashlib.sha256(found["_id"].encode()).hexdigest()[:24]
            counts = msgspec.convert(found["counts"], Counts)
            stored = events.n_rows(store, num, found["kind"], found["stream"]) if lost else 0
            open_runs.grow(
                store,
                id,
                counts,
                found["last_us"] if found["blocks"] else None,
                losses=losses,
                stored=stored,
                once=once,
                batch=found["batch"],
            )
        # A batch that was settled by somebody else meanwhile may have been followed by the next one.
        this: Document = {"_id": found["_id"], "batch": found["batch"]}
        done: Document = {"$set": {"state": "done", "blocks": []}}
        call(store, lambda this=this, done=done: store.durable("commits").update_one(this, done))


def discard(store: Store, writer: str) -> int:
    """Delete what a writer has staged; returns how many blocks that were."""
    deleted = call(store, lambda: store.durable("staged").delete_many({"writer": writer}))
    return deleted.deleted_count


def forget(store: Store, id: str, writer: str) -> None:
    """Forget the commit of a writer that never writes again."""
    where: Document = {"_id": _commit_id(id, writer), "state": "done"}
    call(store, lambda: store.durable("commits").delete_one(where))


def is_committed(store: Store, id: str, writer: str, batch: int = 0) -> bool:
    """Return whether a batch of a writer belongs to the recording."""
    found = call(store, lambda: store.db.commits.find_one({"_id": _commit_id(id, writer)}, {"batch": 1}))
    return found is not None and found["batch"] >= batch


def sweep(store: Store) -> None:
    """Delete what was staged long ago by writers that died."""
    where: Document = {"created_us": {"$lt": time.time_ns() // 1000 - SWEEP_AFTER_S * 1_000_000}}
    moving = call(store, lambda: store.db.commits.distinct("writer", {"state": "moving"}))
    if moving:
        where["writer"] = {"$nin": moving}
    call(store, lambda: store.durable("staged").delete_many(where))


def _taken(
    intake: Intake, kind: EventKind, stream: str, batches: Iterable[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    waiting: list[pa.RecordBatch] = []
    n_waiting = 0
    for batch in batches:
        waiting.append(batch)
        n_waiting += batch.num_rows
        if n_waiting >= SORTED_ROWS:
            yield from _sorted(intake, kind, stream, waiting)
            waiting, n_waiting = [], 0
    if n_waiting:
        yield from _sorted(intake, kind, stream, waiting)


def _sorted(
    intake: Intake, kind: EventKind, stream: str, waiting: list[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    taken = intake.take(kind, stream, events.joined(waiting))
    if taken.num_rows:
        yield taken


def _blocks(store: Store, writer: str, kept: list[Staged]) -> Iterator[str]:
    """Yield the ids of the staged blocks of attempts, in the order of their times."""
    order = {one.attempt: place for place, one in enumerate(kept)}
    where: Document = {"writer": writer, "attempt": {"$in": list(order)}}
    fields = dict.fromkeys(("attempt", "seq", "t0_us", "t1_us"), 1)
    found = call(store, lambda: list(store.db.staged.find(where, fields)))
    found.sort(key=lambda block: (block["t0_us"], block["t1_us"], order[block["attempt"]], block["seq"]))
    for block in found:
        yield block["_id"]


def _move(store: Store, num: int, name: str) -> None:
    """Make a staged block the next block of its stream; repeated at any point, also by two at a time, it is done once."""
    staged = store.durable("staged")
    fields = {"kind": 1, "stream": 1, "place": 1}
    while (found := staged.find_one({"_id": name}, fields)) is not None:
        kind, stream, place = found["kind"], found["stream"], found.get("place")
        there = None
        if place is not None:
            there = store.db.events.find_one(
                {"_id": events.block_id(num, kind, stream, place)}, {"staged": 1}
            )
            if there is not None and there.get("staged") == name:
                staged.delete_one({"_id": name})
                return
        if place is None or there is not None:  # no place yet, or another writer was quicker
            newest = store.db.events.find_one(
                {"recording": num, "kind": kind, "stream": stream}, {"seq": 1}, sort=[("seq", -1)]
            )
            place = newest["seq"] + 1 if newest else 0
            # Whoever moves the same block at the same time sees this place, or keeps the one that it has set before.
            before: Document = {"_id": name, "place": found.get("place")}
            if staged.update_one(before, {"$set": {"place": place}}).matched_count == 0:
                continue
        try:
            _copy(store, num, name, events.block_id(num, kind, stream, place), place)
        except OperationFailure as error:
            if not isinstance(error, DuplicateKeyError) and error.code != _DUPLICATE_KEY:
                raise


def _copy(store: Store, num: int, name: str, new_name: str, seq: int) -> None:
    """Copy a staged block among the events, inside the database."""
    pipeline: list[Document] = [
        {"$match": {"_id": name}},
        {"$set": {"_id": new_name, "recording": num, "seq": seq, "staged": "$_id"}},
        {"$unset": ["writer", "attempt", "created_us", "place"]},
        {"$merge": {"into": "events", "on": "_id", "whenMatched": "fail", "whenNotMatched": "insert"}},
    ]
    list(store.durable("staged").aggregate(pipeline))


def _commit_id(id: str, writer: str) -> str:
    return key_of(id, writer)
