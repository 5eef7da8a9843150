"""What a build tells of its data: what it stores less exactly, and what came in another order than that of time."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from synaptarium.jobs.plan import Plan
from synaptarium.schemas.events import EventKind
from synaptarium.schemas.manifest import EXACT_LEVELS
from synaptarium.schemas.recording import Accounting
from synaptarium.store import events
from synaptarium.store.database import Store

_KINDS: tuple[EventKind, ...] = ("spikes", "weights", "potentials")


def accounting_of(plan: Plan) -> tuple[Accounting, ...]:
    """Return what a build reduces: precision of values, and what coarse levels show."""
    told: list[Accounting] = []
    names = {stream.stream: stream for stream in plan.streams}
    for grid in plan.grids:
        stream, quantisation = names[grid.stream], grid.quantisation
        if quantisation is None or grid.level or quantisation.dtype != "u16" or not quantisation.max_error:
            continue
        if stream.of == "weights":
            what, n = f"weights of {grid.target}", plan.counts.weights.get(grid.target, 0)
        else:
            what = f"{stream.name} of {grid.target}"
            n = plan.counts.potentials.get(f"{stream.name}/{grid.target}", 0)
        why = f"stored in 16 bits: every value lies within {quantisation.max_error:.3g} of the recorded one"
        told.append(Accounting(what=what, kept=n, total=n, why=why))
    if len(plan.levels) > EXACT_LEVELS:
        told.append(
            Accounting(
                what="time levels with every neuron",
                kept=EXACT_LEVELS,
                total=len(plan.levels),
                why="coarser levels hold exact counts per 64 neurons; zoom in on time to see each",
            )
        )
    return tuple(told)


def overlaps(store: Store, plan: Plan) -> tuple[Accounting, ...]:
    """Return which events lie in blocks that begin before an earlier block of their stream ends.

    Events within a block are always in order; a range that such blocks reach into takes its share of each.
    """
    return tuple(told for kind in _KINDS for told in _overlaps(store, plan.num, kind))


def _overlaps(store: Store, num: int, kind: EventKind) -> Iterator[Accounting]:
    for stream, found in groupby(events.blocks(store, num, kind), key=lambda block: block.stream):
        kept, total, latest_us = 0, 0, -(2**63)
        for block in found:
            kept += block.n if block.t0_us >= latest_us else 0
            total += block.n
            latest_us = max(latest_us, block.t1_us)
        if kept < total:
            yield Accounting(
                what=f"{kind} of {stream} in blocks apart in time"
                if stream
                else f"{kind} in blocks apart in time",
                kept=kept,
                total=total,
                why="the other blocks begin before an earlier one ends; their events were put in the order of time",
            )
