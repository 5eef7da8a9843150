"""Busiest layers.

The mean firing rate of every layer in the window, in spikes per second and neuron.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from synaptarium.modules.base import Module, Selection
from synaptarium.modules.reader import RecordingReader
from synaptarium.modules.wording import outside
from synaptarium.schemas.errors import InvalidInput
from synaptarium.schemas.messages import TimeWindow
from synaptarium.schemas.panels import Axis, Bars, Panels


@dataclasses.dataclass(frozen=True)
class Params:
    """Which layers are shown.

    Parameters
    ----------
    least_hz : float
        Layers below this rate (Hz) are left out.
    """

    least_hz: float = 0.0

    def __post_init__(self) -> None:
        if self.least_hz < 0:
            raise InvalidInput(f"least_hz is {self.least_hz}.", hint="A rate is 0 or more.", where="least_hz")


def compute(reader: RecordingReader, window: TimeWindow, selection: Selection, params: Params) -> Panels:
    """Return one bar for each layer."""
    layers = reader.recording.header.layers
    names = [layer.name for layer in layers]
    series = reader.series("spikes.series", names, window.t_start_us, window.t_stop_us)
    seconds = len(series.t_us) * series.frame_us / 1e6
    rates_hz = {
        layer.name: series.total[layer.name].sum() / (layer.neurons * seconds) if seconds else 0.0
        for layer in layers
    }
    shown = {name: rate_hz for name, rate_hz in rates_hz.items() if rate_hz >= params.least_hz}
    bars = Bars(
        id="rates",
        title="Busiest layers",
        subtitle=f"mean rate over {seconds:g} s",
        categories="layer",
        values="rate",
        x_axis=Axis(label="Layer"),
        y_axis=Axis(label="Firing rate", unit="Hz"),
        empty=outside(reader, window)
        or ("" if shown else f"No layer reaches {params.least_hz:g} Hz in the window."),
    )
    return Panels((bars,), {"layer": list(shown), "rate": np.array(list(shown.values()))})


MODULE = Module(compute=compute, params=Params, needs=("spikes.series",))
