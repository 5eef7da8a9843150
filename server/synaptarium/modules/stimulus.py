"""Stimulus.

What the network sees at the playhead: the stimulus's image where images were recorded, the spikes of the input layer while it
is on as an image of the layer's shape, and what was presented before.

The picture of the input layer counts the spikes of each neuron in whole frames from the stimulus's start to the playhead, or
to its end where the playhead stands on a pause after it.

Source: the input view of the General module of VS2N (Elbez, Benhaoua, Devienne, Boulet, CBMI 2021); reverse reconstruction
from spike counts is the rate code of Adrian and Zotterman, J. Physiol. 1926, doi:10.1113/jphysiol.1926.sp002281.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from synaptarium.modules.base import LayerName, Module, Selection
from synaptarium.modules.reader import RecordingReader
from synaptarium.modules.stimuli import Presentations, presentations
from synaptarium.modules.window import spikes_in
from synaptarium.modules.wording import clock, duration, playhead_us
from synaptarium.schemas.errors import InvalidInput
from synaptarium.schemas.messages import TimeWindow
from synaptarium.schemas.panels import AnyPanel, Axis, Column, Links, Matrix, Panels, Table, TableColumn
from synaptarium.schemas.recording import Layer

_BUDGET_BYTES = 1024 * 1024
_ROWS = 12
# Where nothing tells when stimuli begin: the input's activity over the last so many us.
_WITHOUT_STIMULI_US = 350_000


@dataclasses.dataclass(frozen=True)
class Params:
    """Which layer is the input.

    Parameters
    ----------
    layer : str
        Empty takes the first layer of type input, else the first that has a shape, else the first.
    """

    layer: LayerName = ""


def compute(reader: RecordingReader, window: TimeWindow, selection: Selection, params: Params) -> Panels:
    """Return the stimulus's image, the input layer as an image, and the last stimuli."""
    now_us = playhead_us(reader, window)
    layer = _input_layer(reader, params)
    shown, at = _around(reader, now_us)
    columns: dict[str, Column] = {}
    panels: list[AnyPanel] = []
    start_us, stop_us = max(reader.manifest.t_start_us, now_us - _WITHOUT_STIMULI_US), now_us + 1
    words = f"the last {duration(stop_us - start_us)} before {clock(now_us)}"
    if at >= 0:
        start_us = int(shown.t_start_us[at])
        stop_us = max(start_us + 1, min(int(shown.t_stop_us[at]), now_us + 1))
        words = f"{_label(shown, at)}, from {clock(start_us)} to {clock(stop_us)}"
    if at >= 0 and shown.images[at] >= 0 and reader.recording.header.image_shape:
        panels.append(_image(reader, shown, at, columns))
    panels.append(_input_image(reader, layer, start_us, stop_us, words, columns))
    if reader.recording.counts.stimuli:
        panels.append(_recent(shown, at, now_us, columns))
    return Panels(tuple(panels), columns)


