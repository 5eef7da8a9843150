"""Training health.

Neurons of a layer with which something may be wrong, and since when. A click on a row goes there and selects the neuron.

Dead: no spike in the recording. Silent: spikes, but none in the last part of the window (silent_percent of it, at least);
since the end of the interval of its last spike. Saturated: in some interval it spikes in at least saturated_percent of the
bins, as far as one spike a bin is the most that a simulator gives. Runaway: in two intervals in a row its rate is at least
runaway_percent of its mean rate in all intervals before, of which there are 4 with 10 spikes at least. Stuck weights: no weight
onto it changed in the last part of the window (silent_percent), while others of the projection did; since its last change.
Without a class: its selectivity (largest rate of a class - mean of the others) / (their sum) is below class_percent, or it did
not fire while a stimulus of a class was on; since the end of the last interval up to which, counted from the window's start, its
selectivity still reached that, or since the window's start. Intervals are those of the summary tables, 128 at most.

Source: selectivity: Morcos et al., ICLR 2018, arXiv:1803.06959, equation 1. The field has not fixed the other measures: formulas
and thresholds are ours, and the thresholds can be set.
"""

from __future__ import annotations

import dataclasses
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray

from synaptarium.kernels.health import first_at_least, growth, silent_since
from synaptarium.kernels.rates import mean_rate_hz
from synaptarium.kernels.selectivity import selectivity
from synaptarium.modules.base import LayerName, Module, Selection, slider
from synaptarium.modules.intervals import IntervalCounts, counts_in_window, counts_per_interval
from synaptarium.modules.reader import BUDGET_BYTES, RecordingReader
from synaptarium.modules.stimuli import class_durations_us
from synaptarium.modules.wording import chosen_layer, clock, duration, outside, span
from synaptarium.schemas.errors import InvalidInput
from synaptarium.schemas.messages import TimeWindow
from synaptarium.schemas.panels import Column, Links, Panels, Table, TableColumn
from synaptarium.schemas.recording import Accounting, Layer

Condition = Literal["all", "dead", "silent", "saturated", "runaway", "stuck weights", "without a class"]

MAX_INTERVALS, CLASS_INTERVALS = 128, 64
MAX_COUNTS = 2_097_152
MAX_ROWS = 300
LEAST_SPIKES, LEAST_INTERVALS = 10, 4
MAX_NEURONS = 65_536


@dataclasses.dataclass(frozen=True)
class Params:
    """Which layer, which condition, and the thresholds.

    Parameters
    ----------
    layer : str
        Empty takes that of the selection, else the last one that spiked.
    condition : str
        Only rows of this one.
    silent_percent : float
        A neuron is silent, or its weights are stuck, if nothing happened in this last part of the window.
    saturated_percent : float
        A neuron is saturated if it spikes in this part of an interval's bins.
    runaway_percent : float
        A neuron runs away if its rate in an interval is this much of its mean rate before.
    class_percent : float
        A neuron has no class if its selectivity is below this.
    """

    layer: LayerName = ""
    condition: Condition = "all"
    silent_percent: Annotated[float, slider(5, 100)] = 25.0
    saturated_percent: Annotated[float, slider(5, 100)] = 50.0
    runaway_percent: float = 500.0
    class_percent: Annotated[float, slider(0, 100)] = 20.0

    def __post_init__(self) -> None:
        for name, low, high in (
            ("silent_percent", 0, 100),
            ("saturated_percent", 0, 100),
            ("runaway_percent", 100, 1e6),
            ("class_percent", 0, 100),
        ):
            if not low <= getattr(self, name) <= high:
                hint = f"It is {low:g} to {high:g} percent."
                raise InvalidInput(f"{name} is {getattr(self, name)}.", hint=hint, where=name)


@dataclasses.dataclass(frozen=True)
class _Finding:
    """Neurons of one condition: who, since when, how much in words; and what it means."""

    name: str
    rule: str
    neurons: NDArray[np.int64]
    since_us: NDArray[np.float64]
    values: list[str]
    unknown: str = ""


