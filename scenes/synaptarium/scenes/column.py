"""A cortical column: round slabs one above the other, the upper layers of the cortex on top."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from synaptarium.scenes.layout import SIDE, Block, Frame, Layout, PositionsUm, placed, together
from synaptarium.schemas.recording import Layer, Projection

#: "L23E", "layer 4", "L2/3 exc", "p_L5i": the cortical layer in a population's name.
CORTICAL = re.compile(r"(?:^|[^a-z])(?:l|layer)[ _-]?([1-6])(?:/?[1-6])?", re.IGNORECASE)
MERGED = re.compile(r"(?:^|[^a-z])(?:l|layer)[ _-]?2/?3", re.IGNORECASE)
RADIUS = SIDE / 2
HEIGHT = 1.7 * SIDE  # of all slabs together
THINNEST = 0.012 * SIDE
GAP, GAP_WITHIN = 0.07 * SIDE, 0.02 * SIDE  # between cortical layers; between populations of the same one
GOLDEN_ANGLE = np.pi * (
    3 - np.sqrt(5.0)
)  # Vogel 1979, doi:10.1016/0025-5564(79)90080-4: even and never aligned
PLASTIC = 0.7548776662466927  # 1 / plastic number: heights that avoid each other (Roberts' R sequence)


def column(
    layers: Sequence[Layer],
    *,
    projections: Sequence[Projection] = (),
    positions_um: PositionsUm | None = None,
) -> Layout:
    """Stack the layers as round slabs: by the cortical layer in their names, else in the order given, first on top.

    Populations of one cortical layer lie close together, inhibitory above excitatory. A slab's thickness goes with
    its number of neurons, so that all are about equally dense. Parameters and result as
    :func:`synaptarium.scenes.sheets.sheets`.
    """
    slabs = _stacked(layers)
    total = max(1, sum(layer.neurons for layer in layers))
    thickness = [max(THINNEST, HEIGHT * layer.neurons / total) for layer, _ in slabs]
    gaps = [0.0]
    for (_, above), (_, below) in itertools.pairwise(slabs):
        gaps.append(GAP_WITHIN if above == below and above >= 0 else GAP)
    y = (sum(thickness) + sum(gaps)) / 2
    made: dict[str, Block] = {}
    for (layer, _), thick, gap in zip(slabs, thickness, gaps, strict=True):
        y -= gap + thick
        made[layer.name] = placed(_slab(layer, thick), (0.0, y + thick / 2, 0.0))
    blocks = [made[layer.name] for layer in layers]
    return together(layers, blocks, projections, behind_x=RADIUS + 0.5 * SIDE)


def cortical_layer(name: str) -> int:
    """Return the cortical layer in a population's name, 1 to 6; -1 where it names none.

    >>> [cortical_layer(name) for name in ("L23E", "layer 4 inh", "p_L5", "hidden1", "all")]
    [2, 4, 5, -1, -1]
    """
    found = CORTICAL.search(name)
    return int(found.group(1)) if found else -1


def is_cortical(layers: Sequence[Layer]) -> bool:
    """Return True where the names tell cortical depths.

    "L1", "L2" alone may be the layers of any network: two populations of one depth, or a "2/3", are asked for.
    """
    depths = [cortical_layer(layer.name) for layer in layers]
    named = [depth for depth in depths if depth > 0]
    merged = any(MERGED.search(layer.name) for layer in layers)
    return len(set(named)) >= 2 and len(named) >= len(layers) - 1 and (len(set(named)) < len(named) or merged)


def _stacked(layers: Sequence[Layer]) -> list[tuple[Layer, int]]:
    """Layers from the top down, each with its cortical layer (-1 where that is not known for all)."""
    if not is_cortical(layers):
        return [(layer, -1) for layer in layers]
    found = [(layer, cortical_layer(layer.name)) for layer in layers]
    # A population without a depth, the thalamus for instance, lies below.
    found.sort(key=lambda pair: (pair[1] if pair[1] > 0 else 9, pair[0].cell_type != "inhibitory"))
    return found


def _slab(layer: Layer, thick: float) -> Block:
    n = layer.neurons
    index = np.arange(n)
    xyz: NDArray[np.float64] = np.zeros((n, 3))
    if n > 1:
        radius = RADIUS * np.sqrt((index + 0.5) / n)
        xyz[:, 0], xyz[:, 2] = radius * np.cos(index * GOLDEN_ANGLE), radius * np.sin(index * GOLDEN_ANGLE)
        xyz[:, 1] = (np.modf(index * PLASTIC)[0] - 0.5) * thick
    spacing = min(SIDE / 10, max(float((np.pi * RADIUS**2 * thick / n) ** (1 / 3)), 1e-4))
    edge = (RADIUS if n > 1 else 0.0) + spacing / 2
    half = thick / 2
    frame = Frame(
        name=layer.name,
        kind="column",
        origin=(0.0, 0.0, 0.0),
        axes=((0.0, 0.0, 1.0), (0.0, -1.0, 0.0)),
        spacing=spacing,
        rows=0,
        columns=0,
        tile=(),
        bounds=((-edge, -half, -edge), (edge, half, edge)),
    )
    return Block(frame=frame, positions=xyz)
