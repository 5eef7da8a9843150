"""The cells of a sheet: where the neurons of a layer's shape lie as rows and columns."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Grid:
    """Rows and columns of a whole sheet, and how its tiles make it up.

    Parameters
    ----------
    rows, columns : int
        Of the sheet, gaps between tiles included.
    height, width : int
        Of one tile.
    gap : int
        Empty cells between tiles.
    tiles_in_row : int
        0 where the sheet is one tile.
    n : int
        Neurons.
    """

    rows: int
    columns: int
    height: int
    width: int
    gap: int
    tiles_in_row: int
    n: int

    @property
    def tile(self) -> tuple[int, ...]:
        """Return (rows, columns, gap, tiles in a row) of a channel; empty where there is one tile."""
        return () if self.tiles_in_row == 0 else (self.height, self.width, self.gap, self.tiles_in_row)


def grid_of(shape: Sequence[int]) -> Grid:
    """Return the cells of a sheet for a layer's shape.

    Sides of length 1 say nothing and are left out, except that a (1, n) layer stays a row. One number becomes a
    rectangle that holds it exactly where one of at most 5:2 exists (400 = 20x20, 10 = 2x5), else a square with an
    unfilled last row. More than three sides: all but the last two count as channels.
    """
    sides = [int(side) for side in shape]
    if len(sides) == 1:
        return one_tile(*rectangle(sides[0]), sides[0])
    height, width = sides[-2:]
    channels = math.prod(sides[:-2])
    if channels == 1:
        return one_tile(height, width, height * width)
    if height == width == 1:  # (C, 1, 1) is a vector in all but name
        return one_tile(*rectangle(channels), channels)
    tile_rows, tile_columns = rectangle(channels)
    gap = max(1, round(0.15 * max(height, width)))
    return Grid(
        rows=tile_rows * (height + gap) - gap,
        columns=tile_columns * (width + gap) - gap,
        height=height,
        width=width,
        gap=gap,
        tiles_in_row=tile_columns,
        n=channels * height * width,
    )


def one_tile(rows: int, columns: int, n: int) -> Grid:
    """Return a sheet of one tile that holds n cells."""
    return Grid(rows, columns, rows, columns, 0, 0, n)


def column_of(dimensions: int) -> Grid:
    """Return a column for a few dimensions, as an axis would stand; many make a near-square sheet."""
    return one_tile(dimensions, 1, dimensions) if dimensions <= 8 else grid_of((dimensions,))


def rectangle(n: int) -> tuple[int, int]:
    """Return (rows, columns) of a near-square sheet for n cells; exact where the sides are at most 5:2."""
    square = math.isqrt(n - 1) + 1 if n > 0 else 1
    for rows in range(square, 0, -1):
        if n % rows == 0 and n // rows <= 2.5 * rows and rows <= n // rows:
            return rows, n // rows
    return -(-n // square), square


def cells(grid: Grid) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return (row, column) of every neuron of a sheet, each (n,) int64."""
    ids = np.arange(grid.n)
    if grid.tiles_in_row == 0:
        row, column = np.divmod(ids, grid.columns)
        return row, column
    channel, within = np.divmod(ids, grid.height * grid.width)
    row, column = np.divmod(within, grid.width)
    tile_row, tile_column = np.divmod(channel, grid.tiles_in_row)
    return row + tile_row * (grid.height + grid.gap), column + tile_column * (grid.width + grid.gap)
