"""Spike trains.

Interspike intervals (ISI) of a layer's neurons, and how regularly each of them fires: CV (population standard deviation / mean
of the ISIs), CV2 and LV (local variation, of consecutive ISIs), Fano factor (population variance / mean of its spike counts in
windows of one length). 1 is what a Poisson process gives, 0 a clock.

Times are those of frames of one bin. No interval reaches over what was not read. Bins are closed on the left.

Source: as elephant.statistics.isi, cv, cv2, lv and fanofactor; Holt et al., J. Neurophysiol. 1996, doi:10.1152/jn.1996.75.5.1806
(CV2); Shinomoto et al., Neural Comput. 2003, doi:10.1162/089976603322518759 (LV).
"""

from __future__ import annotations

import dataclasses

import msgspec
import numpy as np
from numpy.typing import NDArray

from synaptarium.kernels.isi import Intervals, fano_factor, intervals, isi_histogram, regularity
from synaptarium.modules.base import LayerName, Module, Selection
from synaptarium.modules.reader import RecordingReader
from synaptarium.modules.window import Spikes, spikes_in
from synaptarium.modules.wording import chosen_layer, duration, outside, span
from synaptarium.schemas.errors import InvalidInput
from synaptarium.schemas.messages import TimeWindow
from synaptarium.schemas.panels import AnyPanel, Axis, Column, Line, Links, Panels, Series, Table, TableColumn
from synaptarium.schemas.recording import Accounting, Layer

I64 = NDArray[np.int64]

MAX_ROWS = 100
MAX_LINES = 4
HISTOGRAM_BINS = 100
SPREAD_BINS = 60
# CV, CV2 and LV lie below this for nearly every neuron.
_SPREAD_TO = 3.0
_BUDGET_BYTES = 1024 * 1024
# Windows of counts, for all rows together.
_MAX_COUNTS = 2_000_000


@dataclasses.dataclass(frozen=True)
class Params:
    """Which layer, and the bins.

    Parameters
    ----------
    layer : str
        Empty takes that of the selection, else the last one that spiked.
    isi_bin_ms : float
        Width of a bin of the histogram in ms; 0 takes one that shows 95 % of the intervals.
    count_ms : float
        Length of a window of counts for the Fano factor in ms.
    """

    layer: LayerName = ""
    isi_bin_ms: float = 0.0
    count_ms: float = 100.0

    def __post_init__(self) -> None:
        if not 0 <= self.isi_bin_ms < 1e7:
            hint = "A bin is 0 (chosen by the module) or a positive number of ms."
            raise InvalidInput(f"isi_bin_ms is {self.isi_bin_ms}.", hint=hint, where="isi_bin_ms")
        if not 0 < self.count_ms < 1e7:
            hint = "A window of counts is a positive number of ms."
            raise InvalidInput(f"count_ms is {self.count_ms}.", hint=hint, where="count_ms")


def compute(reader: RecordingReader, window: TimeWindow, selection: Selection, params: Params) -> Panels:
    """Return the histogram of intervals, the spread of the measures, and a row for each neuron."""
    layer = chosen_layer(reader, selection, params.layer)
    spikes = spikes_in(
        reader, layer.name, window.t_start_us, window.t_stop_us, budget_bytes=_BUDGET_BYTES, levels=(0,)
    )
    frames = spikes.frames
    # Of several spikes in a frame each is one: intervals of 0.
    frame, neuron = spikes.frame, spikes.neuron
    if (spikes.count != 1).any():
        frame, neuron = np.repeat(frame, spikes.count), np.repeat(neuron, spikes.count)
    stretch = np.cumsum(~frames.covered, dtype=np.int64)[frame] if len(frame) else frame
    found = intervals(frame * frames.frame_us, neuron.astype(np.int64), stretch)
    chosen = selection.of(layer.name)
    why = outside(reader, window)
    if not why and not len(found.isi_us):
        why = f"No neuron of {layer.name} spiked twice in what was read of the window."
    columns: dict[str, Column] = {}
    panels: list[AnyPanel] = [
        _histogram(layer, window, found, chosen, params, frames.frame_us, why, columns),
        *_measures(layer, window, spikes, neuron, found, chosen, params, why, columns),
    ]
    told = frames.accounting
    return Panels(
        tuple(_with(panel, told) for panel in panels),
        columns,
    )


