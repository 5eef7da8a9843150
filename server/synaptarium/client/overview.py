"""The activity of a window, as the server answers it: one row a layer or a few, one column an interval."""

from __future__ import annotations

import dataclasses

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray


@dataclasses.dataclass(frozen=True)
class Overview:
    """Spikes of each layer in consecutive columns of equal width; of hundreds of layers, of a few neighbouring ones together.

    Parameters
    ----------
    t_us : (n_columns,) int64
        Start of each column.
    column_us : int
        Width of a column; the last one may reach beyond the end of the run.
    bin_us : int
        Width of a bin, which ``minimum`` and ``maximum`` are of.
    layers_a_row : int
        How many layers a row sums: 1 wherever each layer fits.
    total : (n_rows, n_columns) int64
        Spikes, in the network's order of layers.
    minimum, maximum : (n_rows, n_columns) int64, or None
        Fewest and most spikes of the layer in a bin of the column; None where layers are summed.
    """

    t_us: NDArray[np.int64]
    column_us: int
    bin_us: int
    layers_a_row: int
    total: NDArray[np.int64]
    minimum: NDArray[np.int64] | None
    maximum: NDArray[np.int64] | None


def overview_of(batch: pa.RecordBatch) -> Overview:
    """Return the overview that a batch holds."""
    told = {name.decode(): int(value) for name, value in (batch.schema.metadata or {}).items()}
    found = {
        name: batch.column(name).to_numpy().astype(np.int64).reshape(-1, told["columns"])
        for name in batch.schema.names
    }
    t_us = told["t_start_us"] + np.arange(told["columns"], dtype=np.int64) * told["column_us"]
    return Overview(
        t_us,
        told["column_us"],
        told["bin_us"],
        told["layers_a_row"],
        found["sum"],
        found.get("min"),
        found.get("max"),
    )
