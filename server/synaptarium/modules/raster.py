"""Raster.

A dot for each spike in the window, of one layer or of every layer that spiked. Where the window holds more spikes than can be
drawn, a regular subset of its neurons is shown, each of them with all of its spikes; times are those of frames at the finest
level that could be read.

Source: the dot display of Gerstein and Kiang, Biophys. J. 1960, doi:10.1016/S0006-3495(60)86839-5.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from synaptarium.modules.base import LayerName, Module, Selection
from synaptarium.modules.reader import RecordingReader
from synaptarium.modules.window import Spikes, spikes_in
from synaptarium.schemas.errors import InvalidInput
from synaptarium.schemas.messages import TimeWindow
from synaptarium.schemas.panels import Column, Panels, Raster
from synaptarium.schemas.recording import Accounting, Layer

MAX_DOTS = 200_000
MAX_LAYERS = 6
_BUDGET_BYTES = 3 * 1024 * 1024


@dataclasses.dataclass(frozen=True)
class Params:
    """Which layer.

    Parameters
    ----------
    layer : str
        Empty takes every layer that spiked.
    """

    layer: LayerName = ""


def compute(reader: RecordingReader, window: TimeWindow, selection: Selection, params: Params) -> Panels:
    """Return a raster for each layer."""
    header, counts = reader.recording.header, reader.recording.counts
    layers = [layer for layer in header.layers if layer.name == params.layer]
    if params.layer and not layers:
        known = ", ".join(layer.name for layer in header.layers)
        raise InvalidInput(
            f"There is no layer {params.layer[:80]!r}.", hint=f"Layers: {known}", where="layer"
        )
    spiking = layers or [layer for layer in header.layers if counts.spikes.get(layer.name)]
    shown = spiking[:MAX_LAYERS] or list(header.layers[:1])
    columns: dict[str, Column] = {}
    told: tuple[Accounting, ...] = ()
    if len(spiking) > len(shown):
        why = "Choose a layer to see another."
        told = (Accounting(what="layers", kept=len(shown), total=len(spiking), why=why),)
    panels: list[Raster] = []
    for number, layer in enumerate(shown):
        panels.append(_raster(reader, window, layer, number, len(shown), columns, *told))
        told = ()
    return Panels(tuple(panels), columns)


def _raster(
    reader: RecordingReader,
    window: TimeWindow,
    layer: Layer,
    number: int,
    n_layers: int,
    columns: dict[str, Column],
    *told: Accounting,
) -> Raster:
    spikes = spikes_in(
        reader,
        layer.name,
        window.t_start_us,
        window.t_stop_us,
        budget_bytes=_BUDGET_BYTES // n_layers,
    )
    step = _every(spikes, layer.neurons, MAX_DOTS // n_layers)
    kept = spikes.neuron % step == 0
    frames = spikes.frames
    columns[f"{number}.t_us"] = frames.first_us + spikes.frame[kept] * frames.frame_us
    columns[f"{number}.neuron"] = spikes.neuron[kept]
    accounting = [*told, *frames.accounting]
    if step > 1:
        accounting.append(
            Accounting(
                what="neurons",
                kept=-(-layer.neurons // step),
                total=layer.neurons,
                why=f"At most {MAX_DOTS:,} dots are drawn: every {step}th neuron. Choose a shorter window or one layer.",
            )
        )
    if (n := int(kept.sum())) < (total := int(spikes.count[kept].sum())):
        why = "Spikes of a neuron in the same frame are one dot."
        accounting.append(Accounting(what="spikes of these neurons", kept=n, total=total, why=why))
    span = f"{window.t_start_us / 1e6:,.3f} s to {window.t_stop_us / 1e6:,.3f} s"
    return Raster(
        id=f"raster.{layer.name}",
        title=f"Spikes of {layer.name}",
        subtitle=f"{span}, frames of {frames.frame_us / 1000:g} ms, neurons from 0 (bottom) to {layer.neurons - 1}",
        time_us=f"{number}.t_us",
        neuron=f"{number}.neuron",
        layer=layer.name,
        n_neurons=layer.neurons,
        accounting=tuple(accounting),
        empty="" if n else f"No neuron of {layer.name} spiked in what was read of the window.",
    )


def _every(spikes: Spikes, n_neurons: int, most: int) -> int:
    """Return a step such that every step-th neuron together have at most that many dots, or one neuron is left."""
    dots = np.bincount(spikes.neuron, minlength=n_neurons)
    step = max(1, len(spikes.neuron) // most)
    while step < n_neurons and dots[::step].sum() > most:
        step += 1
    return step


MODULE = Module(compute=compute, params=Params, needs=("spikes",), order=5, stimuli=True)