def _with(panel: AnyPanel, told: tuple[Accounting, ...]) -> AnyPanel:
    return msgspec.structs.replace(panel, accounting=(*told, *panel.accounting))


def _histogram(
    layer: Layer,
    window: TimeWindow,
    found: Intervals,
    chosen: I64,
    params: Params,
    frame_us: int,
    why: str,
    columns: dict[str, Column],
) -> Series:
    drawn = chosen[-MAX_LINES:]
    shown = found.isi_us[np.isin(found.neuron, drawn)] if len(drawn) else found.isi_us
    if params.isi_bin_ms:
        bin_us = max(1, round(params.isi_bin_ms * 1000))
    else:
        wide_us = (float(np.quantile(shown, 0.95)) + frame_us) / HISTOGRAM_BINS if len(shown) else 0.0
        # Whole frames: intervals are multiples of them.
        bin_us = max(1, int(np.ceil(wide_us / frame_us))) * frame_us
    columns["isi.ms"] = np.arange(HISTOGRAM_BINS) * bin_us / 1000
    lines: list[Line] = []
    longer = 0
    for neuron in drawn.tolist() or [None]:
        own = shown if neuron is None else found.isi_us[found.neuron == neuron]
        counts, beyond = isi_histogram(own, bin_us=bin_us, n_bins=HISTOGRAM_BINS)
        longer += beyond
        columns[f"isi.{len(lines)}"] = counts.astype(np.float64)
        name = layer.name if neuron is None else f"{layer.name} {neuron}"
        lines.append(Line(name=name, y=f"isi.{len(lines)}", layer=layer.name, neuron=neuron))
    told: list[Accounting] = []
    if len(drawn) < len(chosen):
        why_few = "The latest have a line of their own."
        told.append(Accounting(what="selected neurons", kept=len(drawn), total=len(chosen), why=why_few))
    if longer:
        reach = "The others are longer than the axis; a wider bin shows them."
        told.append(
            Accounting(what="interspike intervals", kept=len(shown) - longer, total=len(shown), why=reach)
        )
    if not why and not len(shown):
        why = "The selected neurons did not spike twice in what was read of the window."
    whose = "the selected neurons" if len(drawn) else f"all neurons of {layer.name}"
    return Series(
        id="isi",
        title="Interspike intervals",
        subtitle=f"{span(window)}; {len(shown):,} intervals of {whose}, bin {duration(bin_us)}, closed on the left",
        x="isi.ms",
        x_axis=Axis(label="Interval from", unit="ms"),
        y_axis=Axis(label="Intervals", unit="1"),
        lines=tuple(lines),
        time=False,
        shape="hv",
        accounting=tuple(told),
        empty=why,
    )


def _measures(
    layer: Layer,
    window: TimeWindow,
    spikes: Spikes,
    neuron: NDArray[np.uint32],
    found: Intervals,
    chosen: I64,
    params: Params,
    why: str,
    columns: dict[str, Column],
) -> list[AnyPanel]:
    n = layer.neurons
    measured = regularity(found, n_neurons=n)
    n_spikes = np.bincount(neuron, minlength=n)
    order = np.argsort(-n_spikes, kind="stable")
    order = order[n_spikes[order] > 0]
    # The latest of the selection first, then whoever spiked most.
    first = chosen[::-1][:MAX_ROWS]
    rows = np.concatenate((first, order[~np.isin(order, first)]))[:MAX_ROWS]
    fano, count_us, n_counts = _fano(spikes, rows, params)
    seconds = spikes.frames.covered.sum() * spikes.frames.frame_us / 1e6
    columns["row.neuron"] = rows.astype(np.float64)
    columns["row.spikes"] = n_spikes[rows].astype(np.float64)
    columns["row.hz"] = n_spikes[rows] / seconds if seconds else np.full(len(rows), np.nan)
    columns["row.isi_ms"] = measured.mean_us[rows] / 1000
    for name, values in (("cv", measured.cv), ("cv2", measured.cv2), ("lv", measured.lv)):
        columns[f"row.{name}"] = values[rows]
    columns["row.fano"] = fano
    kept = len(rows)
    told = (
        Accounting(
            what="neurons that spiked", kept=kept, total=len(order), why="Those with the most spikes."
        ),
    )
    words = f"{n_counts:,} windows of {duration(count_us)}" if n_counts else "no whole window of counts"
    table = Table(
        id="regularity",
        title="Regularity",
        subtitle=f"{layer.name}, {span(window)}; Fano factor of counts in {words}; a click selects",
        columns=(
            TableColumn(heading="Neuron", column="row.neuron"),
            TableColumn(heading="Spikes", column="row.spikes"),
            TableColumn(heading="Rate", column="row.hz", unit="Hz"),
            TableColumn(heading="Mean ISI", column="row.isi_ms", unit="ms"),
            TableColumn(heading="CV", column="row.cv"),
            TableColumn(heading="CV2", column="row.cv2"),
            TableColumn(heading="LV", column="row.lv"),
            TableColumn(heading="Fano", column="row.fano"),
        ),
        links=Links(neuron="row.neuron", layer=layer.name),
        accounting=told if kept < len(order) else (),
        empty=why if not kept else "",
    )
    return [_spread(layer, measured.cv, measured.cv2, measured.lv, n_spikes, why, columns), table]


