"""What one range adds to the summary tables: spikes per neuron and class, statistics of weights, in the same pass."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from synaptarium.jobs.intervals import WEIGHT_COLUMNS
from synaptarium.jobs.plan import Plan
from synaptarium.jobs.survey import Target, Values
from synaptarium.kernels.fan_in import FanIn, fan_in_of, histograms_by_neuron, neuron_weights
from synaptarium.kernels.frames import histogram
from synaptarium.kernels.presentations import Spans, class_of_times
from synaptarium.kernels.values import replay
from synaptarium.kernels.weights import weight_histogram
from synaptarium.schemas.manifest import WEIGHTS
from synaptarium.schemas.tables import TableGrid, encode_page
from synaptarium.store import network, tables
from synaptarium.store.database import Store

F32 = NDArray[np.float32]
I64 = NDArray[np.int64]
U32 = NDArray[np.uint32]

#: A part is cut by its items where it would exceed this, as a document holds 16 MiB.
PART_BYTES = 8 * 2**20


class SpikeCounts:
    """Counts the spikes of one range by row, neuron and class.

    Parameters
    ----------
    plan : Plan
        With its tables.
    range_index : int
        Which range.
    spans : Spans or None
        Which class is on when; None where there are no tables by class.
    """

    def __init__(self, plan: Plan, range_index: int, spans: Spans | None) -> None:
        self.plan, self.range_index, self.spans = plan, range_index, spans
        self.counted = [
            _RowCounts(plan, range_index, [grid for grid in plan.tables.grids if grid.table == table], values)
            for table, values in (("spikes", 1), ("classes", len(plan.tables.classes)))
            if table == "spikes" or spans is not None
        ]

    def add(self, time_us: I64, neuron: U32, count: NDArray[np.uint16] | None) -> None:
        """Take in some spikes: ascending times within the range, global indices, multiplicities."""
        if not len(time_us) or not self.plan.tables.grids:
            return
        self.counted[0].add(time_us, neuron, count)
        if self.spans is None:
            return
        of = class_of_times(time_us, self.spans)
        shown = of >= 0
        if not shown.all():
            time_us, neuron, of = time_us[shown], neuron[shown], of[shown]
            count = None if count is None else count[shown]
        # Below MAX_CLASS_CELLS, so 32 bits hold it.
        cell = neuron * np.uint32(len(self.plan.tables.classes))
        cell += of.astype(np.uint32)
        self.counted[1].add(time_us, cell, count)

    def write(self, store: Store) -> int:
        """Count, and write what was counted, layer by layer; returns how many parts that were."""
        return sum(
            write_part(store, self.plan, grid, self.range_index, {"n": rows})
            for counted in self.counted
            for grid, rows in counted.rows()
        )


class _RowCounts:
    """Spikes of a range by row and cell, for tables of the same number of values per neuron.

    They are only collected, and counted once a row is whole: counting costs as much as there are cells, each time.
    """

    def __init__(self, plan: Plan, range_index: int, grids: list[TableGrid], values: int) -> None:
        self.plan, self.range_index, self.grids, self.values = plan, range_index, grids, values
        self.cells: dict[int, list[U32]] = {}
        self.counts: dict[int, list[NDArray[np.uint16] | None]] = {}
        self.finest = min((grid.interval_bins for grid in grids), default=0)

    def add(self, time_us: I64, cell: U32, count: NDArray[np.uint16] | None) -> None:
        if not self.grids or not len(time_us):
            return
        width = self.finest * self.plan.bin_us
        low, high = ((int(time) - self.plan.t_start_us) // width for time in (time_us[0], time_us[-1]))
        edges = self.plan.t_start_us + np.arange(low, high + 2) * width
        cuts = np.searchsorted(time_us, edges)
        for row, start, stop in zip(range(low, high + 1), cuts[:-1], cuts[1:], strict=True):
            if start < stop:
                self.cells.setdefault(row, []).append(cell[start:stop])
                self.counts.setdefault(row, []).append(None if count is None else count[start:stop])

    def rows(self) -> Iterator[tuple[TableGrid, NDArray[np.uint64]]]:
        """Yield what each table gains, (rows of the range, items * values), where it gains anything."""
        if not self.cells:
            return
        layers = {layer.name: layer for layer in self.plan.header.layers}
        n_cells = sum(layer.neurons for layer in layers.values()) * self.values
        found: list[NDArray[np.uint64]] = []
        for grid in self.grids:
            first, stop = rows_of(self.plan, grid, self.range_index)
            found.append(np.zeros((stop - first, grid.items * self.values), np.uint64))
        for row, cells in self.cells.items():
            counts = _counted(cells, self.counts[row], n_cells)
            for grid, rows in zip(self.grids, found, strict=True):
                first, _ = rows_of(self.plan, grid, self.range_index)
                offset = layers[grid.target].offset * self.values
                mine = rows[row * self.finest // grid.interval_bins - first]
                mine += counts[offset : offset + len(mine)]
        for grid, rows in zip(self.grids, found, strict=True):
            if rows.any():
                yield grid, rows


def _counted(cells: list[U32], counts: list[NDArray[np.uint16] | None], n_cells: int) -> NDArray[np.uint64]:
    if all(count is None for count in counts):
        return histogram(np.concatenate(cells), n_cells).astype(np.uint64)
    # Sums of 16-bit multiplicities are exact in float64.
    parts = zip(cells, counts, strict=True)
    weights = np.concatenate([np.ones(len(c), np.uint16) if n is None else n for c, n in parts])
    return np.bincount(np.concatenate(cells), weights, n_cells).astype(np.uint64)


def weight_parts(
    store: Store, plan: Plan, range_index: int, target: Target, values: Values, state: F32
) -> int:
    """Write the statistics of a projection's weights at each boundary in a range, and at the range's end.

    Parameters
    ----------
    store : Store
        Holds the synapses; receives the parts.
    plan, range_index : Plan, int
        With its tables; which range.
    target, values : Target, Values
        The projection and its events in the range, in the order of time.
    state : (n_synapses,) float32
        Weights before the range; not changed.

    Returns
    -------
    int
        Parts written.
    """
    grids = {
        grid.table: grid
        for grid in plan.tables.grids
        if grid.table.startswith("weights") and grid.target == target.name
    }
    if target.stream != WEIGHTS or not grids:
        return 0
    one = grids["weights"]
    first, stop = rows_of(plan, one, range_index)
    width = one.interval_bins * plan.bin_us
    ends_us = plan.t_start_us + np.arange(first + 1, stop + 1) * width
    cuts = [0, *np.searchsorted(values.time_us, ends_us).tolist()]
    summarised = _Summary(store, plan, target, grids)
    weight = state.copy()
    for row in range(stop - first):
        part = slice(cuts[row], cuts[row + 1])
        replay(weight, values.item[part], values.value[part])
        summarised.add(weight, values.item[part])
    stacked = {
        table: {name: np.stack(rows) for name, rows in columns.items()}
        for table, columns in summarised.columns.items()
    }
    return sum(
        write_part(store, plan, grids[table], range_index, columns) for table, columns in stacked.items()
    )


class _Summary:
    """Rows of a projection's tables, as columns of (items * values,) arrays."""

    def __init__(self, store: Store, plan: Plan, target: Target, grids: dict[str, TableGrid]) -> None:
        self.columns: dict[str, dict[str, list[NDArray[np.generic]]]] = {table: {} for table in grids}
        self.edges = grids["weights.histogram"].edges or (0.0, 1.0)
        self.grids = grids
        whole = np.arange(target.items, dtype=np.int32)[None]
        self.whole = FanIn(1, target.items, ((np.zeros(1, np.int64), whole),))
        self.post, self.fan_in = None, None
        if "weights.neurons" in grids:
            _, self.post, _ = network.read_synapses(store, plan.num, target.name)
            self.fan_in = fan_in_of(self.post, n_neurons=grids["weights.neurons"].items)

    def add(self, weight: F32, changed: U32) -> None:
        """Append the row of a state; ``changed`` are the synapses of the changes since the row before."""
        low, high = self.edges[0], self.edges[-1]
        if not len(changed) and self.columns["weights"]:
            for columns in self.columns.values():
                for name, rows in columns.items():
                    rows.append(np.zeros_like(rows[-1]) if name == "changes" else rows[-1])
            return
        self._statistics("weights", weight, self.whole, np.array([len(changed)], np.uint64))
        whole = self.grids["weights.histogram"]
        found = weight_histogram(weight, low=low, high=high, n_bins=whole.values)
        self._append(whole.table, "n", found.astype(np.uint64))
        if self.post is None or self.fan_in is None:
            return
        changes = np.bincount(self.post[changed], minlength=self.fan_in.n_neurons)
        self._statistics("weights.neurons", weight, self.fan_in, changes.astype(np.uint64))
        # A neuron's bins are each a few of the projection's. There are many and their counts are small: a row of a
        # million neurons is 256 MB as it is counted, and 32 MB in the type that holds it.
        each = histograms_by_neuron(
            weight,
            self.post,
            n_neurons=self.fan_in.n_neurons,
            low=low,
            high=high,
            n_bins=whole.values,
            together=whole.values // self.grids["weights.neurons.histogram"].values,
        ).reshape(-1)
        narrow = np.min_scalar_type(int(each.max(initial=0)))
        self._append("weights.neurons.histogram", "n", each.astype(narrow))

    def _statistics(self, table: str, weight: F32, fan_in: FanIn, changes: NDArray[np.uint64]) -> None:
        found = neuron_weights(weight, fan_in)
        columns = (found.n, changes, found.mean, found.std, found.minimum, found.maximum, *found.quantiles.T)
        for name, column in zip(WEIGHT_COLUMNS, columns, strict=True):
            whole = column.dtype.kind == "u"
            # float32 holds a mean or quantile of float32 weights to within 2**-24 of itself.
            self._append(table, name, column.astype(np.uint64 if whole else np.float32))

    def _append(self, table: str, name: str, column: NDArray[np.generic]) -> None:
        self.columns[table].setdefault(name, []).append(column)


