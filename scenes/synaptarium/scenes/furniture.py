"""What stands around the neurons in a file: a slab for each layer, axes, and a scale bar."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from synaptarium.scenes.colours import layer_colour
from synaptarium.scenes.layout import SIDE, Layout
from synaptarium.schemas.recording import Layer

#: Okabe and Ito's vermilion, bluish green and blue, which the colour-blind tell apart.
AXES = (("x axis", (213, 94, 0)), ("y axis", (0, 158, 115)), ("z axis", (0, 114, 178)))
GREY = (154, 164, 184)
#: Length of an axis and longest scale bar, in parts of the network's extent; room between them and the network.
AXIS, BAR, ROOM = 0.2, 0.3, 0.04 * SIDE


@dataclass(frozen=True, kw_only=True)
class Slab:
    """A layer's box.

    Parameters
    ----------
    name : str
        ``"<layer> slab"``.
    low, high : (3,) float64
        Its corners in scene units; flat where the layer is.
    colour : (3,) float64
        The layer's hue, 0 to 255.
    """

    name: str
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    colour: NDArray[np.float64]

    def edges(self) -> NDArray[np.float32]:
        """Return the box's (n, 2, 3) edges: twelve, or the four of a flat one."""
        corners = np.array([[x, y, z] for x in (0, 1) for y in (0, 1) for z in (0, 1)])
        pairs = [(a, b) for a in range(8) for b in range(a, 8) if np.abs(corners[a] - corners[b]).sum() == 1]
        ends = (self.low + corners * (self.high - self.low))[np.array(pairs)]
        ends = ends[np.any(ends[:, 0] != ends[:, 1], axis=1)]
        return np.unique(ends, axis=0).astype(np.float32)


@dataclass(frozen=True, kw_only=True)
class Strokes:
    """Lines of one colour: an axis, or the scale bar.

    Parameters
    ----------
    name : str
        ``"x axis"``, ``"scale bar 200 um"``.
    ends : (n, 2, 3) float32
        Where they begin and end, scene units.
    colour : (3,) float64
        0 to 255.
    """

    name: str
    ends: NDArray[np.float32]
    colour: NDArray[np.float64]


def slabs(layers: Sequence[Layer], layout: Layout) -> list[Slab]:
    """Return a box around each layer; none for one that is cut away."""
    frames = {frame.name: frame for frame in layout.frames}
    found: list[Slab] = []
    for index, layer in enumerate(layers):
        low, high = (np.array(corner, float) for corner in frames[layer.name].bounds)
        if np.all(low <= high):
            found.append(Slab(name=f"{layer.name} slab", low=low, high=high, colour=layer_colour(index)))
    return found


def axes_and_scale(layout: Layout) -> list[Strokes]:
    """Return the scene's three axes and a scale bar beside the network's lower corner.

    The bar is as long as its name says, the largest 1, 2 or 5 times a power of ten within ``BAR`` of the extent: in
    micrometres where the layout has them, else in scene units.
    """
    low, high = (np.array(corner, float) for corner in layout.bounds)
    extent = float((high - low).max()) or SIDE
    corner = np.array([low[0] - ROOM, low[1] - ROOM, high[2] + ROOM])
    strokes: list[Strokes] = []
    for k, (name, colour) in enumerate(AXES):
        # z runs back from the corner that is nearest to the viewer, so that all three lie along the network.
        start, end = corner.copy(), corner.copy()
        if k == 2:
            start[2] -= AXIS * extent
        else:
            end[k] += AXIS * extent
        strokes.append(_strokes(name, [(start, end)], colour))
    um_per_unit = layout.um_per_unit or 1.0
    length = _round_below(BAR * extent * um_per_unit)
    start = corner - np.array([0, ROOM, 0])
    end = start + np.array([length / um_per_unit, 0, 0])
    tick = np.array([0, ROOM / 4, 0])
    unit = "um" if layout.um_per_unit else "units"
    bar = [(start, end), (start - tick, start + tick), (end - tick, end + tick)]
    return [*strokes, _strokes(f"scale bar {length:g} {unit}", bar, GREY)]


def _strokes(
    name: str, lines: Sequence[tuple[NDArray[np.float64], NDArray[np.float64]]], colour: tuple[int, int, int]
) -> Strokes:
    return Strokes(name=name, ends=np.array(lines, np.float32), colour=np.array(colour, float))


def _round_below(value: float) -> float:
    """Return the largest 1, 2 or 5 times a power of ten that is not above the value.

    >>> [_round_below(x) for x in (0.7, 4.9, 5.0, 230.0)]
    [0.5, 2.0, 5.0, 200.0]
    """
    power = 10.0 ** math.floor(math.log10(value))
    return max(step for step in (1.0, 2.0, 5.0) if step <= value / power * (1 + 1e-9)) * power