def _fano(spikes: Spikes, rows: I64, params: Params) -> tuple[NDArray[np.float64], int, int]:
    """Return the Fano factor of some neurons, the length of a window of counts, and how many whole ones were read."""
    frames = spikes.frames
    step = max(1, round(params.count_ms * 1000 / frames.frame_us))
    n = frames.n // step
    if len(rows) * n > _MAX_COUNTS:
        n = _MAX_COUNTS // len(rows)
    whole = frames.covered[: n * step].reshape(n, step).all(axis=1) if n else np.zeros(0, np.bool_)
    place = np.full(int(spikes.neuron.max(initial=0)) + 1, -1, np.int64)
    kept = rows[rows < len(place)]
    place[kept] = np.arange(len(rows))[rows < len(place)]
    row = place[spikes.neuron]
    inside = (row >= 0) & (spikes.frame < n * step)
    cells = row[inside] * n + spikes.frame[inside] // step
    counts = np.bincount(cells, spikes.count[inside], len(rows) * n).reshape(len(rows), n)[:, whole]
    return fano_factor(counts), step * frames.frame_us, int(whole.sum())


def _spread(
    layer: Layer,
    cv: NDArray[np.float64],
    cv2: NDArray[np.float64],
    lv: NDArray[np.float64],
    n_spikes: I64,
    why: str,
    columns: dict[str, Column],
) -> Series:
    edges = np.linspace(0, _SPREAD_TO, SPREAD_BINS + 1)
    columns["spread.x"] = edges[:-1]
    medians: list[str] = []
    lines: list[Line] = []
    for name, values in (("CV", cv), ("CV2", cv2), ("LV", lv)):
        known = values[np.isfinite(values)]
        place = np.minimum(known / _SPREAD_TO * SPREAD_BINS, SPREAD_BINS - 1).astype(np.int64)
        columns[f"spread.{name}"] = np.bincount(place, minlength=SPREAD_BINS).astype(np.float64)
        lines.append(Line(name=name, y=f"spread.{name}"))
        if len(known):
            medians.append(f"{name} {np.median(known):.3g} of {len(known):,}")
    fano = fano_factor(n_spikes)
    across = f"; Fano factor of the spike counts over neurons {float(fano):.3g}" if np.isfinite(fano) else ""
    return Series(
        id="spread",
        title="CV, CV2 and LV of the neurons",
        subtitle=f"{layer.name}; medians: {', '.join(medians) or 'none'} neurons{across}; bin "
        f"{_SPREAD_TO / SPREAD_BINS:g}, the last holds all above",
        x="spread.x",
        x_axis=Axis(label="Value from", unit="1"),
        y_axis=Axis(label="Neurons", unit="1"),
        lines=tuple(lines),
        time=False,
        shape="hv",
        empty=why or ("" if medians else "No neuron has an interval."),
    )


MODULE = Module(compute=compute, params=Params, needs=("spikes",), order=30, stimuli=True)
