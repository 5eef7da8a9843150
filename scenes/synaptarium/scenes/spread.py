"""A layout with its layers moved apart: spread from the middle of the network, or fanned out beside each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from synaptarium.scenes.layout import Frame, Layout, Vector
from synaptarium.schemas.recording import Layer, Projection

#: Air around the neurons of a layer, spacings along x, y and z; and beside a layer that is fanned out, of its width.
MARGIN = np.array([0.02, 0.6, 0.6])
FAN_WIDTH = 1.12


class _Row(NamedTuple):
    """The box around a layer or place."""

    low: NDArray[np.float64]
    high: NDArray[np.float64]

    @property
    def centre(self) -> NDArray[np.float64]:
        return (self.low + self.high) / 2

    @property
    def width(self) -> float:
        return FAN_WIDTH * float(self.high[2] - self.low[2])


def spread_out(
    layout: Layout,
    layers: Sequence[Layer],
    *,
    projections: Sequence[Projection] = (),
    spread: float = 1.0,
    fan: float = 0.0,
) -> Layout:
    """Return the layout with its layers moved apart, as the page draws it.

    Parameters
    ----------
    layout : Layout
        As one of ``scenes.layouts`` made it.
    layers, projections
        Of the recording.
    spread : float
        Distance from the middle of the network: 1 as laid out, 2 twice as far.
    fan : float
        0 as laid out .. 1 each layer beside the one before it, along z.

    Notes
    -----
    Layers keep their size and their neurons' places in them. ``scene/neurons/neuron_table.ts`` does the same on the page.
    """
    if spread == 1 and fan == 0:
        return layout
    by_name = {layer.name: layer for layer in layers}
    rows = _rows(layout, layers, projections)
    shifts = _shifts(rows, spread, fan)
    positions = layout.positions.copy()
    for frame, shift in zip(layout.frames, shifts, strict=False):
        layer = by_name[frame.name]
        positions[layer.offset : layer.offset + layer.neurons] += shift
    moved = [
        frame.moved(_vector(shift))
        for frame, shift in zip((*layout.frames, *layout.places), shifts, strict=True)
    ]
    low = np.min([frame.bounds[0] for frame in moved], axis=0)
    high = np.max([frame.bounds[1] for frame in moved], axis=0)
    return replace(
        layout,
        positions=positions,
        frames=tuple(moved[: len(layout.frames)]),
        places=tuple(moved[len(layout.frames) :]),
        bounds=(_vector(low), _vector(high)),
    )


def extent(
    layout: Layout, layers: Sequence[Layer], *, projections: Sequence[Projection] = ()
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the smallest and largest coordinates of a network, its air included: what the page's clipping planes part."""
    rows = _rows(layout, layers, projections)
    return np.min([row.low for row in rows], axis=0), np.max([row.high for row in rows], axis=0)


def _rows(layout: Layout, layers: Sequence[Layer], projections: Sequence[Projection]) -> list[_Row]:
    by_name = {layer.name: layer for layer in layers}
    dimensions = [p.target_neurons for p in projections if p.kind == "decoder"]
    return [
        *(_box(_neurons(layout, by_name[frame.name]), frame) for frame in layout.frames),
        *(_box(_places(frame, n), frame) for frame, n in zip(layout.places, dimensions, strict=True)),
    ]


def _shifts(rows: Sequence[_Row], spread: float, fan: float) -> NDArray[np.float64]:
    """Return the (n_rows, 3) displacements."""
    middle = (np.min([row.low for row in rows], axis=0) + np.max([row.high for row in rows], axis=0)) / 2
    centres = np.array([row.centre for row in rows])
    shifts = (centres - middle) * (spread - 1)
    # In the order in which they stand: from left to right, or from the top down where they are stacked.
    spans = np.ptp(centres, axis=0)
    standing = np.argsort(centres[:, 0] if spans[0] >= spans[1] else -centres[:, 1], kind="stable")
    z = -sum(row.width for row in rows) / 2
    for index in standing:
        row = rows[index]
        shifts[index, 2] += fan * (z + row.width / 2 - row.centre[2] + middle[2])
        z += row.width
    return shifts


def _box(points: NDArray[np.floating], frame: Frame) -> _Row:
    margin = MARGIN * frame.spacing
    return _Row(points.min(axis=0) - margin, points.max(axis=0) + margin)


def _neurons(layout: Layout, layer: Layer) -> NDArray[np.float64]:
    return layout.positions[layer.offset : layer.offset + layer.neurons].astype(np.float64)


def _places(frame: Frame, n: int) -> NDArray[np.float64]:
    """Where the dimensions of something decoded are drawn."""
    row, column = np.divmod(np.arange(n), frame.columns)
    return np.asarray(frame.origin) + np.outer(column, frame.axes[0]) + np.outer(row, frame.axes[1])


def _vector(values: NDArray[np.floating]) -> Vector:
    return float(values[0]), float(values[1]), float(values[2])