def rows_of(plan: Plan, grid: TableGrid, range_index: int) -> tuple[int, int]:
    """Return the first interval of a table that a range touches and the one after its last, counted from 0.

    Row r + 1 of the table tells of the end of interval r.
    """
    first, stop = plan.frames(range_index, 0)
    return first // grid.interval_bins, (stop - 1) // grid.interval_bins + 1


def part_items(plan: Plan, grid: TableGrid) -> int:
    """Return how many items of a table one part holds: a whole number of blocks."""
    rows = max(1, plan.range_bins // grid.interval_bins)
    columns = len(WEIGHT_COLUMNS) if grid.values == 1 and grid.table.startswith("weights") else 1
    fitting = PART_BYTES // (rows * columns * grid.values * 4)
    return max(1, fitting // grid.block_items) * grid.block_items


def part_name(grid: TableGrid, first_item: int) -> str:
    """Return the name of the part of a table that starts at an item."""
    return f"{grid.table}/{grid.number}/{first_item}"


def write_part(
    store: Store, plan: Plan, grid: TableGrid, range_index: int, columns: dict[str, NDArray[np.generic]]
) -> int:
    """Write what a range adds to a table, columns of (n_rows, items * values), in parts below a document's limit.

    Returns
    -------
    int
        Parts written; :func:`synaptarium.jobs.merging.merge_tables` wants to find as many.
    """
    firsts = range(0, grid.items, step := part_items(plan, grid))
    for first in firsts:
        cells = slice(first * grid.values, min(first + step, grid.items) * grid.values)
        piece = {name: column[:, cells] for name, column in columns.items()}
        batch = encode_page(piece, items=grid.items)
        tables.write_part(store, plan.num, plan.build, range_index, part_name(grid, first), batch)
    return len(firsts)
