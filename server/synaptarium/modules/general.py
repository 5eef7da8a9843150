"""Network activity.

Spikes, potential updates and weight updates per interval, of each layer and projection or of all together, with the loss,
accuracy and whatever else the run logged; the stimuli of the window by class; and what the network is made of, as tables and
as a diagram.

Source: the General module of VS2N (Elbez, Benhaoua, Devienne, Boulet: "VS2N: Interactive Dynamic Visualization and
Analysis Tool for Spiking Neural Networks", CBMI 2021).
"""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Sequence
from typing import Literal

import numpy as np

from synaptarium.modules.base import Module, Selection
from synaptarium.modules.metrics import metric_panels
from synaptarium.modules.reader import MAX_POINTS, RecordingReader, SeriesColumns
from synaptarium.modules.stimuli import Presentations, presentations
from synaptarium.modules.wording import clock, duration, outside, span
from synaptarium.schemas.errors import InvalidInput
from synaptarium.schemas.messages import TimeWindow
from synaptarium.schemas.panels import (
    AnyPanel,
    Axis,
    Column,
    Diagram,
    Line,
    LineShape,
    Links,
    Panels,
    Series,
    Table,
    TableColumn,
    Treemap,
)
from synaptarium.schemas.recording import Accounting

#: So few intervals are all shown, whole or not.
_FEW_INTERVALS = 8


@dataclasses.dataclass(frozen=True)
class Params:
    """How activity is shown.

    Parameters
    ----------
    interval_ms : float
        Width of an interval in milliseconds; 0 takes the finest that fits.
    scale : {"absolute", "percent"}
        Events an interval, or percent of each line's maximum in the window.
    lines : {"each", "total"}
        A line for each layer or projection, or one for all of them.
    shape : {"linear", "spline", "hv", "vh", "hvh", "vhv"}
        How lines go from point to point: straight, smooth, or in steps (h along, v up or down).
    """

    interval_ms: float = 0.0
    scale: Literal["absolute", "percent"] = "absolute"
    lines: Literal["each", "total"] = "each"
    shape: LineShape = "linear"

    def __post_init__(self) -> None:
        if not 0 <= self.interval_ms < 1e9:
            raise InvalidInput(
                f"interval_ms is {self.interval_ms}.",
                hint="An interval is 0 (the finest that fits) or a positive number of milliseconds.",
                where="interval_ms",
            )


def compute(reader: RecordingReader, window: TimeWindow, selection: Selection, params: Params) -> Panels:
    """Return the activity panels of a window, and the tables of the network."""
    recording = reader.recording
    columns: dict[str, Column] = {}
    layers = [layer.name for layer in recording.header.layers]
    panels: list[AnyPanel] = [
        _activity(reader, window, params, columns, "spikes", "spikes.series", layers, "Spikes"),
    ]
    for variable in dict.fromkeys(stream.variable for stream in recording.header.potentials):
        title = "Membrane potential updates" if variable == "v" else f"Updates of {variable}"
        recorded = [stream.layer for stream in recording.header.potentials if stream.variable == variable]
        panels.append(
            _activity(reader, window, params, columns, variable, f"{variable}.series", recorded, title)
        )
    changing = [p.name for p in recording.header.projections if recording.counts.weights.get(p.name)]
    if changing:
        name = "weights.series"
        panels.append(_activity(reader, window, params, columns, "weights", name, changing, "Weight updates"))
    logged: dict[str, float] = {}
    if recording.counts.metrics:
        percent = params.scale == "percent"
        found, logged = metric_panels(reader, window, columns, percent=percent, shape=params.shape)
        panels += found
    shown = presentations(reader, window) if recording.counts.stimuli else None
    if shown is not None and (inputs := _stimuli(reader, window, shown, columns)):
        panels.append(inputs)
    panels += [_information(reader, window, shown, logged, columns), *_topology(reader, columns)]
    return Panels(tuple(panels), columns)


