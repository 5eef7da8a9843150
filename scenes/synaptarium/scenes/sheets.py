"""Layers as upright sheets by their shape, and as stacks of channels: one behind the other along x."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from synaptarium.scenes.grid import grid_of, one_tile
from synaptarium.scenes.layout import SIDE, Block, Layout, PositionsUm, in_a_row, sheet_block
from synaptarium.schemas.recording import Layer, Projection

#: Depth of a stack at most, and of one channel in tile sides: close enough to read as one layer.
STACK_DEPTH = 1.1 * SIDE
CHANNEL_PITCH = 0.3


def sheets(
    layers: Sequence[Layer],
    *,
    projections: Sequence[Projection] = (),
    positions_um: PositionsUm | None = None,
) -> Layout:
    """Lay the layers out as sheets by their shape, one behind the other along x.

    (H, W) stays H x W; (C, H, W) becomes C tiles of H x W in a grid; one number becomes a near-square sheet.

    Parameters
    ----------
    layers : sequence of Layer
        In the order in which they stand; their offsets cover 0..n without gaps.
    projections : sequence of Projection
        Decoders among them get a place behind the last layer.
    positions_um : ignored
        Sheets are made from the shapes.

    Returns
    -------
    Layout
        A pure function of the arguments: the same network lies the same everywhere.

    Notes
    -----
    10^6 neurons take 47 ms in one layer, 66 ms in ten (best of seven, on a busy machine).

    Examples
    --------
    >>> net = sheets([Layer(name="in", neurons=6, shape=(2, 3), offset=0)])
    >>> net.positions[0].tolist(), net.frames[0].columns  # top left, seen from the front
    ([0.0, 16.66666603088379, -33.33333206176758], 3)
    """
    grids = [grid_of(layer.shape) for layer in layers]
    longest = max((max(grid.rows, grid.columns) for grid in grids), default=1)
    blocks = [sheet_block(layer.name, grid, longest) for layer, grid in zip(layers, grids, strict=True)]
    return in_a_row(layers, blocks, projections)


def stacks(
    layers: Sequence[Layer],
    *,
    projections: Sequence[Projection] = (),
    positions_um: PositionsUm | None = None,
) -> Layout:
    """Lay (C, H, W) layers out as C tiles of H x W one behind the other, as convolutional networks are drawn.

    Other layers are sheets. Parameters and result as :func:`sheets`.
    """
    shapes = [_channels(layer.shape) for layer in layers]
    longest = max(
        (
            max(grid_of(shape[1:] if shape[0] > 1 else layer.shape).rows, shape[2])
            for shape, layer in zip(shapes, layers, strict=True)
        ),
        default=1,
    )
    blocks = [
        _stack_block(layer.name, shape, longest)
        if shape[0] > 1
        else sheet_block(layer.name, grid_of(layer.shape), longest)
        for layer, shape in zip(layers, shapes, strict=True)
    ]
    return in_a_row(layers, blocks, projections)


def has_channels(layer: Layer) -> bool:
    """Return True for a layer of more than one channel with an extent."""
    return _channels(layer.shape)[0] > 1


def _channels(shape: Sequence[int]) -> tuple[int, int, int]:
    """(channels, height, width); one channel for everything that has none."""
    if len(shape) < 3 or shape[-1] == shape[-2] == 1:
        grid = grid_of(shape)
        return 1, grid.rows, grid.columns
    return math.prod(shape[:-2]), shape[-2], shape[-1]


def _stack_block(name: str, shape: tuple[int, int, int], longest: int) -> Block:
    channels, height, width = shape
    tile = sheet_block(name, one_tile(height, width, height * width), longest)
    pitch = min(CHANNEL_PITCH * max(height, width) * tile.frame.spacing, STACK_DEPTH / channels)
    x = (np.arange(channels) - (channels - 1) / 2) * pitch
    xyz = np.tile(tile.positions, (channels, 1))
    xyz[:, 0] = np.repeat(x, height * width)
    low, high = tile.frame.bounds
    half = (channels - 1) / 2 * pitch
    frame = replace(
        tile.frame,
        kind="stack",
        origin=(-half, tile.frame.origin[1], tile.frame.origin[2]),
        axes=(*tile.frame.axes, (pitch, 0.0, 0.0)),
        # Neurons are drawn by their spacing: channels closer than neighbours make them smaller.
        spacing=min(tile.frame.spacing, (tile.frame.spacing**2 * pitch) ** (1 / 3)),
        tile=(height, width, 0, 1),
        bounds=((low[0] - half, low[1], low[2]), (high[0] + half, high[1], high[2])),
    )
    return Block(frame=frame, positions=xyz)
