"""Layers as rings: every neuron on a circle, one layer behind the other; nobody stands at an edge."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from synaptarium.scenes.layout import SIDE, Block, Frame, Layout, PositionsUm, in_a_row, share
from synaptarium.schemas.recording import Layer, Projection

#: More neurons than this share several circles: on one they could not be told apart.
ONE_CIRCLE = 400
#: The innermost of several circles, in radii of the outermost.
INNER = 0.45


def rings(
    layers: Sequence[Layer],
    *,
    projections: Sequence[Projection] = (),
    positions_um: PositionsUm | None = None,
) -> Layout:
    """Lay each layer out on circles in its plane: neuron 0 at the top, ids clockwise, the outermost circle first.

    Up to 400 neurons stand on one circle; more fill a band of circles with about the same distance along and
    across. Parameters and result as :func:`synaptarium.scenes.sheets.sheets`.

    Examples
    --------
    >>> net = rings([Layer(name="four", neurons=4, shape=(4,), offset=0)])
    >>> (net.positions.round(3) + 0.0).tolist()  # top, right (towards the viewer), bottom, left
    [[0.0, 50.0, 0.0], [0.0, 0.0, 50.0], [0.0, -50.0, 0.0], [0.0, 0.0, -50.0]]
    """
    largest = max((layer.neurons for layer in layers), default=1)
    blocks = [_ring(layer, math.sqrt(largest)) for layer in layers]
    return in_a_row(layers, blocks, projections)


def _ring(layer: Layer, longest: float) -> Block:
    n = layer.neurons
    outer = SIDE / 2 * share(math.sqrt(n), longest)
    radii = np.array([outer])
    counts = np.array([n])
    if n > ONE_CIRCLE:
        # A band of area pi (1 - INNER^2) outer^2 with one neuron per square of the spacing.
        spacing = outer * math.sqrt(math.pi * (1 - INNER**2) / n)
        circles = max(2, round(outer * (1 - INNER) / spacing))
        radii = np.linspace(outer, INNER * outer, circles)
        counts = _shared(n, radii)
    radius = np.repeat(radii, counts)
    first = np.repeat(np.cumsum(counts) - counts, counts)
    angle = 2 * np.pi * (np.arange(n) - first) / np.repeat(counts, counts)
    xyz = np.zeros((n, 3))
    if n > 1:
        xyz[:, 1], xyz[:, 2] = radius * np.cos(angle), radius * np.sin(angle)
    else:
        outer = 0.0
    apart = 2 * np.pi * radii[0] / counts[0] if n > 1 else SIDE / 10
    spacing = float(min(apart, SIDE / 10))
    edge = outer + spacing / 2
    frame = Frame(
        name=layer.name,
        kind="ring",
        origin=(0.0, 0.0, 0.0),
        axes=((0.0, 0.0, 1.0), (0.0, -1.0, 0.0)),
        spacing=spacing,
        rows=0,
        columns=0,
        tile=(),
        bounds=((-spacing / 2, -edge, -edge), (spacing / 2, edge, edge)),
    )
    return Block(frame=frame, positions=xyz)


def _shared(n: int, radii: NDArray[np.float64]) -> NDArray[np.int64]:
    """n neurons shared among circles by circumference, each at least one; the rounding evens out."""
    ends = np.round(np.cumsum(radii) / radii.sum() * n).astype(np.int64)
    return np.diff(ends, prepend=0)
