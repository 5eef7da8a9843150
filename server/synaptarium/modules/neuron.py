"""Neurons.

What the selected neurons did in the window (spikes, membrane potential, rate by class of stimulus), and the firing rate of
every neuron of a layer by class.

A rate is spikes divided by the time for which stimuli of the class were on in the window, from the summary tables; what lies
between their boundaries and the window's edges is counted by frames of one bin, each of which belongs to the stimulus that is
on at its start.

Source: the Neuron module of VS2N (Elbez, Benhaoua, Devienne, Boulet, CBMI 2021); mean rate as Elephant's mean_firing_rate.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from synaptarium.kernels.rates import mean_rate_hz
from synaptarium.modules.base import ClassName, LayerName, Module, Selection
from synaptarium.modules.chunk_choice import tiles_of
from synaptarium.modules.intervals import counts_in_window
from synaptarium.modules.reader import RecordingReader
from synaptarium.modules.stimuli import ByClass
from synaptarium.modules.window import spikes_in, states_in
from synaptarium.modules.wording import chosen_layer, duration, span, unit_text
from synaptarium.schemas.errors import InvalidInput
from synaptarium.schemas.messages import TimeWindow
from synaptarium.schemas.panels import (
    AnyPanel,
    Axis,
    Bars,
    Column,
    Line,
    Links,
    Matrix,
    Panels,
    Polar,
    Scatter3D,
    Series,
)
from synaptarium.schemas.recording import Accounting, Layer
from synaptarium.schemas.view_state import NeuronRef

# A dock is no wall: more neurons than these cannot be told apart.
MAX_SELECTED = 6
MAX_BARS = 40
MAX_NEURONS = 4096
POINTS = 1024
_MIB = 1024 * 1024


@dataclasses.dataclass(frozen=True)
class Params:
    """Which layer and class.

    Parameters
    ----------
    layer : str
        Layer of the overview; empty takes that of the selection, else the last one that spiked.
    stimulus_class : str
        Class of the bars; empty takes all spikes of the window.
    """

    layer: LayerName = ""
    stimulus_class: ClassName = ""


def compute(reader: RecordingReader, window: TimeWindow, selection: Selection, params: Params) -> Panels:
    """Return the panels of the selected neurons, then those of the layer."""
    layer = chosen_layer(reader, selection, params.layer)
    columns: dict[str, Column] = {}
    panels: list[AnyPanel] = []
    shown = selection[-MAX_SELECTED:]
    layers = {one.name: one for one in reader.recording.header.layers}
    wanted = dict.fromkeys([layer.name, *(ref.layer for ref in shown)])
    found = {
        name: counts_in_window(reader, layers[name], window, budget_bytes=_MIB * 3 // 2 // len(wanted))
        for name in wanted
    }
    if shown:
        panels.append(_activity(reader, window, shown, len(selection), columns))
        panels += _potentials(reader, window, shown, columns)
        panels += [_polar(ref, window, found[ref.layer][2], columns) for ref in shown]
    counts, _, by_class = found[layer.name]
    panels += [
        _bars(layer, window, counts, by_class, params.stimulus_class, columns),
        *_frequencies(layer, window, by_class, columns),
    ]
    return Panels(tuple(panels), columns)


def _activity(
    reader: RecordingReader,
    window: TimeWindow,
    shown: tuple[NeuronRef, ...],
    n_selected: int,
    columns: dict[str, Column],
) -> Series:
    accounting: list[Accounting] = []
    if n_selected > len(shown):
        accounting.append(
            Accounting(
                what="selected neurons", kept=len(shown), total=n_selected, why="The latest are shown."
            )
        )
    lines: list[Line] = []
    x: NDArray[np.int64] | None = None
    interval_us, per_point = 0, 1
    layers = dict.fromkeys(ref.layer for ref in shown)
    levels: tuple[int, ...] = (0, 1, 2)
    for name in layers:
        ids = [ref.neuron for ref in shown if ref.layer == name]
        spikes = spikes_in(
            reader,
            name,
            window.t_start_us,
            window.t_stop_us,
            budget_bytes=_MIB // len(layers),
            levels=levels if x is None else levels[-1:],
            neurons=ids,
            only=True,
        )
        frames = spikes.frames
        if x is None:
            # All lines stand over the time axis of the first; 0, or what the first could read at.
            levels = (frames.level,)
            per_point = -(-frames.n // POINTS) or 1
            interval_us = per_point * frames.frame_us
            x = frames.t_us[::per_point]
            columns["activity.t_us"] = x
        accounting += frames.accounting
        point = np.arange(frames.n) // per_point
        unread = np.bincount(point, weights=~frames.known, minlength=len(x)) > 0
        for ref in (ref for ref in shown if ref.layer == name):
            own = spikes.neuron == ref.neuron
            y = np.bincount(point[spikes.frame[own]], spikes.count[own], len(x)).astype(np.float64)
            y[unread] = np.nan
            columns[f"activity.{len(lines)}"] = y
            lines.append(
                Line(
                    name=f"{ref.layer} {ref.neuron}",
                    y=f"activity.{len(lines)}",
                    layer=ref.layer,
                    neuron=ref.neuron,
                )
            )
    unit = f"spikes per {duration(interval_us)}" if interval_us else "spikes"
    return Series(
        id="activity",
        title="Spikes of the selected neurons",
        subtitle=f"{span(window)}, {unit}",
        x="activity.t_us",
        x_axis=Axis(label="Time", unit="us"),
        y_axis=Axis(label="Spikes", unit="1"),
        lines=tuple(lines),
        accounting=tuple(accounting),
        empty="" if x is not None and len(x) else "The window lies outside the run.",
    )


def _potentials(
    reader: RecordingReader, window: TimeWindow, shown: tuple[NeuronRef, ...], columns: dict[str, Column]
) -> list[Series]:
    recorded = [
        (stream, ref)
        for stream in reader.recording.header.potentials
        for ref in shown
        if ref.layer == stream.layer
    ]
    panels: list[Series] = []
    for number, (stream, ref) in enumerate(recorded):
        tile = next(
            tile
            for tile in tiles_of(reader, ref.layer, "layer")
            if tile.first <= ref.neuron < tile.first + tile.n
        )
        frames, states = states_in(
            reader,
            stream.variable,
            ref.layer,
            [tile],
            window.t_start_us,
            window.t_stop_us,
            budget_bytes=_MIB // len(recorded),
        )
        values = np.full(frames.n, np.nan, np.float32)
        for frame, state in states:
            values[frame] = state[ref.neuron - tile.first]
        step = -(-frames.n // POINTS) or 1
        # The last frame of each interval: a value is the state at the interval's end.
        columns[f"potential.{number}.t_us"] = frames.t_us[step - 1 :: step]
        columns[f"potential.{number}.y"] = values[step - 1 :: step]
        title = "Membrane potential" if stream.variable == "v" else stream.variable
        known = bool(np.isfinite(values).any())
        panels.append(
            Series(
                id=f"potential.{stream.variable}.{ref.layer}.{ref.neuron}",
                title=f"{title} of {ref.layer} {ref.neuron}",
                subtitle=f"{span(window)}, at the end of every {duration(step * frames.frame_us)}, {unit_text(stream.unit)}",
                x=f"potential.{number}.t_us",
                x_axis=Axis(label="Time", unit="us"),
                y_axis=Axis(label=title, unit=stream.unit),
                lines=(
                    Line(
                        name=f"{ref.layer} {ref.neuron}",
                        y=f"potential.{number}.y",
                        layer=ref.layer,
                        neuron=ref.neuron,
                    ),
                ),
                accounting=frames.accounting,
                empty="" if known else "This neuron was not recorded in the window.",
            )
        )
    return panels


def _polar(ref: NeuronRef, window: TimeWindow, by_class: ByClass, columns: dict[str, Column]) -> Polar:
    name = f"class.{ref.layer}.{ref.neuron}"
    rates = mean_rate_hz(by_class.counts[ref.neuron], by_class.duration_us)
    columns[f"{name}.names"] = by_class.classes
    columns[f"{name}.hz"] = rates
    columns[f"{name}.neuron"] = np.full(len(rates), float(ref.neuron))
    return Polar(
        id=name,
        title=f"Classes of {ref.layer} {ref.neuron}",
        subtitle=f"{span(window)}, mean rate while stimuli of the class are on, Hz",
        names=f"{name}.names",
        values=f"{name}.hz",
        unit="Hz",
        links=Links(neuron=f"{name}.neuron", layer=ref.layer),
        accounting=by_class.accounting,
        empty=by_class.empty,
    )


def _bars(
    layer: Layer,
    window: TimeWindow,
    counts: NDArray[np.int64],
    by_class: ByClass,
    stimulus_class: str,
    columns: dict[str, Column],
) -> Bars:
    empty, accounting = "", list(by_class.accounting)
    if stimulus_class and stimulus_class not in by_class.classes:
        raise InvalidInput(
            f"There is no class {stimulus_class[:80]!r}.",
            hint="Classes: " + (", ".join(by_class.classes) or "none; the stimuli have no labels"),
            where="stimulus_class",
        )
    if stimulus_class:
        counts = by_class.counts[:, by_class.classes.index(stimulus_class)]
        title = f"Spikes per neuron for class {stimulus_class}"
    else:
        title = "Spikes per neuron"
    order = np.argsort(-counts, kind="stable")[:MAX_BARS]
    if layer.neurons > MAX_BARS:
        accounting.append(
            Accounting(
                what="neurons",
                kept=len(order),
                total=layer.neurons,
                why="Those with the most spikes are shown.",
            )
        )
    if not counts.any():
        empty = f"No neuron of {layer.name} spiked in what was read of the window."
    columns["bars.neuron"] = [str(neuron) for neuron in order]
    columns["bars.spikes"] = counts[order]
    columns["bars.id"] = order.astype(np.float64)
    return Bars(
        id="bars",
        title=title,
        subtitle=f"{layer.name}, {span(window)}, most first",
        categories="bars.neuron",
        values="bars.spikes",
        x_axis=Axis(label="Neuron"),
        y_axis=Axis(label="Spikes"),
        accounting=tuple(accounting),
        links=Links(neuron="bars.id", layer=layer.name),
        empty=empty,
    )


def _frequencies(
    layer: Layer, window: TimeWindow, by_class: ByClass, columns: dict[str, Column]
) -> list[AnyPanel]:
    n_neurons = max(1, min(layer.neurons, MAX_NEURONS // max(1, len(by_class.classes))))
    rates = mean_rate_hz(by_class.counts, by_class.duration_us)[:n_neurons]
    accounting = list(by_class.accounting)
    if n_neurons < layer.neurons:
        accounting.append(
            Accounting(
                what="neurons",
                kept=n_neurons,
                total=layer.neurons,
                why="Those with the lowest ids are shown.",
            )
        )
    subtitle = f"{layer.name}, {span(window)}, mean rate while stimuli of the class are on, Hz"
    columns["frequency.hz"] = rates.T.reshape(-1)
    columns["frequency.id"] = np.arange(n_neurons, dtype=np.float64)
    columns["frequency.row"] = by_class.classes
    seen = np.isfinite(rates)
    neurons, classes = np.nonzero(seen)
    columns["frequency.neuron"] = neurons.astype(np.float64)
    columns["frequency.rate"] = rates[seen]
    columns["frequency.class"] = classes.astype(np.float64)
    columns["frequency.name"] = [by_class.classes[place] for place in classes]
    matrix = Matrix(
        id="frequency",
        title="Spike frequency by class",
        subtitle=subtitle,
        values="frequency.hz",
        rows=len(by_class.classes),
        columns=n_neurons,
        x_axis=Axis(label="Neuron"),
        y_axis=Axis(label="Class"),
        unit="Hz",
        row_names="frequency.row",
        column_links=Links(neuron="frequency.id", layer=layer.name),
        accounting=tuple(accounting),
        empty=by_class.empty,
    )
    scatter = Scatter3D(
        id="frequency3d",
        title="Spike frequency by class, in 3D",
        subtitle=subtitle,
        x="frequency.neuron",
        y="frequency.rate",
        z="frequency.class",
        x_axis=Axis(label="Neuron"),
        y_axis=Axis(label="Rate", unit="Hz"),
        z_axis=Axis(label="Class"),
        group="frequency.name",
        curtains=True,
        links=Links(neuron="frequency.neuron", layer=layer.name),
        accounting=tuple(accounting),
        empty=by_class.empty,
    )
    return [matrix, scatter]


MODULE = Module(compute=compute, params=Params, needs=("spikes",), order=10, picks=True, stimuli=True)
