"""Spikes of every neuron of a layer, by interval of time and by class: from the summary tables, so that the length of the
window does not matter; from the chunks where there are none, or where the window is shorter than their intervals."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from synaptarium.modules.reader import BUDGET_BYTES, RecordingReader
from synaptarium.modules.stimuli import ByClass, by_class, presentations
from synaptarium.modules.window import spikes_in
from synaptarium.schemas.manifest import EXACT_LEVELS
from synaptarium.schemas.messages import TimeWindow
from synaptarium.schemas.recording import Accounting, Layer
from synaptarium.schemas.tables import TableGrid, Tables

I64 = NDArray[np.int64]

# What is left to the rest of an answer.
_BUDGET_BYTES = BUDGET_BYTES // 4
# From fewer whole intervals of a table than this, chunks tell more.
_FEW_ROWS = 8


@dataclasses.dataclass(frozen=True)
class IntervalCounts:
    """Spikes per interval.

    Parameters
    ----------
    edges_us : (n + 1,) int64
        Borders of the intervals, within the window; empty where the window holds none.
    counts : (n, n_neurons, n_values) int64
        Spikes of each neuron, of all or by class.
    observed_us : (n,) int64
        How much of each interval was read.
    accounting : tuple of Accounting
        What was left out.
    """

    edges_us: I64
    counts: I64
    observed_us: I64
    accounting: tuple[Accounting, ...] = ()


def counts_per_interval(
    reader: RecordingReader,
    layer: Layer,
    window: TimeWindow,
    *,
    most: int,
    by_class: bool = False,
    n_neurons: int | None = None,
) -> IntervalCounts:
    """Return the spikes of a layer's neurons in at most ``most`` intervals of a window.

    Parameters
    ----------
    reader, layer, window :
        What is asked about.
    most : int
        Intervals at most; they are equal but for the last one.
    by_class : bool
        By the class of the stimulus that was on; needs labelled stimuli.
    n_neurons : int or None
        Only neurons 0 .. n_neurons - 1.
    """
    n = layer.neurons if n_neurons is None else min(n_neurons, layer.neurons)
    # The tables know classes, and nothing of what was read right or wrong.
    tables = reader.tables if reader.subset.all else None
    grid = tables.find("classes" if by_class else "spikes", layer.name) if tables else None
    if tables and grid:
        first, last = tables.rows_inside(grid, window.t_start_us, window.t_stop_us)
        if last - first >= _FEW_ROWS:
            rows = _rows(reader, grid, first, last, most, n)
            if len(rows) > 1:
                return _from_table(reader, tables, grid, rows, n)
    return _from_chunks(reader, layer, window, most, by_class, n)


def counts_in_window(
    reader: RecordingReader, layer: Layer, window: TimeWindow, *, budget_bytes: int = BUDGET_BYTES // 2
) -> tuple[I64, I64, ByClass]:
    """Return (spikes of every neuron, us that were read, spikes by class), exact to the frame of the window's edges.

    Between the outermost boundaries of the summary tables inside the window nothing else is read; what lies outside of
    them comes from the chunks, an even sample of it where that takes more than ``budget_bytes``.
    """
    tables = reader.tables
    plain = tables.find("spikes", layer.name) if tables else None
    classes = tables.find("classes", layer.name) if tables else None
    on = tables.find("stimuli") if tables else None
    manifest = reader.manifest
    begin_us = max(window.t_start_us, manifest.t_start_us)
    end_us = max(begin_us, min(window.t_stop_us, manifest.t_stop_us))
    whole = TimeWindow(t_start_us=begin_us, t_stop_us=end_us)
    labelled = bool(reader.recording.counts.stimuli)
    subset = reader.subset
    if subset.choice in ("correct", "wrong"):
        return _counted(reader, layer, whole, budget_bytes)
    if tables is None or plain is None or (labelled and (classes is None or on is None)):
        return _counted(reader, layer, whole, budget_bytes)
    grids = [grid for grid in (plain, classes, on) if grid is not None]
    # Boundaries that all of the tables share.
    widest = max(grid.interval_bins for grid in grids) * manifest.bin_us
    first_us = manifest.t_start_us + -(-(begin_us - manifest.t_start_us) // widest) * widest
    last_us = manifest.t_start_us + (end_us - manifest.t_start_us) // widest * widest
    if end_us == manifest.t_stop_us:
        last_us = end_us
    if last_us - first_us < widest:
        return _counted(reader, layer, whole, budget_bytes)
    n_all = _between(reader, tables, plain, first_us, last_us)[:, 0]
    names = list(tables.classes) if labelled and classes is not None else []
    n_class = np.zeros((layer.neurons, len(names)), np.int64)
    on_us = np.zeros(len(names), np.int64)
    if names and classes is not None and on is not None:
        n_class = _between(reader, tables, classes, first_us, last_us)
        on_us = _between(reader, tables, on, first_us, last_us, "on_us")[:, 0]
    read_us = np.full(1, last_us - first_us, np.int64)
    if subset.choice == "class":
        subset.check(names)
        others = np.array([name != subset.name for name in names], np.bool_)
        n_class[:, others] = 0
        on_us[others] = 0
        n_all, read_us = n_class.sum(axis=1), np.full(1, on_us.sum(), np.int64)
    accounting: tuple[Accounting, ...] = ()
    for start_us, stop_us in ((begin_us, first_us), (last_us, end_us)):
        if stop_us > start_us:
            edge = TimeWindow(t_start_us=start_us, t_stop_us=stop_us)
            n_edge, edge_us, found = _counted(reader, layer, edge, budget_bytes // 2)
            n_all, read_us = n_all + n_edge, read_us + edge_us
            if found.classes == names:
                n_class, on_us = n_class + found.counts, on_us + found.duration_us
            accounting += found.accounting
    return n_all, read_us, ByClass(names, n_class, on_us, accounting)


def _counted(
    reader: RecordingReader, layer: Layer, window: TimeWindow, budget_bytes: int
) -> tuple[I64, I64, ByClass]:
    spikes = spikes_in(
        reader,
        layer.name,
        window.t_start_us,
        window.t_stop_us,
        budget_bytes=budget_bytes,
        levels=(0,),
    )
    counts = np.bincount(spikes.neuron, weights=spikes.count, minlength=layer.neurons).astype(np.int64)
    # A stimulus that is on at the window's start began before it.
    longer = TimeWindow(t_start_us=reader.manifest.t_start_us, t_stop_us=window.t_stop_us)
    shown = presentations(reader, longer)
    read_us = np.full(1, int(spikes.frames.covered.sum()) * spikes.frames.frame_us, np.int64)
    return counts, read_us, by_class(spikes, shown, layer.neurons)


def _between(
    reader: RecordingReader, tables: Tables, grid: TableGrid, first_us: int, last_us: int, column: str = "n"
) -> I64:
    width = grid.interval_bins * tables.bin_us
    rows = [
        grid.n_rows if t == tables.t_stop_us else (t - tables.t_start_us) // width
        for t in (first_us, last_us)
    ]
    both = reader.table_rows(grid, rows)[column].astype(np.int64)
    found = np.diff(both, axis=0)[0]
    return found if grid.table == "classes" else found.reshape(-1, 1)


def _rows(reader: RecordingReader, grid: TableGrid, first: int, last: int, most: int, n: int) -> list[int]:
    """Return evenly spaced boundaries, as many as asked for and as the budget allows."""
    step = max(1, -(-(last - first) // most))
    while True:
        rows = list(range(first, last + 1, step))
        if rows[-1] != last:
            rows.append(last)
        left = min(_BUDGET_BYTES, BUDGET_BYTES - reader.bytes_read)
        if reader.table_bytes(grid, rows, n_items=n) <= left:
            return rows
        if step > last - first:
            return []
        step *= 2


def _from_table(
    reader: RecordingReader, tables: Tables, grid: TableGrid, rows: list[int], n: int
) -> IntervalCounts:
    stored = reader.table_rows(grid, rows, n_items=n)["n"].astype(np.int64)
    edges = np.array([tables.boundary_us(grid, row) for row in rows], np.int64)
    return IntervalCounts(edges, np.diff(stored, axis=0), np.diff(edges))


def _from_chunks(
    reader: RecordingReader, layer: Layer, window: TimeWindow, most: int, of_class: bool, n: int
) -> IntervalCounts:
    spikes = spikes_in(
        reader,
        layer.name,
        window.t_start_us,
        window.t_stop_us,
        budget_bytes=min(_BUDGET_BYTES, BUDGET_BYTES - reader.bytes_read),
        # A coarse frame belongs to one class only.
        levels=(0,) if of_class else range(EXACT_LEVELS),
        neurons=None if n == layer.neurons else range(n),
    )
    frames = spikes.frames
    of = np.zeros(frames.n, np.int64)
    n_values = 1
    if of_class:
        shown = presentations(
            reader, TimeWindow(t_start_us=reader.manifest.t_start_us, t_stop_us=window.t_stop_us)
        )
        of, n_values = shown.of_frames(frames), len(shown.classes)
    step = -(-frames.n // most) or 1
    n_intervals = -(-frames.n // step)
    interval = np.arange(frames.n) // step
    kept = (spikes.neuron < n) & (of[spikes.frame] >= 0)
    cell = (interval[spikes.frame[kept]] * n + spikes.neuron[kept]) * n_values + of[spikes.frame[kept]]
    counts = np.bincount(cell, spikes.count[kept], n_intervals * n * n_values).astype(np.int64)
    edges = frames.first_us + np.minimum(np.arange(n_intervals + 1) * step, frames.n) * frames.frame_us
    observed = np.bincount(interval, weights=frames.covered, minlength=n_intervals) * frames.frame_us
    return IntervalCounts(
        edges.astype(np.int64) if frames.n else np.empty(0, np.int64),
        counts.reshape(n_intervals, n, n_values),
        observed.astype(np.int64),
        frames.accounting,
    )
