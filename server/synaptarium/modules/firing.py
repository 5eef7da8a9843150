"""Firing rates.

The mean rate of every layer over time (population rate), the instantaneous rate of the selected or the busiest neurons (their
spikes smoothed by a Gaussian kernel), and the mean rate of a layer around the starts of the stimuli of each class (PSTH).

A population rate is spikes / (neurons x bin), silent neurons included. The kernel is cut off at 5 standard deviations; near
the window's ends it sees no spikes from outside. Presentations that reach beyond the window are left out of the PSTH, and an
onset counts from the bin that holds it. Bins are closed on the left.

Source: as elephant.statistics.time_histogram and instantaneous_rate; PSTH: Gerstein and Kiang, Biophys. J. 1960,
doi:10.1016/S0006-3495(60)86839-5.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from synaptarium.kernels.firing import instantaneous_rate_hz, population_rate_hz, psth
from synaptarium.modules.base import LayerName, Module, Selection
from synaptarium.modules.reader import MAX_POINTS, RecordingReader
from synaptarium.modules.stimuli import presentations
from synaptarium.modules.stimulus_rows import chosen_frames
from synaptarium.modules.window import spikes_in
from synaptarium.modules.wording import chosen_layer, duration, outside, span
from synaptarium.schemas.errors import InvalidInput
from synaptarium.schemas.messages import TimeWindow
from synaptarium.schemas.panels import Axis, Column, Line, Panels, Series
from synaptarium.schemas.recording import Accounting, Layer

MAX_LINES = 4
MAX_PSTH_BINS = 400
#: So many are shown: a line for each class stays a line, and onsets are still placed to the bins that were read.
SHOWN_PSTH_BINS = 80
_BUDGET_BYTES = 1024 * 1024
# Frames of the series for the PSTH: 20 bytes each, before compression.
_PSTH_FRAMES = 131_072


@dataclasses.dataclass(frozen=True)
class Params:
    """Which layer, which bins.

    Parameters
    ----------
    layer : str
        Layer of the instantaneous rate and the PSTH; empty takes that of the selection, else the last one that spiked.
    bin_ms : float
        Width of a bin of the population rate in ms; 0 takes the finest that fits.
    sigma_ms : float
        Standard deviation of the Gaussian kernel in ms.
    before_ms : float
        How much before its onset the PSTH shows in ms.
    """

    layer: LayerName = ""
    bin_ms: float = 0.0
    sigma_ms: float = 20.0
    before_ms: float = 50.0

    def __post_init__(self) -> None:
        for name, least in (("bin_ms", 0.0), ("sigma_ms", 1e-3), ("before_ms", 0.0)):
            if not least <= getattr(self, name) < 1e7:
                hint = f"It is {least:g} ms or more, and less than 10,000 s."
                raise InvalidInput(f"{name} is {getattr(self, name)}.", hint=hint, where=name)


def compute(reader: RecordingReader, window: TimeWindow, selection: Selection, params: Params) -> Panels:
    """Return the population rates, the instantaneous rates and the PSTH."""
    layer = chosen_layer(reader, selection, params.layer)
    columns: dict[str, Column] = {}
    why = outside(reader, window)
    panels = [
        _population(reader, window, params, why, columns),
        _instantaneous(reader, window, selection, layer, params, why, columns),
    ]
    if reader.recording.counts.stimuli:
        panels.append(_psth(reader, window, layer, params, why, columns))
    return Panels(tuple(panels), columns)


def _population(
    reader: RecordingReader, window: TimeWindow, params: Params, why: str, columns: dict[str, Column]
) -> Series:
    layers = reader.recording.header.layers
    found = reader.series(
        "spikes.series", [layer.name for layer in layers], window.t_start_us, window.t_stop_us
    )
    found = found.per_interval(round(params.bin_ms * 1000 / found.frame_us), reader.manifest.t_start_us)
    columns["population.t_us"] = found.t_us
    chosen = chosen_frames(reader, found.t_us)
    for number, layer in enumerate(layers):
        rate = population_rate_hz(found.total[layer.name], bin_us=found.frame_us, n_neurons=layer.neurons)
        if len(rate):
            # The run may end within the last bin: its rate is that of the time that there was.
            rate[-1] *= found.frame_us / min(found.frame_us, reader.manifest.t_stop_us - int(found.t_us[-1]))
        if chosen is not None:
            rate[~chosen] = np.nan  # a frame belongs to the stimulus that is on at its start
        columns[f"population.{number}"] = rate
    return Series(
        id="population",
        title="Population rate",
        subtitle=f"{span(window)}, bin {duration(found.frame_us)}, spikes per neuron and second",
        x="population.t_us",
        x_axis=Axis(label="Time", unit="us"),
        y_axis=Axis(label="Rate", unit="Hz"),
        lines=tuple(
            Line(name=layer.name, y=f"population.{number}", layer=layer.name)
            for number, layer in enumerate(layers)
        ),
        empty=why or ("" if len(found.t_us) else "The window holds no frame."),
    )


def _instantaneous(
    reader: RecordingReader,
    window: TimeWindow,
    selection: Selection,
    layer: Layer,
    params: Params,
    why: str,
    columns: dict[str, Column],
) -> Series:
    selected = selection.of(layer.name)
    shown = selected[-MAX_LINES:]
    spikes = spikes_in(
        reader,
        layer.name,
        window.t_start_us,
        window.t_stop_us,
        budget_bytes=_BUDGET_BYTES,
        neurons=shown if len(shown) else None,
        only=True,
    )
    frames = spikes.frames
    if len(shown):
        total, what, which = len(selected), "selected neurons", "The latest are shown."
    else:
        n_spikes = np.bincount(spikes.neuron, weights=spikes.count, minlength=layer.neurons)
        shown = np.argsort(-n_spikes, kind="stable")[:MAX_LINES]
        shown = shown[n_spikes[shown] > 0]
        total, what = int(np.count_nonzero(n_spikes)), "neurons that spiked"
        which = "Those with the most spikes; select neurons to see others."
    told = (Accounting(what=what, kept=len(shown), total=total, why=which),) if total > len(shown) else ()
    step = -(-frames.n // MAX_POINTS) or 1
    n = -(-frames.n // step)
    bin_us = step * frames.frame_us
    columns["rate.t_us"] = frames.t_us[::step]
    unread = np.bincount(np.arange(frames.n) // step, weights=~frames.known, minlength=n) > 0
    lines: list[Line] = []
    for neuron in shown.tolist():
        own = spikes.neuron == neuron
        counts = np.bincount(spikes.frame[own] // step, spikes.count[own], n)
        rate = instantaneous_rate_hz(counts, bin_us=bin_us, sigma_us=params.sigma_ms * 1000)
        rate[unread] = np.nan
        columns[f"rate.{len(lines)}"] = rate
        lines.append(
            Line(name=f"{layer.name} {neuron}", y=f"rate.{len(lines)}", layer=layer.name, neuron=neuron)
        )
    coarse = "; the bin is wider than the kernel: a shorter window shows more"
    if not why and not lines:
        why = f"No neuron of {layer.name} spiked in what was read of the window."
    return Series(
        id="rate",
        title="Instantaneous rate",
        subtitle=f"{span(window)}, Gaussian kernel of {params.sigma_ms:g} ms, sampled every {duration(bin_us)}"
        + (coarse if bin_us > params.sigma_ms * 1000 else ""),
        x="rate.t_us",
        x_axis=Axis(label="Time", unit="us"),
        y_axis=Axis(label="Rate", unit="Hz"),
        lines=tuple(lines),
        accounting=(*told, *frames.accounting),
        empty=why,
    )


def _psth(
    reader: RecordingReader,
    window: TimeWindow,
    layer: Layer,
    params: Params,
    why: str,
    columns: dict[str, Column],
) -> Series:
    shown = presentations(reader, window)
    found = reader.series(
        "spikes.series", [layer.name], window.t_start_us, window.t_stop_us, points=_PSTH_FRAMES
    )
    lengths_us = shown.t_stop_us - shown.t_start_us
    # Up to the end of a typical presentation and half as long after it.
    after_us = float(np.median(lengths_us)) * 1.5 if len(lengths_us) else 0.0
    frame_us = found.frame_us
    step = max(1, int(np.ceil((params.before_ms * 1000 + after_us) / frame_us / MAX_PSTH_BINS)))
    grouped = found.per_interval(step, reader.manifest.t_start_us)
    bin_us = grouped.frame_us
    n_after = max(1, int(np.ceil(after_us / bin_us)))
    before = int(np.ceil(params.before_ms * 1000 / bin_us))
    fold = -(-(before + n_after) // SHOWN_PSTH_BINS)
    before, n_bins = -(-before // fold) * fold, (-(-before // fold) + -(-n_after // fold)) * fold
    names = shown.classes or ["all stimuli"]
    classes = shown.of if shown.classes else np.zeros(len(lengths_us), np.int64)
    first_us = int(grouped.t_us[0]) if len(grouped.t_us) else 0
    onsets = (shown.t_start_us - first_us) // bin_us
    mean, n = psth(
        grouped.total[layer.name], onsets, classes, n_classes=len(names), n_bins=n_bins, before=before
    )
    mean = mean.reshape(len(mean), -1, fold).sum(axis=2)
    bin_us *= fold
    columns["psth.ms"] = (np.arange(n_bins // fold) - before // fold) * (bin_us / 1000)
    lines: list[Line] = []
    for number in np.flatnonzero(n):
        rate = population_rate_hz(mean[number], bin_us=bin_us, n_neurons=layer.neurons)
        columns[f"psth.{number}"] = rate
        lines.append(Line(name=f"{names[number]} ({n[number]:,})", y=f"psth.{number}", group=names[number]))
    if not why and not lines:
        why = "No whole presentation lies in the window; choose a longer one."
    told = Accounting(
        what="stimuli",
        kept=int(n.sum()),
        total=len(classes),
        why="The others have no class or reach beyond the window.",
    )
    return Series(
        id="psth",
        title=f"Rate of {layer.name} around the onset of stimuli",
        subtitle=f"{span(window)}; mean over {n.sum():,} stimuli by class, bin {duration(bin_us)}, per neuron",
        x="psth.ms",
        x_axis=Axis(label="From onset", unit="ms"),
        y_axis=Axis(label="Rate", unit="Hz"),
        lines=tuple(lines),
        time=False,
        accounting=(told,) if n.sum() < len(classes) and lines else (),
        empty=why,
    )


MODULE = Module(compute=compute, params=Params, needs=("spikes",), order=31, stimuli=True)
