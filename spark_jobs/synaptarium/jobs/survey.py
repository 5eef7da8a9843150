"""The first pass over weights and potentials: their range, how to store them, and the state at each range's start."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from synaptarium.jobs import sizing, states
from synaptarium.jobs.layout import variables_of
from synaptarium.jobs.plan import Plan
from synaptarium.kernels.values import replay
from synaptarium.schemas.events import EventKind
from synaptarium.schemas.manifest import FIRST_POTENTIAL, WEIGHTS, Quantisation
from synaptarium.schemas.quantised import ABSENT_U16
from synaptarium.schemas.recording import Counts, Header
from synaptarium.store import events
from synaptarium.store.database import Store

F32 = NDArray[np.float32]
I64 = NDArray[np.int64]
U32 = NDArray[np.uint32]

#: u16 is used while its error stays below this part of the range and of the 5th to 95th percentile's spread.
MAX_RELATIVE_ERROR = 1e-3
#: Percentiles come from about this many values, drawn by a hash of their time and item.
SAMPLE_VALUES = 2**20
MAX_WORKERS = 4


class Target(NamedTuple):
    """One layer of a variable, or one projection: whose events are values of which items.

    Parameters
    ----------
    stream : int
        Stream number.
    name : str
        Layer or projection.
    first, items : int
        Items ``first .. first + items - 1`` of the event column belong to it.
    """

    stream: int
    name: str
    first: int
    items: int


class Survey(NamedTuple):
    """What the pass found about a target.

    Parameters
    ----------
    quantisation : Quantisation
        How its values are stored.
    profile : (n_units,) float64
        Events per unit of 256 bins.
    states : tuple of int
        Ranges whose boundary state was written, ascending.
    low, high : float
        Extremes of its finite values; inf and -inf where there are none.
    """

    quantisation: Quantisation
    profile: NDArray[np.float64]
    states: tuple[int, ...]
    low: float
    high: float


class Values(NamedTuple):
    """Events of one target: times (us), items counted from the target's first, values (NaN = absent)."""

    time_us: I64
    item: U32
    value: F32


def value_streams(header: Header) -> Iterator[tuple[EventKind, str, list[Target]]]:
    """Return every event stream of values with the targets inside it: (kind, stream, targets)."""
    for projection in header.projections:
        yield "weights", projection.name, [Target(WEIGHTS, projection.name, 0, projection.synapses)]
    for index, variable in enumerate(variables_of(header)):
        layers = {stream.layer for stream in header.potentials if stream.variable == variable}
        number = FIRST_POTENTIAL + 2 * index
        targets = [Target(number, x.name, x.offset, x.neurons) for x in header.layers if x.name in layers]
        yield "potentials", variable, targets


def split_values(batch: pa.RecordBatch, targets: list[Target]) -> Iterator[tuple[Target, Values]]:
    """Return the events of each target in a block."""
    time_us = batch.column("time_us").to_numpy()
    column = "synapse" if "synapse" in batch.schema.names else "neuron"
    item = batch.column(column).to_numpy()
    # A null comes out as NaN: the item ceases.
    value = batch.column("value").to_numpy(zero_copy_only=False).astype(np.float32, copy=False)
    if len(targets) == 1:
        first = targets[0].first
        yield targets[0], Values(time_us, item if not first else item - np.uint32(first), value)
        return
    for target in targets:
        inside = (item >= target.first) & (item < target.first + target.items)
        if inside.any():
            yield target, Values(time_us[inside], item[inside] - np.uint32(target.first), value[inside])


