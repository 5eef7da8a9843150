"""How many spikes a layer had in each cell of time and neurons: what a raster shows where there are too many dots for it."""

from __future__ import annotations

import numpy as np

from synaptarium.modules.activity import Activity, groups_in
from synaptarium.modules.reader import RecordingReader
from synaptarium.modules.stimulus_rows import chosen_frames
from synaptarium.modules.window import Spikes
from synaptarium.modules.wording import duration, span
from synaptarium.schemas.chunks import GROUP_NEURONS
from synaptarium.schemas.messages import TimeWindow
from synaptarium.schemas.panels import Axis, Column, Links, Matrix
from synaptarium.schemas.recording import Accounting, Layer

#: Cells of an image: about the pixels of a panel.
MAX_COLUMNS, MAX_ROWS = 720, 180
# The coarsest level with so many frames in the window is fine enough.
_ENOUGH_FRAMES = 360


def group_counts(reader: RecordingReader, window: TimeWindow, layer: Layer, *, budget_bytes: int) -> Activity:
    """Return the spikes of groups of 64 neurons in a window, at the coarsest level that suits an image."""
    manifest = reader.manifest
    length_us = min(window.t_stop_us, manifest.t_stop_us) - max(window.t_start_us, manifest.t_start_us)
    grouped = [level for level in manifest.levels if level.level > 0]
    fine = [one for one in grouped if length_us >= _ENOUGH_FRAMES * one.bins * manifest.bin_us]
    first = fine[-1] if fine else grouped[0]
    levels = range(first.level, grouped[-1].level + 1)
    found = groups_in(
        reader, layer, window.t_start_us, window.t_stop_us, budget_bytes=budget_bytes, levels=levels
    )
    chosen = chosen_frames(reader, found.frames.t_us)
    if chosen is None:
        return found
    found.frames.covered[:] &= chosen
    kept = chosen[found.frame]
    return Activity(found.frames, found.frame[kept], found.channel[kept], found.count[kept])


def density(
    found: Spikes | Activity, window: TimeWindow, layer: Layer, columns: dict[str, Column], why: str
) -> Matrix:
    """Return the image of a layer's spikes: their number in each cell, of every spike that was read.

    Parameters
    ----------
    found : Spikes or Activity
        Of every neuron, or of groups of 64 of them.
    window : TimeWindow
        What was asked about.
    layer : Layer
        Whose they are.
    columns : dict
        Gets the image's columns.
    why : str
        Why there are no dots.
    """
    per_channel, channel = (
        (1, found.neuron.astype(np.int64)) if isinstance(found, Spikes) else (GROUP_NEURONS, found.channel)
    )
    frames = found.frames
    channels_each = -(-layer.neurons // (per_channel * MAX_ROWS)) or 1
    each = per_channel * channels_each
    rows = -(-layer.neurons // each)
    frames_each = -(-frames.n // MAX_COLUMNS) or 1
    n = -(-frames.n // frames_each)
    # The lowest neurons lie at the bottom, as in a raster.
    cell = (rows - 1 - channel // channels_each) * n + found.frame // frames_each
    counts = np.bincount(cell, found.count, rows * n).astype(np.float32).reshape(rows, n)
    known = np.bincount(np.arange(frames.n) // frames_each, frames.covered, n) > 0
    counts[:, ~known] = np.nan
    name = f"density.{layer.name}"
    width_us = frames_each * frames.frame_us
    columns[f"{name}.count"] = counts.ravel()
    columns[f"{name}.t_us"] = frames.first_us + np.arange(n, dtype=np.int64) * width_us
    columns[f"{name}.neuron"] = np.arange(rows - 1, -1, -1, dtype=np.int64) * each
    n_spikes = int(found.count.sum())
    cells = f"{duration(width_us)} and {each} neuron{'s' if each > 1 else ''}"
    told = Accounting(what="spikes as single dots", kept=0, total=n_spikes, why=why)
    return Matrix(
        id=f"raster.{layer.name}",
        title=f"Spikes of {layer.name}, counted",
        subtitle=f"{span(window)}, {n_spikes:,} spikes in cells of {cells}, neurons from 0 (bottom) to {layer.neurons - 1}",
        values=f"{name}.count",
        rows=rows,
        columns=n,
        x_axis=Axis(label="Time", unit="us"),
        y_axis=Axis(label="Neuron"),
        unit="spikes per cell",
        row_edges=(rows * each, 0),
        times_us=f"{name}.t_us",
        low=0,
        links=Links(neuron=f"{name}.neuron", layer=layer.name, each=each),
        accounting=(told, *frames.accounting),
        empty="" if n_spikes else f"No neuron of {layer.name} spiked in what was read of the window.",
    )
