"""What a layout is: every neuron one point, every layer one frame; and how layers made one by one come together.

The scene's axes: x is depth (the first layer at the left, the last at the right), y is up, z points at the viewer.
A sheet stands upright in the z-y plane: columns run along +z, rows along -y, so that an image on a 28x28 input layer
reads as an image from the home view. Lengths are scene units; the largest side of the largest sheet is ``SIDE``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from synaptarium.scenes.grid import Grid, cells, column_of
from synaptarium.schemas.recording import Layer, Projection

SIDE = 100.0  # scene units: the largest side of the largest sheet

# A sheet's side grows with the square root of its number of columns, and is never below a sixth of the largest:
# 10 neurons beside 784 get 42 % of the side instead of 18 %, so that they can be read and picked.
SIDE_EXPONENT = 0.5
SMALLEST_SIDE = 1 / 6

Vector = tuple[float, float, float]
Positions = NDArray[np.float32]
#: Recorded coordinates in micrometres by layer name, each (n_neurons, 3).
PositionsUm = Mapping[str, NDArray[np.floating]]


@dataclass(frozen=True, kw_only=True)
class Frame:
    """Where a layer, or the place of something decoded, lies.

    Parameters
    ----------
    name : str
        The layer's name, or what is decoded.
    kind : {"sheet", "stack", "ring", "column", "cloud"}
        A regular sheet; channels one behind the other; circles in a plane; a round slab; recorded positions.
    origin : tuple of 3 floats
        Neuron 0 of a sheet or stack; the middle of anything else.
    axes : vectors
        One column and one row further, and of a stack one channel further: neuron (channel, row, column) lies at
        ``origin + column * axes[0] + row * axes[1] + channel * axes[2]``.
    spacing : float
        Distance of neighbours in scene units (of a cloud: the edge of the mean volume of a neuron).
    rows, columns : int
        Of the whole sheet, gaps between channels included; 0 where neurons lie on no grid.
    tile : tuple of int
        (rows, columns, gap, tiles in a row) of a channel of a (C, H, W) layer; empty where there is one tile.
    bounds : pair of vectors
        Smallest and largest coordinates, half a spacing around the neurons.
    """

    name: str
    kind: str
    origin: Vector
    axes: tuple[Vector, ...]
    spacing: float
    rows: int
    columns: int
    tile: tuple[int, ...]
    bounds: tuple[Vector, Vector]

    def moved(self, by: Vector) -> Frame:
        """Return the frame somewhere else."""
        low, high = self.bounds
        return replace(self, origin=_sum(self.origin, by), bounds=(_sum(low, by), _sum(high, by)))


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Where everything lies.

    Parameters
    ----------
    positions : (n_neurons, 3) float32
        Scene coordinates in global index order.
    frames : tuple of Frame
        One per layer, in the order in which they were given.
    places : tuple of Frame
        One per decoder projection: where its dimensions are drawn. They hold no neurons.
    bounds : pair of vectors
        Around all frames and places.
    um_per_unit : float or None
        Micrometres of one scene unit where recorded positions are drawn, else None.
    note : str
        What the viewer has to know about it, e.g. which recorded axis is drawn upwards; empty for nothing.
    """

    positions: Positions
    frames: tuple[Frame, ...]
    places: tuple[Frame, ...]
    bounds: tuple[Vector, Vector]
    um_per_unit: float | None
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Block:
    """One layer by itself: its frame, and its neurons in the frame's coordinates.

    Parameters
    ----------
    frame : Frame
        Around its own middle, or in the network's own space.
    positions : (n_neurons, 3) float array
        By neuron id.
    """

    frame: Frame
    positions: NDArray[np.floating]


def sheet_block(name: str, grid: Grid, longest: int) -> Block:
    """Return a layer as an upright sheet around the origin.

    Parameters
    ----------
    name : str
        Of the layer.
    grid : Grid
        Its cells.
    longest : int
        Cells on the longest side of the largest sheet, which gets ``SIDE``.
    """
    spacing = SIDE * share(max(grid.rows, grid.columns), longest) / max(grid.rows, grid.columns)
    half_z, half_y = grid.columns * spacing / 2, grid.rows * spacing / 2
    row, column = cells(grid)
    xyz = np.zeros((grid.n, 3))
    xyz[:, 1] = half_y - spacing / 2 - row * spacing
    xyz[:, 2] = spacing / 2 - half_z + column * spacing
    frame = Frame(
        name=name,
        kind="sheet",
        origin=(0.0, half_y - spacing / 2, spacing / 2 - half_z),
        axes=((0.0, 0.0, spacing), (0.0, -spacing, 0.0)),
        spacing=spacing,
        rows=grid.rows,
        columns=grid.columns,
        tile=grid.tile,
        bounds=((-spacing / 2, -half_y, -half_z), (spacing / 2, half_y, half_z)),
    )
    return Block(frame=frame, positions=xyz)


