"""The activity of a window, as the server answers it: one row a layer, one column an interval."""

from __future__ import annotations

import dataclasses

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray


@dataclasses.dataclass(frozen=True)
class Overview:
    """Spikes of each layer in consecutive columns of equal width.

    Parameters
    ----------
    t_us : (n_columns,) int64
        Start of each column.
    column_us : int
        Width of a column; the last one may reach beyond the end of the run.
    bin_us : int
        Width of a bin, which ``minimum`` and ``maximum`` are of.
    total : (n_layers, n_columns) int64
        Spikes, in the network's order of layers.
    minimum, maximum : (n_layers, n_columns) int64
        Fewest and most spikes of the layer in a bin of the column.
    """

    t_us: NDArray[np.int64]
    column_us: int
    bin_us: int
    total: NDArray[np.int64]
    minimum: NDArray[np.int64]
    maximum: NDArray[np.int64]


def overview_of(batch: pa.RecordBatch) -> Overview:
    """Return the overview that a batch holds."""
    told = {name.decode(): int(value) for name, value in (batch.schema.metadata or {}).items()}
    shape = (told["layers"], told["columns"])
    total, minimum, maximum = (
        batch.column(name).to_numpy().astype(np.int64).reshape(shape) for name in ("sum", "min", "max")
    )
    t_us = told["t_start_us"] + np.arange(shape[1], dtype=np.int64) * told["column_us"]
    return Overview(t_us, told["column_us"], told["bin_us"], total, minimum, maximum)