def _around(reader: RecordingReader, now_us: int) -> tuple[Presentations, int]:
    """Return the stimuli that lead up to a moment, and the number of the last that began; -1 where none did."""
    header, n = reader.recording.header, reader.recording.counts.stimuli
    first = TimeWindow(t_start_us=header.t_start_us, t_stop_us=header.t_start_us + 1)
    if not n:
        return presentations(reader, first), -1
    # A stretch that holds some stimuli, widened where it holds none.
    length_us = max(1, (header.t_stop_us - header.t_start_us) // n * _ROWS * 2)
    while True:
        begin_us = max(header.t_start_us, now_us - length_us)
        shown = presentations(reader, TimeWindow(t_start_us=begin_us, t_stop_us=now_us + 1))
        if len(shown.t_start_us) or begin_us <= header.t_start_us:
            return shown, len(shown.t_start_us) - 1
        length_us *= 8


def _label(shown: Presentations, at: int) -> str:
    label, prediction = shown.labels[at], shown.predictions[at]
    text = f"class {label}" if label else "unlabelled"
    return f"{text}, read as {prediction}" if prediction else text


def _input_layer(reader: RecordingReader, params: Params) -> Layer:
    layers = reader.recording.header.layers
    if params.layer:
        for layer in layers:
            if layer.name == params.layer:
                return layer
        raise InvalidInput(
            f"There is no layer {params.layer[:80]!r}.",
            hint="Layers: " + ", ".join(layer.name for layer in layers),
            where="layer",
        )
    for layer in layers:
        if layer.cell_type == "input":
            return layer
    return next((layer for layer in layers if len(layer.shape) > 1), layers[0])


def _image(reader: RecordingReader, shown: Presentations, at: int, columns: dict[str, Column]) -> Matrix:
    number = int(shown.images[at])
    height, width = reader.recording.header.image_shape or (0, 0)
    pixels = np.empty(0, np.uint8)
    for batch in reader.events("images", "", number, number + 1):
        pixels = np.frombuffer(batch.column("pixels")[0].as_buffer(), np.uint8)
    columns["image"] = pixels
    return Matrix(
        id="image",
        title="Stimulus",
        subtitle=f"{_label(shown, at)}; image {number:,}, {width} x {height}, grey values 0 to 255",
        values="image",
        rows=height if len(pixels) else 0,
        columns=width if len(pixels) else 0,
        x_axis=Axis(label="Column", unit="px"),
        y_axis=Axis(label="Row", unit="px"),
        scale="grey",
        low=0,
        high=255,
        empty="" if len(pixels) else f"Image {number:,} is not stored.",
    )


def _input_image(
    reader: RecordingReader, layer: Layer, start_us: int, stop_us: int, words: str, columns: dict[str, Column]
) -> Matrix:
    spikes = spikes_in(reader, layer.name, start_us, stop_us, budget_bytes=_BUDGET_BYTES)
    counts = np.bincount(spikes.neuron, weights=spikes.count, minlength=layer.neurons)
    rows, width = layer.shape[-2:] if len(layer.shape) > 1 else (1, layer.neurons)
    # Of a layer of several channels, the sum over them.
    picture = counts.reshape(-1, rows, width).sum(axis=0)
    columns["input"] = picture.reshape(-1).astype(np.float32)
    channels = layer.neurons // (rows * width)
    empty = ""
    if len(layer.shape) < 2:
        empty = f"{layer.name} has no shape of two dimensions, so it makes no picture; choose another layer."
    elif not counts.any():
        empty = f"No neuron of {layer.name} spiked while this stimulus was on."
    return Matrix(
        id="input",
        title=f"{layer.name} while it is on",
        subtitle=f"{words}; spikes per neuron in frames of {duration(spikes.frames.frame_us)}"
        + (f", summed over {channels} channels" if channels > 1 else ""),
        values="input",
        rows=rows,
        columns=width,
        x_axis=Axis(label="Column", unit="px"),
        y_axis=Axis(label="Row", unit="px"),
        unit="spikes",
        low=0,
        scale="grey",
        accounting=spikes.frames.accounting,
        empty=empty,
    )


def _recent(shown: Presentations, at: int, now_us: int, columns: dict[str, Column]) -> Table:
    kept = np.arange(at, max(-1, at - _ROWS), -1)
    columns["recent.t_us"] = shown.t_start_us[kept]
    columns["recent.label"] = [shown.labels[place] or "-" for place in kept]
    columns["recent.prediction"] = [shown.predictions[place] or "-" for place in kept]
    columns["recent.ms"] = (shown.t_stop_us[kept] - shown.t_start_us[kept]) / 1000
    return Table(
        id="recent",
        title="Stimuli up to the playhead",
        subtitle=f"the last {len(kept)} that began by {clock(now_us)}; a click goes there",
        columns=(
            TableColumn(heading="Began", column="recent.t_us", unit="us"),
            TableColumn(heading="Class", column="recent.label"),
            TableColumn(heading="Read as", column="recent.prediction"),
            TableColumn(heading="Shown for", column="recent.ms", unit="ms"),
        ),
        links=Links(time_us="recent.t_us"),
        empty="" if len(kept) else "No stimulus has begun yet.",
    )


MODULE = Module(compute=compute, params=Params, needs=("spikes",), order=2, playhead=True)