def share(cells_on_side: float, longest: float) -> float:
    """Return the part of ``SIDE`` that a layer's longer side gets beside the largest one."""
    return min(1.0, max(SMALLEST_SIDE, (cells_on_side / max(longest, 1)) ** SIDE_EXPONENT))


def scattered_block(name: str, kind: str, xyz: NDArray[np.floating]) -> Block:
    """Return neurons that lie on no grid; the spacing is the edge of the mean room of a neuron."""
    low, high = xyz.min(axis=0), xyz.max(axis=0)
    extent = high - low
    wide = extent[extent > 1e-6 * max(float(extent.max()), 1e-9)]
    spacing = SIDE / 10
    if len(wide):
        spacing = float(np.prod(wide / len(xyz) ** (1 / len(wide)))) ** (1 / len(wide))
    frame = Frame(
        name=name,
        kind=kind,
        origin=vector((low + high) / 2),
        axes=((0.0, 0.0, 1.0), (0.0, -1.0, 0.0)),
        spacing=spacing,
        rows=0,
        columns=0,
        tile=(),
        bounds=(vector(low - spacing / 2), vector(high + spacing / 2)),
    )
    return Block(frame=frame, positions=xyz)


def in_a_row(
    layers: Sequence[Layer],
    blocks: Sequence[Block],
    projections: Sequence[Projection] = (),
    *,
    um_per_unit: float | None = None,
    note: str = "",
) -> Layout:
    """Return blocks that stand one behind the other along x, each around its middle, decoders behind the last.

    Neighbours are wide apart where there are few, closer where there are many (the view can spread them further).
    Thick blocks get their thickness on top.
    """
    n = len(layers) + any(projection.kind == "decoder" for projection in projections)
    gap = SIDE * min(0.95, max(0.35, 3.2 / max(n - 1, 1)))
    thick = [max(0.0, _extent(block.frame, 0) - block.frame.spacing) for block in blocks]
    x = -(gap * (n - 1) + sum(thick)) / 2
    middles: list[Vector] = []
    for depth in thick:
        middles.append((x + depth / 2, 0.0, 0.0))
        x += depth + gap
    moved = [placed(block, middle) for block, middle in zip(blocks, middles, strict=True)]
    return together(layers, moved, projections, behind_x=x, um_per_unit=um_per_unit, note=note)


def placed(block: Block, by: Vector) -> Block:
    """Return a block somewhere else."""
    return Block(frame=block.frame.moved(by), positions=block.positions + np.asarray(by))


def together(
    layers: Sequence[Layer],
    blocks: Sequence[Block],
    projections: Sequence[Projection] = (),
    *,
    behind_x: float,
    um_per_unit: float | None = None,
    note: str = "",
) -> Layout:
    """Return the layout of blocks that are where they belong; what is decoded stands at ``behind_x``."""
    positions = np.empty((sum(layer.neurons for layer in layers), 3), np.float32)
    for layer, block in zip(layers, blocks, strict=True):
        positions[layer.offset : layer.offset + layer.neurons] = block.positions
    frames = tuple(block.frame for block in blocks)
    places = _places([p for p in projections if p.kind == "decoder"], frames, behind_x)
    corners = np.array([frame.bounds for frame in (*frames, *places)])
    return Layout(
        positions=positions,
        frames=frames,
        places=places,
        bounds=(vector(corners[:, 0].min(axis=0)), vector(corners[:, 1].max(axis=0))),
        um_per_unit=um_per_unit,
        note=note,
    )


def _places(decoders: Sequence[Projection], frames: Sequence[Frame], x: float) -> tuple[Frame, ...]:
    """Side by side along z behind the last layer, each a small sheet of its dimensions."""
    grids = [column_of(projection.target_neurons) for projection in decoders]
    longest = max((max(frame.rows, frame.columns) for frame in frames), default=0) or 28
    made = [
        sheet_block(projection.target, grid, max(longest, grid.rows)).frame
        for projection, grid in zip(decoders, grids, strict=True)
    ]
    widths = [_extent(frame, 2) for frame in made]
    z = -(sum(widths) + 0.1 * SIDE * (len(made) - 1)) / 2
    places: list[Frame] = []
    for frame, width in zip(made, widths, strict=True):
        places.append(frame.moved((x, 0.0, z + width / 2)))
        z += width + 0.1 * SIDE
    return tuple(places)


def _extent(frame: Frame, axis: int) -> float:
    return frame.bounds[1][axis] - frame.bounds[0][axis]


def vector(values: NDArray[np.floating]) -> Vector:
    """Return three plain floats."""
    return (float(values[0]), float(values[1]), float(values[2]))


def _sum(a: Vector, b: Vector) -> Vector:
    return (a[0] + b[0], a[1] + b[1], a[2] + b[2])