def compute(reader: RecordingReader, window: TimeWindow, selection: Selection, params: Params) -> Panels:
    """Return how many neurons have which condition, and a row for each of them."""
    layer = chosen_layer(reader, selection, params.layer)
    n = min(layer.neurons, MAX_NEURONS)
    found = counts_per_interval(reader, layer, window, most=MAX_INTERVALS, n_neurons=n)
    told = list(found.accounting)
    if n < layer.neurons:
        told.append(
            Accounting(what="neurons", kept=n, total=layer.neurons, why="The lowest ids are looked at.")
        )
    findings = [
        *_spiking(reader, layer, found, params),
        _stuck(reader, layer, window, params),
        _classless(reader, layer, window, n, params),
    ]
    columns: dict[str, Column] = {}
    why = outside(reader, window) or ("" if len(found.counts) else "The window holds no interval.")
    return Panels(
        (
            _summary(layer, window, found, findings, n, tuple(told), why, columns),
            _rows(layer, findings, params, tuple(told), why, columns),
        ),
        columns,
    )


def _spiking(reader: RecordingReader, layer: Layer, found: IntervalCounts, params: Params) -> list[_Finding]:
    counts, edges = found.counts[:, :, 0], found.edges_us
    n_intervals, n = counts.shape
    manifest = reader.manifest
    run = TimeWindow(t_start_us=manifest.t_start_us, t_stop_us=manifest.t_stop_us)
    whole = counts_per_interval(reader, layer, run, most=1, n_neurons=n)
    # Where not all of the run could be read, what was read of the window speaks too.
    total = np.maximum(whole.counts[:, :, 0].sum(axis=0), counts.sum(axis=0))
    dead = np.flatnonzero(total == 0)
    since = silent_since(counts)
    since_us = edges[np.minimum(since, n_intervals)] if n_intervals else np.zeros(n, np.int64)
    end_us, length_us = (int(edges[-1]), int(edges[-1] - edges[0])) if n_intervals else (0, 0)
    quiet = (end_us - since_us) * 100 >= params.silent_percent * length_us
    silent = np.flatnonzero(quiet & (since < n_intervals) & (total > 0))
    bins = np.maximum(found.observed_us / manifest.bin_us, 1)[:, None]
    part = counts / bins
    loud = first_at_least(part, params.saturated_percent / 100)
    saturated = np.flatnonzero(loud >= 0)
    times = growth(counts, found.observed_us, least_spikes=LEAST_SPIKES, least_intervals=LEAST_INTERVALS)
    # One loud interval may be one loud stimulus.
    lasting = np.fmin(times[:-1], np.where(np.isnan(times[1:]), 0, times[1:]))
    away = first_at_least(lasting, params.runaway_percent / 100)
    runaway = np.flatnonzero(away >= 0)
    since_text = [f"last spike before {clock(since_us[one])}" for one in silent]
    return [
        _Finding(
            "dead",
            "no spike in the recording",
            dead,
            np.full(len(dead), float(manifest.t_start_us)),
            ["0 spikes"] * len(dead),
        ),
        _Finding(
            "silent",
            f"spikes, but none in the last {params.silent_percent:g} % of the window",
            silent,
            since_us[silent].astype(np.float64),
            [
                text if since[one] else "none in the window"
                for one, text in zip(silent, since_text, strict=True)
            ],
        ),
        _Finding(
            "saturated",
            f"spikes in {params.saturated_percent:g} % of an interval's bins of {duration(manifest.bin_us)}",
            saturated,
            edges[loud[saturated]].astype(np.float64),
            [f"{100 * part[:, one].max():.3g} % of the bins" for one in saturated],
        ),
        _Finding(
            "runaway",
            f"rate of two intervals in a row {params.runaway_percent:g} % of the mean before",
            runaway,
            edges[away[runaway]].astype(np.float64),
            [f"up to {100 * np.nanmax(times[:, one]):,.0f} %" for one in runaway],
        ),
    ]


