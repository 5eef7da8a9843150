"""State space.

The course of a layer's activity through its state space: spikes of each neuron per bin, mean taken off, projected onto the three
directions in which they vary most (principal components). Each point is a bin, in the colour of the stimulus that was on at its
start; the ring is the playhead; a click goes to the bin.

Source: principal components (Pearson 1901, doi:10.1080/14786440109462720) of population activity as in Cunningham and Yu, Nat.
Neurosci. 2014, doi:10.1038/nn.3776; counts are not smoothed and not scaled.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from synaptarium.kernels.trajectory import principal_components
from synaptarium.modules.base import LayerName, Module, Selection
from synaptarium.modules.reader import RecordingReader
from synaptarium.modules.stimuli import presentations
from synaptarium.modules.window import spikes_in
from synaptarium.modules.wording import chosen_layer, duration, outside, span
from synaptarium.schemas.errors import InvalidInput
from synaptarium.schemas.messages import TimeWindow
from synaptarium.schemas.panels import Axis, Column, Line, Links, Panels, Scatter3D, Series
from synaptarium.schemas.recording import Accounting

# The components of more neurons cost a tenth of a second.
MAX_NEURONS = 128
MAX_BINS = 1000
_FEW_BINS = 300
_BUDGET_BYTES = 1024 * 1024


@dataclasses.dataclass(frozen=True)
class Params:
    """Which layer, which bin.

    Parameters
    ----------
    layer : str
        Empty takes that of the selection, else the last one that spiked.
    bin_ms : float
        Width of a bin in ms; 0 takes a 300th of the window.
    """

    layer: LayerName = ""
    bin_ms: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.bin_ms < 1e9:
            hint = "A bin is 0 (a 300th of the window) or a positive number of ms."
            raise InvalidInput(f"bin_ms is {self.bin_ms}.", hint=hint, where="bin_ms")


def compute(reader: RecordingReader, window: TimeWindow, selection: Selection, params: Params) -> Panels:
    """Return the trajectory, and its components over time."""
    layer = chosen_layer(reader, selection, params.layer)
    spikes = spikes_in(reader, layer.name, window.t_start_us, window.t_stop_us, budget_bytes=_BUDGET_BYTES)
    frames = spikes.frames
    wanted = params.bin_ms * 1000 / frames.frame_us if params.bin_ms else frames.n / _FEW_BINS
    step = max(1, round(wanted), -(-frames.n // MAX_BINS))
    n = -(-frames.n // step)
    n_spikes = np.bincount(spikes.neuron, weights=spikes.count, minlength=layer.neurons)
    order = np.argsort(-n_spikes, kind="stable")[:MAX_NEURONS]
    neurons = np.sort(order[n_spikes[order] > 0])
    place = np.full(layer.neurons, -1, np.int64)
    place[neurons] = np.arange(len(neurons))
    row = place[spikes.neuron]
    kept = row >= 0
    cells = (spikes.frame[kept] // step) * len(neurons) + row[kept]
    activity = np.bincount(cells, spikes.count[kept], n * len(neurons)).reshape(n, len(neurons))
    whole = np.bincount(np.arange(frames.n) // step, weights=~frames.covered, minlength=n) == 0
    scores = np.full((n, 3), np.nan)
    scores[whole], explained = principal_components(activity[whole])
    told = list(frames.accounting)
    total = int((n_spikes > 0).sum())
    if len(neurons) < total:
        words = "Those with the most spikes."
        told.append(Accounting(what="neurons that spiked", kept=len(neurons), total=total, why=words))
    why = outside(reader, window)
    if not why and not len(neurons):
        why = f"No neuron of {layer.name} spiked in what was read of the window."
    elif not why and whole.sum() < 2:
        why = f"The window holds {int(whole.sum())} whole bins of {duration(step * frames.frame_us)}; a course needs two."
    elif not why and not explained[0]:
        why = "Every bin is like the others: there is no direction in which the activity varies."
    t_us = frames.t_us[::step]
    shown = presentations(
        reader, TimeWindow(t_start_us=reader.manifest.t_start_us, t_stop_us=window.t_stop_us)
    )
    of = shown.of_frames(frames)[::step] if len(shown.classes) else np.full(n, -1)
    columns: dict[str, Column] = {
        "t_us": t_us,
        "class": [shown.classes[one] if one >= 0 else "" for one in of],
    }
    # A single direction is a line in the plane of the others' zeros.
    for number in range(3):
        values = scores[:, number]
        columns[f"pc{number + 1}"] = np.where(whole & ~np.isfinite(values), 0.0, values)
    percent = ", ".join(f"{100 * part:.3g} %" for part in explained)
    subtitle = (
        f"{len(neurons):,} neurons of {layer.name}, {span(window)}, bin {duration(step * frames.frame_us)}; "
        f"the components explain {percent}"
    )
    axes = [Axis(label=f"PC {number + 1}", unit="1") for number in range(3)]
    scatter = Scatter3D(
        id="trajectory",
        title="Trajectory",
        subtitle=subtitle,
        x="pc1",
        y="pc2",
        z="pc3",
        x_axis=axes[0],
        y_axis=axes[1],
        z_axis=axes[2],
        group="class",
        path=True,
        links=Links(time_us="t_us"),
        accounting=tuple(told),
        empty=why,
    )
    series = Series(
        id="components",
        title="Principal components over time",
        subtitle=subtitle,
        x="t_us",
        x_axis=Axis(label="Time", unit="us"),
        y_axis=Axis(label="Score", unit="1"),
        lines=tuple(
            Line(name=f"PC {number + 1} ({100 * explained[number]:.3g} %)", y=f"pc{number + 1}")
            for number in range(3)
            if explained[number]
        ),
        accounting=tuple(told),
        empty=why,
    )
    return Panels((scatter, series), columns)


MODULE = Module(compute=compute, params=Params, needs=("spikes",), order=40, stimuli=True)
