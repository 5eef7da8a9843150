"""Weights of one projection: its synapses, their state at a moment, and their course over a window."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from synaptarium.kernels.weights import mean_and_spread, weight_histogram
from synaptarium.modules.base import Selection
from synaptarium.modules.chunk_choice import Frames, tiles_of
from synaptarium.modules.reader import BUDGET_BYTES, RecordingReader
from synaptarium.modules.window import state_at, states_in
from synaptarium.schemas.errors import InvalidInput
from synaptarium.schemas.manifest import EXACT_LEVELS, Tile
from synaptarium.schemas.messages import TimeWindow
from synaptarium.schemas.recording import Accounting, Projection
from synaptarium.schemas.tables import TableName

# 65,536 synapses and at most 256 KiB a chunk each: two states of four tiles leave room for the course over time.
MAX_TILES = 4
TIME_POINTS = 96
TABLE_POINTS = 64
# From fewer boundaries of a summary table than this, chunks tell more.
_FEW_ROWS = 8
BINS = 40
_CHUNK_BYTES = 384 * 1024


@dataclasses.dataclass(frozen=True)
class Weights:
    """What was read of a projection.

    Parameters
    ----------
    projection : Projection
        Which one.
    tiles : list of Tile
        Its first ones, at most ``MAX_TILES``.
    pre, post : (n_synapses,) uint32
        Neurons of their synapses.
    n_pre : int
        Neurons of the source layer.
    low, high : float
        Smallest and largest of the first and last weights.
    accounting : tuple of Accounting
        What is left out.
    """

    projection: Projection
    tiles: list[Tile]
    pre: NDArray[np.uint32]
    post: NDArray[np.uint32]
    n_pre: int
    low: float
    high: float
    accounting: tuple[Accounting, ...]


@dataclasses.dataclass(frozen=True)
class Course:
    """Mean, spread (n_points,) and histogram (n_points, n_bins) from ``low`` to ``high`` of some synapses over time."""

    mean: NDArray[np.float64]
    spread: NDArray[np.float64]
    histogram: NDArray[np.int64]
    low: float
    high: float


def projection_weights(reader: RecordingReader, selection: Selection, name: str) -> Weights | None:
    """Return the synapses of a projection, as far as an answer can read them.

    Parameters
    ----------
    name : str
        Empty takes one onto the selection's layer, else the one whose weights changed most.

    Returns
    -------
    Weights or None
        None where the recording has no weights.
    """
    projection = _projection(reader, selection, name)
    return None if projection is None else _weights(reader, projection)


def _projection(reader: RecordingReader, selection: Selection, name: str) -> Projection | None:
    known = {projection.name: projection for projection in reader.recording.header.projections}
    if name:
        if name not in known:
            raise InvalidInput(
                f"There is no projection {name[:80]!r}.",
                hint="Projections: " + (", ".join(known) or "none"),
                where="projection",
            )
        return known[name]
    changes = reader.recording.counts.weights
    recorded = [projection for projection in known.values() if changes.get(projection.name)]
    for layer in selection.layers:
        onto = [projection for projection in recorded if projection.target == layer]
        if onto:
            return max(onto, key=lambda projection: changes[projection.name])
    return max(recorded, key=lambda projection: changes[projection.name], default=None)


def _weights(reader: RecordingReader, projection: Projection) -> Weights:
    tiles = tiles_of(reader, projection.name, "projection")
    kept = tiles[:MAX_TILES]
    n = sum(tile.n for tile in kept)
    pre, post = reader.synapses(projection.name, n)
    span = reader.recording.weights.get(projection.name)
    low = min(span.first.min, span.last.min) if span else 0.0
    high = max(span.first.max, span.last.max) if span else 1.0
    if not low < high:
        low, high = low - 0.5, low + 0.5
    accounting: tuple[Accounting, ...] = ()
    if n < projection.synapses:
        why = "An answer reads at most 4 MiB; the first synapses of the projection are read."
        accounting = (Accounting(what="synapses", kept=n, total=projection.synapses, why=why),)
    layer = next(layer for layer in reader.recording.header.layers if layer.name == projection.source)
    return Weights(projection, kept, pre, post, layer.neurons, low, high, accounting)


def state_of(reader: RecordingReader, weights: Weights, t_us: int) -> NDArray[np.float32]:
    """Return the (n_synapses,) weights of what was read just before a moment; NaN where there is none."""
    parts = [state_at(reader, "weights", weights.projection.name, tile, t_us) for tile in weights.tiles]
    return np.concatenate(parts) if parts else np.empty(0, np.float32)


def courses_of(
    reader: RecordingReader, window: TimeWindow, weights: Weights, neurons: list[int]
) -> tuple[Frames | None, NDArray[np.int64], list[Course]]:
    """Return the course of all synapses, then of those onto each neuron: from the summary tables, or of what was read.

    Returns
    -------
    frames : Frames or None
        What was read of the chunks; None where the tables tell of all synapses.
    t_us : (n_points,) int64
        Moments.
    courses : list of Course
        One more than there are neurons.
    """
    found = _from_tables(reader, window, weights, neurons)
    if found is not None:
        return None, *found
    n_all = sum(tile.n for tile in weights.tiles)
    masks = [np.arange(n_all)] + [np.flatnonzero(weights.post == neuron) for neuron in neurons]
    frames, states = None, iter(())
    if weights.tiles and reader.has("weights"):
        manifest = reader.manifest
        length_us = max(0, window.t_stop_us - window.t_start_us)
        fine = [
            level.level
            for level in manifest.levels[:EXACT_LEVELS]
            if length_us <= 4096 * level.bins * manifest.bin_us
        ]
        frames, states = states_in(
            reader,
            "weights",
            weights.projection.name,
            weights.tiles,
            window.t_start_us,
            window.t_stop_us,
            # What is left, less the chunk of each tile before the window, which tells its first state.
            budget_bytes=BUDGET_BYTES - reader.bytes_read - len(weights.tiles) * _CHUNK_BYTES,
            levels=fine or (EXACT_LEVELS - 1,),
            most=TIME_POINTS,
        )
    ends: list[int] = []
    rows: list[list[tuple[float, float, NDArray[np.int64]]]] = [[] for _ in masks]
    for frame, state in states:
        ends.append(frame)
        for mask, row in zip(masks, rows, strict=True):
            own = state if mask is masks[0] else state[mask]
            row.append(
                (
                    *mean_and_spread(own),
                    weight_histogram(own, low=weights.low, high=weights.high, n_bins=BINS),
                )
            )
    t_us = frames.t_us[ends] + frames.frame_us if frames else np.empty(0, np.int64)
    courses = [
        Course(
            np.array([one[0] for one in row]),
            np.array([one[1] for one in row]),
            np.array([one[2] for one in row], np.int64).reshape(-1, BINS),
            weights.low,
            weights.high,
        )
        for row in rows
    ]
    return frames, t_us, courses


def _from_tables(
    reader: RecordingReader, window: TimeWindow, weights: Weights, neurons: list[int]
) -> tuple[NDArray[np.int64], list[Course]] | None:
    """Return the boundaries and the courses by the summary tables; None where they are absent or too coarse."""
    tables, name = reader.tables, weights.projection.name
    if tables is None:
        return None
    # Of each course its table of statistics, its histogram, and the item in them.
    wanted: list[tuple[TableName, TableName, int]] = [("weights", "weights.histogram", 0)]
    for neuron in neurons:
        wanted.append(("weights.neurons", "weights.neurons.histogram", neuron))
    found: list[Course] = []
    t_us = np.empty(0, np.int64)
    for statistics, histogram, item in wanted:
        # A state is that at a boundary, so the rows of all these tables are the same.
        grid, bins = tables.find(statistics, name), tables.find(histogram, name)
        if grid is None or bins is None or grid.interval_bins != bins.interval_bins or not bins.edges:
            return None
        first, last = tables.rows_inside(grid, window.t_start_us, window.t_stop_us)
        if last - first < _FEW_ROWS:
            return None
        rows = np.unique(np.linspace(max(1, first), last, TABLE_POINTS).astype(int)).tolist()
        cost = sum(reader.table_bytes(one, rows, first_item=item, n_items=1) for one in (grid, bins))
        if cost > (BUDGET_BYTES - reader.bytes_read) // 2:
            return None
        stored = reader.table_rows(grid, rows, first_item=item, n_items=1)
        counts = reader.table_rows(bins, rows, first_item=item, n_items=1)["n"]
        t_us = np.array([tables.boundary_us(grid, row) for row in rows], np.int64)
        found.append(
            Course(
                stored["mean"][:, 0, 0].astype(np.float64),
                stored["std"][:, 0, 0].astype(np.float64),
                counts[:, 0, :].astype(np.int64),
                bins.edges[0],
                bins.edges[-1],
            )
        )
    return t_us, found
