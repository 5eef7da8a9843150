"""Layers where their projections pull them: a force layout of the projection graph, for networks of any topology."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from synaptarium.scenes.grid import grid_of
from synaptarium.scenes.layout import SIDE, Layout, PositionsUm, placed, sheet_block, together
from synaptarium.schemas.recording import Layer, Projection

#: Distance at which a connected pair rests, and room left between sheets, in units of SIDE.
REST, ROOM = 1.3, 0.18
#: How strongly a target is pushed to the right of its source, in parts of the spring.
FORWARD = 0.35


def force(
    layers: Sequence[Layer],
    *,
    projections: Sequence[Projection] = (),
    positions_um: PositionsUm | None = None,
) -> Layout:
    """Lay the layers out as sheets where springs along the projections and repulsion balance.

    Each projection is a spring, the stronger the more synapses it has (logarithmically), and pushes its target to
    the right of its source, so that a chain reads from left to right and a loop closes. Parts of the network that
    nothing connects stay beside each other in the layers' order. In the end the sheets are moved apart until none overlap. Parameters and result as
    :func:`synaptarium.scenes.sheets.sheets`.

    Notes
    -----
    Fruchterman and Reingold 1991, doi:10.1002/spe.4380211102, from a circle in the layers' order: no random
    numbers, so the same network lies the same everywhere. The cost grows with the square of the number of layers
    (best of seven, on a busy machine: 8 layers 14 ms, 50 layers 88 ms, 200 layers 1.1 s).
    """
    grids = [grid_of(layer.shape) for layer in layers]
    longest = max((max(grid.rows, grid.columns) for grid in grids), default=1)
    blocks = [sheet_block(layer.name, grid, longest) for layer, grid in zip(layers, grids, strict=True)]
    sizes = np.array([np.subtract(block.frame.bounds[1], block.frame.bounds[0]) for block in blocks])
    # A sheet stands in z-y and is seen at a slant: to the side it needs about its width.
    halves = np.column_stack([sizes[:, 2] * 0.5 + ROOM * SIDE / 2, sizes[:, 1] * 0.5 + ROOM * SIDE / 2])
    middles = apart(_balanced(layers, projections), halves)
    middles -= (middles.min(axis=0) + middles.max(axis=0)) / 2
    moved = [placed(block, (float(x), float(y), 0.0)) for block, (x, y) in zip(blocks, middles, strict=True)]
    behind = max((block.frame.bounds[1][0] for block in moved), default=0.0) + 0.7 * SIDE
    return together(layers, moved, projections, behind_x=behind)


def _balanced(layers: Sequence[Layer], projections: Sequence[Projection]) -> NDArray[np.float64]:
    """(n, 2) positions in which attraction and repulsion balance."""
    n = len(layers)
    angle = np.pi - 2 * np.pi * np.arange(n) / max(n, 1)
    at = np.column_stack([np.cos(angle), np.sin(angle)]) * REST * SIDE * max(1.0, n / 6)
    index = {layer.name: i for i, layer in enumerate(layers)}
    pull = np.zeros((n, n))  # [source, target]
    for projection in projections:
        if projection.target in index and projection.source != projection.target:
            pull[index[projection.source], index[projection.target]] += math.log10(10 + projection.synapses)
    if n < 2:
        return np.zeros((n, 2))
    _join(pull)
    strength = pull + pull.T
    strength /= max(float(strength.max()), 1e-9)
    onward = (pull - pull.T) / max(float((pull + pull.T).max()), 1e-9)
    rest = REST * SIDE
    steps = 300 if n <= 100 else 120
    for step in range(steps):
        away = at[:, None, :] - at[None, :, :]
        distance = np.sqrt((away**2).sum(axis=2)) + 1e-6
        direction = away / distance[:, :, None]
        push = rest**2 / np.maximum(distance, 0.05 * rest)
        move = (direction * (push - strength * distance**2 / rest)[:, :, None]).sum(axis=1)
        move[:, 0] += FORWARD * rest * (onward.sum(axis=0) - onward.sum(axis=1)) / 2
        move -= 0.03 * at  # what nothing connects stays in reach
        length = np.sqrt((move**2).sum(axis=1)) + 1e-9
        warmth = rest * 0.4 * (1 - step / steps) ** 1.5
        at = at + move / length[:, None] * np.minimum(length * 0.1, warmth)[:, None]
    return at


def _join(pull: NDArray[np.float64]) -> None:
    """Tie each part that nothing connects to the layer before it, by the weakest spring: repulsion alone has no end."""
    part = np.arange(len(pull))
    for source, target in zip(*np.nonzero(pull), strict=True):
        part[part == part[target]] = part[source]
    for layer in range(1, len(pull)):
        if part[layer] != part[layer - 1]:
            pull[layer - 1, layer] = 1.0
            part[part == part[layer]] = part[layer - 1]


def apart(middles: NDArray[np.float64], halves: NDArray[np.float64]) -> NDArray[np.float64]:
    """Move rectangles apart until none overlap.

    Parameters
    ----------
    middles, halves : (n, 2) float64
        Middle and half size of each rectangle.

    Returns
    -------
    (n, 2) float64
        Middles; any two rectangles are disjoint or touch.
    """
    at = middles.copy()
    n = len(at)
    if n < 2:
        return at
    need = halves[:, None, :] + halves[None, :, :]
    other = ~np.eye(n, dtype=bool)
    # Ties go by index, so that two at one place part.
    sign = np.sign(np.arange(n)[:, None] - np.arange(n)[None, :])
    for _ in range(200):
        away = at[:, None, :] - at[None, :, :]
        overlap = need - np.abs(away)
        bad = (overlap > 1e-9).all(axis=2) & other
        if not bad.any():
            return at
        along = np.argmin(overlap, axis=2)  # the shorter way out
        way = np.where(away != 0, np.sign(away), sign[:, :, None])
        for axis in (0, 1):
            shift = np.where(bad & (along == axis), overlap[:, :, axis] * way[:, :, axis], 0.0)
            at[:, axis] += 0.5 * shift.sum(axis=1) / np.maximum(1, bad.sum(axis=1))
    # Growing the whole picture always ends it.
    away = np.abs(at[:, None, :] - at[None, :, :])
    with np.errstate(divide="ignore"):
        factor = np.where(
            other, np.min(np.where(away > 1e-9, need / np.maximum(away, 1e-9), np.inf), axis=2), 0.0
        )
    return at * max(1.0, float(factor.max()))
