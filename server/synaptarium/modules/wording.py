"""What modules say alike: spans, durations, units; and which layer is meant."""

from __future__ import annotations

from synaptarium.modules.base import Selection
from synaptarium.modules.reader import RecordingReader
from synaptarium.schemas.errors import InvalidInput
from synaptarium.schemas.messages import TimeWindow
from synaptarium.schemas.recording import Layer


def clock(us: float) -> str:
    """Return a moment in seconds: ``12.480 s``."""
    return f"{us / 1e6:,.3f} s"


def span(window: TimeWindow) -> str:
    """Return a window: ``0.000 s to 12.480 s``."""
    return f"{clock(window.t_start_us)} to {clock(window.t_stop_us)}"


def duration(us: float) -> str:
    """Return a length of time in the unit that suits it: ``16 ms``."""
    for size, unit in ((1_000_000, "s"), (1000, "ms")):
        if us >= size:
            return f"{us / size:g} {unit}"
    return f"{us:g} us"


def unit_text(unit: str) -> str:
    """Return a unit for a sentence."""
    return "dimensionless" if unit == "1" else unit


def chosen_layer(reader: RecordingReader, selection: Selection, name: str) -> Layer:
    """Return the layer of that name; of an empty one the selection's, else the last one that spiked.

    Raises
    ------
    InvalidInput
        There is no such layer; the others are named.
    """
    layers = {layer.name: layer for layer in reader.recording.header.layers}
    if name:
        if name not in layers:
            raise InvalidInput(
                f"There is no layer {name[:80]!r}.", hint="Layers: " + ", ".join(layers), where="layer"
            )
        return layers[name]
    if selection:
        return layers[selection[-1].layer]
    spiking = [found for found in layers if reader.recording.counts.spikes.get(found)]
    return layers[(spiking or list(layers))[-1]]


def playhead_us(reader: RecordingReader, window: TimeWindow) -> int:
    """Return the playhead within the run, or the window's end where none was told."""
    manifest = reader.manifest
    now_us = window.t_stop_us - 1 if window.now_us is None else window.now_us
    return min(max(now_us, manifest.t_start_us), manifest.t_stop_us - 1)


def outside(reader: RecordingReader, window: TimeWindow) -> str:
    """Return why there is nothing to see where the window lies outside the run, else nothing."""
    manifest = reader.manifest
    if window.t_stop_us > manifest.t_start_us and window.t_start_us < manifest.t_stop_us:
        return ""
    return (
        f"The window lies outside the run, which lasts from {clock(manifest.t_start_us)} to "
        f"{clock(manifest.t_stop_us)}."
    )