def survey_values(store: Store, plan: Plan) -> dict[str, Survey]:
    """Read all weights and potentials once; write the state at the start of each range in which it changed.

    Ranges are read and reduced side by side on a few threads; what they found is joined in their order.

    Parameters
    ----------
    store : Store
        Holds the events; receives the states.
    plan : Plan
        Ranges and frames; grids and states are not needed yet.

    Returns
    -------
    dict of str to Survey
        By ``"<stream>/<target>"``.
    """
    found: dict[str, Survey] = {}
    with ThreadPoolExecutor(min(MAX_WORKERS, os.cpu_count() or 1), thread_name_prefix="survey") as pool:
        for kind, stream, targets in value_streams(plan.header):
            tallies = {
                target: _Tally(plan, target, _expected(plan.counts, kind, stream, target))
                for target in targets
                if target.items
            }
            if not tallies:
                continue
            ranges = _ranges_with(store, plan, kind, stream)

            def read(index: int, kind: EventKind = kind, stream: str = stream, tallies: Any = tallies) -> Any:
                start, stop = plan.span_us(index)
                columns = events.read(store, plan.num, kind, stream, start, stop)
                return survey_range(
                    plan, index, columns, {t: tally.threshold for t, tally in tallies.items()}
                )

            for index, parts in zip(ranges, _in_order(pool, read, ranges), strict=True):
                for target, part in parts.items():
                    tallies[target].add(store, index, part)
            for target, tally in tallies.items():
                found[f"{target.stream}/{target.name}"] = tally.result()
    return found


class RangeSurvey(NamedTuple):
    """What the events of one range are for a target.

    Parameters
    ----------
    low, high : float
        Extremes of the finite values; inf and -inf where there are none.
    infinite : bool
        True where a value is infinite.
    first_unit, events : int, (n_units,) int64
        Events per unit of 256 bins, from that unit on.
    sample : (n,) float32
        Finite values drawn from all.
    item, value : (n,) uint32 or None, (n,) float32
        The events in the order of time; or, where they are many, each item's last value and None.
    touched : (n_items,) bool or None
        Items that have a last value.
    """

    low: float
    high: float
    infinite: bool
    first_unit: int
    events: I64
    sample: F32
    item: U32 | None
    value: F32
    touched: NDArray[np.bool_] | None


def survey_range(
    plan: Plan, range_index: int, batches: Iterable[pa.RecordBatch], targets: dict[Target, float]
) -> dict[Target, RangeSurvey]:
    """Reduce the events of one range, target by target; those without events are left out.

    Parameters
    ----------
    plan, range_index : Plan, int
        Which range.
    batches : iterable of pyarrow.RecordBatch
        Its weights or potentials, in the order of time.
    targets : dict of Target to float
        The targets of the stream, and which hashes (below 2**32) draw a value into the sample.
    """
    read: dict[Target, list[Values]] = {}
    for batch in batches:
        for target, values in split_values(batch, list(targets)):
            read.setdefault(target, []).append(values)
    found: dict[Target, RangeSurvey] = {}
    for target, parts in read.items():
        values = Values(*(np.concatenate(column) for column in zip(*parts, strict=True)))
        if len(values.time_us):
            found[target] = _reduce(plan, target, values, targets[target])
    return found


def _reduce(plan: Plan, target: Target, values: Values, threshold: float) -> RangeSurvey:
    unit = (values.time_us - plan.t_start_us) // (plan.bin_us * sizing.UNIT_BINS)
    first_unit = int(unit[0])
    finite = np.isfinite(values.value)
    usable = values.value if finite.all() else values.value[finite]
    drawn = values.value
    if threshold < 2**32:
        drawn = values.value[_hashes(values) < threshold]
    item, value, touched = values.item, values.value, None
    if len(item) > target.items // 4:
        value, touched = np.empty(target.items, np.float32), np.zeros(target.items, np.bool_)
        replay(value, values.item, values.value)
        touched[values.item] = True
        item = None
    return RangeSurvey(
        float(usable.min(initial=np.inf)),
        float(usable.max(initial=-np.inf)),
        len(usable) < len(finite) and bool(np.isinf(values.value).any()),
        first_unit,
        np.bincount(unit - first_unit),
        drawn[np.isfinite(drawn)],
        item,
        value,
        touched,
    )


def _hashes(values: Values) -> NDArray[np.uint64]:
    """Return a hash below 2**32 of each event's time and item: the same however the events are cut into ranges."""
    mixed = values.time_us.astype(np.uint64)
    mixed *= np.uint64(0x9E3779B97F4A7C15)
    mixed ^= values.item.astype(np.uint64) * np.uint64(0xC2B2AE3D27D4EB4F)
    mixed ^= mixed >> np.uint64(29)
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    mixed >>= np.uint64(32)
    return mixed


