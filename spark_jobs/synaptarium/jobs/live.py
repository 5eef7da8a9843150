"""Open recordings: chunks that follow a run while it goes on, by the same kernels, in this process.

A range is closed once the run had passed its end for a while: its chunks never change again. Ranges after it are
made anew whenever events come, so the cost of following depends on what is new and not on how long the run is.
"""

from __future__ import annotations

import time

import msgspec
import numpy as np

from synaptarium.jobs import states
from synaptarium.jobs.plan import Plan
from synaptarium.jobs.planning import grown_plan, make_plan
from synaptarium.jobs.publish import make_manifest, read_manifest, write_manifest
from synaptarium.jobs.ranges import Tally, range_chunks, range_values
from synaptarium.jobs.survey import value_streams
from synaptarium.jobs.upper import upper_chunks
from synaptarium.kernels.values import replay
from synaptarium.schemas.chunk_key import ChunkKey
from synaptarium.schemas.errors import Conflict
from synaptarium.schemas.events import EventKind
from synaptarium.schemas.manifest import EXACT_LEVELS, Grid, Manifest, pack_presence, unpack_presence
from synaptarium.schemas.recording import Accounting, Recording
from synaptarium.store import chunks, events, jobs, recordings, summaries
from synaptarium.store.database import Store

NAME = "live"
_KEY = "following"
#: A recorder sends its streams one after another; what comes within this time of the others is never late.
GRACE_S = 1.0
KINDS: tuple[EventKind, ...] = ("spikes", "weights", "potentials")


class Following(msgspec.Struct, kw_only=True):
    """How far the chunks of an open recording are; kept between calls.

    Parameters
    ----------
    plan : Plan
        As of the last call.
    closed : int
        Ranges before this one never change again.
    closed_rows, open_rows : int
        Events in the chunks of closed ranges, and of each open range by its index.
    blocks : dict of str to int
        ``"<kind>/<stream>"`` to the number of blocks seen.
    rows : int
        Events in the blocks seen.
    horizons : list of (int, int)
        Wall clock (us) and the run's end (us) then, the newest last.
    """

    plan: Plan
    closed: int = 0
    closed_rows: int = 0
    open_rows: dict[int, int] = {}
    blocks: dict[str, int] = {}
    rows: int = 0
    horizons: list[tuple[int, int]] = []


def extend(store: Store, id: str, *, grace_s: float = GRACE_S) -> Manifest:
    """Bring the chunks of an open recording up to date and publish what is new.

    Parameters
    ----------
    store : Store
        Holds the recording.
    id : str
        An open recording, or one that has just been closed: its live build is completed then.
    grace_s : float
        Wall time after which a passed range is closed.

    Returns
    -------
    Manifest
        With the new end, presence and ``closed_us``.

    Raises
    ------
    Conflict
        The recording is not open and never was.
    RecordingBusy
        Another process follows it.
    """
    recording = recordings.get(store, id)
    owner = jobs.new_owner()
    jobs.claim(store, recording.num, 0, owner)
    try:
        return _extend(store, id, grace_s)
    finally:
        jobs.release(store, recording.num, 0, owner)


