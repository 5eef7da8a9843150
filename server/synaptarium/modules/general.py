"""Network activity.

Spikes, potential updates and weight updates per interval, for each layer and projection, with the loss and accuracy
that the run logged, and what the network is made of.

Source: the General module of VS2N (Elbez, Benhaoua, Devienne, Boulet: "VS2N: Interactive Dynamic Visualization and
Analysis Tool for Spiking Neural Networks", CBMI 2021).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Literal

import numpy as np

from synaptarium.modules.base import Module, Selection
from synaptarium.modules.reader import MAX_POINTS, RecordingReader, SeriesColumns
from synaptarium.schemas.errors import InvalidInput
from synaptarium.schemas.messages import TimeWindow
from synaptarium.schemas.panels import AnyPanel, Axis, Column, Line, Panels, Series, Table, TableColumn


@dataclasses.dataclass(frozen=True)
class Params:
    """How activity is shown.

    Parameters
    ----------
    interval_ms : float
        Width of an interval in milliseconds; 0 takes the finest that fits.
    scale : {"absolute", "percent"}
        Events an interval, or percent of each line's maximum in the window.
    """

    interval_ms: float = 0.0
    scale: Literal["absolute", "percent"] = "absolute"

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
    if recording.counts.metrics:
        panels.append(_metrics(reader, window, columns))
    panels += [_information(reader, columns), _topology(reader, columns)]
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
    columns[f"{id}.t_us"] = series.t_us if series else np.empty(0, np.int64)
    lines: list[Line] = []
    for number, target in enumerate(targets if series else ()):
        values = series.total[target] if series else np.empty(0)
        top = float(values.max()) if len(values) else 0.0
        columns[f"{id}.{number}"] = values * (100.0 / top) if percent and top else values
        name = f"{target} (100 % = {top:,.0f})" if percent else target
        lines.append(Line(name=name, y=f"{id}.{number}", layer=target))
    events = {"spikes": "spikes", "weights": "changes"}.get(id, "updates")
    bin_text = _duration(series.frame_us) if series else ""
    unit = "percent of the maximum" if percent else f"{events} per {bin_text}"
    span = f"{_clock(window.t_start_us)} to {_clock(window.t_stop_us)}"
    return Series(
        id=id,
        title=title,
        subtitle=f"{span}, {unit}" + (f" in {bin_text}" if percent else ""),
        x=f"{id}.t_us",
        x_axis=Axis(label="Time", unit="us"),
        y_axis=Axis(label=events.capitalize(), unit="%" if percent else f"1/{bin_text}" if bin_text else "1"),
        lines=tuple(lines),
        empty="" if series and len(series.t_us) else "Nothing of this was recorded in the window.",
    )


def _series(
    reader: RecordingReader, window: TimeWindow, params: Params, stream: str, targets: Sequence[str]
) -> SeriesColumns | None:
    if not reader.has(stream):
        return None
    found = reader.series(stream, targets, window.t_start_us, window.t_stop_us, points=MAX_POINTS)
    frames = round(params.interval_ms * 1000 / found.frame_us)
    return found.per_interval(frames, reader.manifest.t_start_us)


def _metrics(reader: RecordingReader, window: TimeWindow, columns: dict[str, Column]) -> Series:
    times: dict[str, list[np.ndarray]] = {}
    values: dict[str, list[np.ndarray]] = {}
    for batch in reader.events("metrics", "", window.t_start_us, window.t_stop_us):
        names = np.asarray(batch.column("name").to_pylist(), object)
        for name in dict.fromkeys(names):
            chosen = names == name
            times.setdefault(name, []).append(batch.column("time_us").to_numpy()[chosen])
            values.setdefault(name, []).append(batch.column("value").to_numpy()[chosen])
    # One x column for all lines: a metric has no value where only another was logged.
    x = (
        np.unique(np.concatenate([t for found in times.values() for t in found]))
        if times
        else np.empty(0, np.int64)
    )
    step = -(-len(x) // MAX_POINTS) or 1
    columns["metrics.t_us"] = x[::step]
    lines: list[Line] = []
    for number, name in enumerate(times):
        line = np.full(len(x), np.nan)
        line[np.searchsorted(x, np.concatenate(times[name]))] = np.concatenate(values[name])
        columns[f"metrics.{number}"] = line[::step]
        lines.append(Line(name=str(name), y=f"metrics.{number}"))
    return Series(
        id="metrics",
        title="Metrics",
        subtitle="as the run logged them" + (f", every {step}th" if step > 1 else ""),
        x="metrics.t_us",
        x_axis=Axis(label="Time", unit="us"),
        y_axis=Axis(label="Value"),
        lines=tuple(lines),
        empty="" if lines else "No metric was logged in the window.",
    )


def _information(reader: RecordingReader, columns: dict[str, Column]) -> Table:
    header, counts = reader.recording.header, reader.recording.counts
    details = header.source.details
    rows: dict[str, str] = {
        "Neurons": f"{sum(layer.neurons for layer in header.layers):,}",
        "Layers": f"{len(header.layers):,}",
        "Synapses": f"{sum(projection.synapses for projection in header.projections):,}",
        "Input": f"{counts.stimuli:,} stimuli" if counts.stimuli else "none recorded",
        "Dataset": details.get("dataset", ""),
        "Simulation date": details.get("date", ""),
        "Accuracy": details.get("accuracy", ""),
        "Simulator": details.get("simulator", header.source.format),
        "Span": f"{_clock(header.t_start_us)} to {_clock(header.t_stop_us)}",
        "Bin": _duration(header.bin_us),
    }
    shown = {name: value for name, value in rows.items() if value}
    columns["information.name"] = list(shown)
    columns["information.value"] = list(shown.values())
    names = (
        TableColumn(heading="", column="information.name"),
        TableColumn(heading="", column="information.value"),
    )
    return Table(id="information", title="Information", columns=names)


def _topology(reader: RecordingReader, columns: dict[str, Column]) -> Table:
    header = reader.recording.header
    rows = [(p.source, p.target, p.kind, p.learning_rule or "-") for p in header.projections]
    for place, name in enumerate(("source", "target", "kind", "rule")):
        columns[f"topology.{name}"] = [row[place] for row in rows]
    columns["topology.synapses"] = np.array([p.synapses for p in header.projections], np.float64)
    headings = {
        "source": "From",
        "target": "To",
        "kind": "Kind",
        "rule": "Learning rule",
        "synapses": "Synapses",
    }
    return Table(
        id="topology",
        title="Topology",
        columns=tuple(
            TableColumn(heading=text, column=f"topology.{name}") for name, text in headings.items()
        ),
        empty="" if rows else "The source tells of no projections.",
    )


def _duration(us: int) -> str:
    for size, unit in ((1_000_000, "s"), (1000, "ms")):
        if us >= size:
            return f"{us / size:g} {unit}"
    return f"{us} us"


def _clock(us: int) -> str:
    return f"{us / 1e6:,.3f} s"


MODULE = Module(compute=compute, params=Params, needs=("spikes.series",), order=0)
