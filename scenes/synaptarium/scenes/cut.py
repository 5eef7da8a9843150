"""A moment cut open by planes across x, y and z: neurons beyond them are left out, synapses and slabs end at them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from synaptarium.scenes.gltf import Moment, Segments
from synaptarium.scenes.layout import Vector


def cut(moment: Moment, low: ArrayLike, high: ArrayLike) -> Moment:
    """Return what lies within a box.

    Parameters
    ----------
    low, high : (3,) array_like
        Smallest and largest coordinates that stay, scene units.
    """
    low, high = np.asarray(low, float), np.asarray(high, float)
    positions = moment.layout.positions
    inside = np.all((positions >= low) & (positions <= high), axis=1)
    frames = tuple(replace(frame, bounds=_within(frame.bounds, low, high)) for frame in moment.layout.frames)
    return replace(
        moment,
        layout=replace(moment.layout, frames=frames),
        kept=inside if moment.kept is None else inside & moment.kept,
        segments=[_shortened(segments, low, high) for segments in moment.segments],
    )


def _within(
    bounds: tuple[Vector, Vector], low: NDArray[np.float64], high: NDArray[np.float64]
) -> tuple[Vector, Vector]:
    """The part of a box within the planes; its low corner is above the high one where there is none."""
    (a, b, c), (d, e, f) = np.maximum(bounds[0], low), np.minimum(bounds[1], high)
    return (float(a), float(b), float(c)), (float(d), float(e), float(f))


def _shortened(segments: Segments, low: NDArray[np.float64], high: NDArray[np.float64]) -> Segments:
    """Each line's part within the box (Liang and Barsky, 1984, doi:10.1145/357332.357333)."""
    start = segments.ends[:, 0].astype(float)
    way = segments.ends[:, 1] - start
    with np.errstate(divide="ignore", invalid="ignore"):
        # Lines along a plane meet it nowhere: they stay or go by where they lie.
        lows, highs = (low - start) / way, (high - start) / way
    along = way == 0
    outside = np.any(along & ((start < low) | (start > high)), axis=1)
    begins = np.where(along, 0.0, np.minimum(lows, highs)).max(axis=1, initial=0.0)
    ends = np.where(along, 1.0, np.maximum(lows, highs)).min(axis=1, initial=1.0)
    stays = ~outside & (begins < ends)
    parts = np.stack([begins, ends], axis=1)[stays]
    shortened = start[stays, None] + parts[..., None] * way[stays, None]
    return replace(segments, ends=shortened.astype(np.float32), weights=segments.weights[stays])
