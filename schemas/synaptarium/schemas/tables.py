"""Summary tables of a build: what every neuron and projection did up to each boundary between intervals of time.

Row r of a table tells of everything before boundary r: counts add up from the recording's start, statistics of weights
are of the state at that moment. So what happened between two boundaries is the difference of two rows, whatever lies
between them.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from synaptarium.schemas.errors import CorruptData
from synaptarium.schemas.recording import Accounting

TableName = Literal[
    "spikes",
    "classes",
    "stimuli",
    "weights",
    "weights.histogram",
    "weights.neurons",
    "weights.neurons.histogram",
]

Columns = dict[str, NDArray[Any]]


class TableGrid(msgspec.Struct, frozen=True, kw_only=True):
    """One table: its rows, its items, and how they are cut into pages.

    Parameters
    ----------
    table : str
        ``spikes`` (per neuron), ``classes`` (per neuron and class), ``stimuli`` (per class), ``weights`` and
        ``weights.histogram`` (of a projection), ``weights.neurons`` and ``weights.neurons.histogram`` (per
        postsynaptic neuron).
    target : str
        Layer or projection; empty for stimuli.
    number : int
        Number of the target's first tile, which page keys are made of.
    interval_bins : int
        Level-0 bins between two boundaries, a power of two.
    n_rows : int
        Boundaries 1 .. n_rows; the last one is the recording's end. Row 0 would be the start and is not stored.
    items, values : int
        A row has ``items`` neurons with ``values`` numbers each, in every column.
    block_items, page_rows : int
        A page holds ``page_rows`` consecutive rows of ``block_items`` consecutive items.
    page_bytes : tuple of int
        Stored bytes of each page, block by block.
    edges : tuple of float or None
        ``values + 1`` borders of a histogram's bins.
    """

    table: TableName
    target: str
    number: int
    interval_bins: int
    n_rows: int
    items: int
    values: int
    block_items: int
    page_rows: int
    page_bytes: tuple[int, ...] = ()
    edges: tuple[float, ...] | None = None

    @property
    def n_blocks(self) -> int:
        """Number of blocks of items."""
        return -(-self.items // self.block_items)

    @property
    def n_pages(self) -> int:
        """Number of pages of each block."""
        return -(-self.n_rows // self.page_rows)


class Tables(msgspec.Struct, frozen=True, kw_only=True):
    """All summary tables of a build.

    Parameters
    ----------
    build, revision : int
        Build, and revision of the events that it covers.
    bin_us, t_start_us, t_stop_us : int
        As in the manifest; boundary r lies at ``min(t_start_us + r * interval_bins * bin_us, t_stop_us)``.
    classes : tuple of str
        Classes of stimuli, in the order of the columns of ``classes`` and ``stimuli``.
    grids : tuple of TableGrid
        The tables that exist.
    absent : tuple of Accounting
        Tables that were left out, and why.
    """

    build: int
    revision: int
    bin_us: int
    t_start_us: int
    t_stop_us: int
    classes: tuple[str, ...]
    grids: tuple[TableGrid, ...]
    absent: tuple[Accounting, ...] = ()

    def find(self, table: TableName, target: str = "") -> TableGrid | None:
        """Return the grid of a table, None where it is absent."""
        return next((grid for grid in self.grids if grid.table == table and grid.target == target), None)

    def boundary_us(self, grid: TableGrid, row: int) -> int:
        """Return the moment that a row tells of."""
        return min(self.t_start_us + row * grid.interval_bins * self.bin_us, self.t_stop_us)

    def rows_inside(self, grid: TableGrid, t_start_us: int, t_stop_us: int) -> tuple[int, int]:
        """Return the first and last boundary within a closed span of time; first > last where there is none."""
        width = grid.interval_bins * self.bin_us
        first = max(0, -(-(t_start_us - self.t_start_us) // width))
        if t_start_us > self.boundary_us(grid, grid.n_rows):
            return grid.n_rows + 1, grid.n_rows
        first = min(first, grid.n_rows)
        if t_stop_us >= self.t_stop_us:
            return first, grid.n_rows
        return first, min((t_stop_us - self.t_start_us) // width, grid.n_rows)


def encode_page(columns: Columns, *, items: int) -> pa.RecordBatch:
    """Return a page as a batch with one row per boundary and a fixed-size list per column.

    Parameters
    ----------
    columns : dict of str to (n_rows, items * values) array
        Unsigned integers are stored in the smallest type that holds them.
    items : int
        Items of the page's block, for the schema's metadata.
    """
    arrays: list[pa.Array] = []
    for values in columns.values():
        if values.dtype.kind == "u":
            values = values.astype(np.min_scalar_type(int(values.max(initial=0))))
        flat = pa.array(np.ascontiguousarray(values).reshape(-1))
        arrays.append(pa.FixedSizeListArray.from_arrays(flat, values.shape[1]))
    schema = pa.schema(
        [pa.field(name, array.type) for name, array in zip(columns, arrays, strict=True)],
        {"kind": "table", "items": str(items)},
    )
    return pa.record_batch(arrays, schema=schema)


def decode_page(batch: pa.RecordBatch) -> Columns:
    """Return the columns of a page, each (n_rows, items * values); raises CorruptData."""
    if (batch.schema.metadata or {}).get(b"kind") != b"table":
        raise CorruptData("A page of a summary table is none.", hint="Precompute the recording again.")
    found: Columns = {}
    for name, array in zip(batch.schema.names, batch.columns, strict=True):
        found[name] = array.flatten().to_numpy(zero_copy_only=True).reshape(batch.num_rows, -1)
    return found