def _activity(
    reader: RecordingReader,
    window: TimeWindow,
    params: Params,
    columns: dict[str, Column],
    id: str,
    stream: str,
    targets: Sequence[str],
    title: str,
) -> Series:
    percent = params.scale == "percent"
    series = _series(reader, window, params, stream, targets)
    accounting = _without_start(reader, series, stream) if series and id == "weights" else ()
    rest_us = 0
    if series and len(series.t_us) > _FEW_INTERVALS:
        series, rest_us = series.whole(reader.manifest.t_stop_us)
    columns[f"{id}.t_us"] = series.t_us if series else np.empty(0, np.int64)
    lines: list[Line] = []
    drawn = {target: series.total[target] for target in targets} if series else {}
    if params.lines == "total" and drawn:
        drawn = {"total": np.sum(list(drawn.values()), axis=0)}
    for number, (target, values) in enumerate(drawn.items()):
        top = float(values.max()) if len(values) else 0.0
        columns[f"{id}.{number}"] = values * (100.0 / top) if percent and top else values
        name = f"{target} (100 % = {top:,.0f})" if percent else target
        lines.append(Line(name=name, y=f"{id}.{number}", layer=target if target in targets else ""))
    events = {"spikes": "spikes", "weights": "changes"}.get(id, "updates")
    bin_text = duration(series.frame_us) if series else ""
    unit = "percent of the maximum" if percent else f"{events} per {bin_text}"
    return Series(
        id=id,
        title=title,
        subtitle=f"{span(window)}, {unit}"
        + (f" in {bin_text}" if percent else "")
        + (f"; without the run's last {duration(rest_us)}, which fill no interval" if rest_us else ""),
        x=f"{id}.t_us",
        x_axis=Axis(label="Time", unit="us"),
        y_axis=Axis(label=events.capitalize(), unit="%" if percent else f"1/{bin_text}" if bin_text else "1"),
        lines=tuple(lines),
        shape=params.shape,
        accounting=accounting,
        empty=""
        if series and len(series.t_us)
        else outside(reader, window) or "Nothing of this was recorded.",
    )


def _series(
    reader: RecordingReader, window: TimeWindow, params: Params, stream: str, targets: Sequence[str]
) -> SeriesColumns | None:
    if not reader.has(stream):
        return None
    found = reader.series(stream, targets, window.t_start_us, window.t_stop_us, points=MAX_POINTS)
    frames = round(params.interval_ms * 1000 / found.frame_us)
    return found.per_interval(frames, reader.manifest.t_start_us)


def _without_start(reader: RecordingReader, series: SeriesColumns, stream: str) -> tuple[Accounting, ...]:
    """Take the weights that a run begins with out of the first interval: they are no updates, and would dwarf them."""
    t_start_us = reader.manifest.t_start_us
    if not len(series.t_us) or series.t_us[0] > t_start_us:
        return ()
    first = reader.series(stream, list(series.total), t_start_us, t_start_us + reader.manifest.bin_us)
    taken, total = 0, 0
    for projection in reader.recording.header.projections:
        values = series.total.get(projection.name)
        if values is None or not 0 < projection.synapses <= first.total[projection.name].sum():
            continue
        total += int(values.sum())
        values[0] -= projection.synapses
        taken += projection.synapses
    why = "The others are the weights that the run begins with."
    return (Accounting(what="recorded weights", kept=total - taken, total=total, why=why),) if taken else ()


def _stimuli(
    reader: RecordingReader, window: TimeWindow, shown: Presentations, columns: dict[str, Column]
) -> Treemap | None:
    """Return the stimuli of the window by class; nothing where none of the recording has a class."""
    if not shown.classes and not (outside(reader, window) or not shown.labels):
        return None
    of = shown.of
    counts = np.bincount(of[of >= 0], minlength=len(shown.classes))
    kept = np.flatnonzero(counts)
    columns["stimuli.name"] = [shown.classes[place] for place in kept]
    columns["stimuli.n"] = counts[kept].astype(np.float64)
    columns["stimuli.first_us"] = np.array(
        [shown.t_start_us[of == place].min() for place in kept], np.float64
    )
    unlabelled = int((of < 0).sum())
    why = "The others have no label."
    told = Accounting(what="stimuli", kept=len(of) - unlabelled, total=len(of), why=why)
    return Treemap(
        id="stimuli",
        title=f"{len(of):,} processed inputs",
        subtitle=f"that began from {clock(window.t_start_us)} to {clock(window.t_stop_us)}, by class; a click goes to the first of a class",
        names="stimuli.name",
        values="stimuli.n",
        unit="inputs",
        links=Links(time_us="stimuli.first_us"),
        accounting=(told,) if unlabelled and len(kept) else (),
        empty="" if len(kept) else outside(reader, window) or "No stimulus of a class began in the window.",
    )


def _information(
    reader: RecordingReader,
    window: TimeWindow,
    shown: Presentations | None,
    logged: dict[str, float],
    columns: dict[str, Column],
) -> Table:
    header, counts = reader.recording.header, reader.recording.counts
    details = header.source.details
    rows: dict[str, str] = {
        "Neurons": f"{sum(layer.neurons for layer in header.layers):,}",
        "Layers": f"{len(header.layers):,}",
        "Synapses": f"{sum(projection.synapses for projection in header.projections):,}",
        "Input": f"{counts.stimuli:,} stimuli" if counts.stimuli else "none recorded",
        "Dataset": details.get("dataset") or details.get("stimuli") or header.name,
        "Simulation date": details.get("date", ""),
        "Imported": "" if details.get("date") else _date(reader.recording.created_us),
        "Accuracy": _accuracy(details, shown, logged),
        "Simulator": details.get("simulator", header.source.format),
        "Span": f"{clock(header.t_start_us)} to {clock(header.t_stop_us)}",
        "Bin": duration(header.bin_us),
    }
    known = {name: value for name, value in rows.items() if value}
    columns["information.name"] = list(known)
    columns["information.value"] = list(known.values())
    names = (
        TableColumn(heading="", column="information.name"),
        TableColumn(heading="", column="information.value"),
    )
    return Table(
        id="information",
        title="Information",
        subtitle=f"of the whole recording; accuracy in {span(window)}, where the run does not tell it",
        columns=names,
    )