def _stuck(reader: RecordingReader, layer: Layer, window: TimeWindow, params: Params) -> _Finding:
    """Find neurons onto which no weight changes any more, by the summary tables."""
    rule = f"no weight onto it changed in the last {params.silent_percent:g} % of the window, others did"
    tables = reader.tables
    onto = [one.name for one in reader.recording.header.projections if one.target == layer.name]
    nothing = _Finding("stuck weights", rule, np.empty(0, np.int64), np.empty(0), [])
    if not any(reader.recording.counts.weights.get(name) for name in onto):
        return dataclasses.replace(nothing, unknown="No weights onto this layer were recorded.")
    who: list[int] = []
    since: list[float] = []
    values: list[str] = []
    looked = False
    for name in onto:
        grid = tables.find("weights.neurons", name) if tables else None
        if tables is None or grid is None:
            continue
        first, last = tables.rows_inside(grid, window.t_start_us, window.t_stop_us)
        step = max(1, -(-(last - first) // MAX_INTERVALS))
        rows = [*range(first, last, step), last] if last > first else []
        while len(rows) > 2 and reader.table_bytes(grid, rows) > (BUDGET_BYTES - reader.bytes_read) // 2:
            rows = [*rows[:-1:2], last]
        if len(rows) < 2:
            continue
        looked = True
        stored = reader.table_rows(grid, rows)
        changed = np.diff(stored["changes"][:, :, 0].astype(np.int64), axis=0)
        mean = stored["mean"][-1, :, 0]
        edges = np.array([tables.boundary_us(grid, row) for row in rows])
        if not changed.sum():
            continue
        quiet = silent_since(changed)
        late = edges[-1] - edges[quiet] >= params.silent_percent / 100 * (edges[-1] - edges[0])
        # The others: the projection itself must still learn in that part of the window.
        alive = silent_since(changed.sum(axis=1, keepdims=True))[0] > quiet
        there = stored["n"][-1, :, 0] > 0
        for one in np.flatnonzero(late & alive & there):
            who.append(int(one))
            since.append(float(edges[quiet[one]]))
            values.append(f"{name}, mean weight {float(mean[one]):.4g}")
    if not looked:
        return dataclasses.replace(
            nothing, unknown="Needs the summary tables: precompute the recording again."
        )
    return dataclasses.replace(
        nothing, neurons=np.array(who, np.int64), since_us=np.array(since), values=values
    )


def _classless(reader: RecordingReader, layer: Layer, window: TimeWindow, n: int, params: Params) -> _Finding:
    rule = f"selectivity below {params.class_percent:g} %, or no spike while a class was on"
    nothing = _Finding("without a class", rule, np.empty(0, np.int64), np.empty(0), [])
    if not reader.recording.counts.stimuli:
        return dataclasses.replace(nothing, unknown="The recording has no stimuli.")
    _, _, found = counts_in_window(reader, layer, window)
    if found.empty:
        return dataclasses.replace(nothing, unknown=found.empty)
    index = selectivity(mean_rate_hz(found.counts[:n], found.duration_us))
    who = np.flatnonzero(~(index >= params.class_percent / 100))
    return dataclasses.replace(
        nothing,
        neurons=who,
        since_us=_classless_since_us(reader, layer, window, who, len(found.classes), params),
        values=[
            f"selectivity {100 * index[one]:.3g} %" if np.isfinite(index[one]) else "did not fire"
            for one in who
        ],
    )


def _classless_since_us(
    reader: RecordingReader,
    layer: Layer,
    window: TimeWindow,
    who: NDArray[np.int64],
    n_classes: int,
    params: Params,
) -> NDArray[np.float64]:
    """Return from when on the selectivity of each neuron, counted from the window's start, stays below the threshold."""
    begin_us = max(window.t_start_us, reader.manifest.t_start_us)
    since_us = np.full(len(who), float(begin_us))
    if not len(who):
        return since_us
    n = int(who.max()) + 1
    most = min(CLASS_INTERVALS, max(1, MAX_COUNTS // (n * n_classes)))
    found = counts_per_interval(reader, layer, window, most=most, by_class=True, n_neurons=n)
    on_us = class_durations_us(reader, found.edges_us, n_classes).cumsum(axis=0)
    counts = found.counts[:, who].cumsum(axis=0)
    for number, stop_us in enumerate(found.edges_us[1:]):
        index = selectivity(mean_rate_hz(counts[number], on_us[number]))
        since_us[index >= params.class_percent / 100] = stop_us
    return since_us


def _summary(
    layer: Layer,
    window: TimeWindow,
    found: IntervalCounts,
    findings: list[_Finding],
    n: int,
    told: tuple[Accounting, ...],
    why: str,
    columns: dict[str, Column],
) -> Table:
    columns["summary.name"] = [one.name for one in findings]
    columns["summary.n"] = np.array(
        [np.nan if one.unknown else len(set(one.neurons.tolist())) for one in findings]
    )
    columns["summary.percent"] = 100 * columns["summary.n"] / max(1, n)
    columns["summary.rule"] = [one.unknown or one.rule for one in findings]
    width = (
        f"intervals of {duration(int(found.edges_us[1] - found.edges_us[0]))}" if len(found.counts) else ""
    )
    return Table(
        id="summary",
        title="Training health",
        subtitle=f"{n:,} neurons of {layer.name}, {span(window)}, {width}; thresholds are ours",
        columns=(
            TableColumn(heading="Condition", column="summary.name"),
            TableColumn(heading="Neurons", column="summary.n"),
            TableColumn(heading="Part", column="summary.percent", unit="%"),
            TableColumn(heading="Rule", column="summary.rule"),
        ),
        accounting=told,
        empty=why,
    )


def _rows(
    layer: Layer,
    findings: list[_Finding],
    params: Params,
    told: tuple[Accounting, ...],
    why: str,
    columns: dict[str, Column],
) -> Table:
    kept = [one for one in findings if params.condition in ("all", one.name)]
    total = sum(len(one.neurons) for one in kept)
    # Of each condition as many as there is room for: none hides the others.
    each = MAX_ROWS // max(1, sum(len(one.neurons) > 0 for one in kept))
    names: list[str] = []
    values: list[str] = []
    who: list[int] = []
    since: list[float] = []
    for one in kept:
        names += [one.name] * len(one.neurons[:each])
        values += one.values[:each]
        who += one.neurons[:each].tolist()
        since += one.since_us[:each].tolist()
    columns["row.condition"] = names
    columns["row.neuron"] = np.array(who, np.float64)
    columns["row.since_us"] = np.array(since, np.float64)
    columns["row.value"] = values
    if len(names) < total:
        text = "The first of each condition; choose one to see more of it."
        told = (*told, Accounting(what="findings", kept=len(names), total=total, why=text))
    if not why and not names:
        why = f"No neuron of {layer.name} has this condition."
        if len(kept) == 1 and kept[0].unknown:
            why = kept[0].unknown
    return Table(
        id="findings",
        title="Neurons to look at",
        subtitle=f"{layer.name}; a click goes to the time since when, and selects the neuron",
        columns=(
            TableColumn(heading="Condition", column="row.condition"),
            TableColumn(heading="Neuron", column="row.neuron"),
            TableColumn(heading="Since", column="row.since_us", unit="us"),
            TableColumn(heading="Value", column="row.value"),
        ),
        links=Links(time_us="row.since_us", neuron="row.neuron", layer=layer.name),
        accounting=told,
        empty=why,
    )


MODULE = Module(compute=compute, params=Params, needs=("spikes",), order=25)