def _ranges_with(store: Store, plan: Plan, kind: EventKind, stream: str) -> list[int]:
    """Return the ranges in which a stream's blocks lie, ascending."""
    width = plan.range_bins * plan.bin_us
    found: set[int] = set()
    for block in events.blocks(store, plan.num, kind, stream):
        found.update(
            range((block.t0_us - plan.t_start_us) // width, (block.t1_us - plan.t_start_us) // width + 1)
        )
    return [index for index in sorted(found) if 0 <= index < plan.n_ranges]


def _in_order(
    pool: ThreadPoolExecutor, read: Callable[[int], dict[Target, RangeSurvey]], ranges: list[int]
) -> Iterator[dict[Target, RangeSurvey]]:
    """Yield what is found in each range, in order, a few ranges ahead of the reader and no more."""
    waiting: deque[Future[dict[Target, RangeSurvey]]] = deque()
    try:
        for index in ranges:
            waiting.append(pool.submit(read, index))
            if len(waiting) > MAX_WORKERS:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for future in waiting:
            future.cancel()


def _expected(counts: Counts, kind: EventKind, stream: str, target: Target) -> int:
    if kind == "weights":
        return counts.weights.get(stream, 0)
    return counts.potentials.get(f"{stream}/{target.name}", 0)


@dataclass
class _Tally:
    """Extremes, sample, profile and state of one target, range by range."""

    plan: Plan
    target: Target
    expected: int
    low: float = np.inf
    high: float = -np.inf
    infinite: bool = False
    written: list[int] = field(default_factory=list)
    sample: list[F32] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.state: F32 = np.full(self.target.items, np.nan, np.float32)
        self.profile = np.zeros(-(-self.plan.n_frames // sizing.UNIT_BINS))
        self.threshold = min(1.0, SAMPLE_VALUES / max(1, self.expected)) * 2**32

    def add(self, store: Store, range_index: int, part: RangeSurvey) -> None:
        """Take in the next range, and store the state at its end for the ranges that follow."""
        self.low, self.high = min(self.low, part.low), max(self.high, part.high)
        self.infinite = self.infinite or part.infinite
        self.profile[part.first_unit : part.first_unit + len(part.events)] += part.events
        self.sample.append(part.sample)
        if part.item is not None:
            replay(self.state, part.item, part.value)
        elif part.touched is not None:
            np.copyto(self.state, part.value, where=part.touched)
        if range_index < self.plan.n_ranges - 1:
            states.write(store, self.plan, self.target.stream, self.target.name, range_index + 1, self.state)
            self.written.append(range_index + 1)

    def result(self) -> Survey:
        sample = np.concatenate(self.sample) if self.sample else np.empty(0, np.float32)
        quantisation = choose_quantisation(self.low, self.high, sample, infinite=self.infinite)
        return Survey(quantisation, self.profile, tuple(self.written), self.low, self.high)


def choose_quantisation(low: float, high: float, sample: F32, *, infinite: bool = False) -> Quantisation:
    """Return u16 with scale and offset, or f32 where u16 would lose too much.

    Parameters
    ----------
    low, high : float
        Extremes of all finite values; inf and -inf where there are none.
    sample : (n,) float32
        Values drawn from all.
    infinite : bool
        True where a value is infinite, which u16 cannot hold.

    Returns
    -------
    Quantisation
        ``max_error`` bounds abs(stored - true) for every value, rounding to float32 included.

    Examples
    --------
    >>> choose_quantisation(0.0, 65534.0, np.array([0, 65534], np.float32)).scale
    1.0
    """
    exact = Quantisation(dtype="f32", scale=1.0, offset=0.0, max_error=0.0)
    if infinite or not low <= high:
        return exact
    if low == high:
        return Quantisation(dtype="u16", scale=1.0, offset=low, max_error=0.0)
    scale = (high - low) / (ABSENT_U16 - 1)
    # A reader computes offset + scale * q in float64 and may round to float32.
    error = scale / 2 + max(abs(low), abs(high)) * 2.0**-23
    spread = 0.0
    if len(sample):
        p5, p95 = np.percentile(sample.astype(np.float64), [5, 95])
        spread = float(p95 - p5)
    if error > MAX_RELATIVE_ERROR * min(high - low, spread):
        return exact
    return Quantisation(dtype="u16", scale=scale, offset=low, max_error=error)