def _date(us: int) -> str:
    return f"{datetime.datetime.fromtimestamp(us / 1e6, datetime.UTC):%Y-%m-%d}" if us else ""


def _accuracy(details: dict[str, str], shown: Presentations | None, logged: dict[str, float]) -> str:
    """Return what the run tells of its accuracy, else the part of the window's inputs that it read right, else its metric."""
    if told := details.get("accuracy"):
        return told
    if told := details.get("accuracy_percent"):
        return f"{told} %"
    pairs = list(zip(shown.labels, shown.predictions, strict=True)) if shown else []
    read = [label == prediction for label, prediction in pairs if label and prediction]
    if read:
        return f"{100 * sum(read) / len(read):.3g} % of {len(read):,} inputs read right"
    return f"{logged['accuracy']:.4g}, as logged last" if "accuracy" in logged else "not recorded"


def _topology(reader: RecordingReader, columns: dict[str, Column]) -> list[AnyPanel]:
    """Return the layers and projections as tables, and as a diagram."""
    header, spikes = reader.recording.header, reader.recording.counts.spikes
    layers, projections = header.layers, header.projections
    seconds = (header.t_stop_us - header.t_start_us) / 1e6
    columns["layers.name"] = [layer.name for layer in layers]
    columns["layers.neurons"] = np.array([layer.neurons for layer in layers], np.float64)
    columns["layers.shape"] = ["×".join(map(str, layer.shape)) for layer in layers]
    columns["layers.type"] = [
        ", ".join(filter(None, (layer.neuron_type, layer.cell_type))) or "-" for layer in layers
    ]
    columns["layers.hz"] = np.array(
        [spikes.get(layer.name, 0) / (layer.neurons * seconds) for layer in layers], np.float64
    )
    table = Table(
        id="layers",
        title="Layers",
        subtitle=f"mean rate of a neuron over the whole run of {duration(header.t_stop_us - header.t_start_us)}",
        columns=(
            TableColumn(heading="Layer", column="layers.name"),
            TableColumn(heading="Neurons", column="layers.neurons"),
            TableColumn(heading="Shape", column="layers.shape"),
            TableColumn(heading="Type", column="layers.type"),
            TableColumn(heading="Rate", column="layers.hz", unit="Hz"),
        ),
    )
    rows = [(p.source, p.target, p.kind, p.learning_rule or "-") for p in projections]
    for place, name in enumerate(("source", "target", "kind", "rule")):
        columns[f"topology.{name}"] = [row[place] for row in rows]
    columns["topology.synapses"] = np.array([p.synapses for p in projections], np.float64)
    headings = {
        "source": "From",
        "target": "To",
        "kind": "Kind",
        "rule": "Rule",
        "synapses": "Synapses",
    }
    topology = Table(
        id="topology",
        title="Topology",
        columns=tuple(
            TableColumn(heading=text, column=f"topology.{name}") for name, text in headings.items()
        ),
        empty="" if rows else "The source tells of no projections.",
    )
    return [table, topology, _diagram(reader, columns)]


def _diagram(reader: RecordingReader, columns: dict[str, Column]) -> Diagram:
    header = reader.recording.header
    # A decoder's target is what is decoded, no layer.
    names = [layer.name for layer in header.layers]
    notes = [
        f"{layer.neurons:,} {layer.neuron_type or layer.cell_type or 'neurons'}" for layer in header.layers
    ]
    for projection in header.projections:
        if projection.target not in names:
            names.append(projection.target)
            notes.append(f"{projection.target_neurons:,} dimensions")
    place = {name: number for number, name in enumerate(names)}
    columns["diagram.name"] = names
    columns["diagram.note"] = notes
    columns["diagram.source"] = np.array([place[p.source] for p in header.projections], np.int32)
    columns["diagram.target"] = np.array([place[p.target] for p in header.projections], np.int32)
    columns["diagram.synapses"] = np.array([p.synapses for p in header.projections], np.float64)
    columns["diagram.arc"] = [
        f"{p.synapses:,} synapses" + (f", {p.learning_rule}" if p.learning_rule else "")
        for p in header.projections
    ]
    return Diagram(
        id="diagram",
        title="Network",
        subtitle="layers, and projections as arrows: forward on the right, backward and recurrent on the left",
        names="diagram.name",
        notes="diagram.note",
        sources="diagram.source",
        targets="diagram.target",
        sizes="diagram.synapses",
        arc_notes="diagram.arc",
    )


MODULE = Module(compute=compute, params=Params, needs=("spikes.series",), order=0)
