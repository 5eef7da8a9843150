"""What a scene of a network needs to be drawn, as columns and plain metadata ready for the wire."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from synaptarium.scenes.layout import Frame, Layout, Vector


@dataclass(frozen=True, kw_only=True)
class Network:
    """A laid out network as arrays.

    Parameters
    ----------
    columns : dict of str to (n_neurons,) float32
        ``x``, ``y``, ``z`` in scene units, global index order.
    metadata : dict
        JSON-ready: ``layers`` and ``places`` (frames: name, kind, origin, axes, spacing, rows, columns, tile,
        bounds), ``bounds``, ``um_per_unit``, ``note``, ``home`` (camera ``position`` and ``target`` that fit the network).
    """

    columns: dict[str, NDArray[np.float32]]
    metadata: dict[str, object]


def network(layout: Layout) -> Network:
    """Return the columns and the metadata of a layout.

    Parameters
    ----------
    layout : Layout
        As one of ``scenes.layouts`` made it.

    Returns
    -------
    Network
        Columns are contiguous copies.
    """
    x, y, z = (np.ascontiguousarray(layout.positions[:, axis]) for axis in range(3))
    position, target = home_view(layout.bounds)
    return Network(
        columns={"x": x, "y": y, "z": z},
        metadata={
            "layers": [frame_metadata(frame) for frame in layout.frames],
            "places": [frame_metadata(frame) for frame in layout.places],
            "bounds": layout.bounds,
            "um_per_unit": layout.um_per_unit,
            "note": layout.note,
            "home": {"position": position, "target": target},
        },
    )


def frame_metadata(frame: Frame) -> dict[str, object]:
    """Return a frame as plain JSON values."""
    return asdict(frame)


def home_view(
    bounds: tuple[Vector, Vector], *, field_of_view_deg: float = 28.0, aspect: float = 16 / 9
) -> tuple[Vector, Vector]:
    """Return (camera position, target) of the three-quarter view that fits the bounds.

    The camera stands before the first sheet, to its right and a little above, and looks along the row: the first layer
    reads from left to right, the last is farthest. The distance fits the bounding sphere into the narrower field.
    """
    low, high = np.asarray(bounds[0]), np.asarray(bounds[1])
    target = (low + high) / 2
    radius = max(float(np.linalg.norm(high - low)) / 2, 1e-6)
    half = math.radians(field_of_view_deg) / 2
    half = min(half, math.atan(math.tan(half) * aspect))
    direction = np.array([-0.66, 0.34, 0.67])
    position = target + direction / np.linalg.norm(direction) * radius / math.sin(half)
    return (float(position[0]), float(position[1]), float(position[2])), (
        float(target[0]),
        float(target[1]),
        float(target[2]),
    )
