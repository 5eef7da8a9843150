"""Layers where the recording says that they lie: coordinates in micrometres (SONATA, NEST, a user's own)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from synaptarium.scenes.grid import grid_of
from synaptarium.scenes.layout import (
    SIDE,
    Block,
    Layout,
    PositionsUm,
    in_a_row,
    scattered_block,
    sheet_block,
    together,
)
from synaptarium.schemas.errors import InvalidInput
from synaptarium.schemas.recording import Layer, Projection


def recorded(
    layers: Sequence[Layer],
    *,
    projections: Sequence[Projection] = (),
    positions_um: PositionsUm | None = None,
) -> Layout:
    """Lay the neurons out at their recorded coordinates, all in one scale.

    Where every layer has coordinates and these differ in place, the network keeps its own space. Where the layers
    are told apart by the third coordinate most (a cortical column whose z is depth), that one is drawn upwards: a
    rotation, no distance changes. Otherwise each layer keeps its own plane (recorded x to the right, y up) at its
    place in the row, and layers without coordinates are sheets.

    Parameters
    ----------
    layers, projections
        As :func:`synaptarium.scenes.sheets.sheets`.
    positions_um : mapping of str to (n_neurons, 3) array
        Recorded coordinates in micrometres by layer name.

    Raises
    ------
    InvalidInput
        No layer has coordinates, or they are not (n, 3), or not finite.
    """
    clouds = _checked(layers, positions_um or {})
    if not clouds:
        raise InvalidInput(
            "No layer of this recording has coordinates.", hint="Choose another layout, for instance sheets."
        )
    if len(clouds) == len(layers) and _share_a_space(list(clouds.values())):
        return _one_space(layers, projections, clouds)
    widest = max(float(np.ptp(xyz, axis=0).max()) for xyz in clouds.values())
    scale = SIDE / widest if widest > 0 else 1.0
    grids = {layer.name: grid_of(layer.shape) for layer in layers if layer.name not in clouds}
    longest = max((max(grid.rows, grid.columns) for grid in grids.values()), default=1)
    blocks: list[Block] = []
    for layer in layers:
        if layer.name in grids:
            blocks.append(sheet_block(layer.name, grids[layer.name], longest))
            continue
        xyz = clouds[layer.name]
        middle = (xyz.min(axis=0) + xyz.max(axis=0)) / 2
        blocks.append(scattered_block(layer.name, "cloud", (xyz - middle)[:, [2, 1, 0]] * scale))
    return in_a_row(layers, blocks, projections, um_per_unit=1 / scale, note=_shared_places(clouds))


def _one_space(
    layers: Sequence[Layer], projections: Sequence[Projection], clouds: dict[str, NDArray[np.float64]]
) -> Layout:
    note = ""
    if _told_apart_by(list(clouds.values())) == 2:
        clouds = {name: xyz[:, [0, 2, 1]] * (1, 1, -1) for name, xyz in clouds.items()}
        note = "up: recorded z"
    low = np.min([xyz.min(axis=0) for xyz in clouds.values()], axis=0)
    high = np.max([xyz.max(axis=0) for xyz in clouds.values()], axis=0)
    middle, scale = (low + high) / 2, SIDE / max(float((high - low).max()), 1e-9)
    blocks = [scattered_block(layer.name, "cloud", (clouds[layer.name] - middle) * scale) for layer in layers]
    # One size for all: the room of a mean neuron of the network, not of its layer.
    whole = scattered_block(
        "", "cloud", (np.concatenate(list(clouds.values())) - middle) * scale
    ).frame.spacing
    blocks = [replace(block, frame=replace(block.frame, spacing=whole)) for block in blocks]
    behind = float((high[0] - middle[0]) * scale) + 0.6 * SIDE
    note = "; ".join(part for part in (note, _shared_places(clouds)) if part)
    return together(layers, blocks, projections, behind_x=behind, um_per_unit=1 / scale, note=note)


def _checked(layers: Sequence[Layer], positions_um: PositionsUm) -> dict[str, NDArray[np.float64]]:
    clouds: dict[str, NDArray[np.float64]] = {}
    for layer in layers:
        if layer.name not in positions_um:
            continue
        xyz = np.asarray(positions_um[layer.name], np.float64)
        if xyz.shape != (layer.neurons, 3):
            raise InvalidInput(
                f"Positions of layer {layer.name!r} have the shape {xyz.shape}; ({layer.neurons}, 3) was expected.",
                hint="Give x, y, z in micrometres for every neuron, in the order of their ids.",
            )
        if not np.isfinite(xyz).all():
            raise InvalidInput(
                f"Positions of layer {layer.name!r} hold values that are not finite.",
                hint="Give every neuron a position, or none.",
            )
        clouds[layer.name] = xyz
    return clouds


def _share_a_space(clouds: Sequence[NDArray[np.float64]]) -> bool:
    """True when some layer lies elsewhere than the first: coordinates then mean one common space."""
    low, high = clouds[0].min(axis=0), clouds[0].max(axis=0)
    size = max(float((high - low).max()), 1e-9)
    for xyz in clouds[1:]:
        if np.abs((xyz.min(axis=0) + xyz.max(axis=0)) / 2 - (low + high) / 2).max() > 0.2 * size:
            return True
    return False


def _told_apart_by(clouds: Sequence[NDArray[np.float64]]) -> int:
    """The coordinate in which the layers' means differ most."""
    return int(np.argmax(np.std([xyz.mean(axis=0) for xyz in clouds], axis=0)))


def _shared_places(clouds: dict[str, NDArray[np.float64]]) -> str:
    """Neurons at exactly the same place cannot be told apart; said, and never moved."""
    joined = np.ascontiguousarray(np.concatenate(list(clouds.values())).astype(np.float32))
    hidden = len(joined) - len(np.unique(joined.view([("", np.float32)] * 3)))
    return f"{hidden:,} neurons share the place of another" if hidden else ""