def _extend(store: Store, id: str, grace_s: float) -> Manifest:
    recording = recordings.get(store, id)
    document = summaries.read(store, recording.num, NAME, _KEY)
    following = None if document is None else msgspec.json.decode(document["following"], type=Following)
    if following is None and recording.status != "open":
        raise Conflict(
            f"Recording {id!r} is {recording.status}, not open.", hint=f"synaptarium precompute {id}"
        )
    before = None if following is None else read_manifest(store, recording.num, following.plan.build)
    if following is None or before is None:
        build = recordings.next_build(store, id)
        following = Following(plan=make_plan(store, recording, build=build, open=True))
        before = None
    done = recording.status != "open"
    if before is not None and before.revision == recording.revision and before.open == (not done):
        if (
            following.closed * _width_us(following.plan)
            >= _passed_us(following, grace_s) - recording.header.t_start_us
        ):
            return before

    # Blocks are listed before the ranges are read: what comes in between is read twice, never missed.
    width_us = _width_us(following.plan)
    first_dirty = 0 if before is None else (following.plan.n_frames - 1) // following.plan.range_bins
    for kind in KINDS:
        for stream in recordings.streams_of(recording.header, kind):
            name = f"{kind}/{stream}"
            seen = following.blocks.get(name, 0)
            for block in events.blocks_from(store, recording.num, kind, stream, seen):
                following.rows += block.n
                following.blocks[name] = block.seq + 1
                first_dirty = min(first_dirty, (block.t0_us - recording.header.t_start_us) // width_us)
    first_dirty = max(first_dirty, following.closed)
    levels_before = len(following.plan.levels) if before is not None else 0
    plan = following.plan = grown_plan(following.plan, recording, following.plan.states)

    written: list[ChunkKey] = []
    for index in range(first_dirty, plan.n_ranges):
        tally = Tally()
        made = list(range_chunks(store, plan, index, tally))
        chunks.write(store, made)
        written += [chunk.key for chunk in made]
        following.open_rows[index] = tally.events
        plan = following.plan = _next_states(store, plan, index)
    first_bin = first_dirty * plan.range_bins if len(plan.levels) == levels_before else 0
    if len(plan.levels) > EXACT_LEVELS:
        for made in upper_chunks(store, plan, first_bin=first_bin):
            chunks.write(store, made)
            written += [chunk.key for chunk in made]

    _close_ranges(store, following, recording, grace_s, done)
    closed_us = min(plan.t_start_us + following.closed * width_us, recording.header.t_stop_us)
    manifest = make_manifest(
        plan,
        _grids(plan, before, written),
        open=not done,
        closed_us=recording.header.t_stop_us if done else closed_us,
    )
    late = following.rows - following.closed_rows - sum(following.open_rows.values())
    if late > 0:
        why = "they came after their time had been closed; precompute the recording once the run has ended"
        told = Accounting(
            what="events shown while the run goes on",
            kept=following.rows - late,
            total=following.rows,
            why=why,
        )
        manifest = msgspec.structs.replace(manifest, accounting=(*manifest.accounting, told))
    write_manifest(store, manifest)
    summaries.write(store, plan.num, NAME, _KEY, {"following": msgspec.json.encode(following)})
    if recording.build != plan.build:
        recordings.set_build(store, id, plan.build)
    return manifest


def _next_states(store: Store, plan: Plan, range_index: int) -> Plan:
    """Write the state at the start of the next range wherever this one changed it."""
    known = dict(plan.states)
    for target, values in range_values(store, plan, range_index):
        state = states.read(store, plan, target.stream, target.name, range_index, target.items)
        replay(state, values.item, values.value)
        states.write(store, plan, target.stream, target.name, range_index + 1, state)
        name = f"{target.stream}/{target.name}"
        known[name] = tuple(sorted({*known.get(name, ()), range_index + 1}))
    return msgspec.structs.replace(plan, states=known)


def _close_ranges(
    store: Store, following: Following, recording: Recording, grace_s: float, done: bool
) -> None:
    """Close the ranges that the run had passed a while ago, and forget the states that only they needed."""
    plan = following.plan
    following.horizons.append((time.time_ns() // 1000, recording.header.t_stop_us))
    passed_us = _passed_us(following, grace_s)
    closed = plan.n_ranges if done else max(0, passed_us - plan.t_start_us) // _width_us(plan)
    following.closed = max(following.closed, min(closed, plan.n_ranges))
    for index in [index for index in following.open_rows if index < following.closed]:
        following.closed_rows += following.open_rows.pop(index)
    keep = time.time_ns() // 1000 - int(grace_s * 1e6)
    old = [entry for entry in following.horizons if entry[0] <= keep]
    following.horizons = old[-1:] + [entry for entry in following.horizons if entry[0] > keep]
    items = {
        f"{target.stream}/{target.name}": target
        for _, _, targets in value_streams(plan.header)
        for target in targets
    }
    needed: dict[str, tuple[int, ...]] = {}
    for name, stored in plan.states.items():
        target = items[name]
        useless = [index for index in stored if index <= following.closed][:-1]
        for index in useless:
            states.delete(store, plan, target.stream, target.name, index, target.items)
        needed[name] = tuple(index for index in stored if index not in useless)
    following.plan = msgspec.structs.replace(plan, states=needed)


def _passed_us(following: Following, grace_s: float) -> int:
    """Return the run's end as it was ``grace_s`` ago."""
    limit = time.time_ns() // 1000 - int(grace_s * 1e6)
    return max((stop for wall, stop in following.horizons if wall <= limit), default=0)


def _width_us(plan: Plan) -> int:
    return plan.range_bins * plan.bin_us


def _grids(plan: Plan, before: Manifest | None, written: list[ChunkKey]) -> tuple[Grid, ...]:
    """Return the grids with the chunks that were there and those just written."""
    known = {(grid.stream, grid.level, grid.target): grid for grid in (before.grids if before else ())}
    fresh: dict[tuple[int, int, int], list[int]] = {}
    for key in written:
        fresh.setdefault((key.stream, key.level, key.tile), []).append(key.chunk)
    grids: list[Grid] = []
    for grid in plan.grids:
        n_chunks = -(-plan.levels[grid.level].frames >> grid.k)
        old = known.get((grid.stream, grid.level, grid.target))
        bitmaps: list[str] = []
        for place, tile in enumerate(grid.tiles):
            present = unpack_presence(old.presence[place], n_chunks) if old else np.zeros(n_chunks, np.bool_)
            present[fresh.get((grid.stream, grid.level, tile), [])] = True
            bitmaps.append(pack_presence(present))
        grids.append(msgspec.structs.replace(grid, presence=tuple(bitmaps)))
    return tuple(grids)
