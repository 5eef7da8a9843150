"""Raster.

A dot for each spike in the window, of one layer or of every layer that spiked; times are those of frames at the finest level
that could be read. Where a window holds more spikes than can be read or drawn, they are counted in cells of time and neurons
and shown as an image; a shorter window shows single ones again.

Source: the dot display of Gerstein and Kiang, Biophys. J. 1960, doi:10.1016/S0006-3495(60)86839-5.
"""

from __future__ import annotations

import dataclasses

import msgspec
import numpy as np

from synaptarium.modules.base import LayerName, Module, Selection
from synaptarium.modules.chunk_choice import choose_chunks
from synaptarium.modules.density import density, group_counts
from synaptarium.modules.reader import RecordingReader
from synaptarium.modules.window import Spikes, read_spikes
from synaptarium.modules.wording import duration, span
from synaptarium.schemas.errors import InvalidInput
from synaptarium.schemas.manifest import EXACT_LEVELS
from synaptarium.schemas.messages import TimeWindow
from synaptarium.schemas.panels import Column, Matrix, Panels, Raster
from synaptarium.schemas.recording import Accounting, Layer

#: Of all layers together; a page draws them within a frame or two.
MAX_DOTS = 1_000_000
MAX_LAYERS = 6
_BUDGET_BYTES = 3 * 1024 * 1024
# Ids and steps below this take two bytes each.
_SHORT = 1 << 16


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
    panels: dict[str, Raster | Matrix] = {}
    dots_left, bytes_left = MAX_DOTS, _BUDGET_BYTES
    # Those with few spikes leave more to those with many.
    for place, layer in enumerate(sorted(shown, key=lambda one: counts.spikes.get(one.name, 0))):
        before = reader.bytes_read
        panel = _panel(reader, window, layer, dots_left, bytes_left // (len(shown) - place), columns)
        if isinstance(panel, Raster):
            dots_left -= len(columns[panel.time_us])
        bytes_left = max(0, bytes_left - (reader.bytes_read - before))
        panels[layer.name] = panel
    first, *others = (panels[layer.name] for layer in shown)
    if len(spiking) > len(shown):
        told = Accounting(
            what="layers", kept=len(shown), total=len(spiking), why="Choose a layer to see another."
        )
        first = msgspec.structs.replace(first, accounting=(told, *first.accounting))
    return Panels((first, *others), columns)


def _panel(
    reader: RecordingReader,
    window: TimeWindow,
    layer: Layer,
    most: int,
    budget_bytes: int,
    columns: dict[str, Column],
) -> Raster | Matrix:
    """Return the dots of a layer, or where there are more than ``most`` or they can't be read, the image of their counts."""
    frames, tiles, keys = choose_chunks(
        reader,
        "spikes",
        layer.name,
        window.t_start_us,
        window.t_stop_us,
        budget_bytes=budget_bytes,
        levels=range(EXACT_LEVELS),
        items=None,
    )
    if not frames.covered.all():
        why = "An answer reads at most 4 MiB, so groups of neurons were read. Choose a shorter window (Shift and a drag) to see single ones."
        return density(
            group_counts(reader, window, layer, budget_bytes=budget_bytes), window, layer, columns, why
        )
    spikes = read_spikes(reader, frames, tiles, keys)
    if len(spikes.frame) > most:
        why = f"At most {MAX_DOTS:,} dots are drawn. Choose a shorter window (Shift and a drag), or one layer, to see single ones."
        return density(spikes, window, layer, columns, why)
    return _dots(spikes, window, layer, columns)


def _dots(spikes: Spikes, window: TimeWindow, layer: Layer, columns: dict[str, Column]) -> Raster:
    frames, n = spikes.frames, len(spikes.frame)
    steps, ids = f"dots.{layer.name}.step", f"dots.{layer.name}.neuron"
    columns[steps] = spikes.frame.astype(np.uint16 if frames.n <= _SHORT else np.uint32)
    columns[ids] = spikes.neuron.astype(np.uint16 if layer.neurons <= _SHORT else np.uint32)
    accounting = list(frames.accounting)
    if n < (total := int(spikes.count.sum())):
        why = "Spikes of a neuron in the same frame are one dot."
        accounting.append(Accounting(what="spikes", kept=n, total=total, why=why))
    return Raster(
        id=f"raster.{layer.name}",
        title=f"Spikes of {layer.name}",
        subtitle=f"{span(window)}, {n:,} dots, frames of {duration(frames.frame_us)}, neurons from 0 (bottom) to {layer.neurons - 1}",
        time_us=steps,
        first_us=frames.first_us,
        step_us=frames.frame_us,
        neuron=ids,
        layer=layer.name,
        n_neurons=layer.neurons,
        accounting=tuple(accounting),
        empty="" if n else f"No neuron of {layer.name} spiked in what was read of the window.",
    )


MODULE = Module(compute=compute, params=Params, needs=("spikes",), order=5, stimuli=True)
