"""The first pass over weights and potentials: their range, how to store them, and the state at each range's start."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from synaptarium.jobs import sizing, states
from synaptarium.jobs.layout import variables_of
from synaptarium.kernels.values import replay
from synaptarium.schemas.chunks import ABSENT_U16
from synaptarium.schemas.events import EventKind
from synaptarium.schemas.manifest import FIRST_POTENTIAL, WEIGHTS, Quantisation
from synaptarium.schemas.recording import Counts, Header
from synaptarium.store import events
from synaptarium.store.database import Store

if TYPE_CHECKING:
    from synaptarium.jobs.plan import Plan

F32 = NDArray[np.float32]
I64 = NDArray[np.int64]
U32 = NDArray[np.uint32]

#: u16 is used while its error stays below this part of the range and of the 5th to 95th percentile's spread.
MAX_RELATIVE_ERROR = 1e-3
#: Percentiles come from about this many values, drawn by a hash of their event number.
SAMPLE_VALUES = 2**20


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
    """

    quantisation: Quantisation
    profile: NDArray[np.float64]
    states: tuple[int, ...]


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
    for kind, stream, targets in value_streams(plan.header):
        tallies = {
            target: _Tally(plan, target, _expected(plan.counts, kind, stream, target))
            for target in targets
            if target.items
        }
        for batch in events.read(store, plan.num, kind, stream, plan.t_start_us, plan.end_us):
            for target, values in split_values(batch, targets):
                tallies[target].add(store, values)
        for target, tally in tallies.items():
            tally.finish(store)
            found[f"{target.stream}/{target.name}"] = tally.result()
    return found


def _expected(counts: Counts, kind: EventKind, stream: str, target: Target) -> int:
    if kind == "weights":
        return counts.weights.get(stream, 0)
    return counts.potentials.get(f"{stream}/{target.name}", 0)


@dataclass
class _Tally:
    """Running extremes, sample, profile and state of one target."""

    plan: Plan
    target: Target
    expected: int
    low: float = np.inf
    high: float = -np.inf
    infinite: bool = False
    seen: int = 0
    current: int = -1
    written: list[int] = field(default_factory=list)
    sample: list[F32] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.state: F32 = np.full(self.target.items, np.nan, np.float32)
        self.unit_us = self.plan.bin_us * sizing.UNIT_BINS
        units = -(-self.plan.n_frames // sizing.UNIT_BINS)
        self.profile = np.zeros(units)
        self.threshold = min(1.0, SAMPLE_VALUES / max(1, self.expected)) * 2**32

    def add(self, store: Store, values: Values) -> None:
        """Take in the next events in time order, storing the state wherever they cross into another range."""
        n = len(values.time_us)
        if not n:
            return
        width = self.plan.range_bins * self.plan.bin_us
        ranges = (values.time_us - self.plan.t_start_us) // width
        starts = np.flatnonzero(np.diff(ranges, prepend=-1))
        for start, stop in zip(starts, [*starts[1:], n], strict=True):
            self._enter(store, int(ranges[start]))
            replay(self.state, values.item[start:stop], values.value[start:stop])
        unit = (values.time_us - self.plan.t_start_us) // self.unit_us
        first = int(unit[0])
        counts = np.bincount(unit - first)
        self.profile[first : first + len(counts)] += counts
        finite = values.value[np.isfinite(values.value)]
        self.infinite = self.infinite or bool(np.isinf(values.value).any())
        if len(finite):
            self.low = min(self.low, float(finite.min()))
            self.high = max(self.high, float(finite.max()))
        number = np.arange(self.seen, self.seen + n, dtype=np.uint64)
        # Fibonacci hashing: evenly spread, the same on every run, and in step with no sampling period.
        number *= np.uint64(2654435761)
        drawn = values.value[(number & np.uint64(2**32 - 1)) < self.threshold]
        self.sample.append(drawn[np.isfinite(drawn)])
        self.seen += n

    def _enter(self, store: Store, range_index: int) -> None:
        """Store the state at the start of the range after the current one, if events changed it."""
        if range_index == self.current:
            return
        if self.current >= 0:
            states.write(store, self.plan, self.target.stream, self.target.name, self.current + 1, self.state)
            self.written.append(self.current + 1)
        self.current = range_index

    def finish(self, store: Store) -> None:
        """Store the state after the last range with events, for the ranges that follow."""
        if 0 <= self.current < self.plan.n_ranges - 1:
            self._enter(store, self.plan.n_ranges)

    def result(self) -> Survey:
        sample = np.concatenate(self.sample) if self.sample else np.empty(0, np.float32)
        quantisation = choose_quantisation(self.low, self.high, sample, infinite=self.infinite)
        return Survey(quantisation, self.profile, tuple(self.written))


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
