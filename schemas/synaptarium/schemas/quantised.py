"""How weights and potentials are stored: as 16-bit steps between their extremes, or as float32."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

#: Stands for "no value" among the steps.
ABSENT_U16 = 65535

F32 = NDArray[np.float32]
ValueDtype = Literal["u16", "f32"]


@dataclass(frozen=True)
class Quantised:
    """How values are stored: ``value = offset + scale * q`` for u16, the value itself for f32."""

    dtype: ValueDtype
    scale: float = 1.0
    offset: float = 0.0


def quantise(values: F32, quantised: Quantised) -> NDArray[Any]:
    """Return values as stored: u16 (65535 where NaN) or f32.

    Parameters
    ----------
    values : (n,) float32
        NaN stands for "absent".
    quantised : Quantised
        Values outside its range are clipped; the range comes from the data's own extremes.
    """
    if quantised.dtype == "f32":
        return np.ascontiguousarray(values, np.float32)
    # One array of float64, changed in place: this is done for every change and keyframe at every level.
    steps = values.astype(np.float64)
    steps -= quantised.offset
    steps /= quantised.scale or 1.0
    np.rint(steps, out=steps)
    np.clip(steps, 0, ABSENT_U16 - 1, out=steps)
    steps[np.isnan(steps)] = ABSENT_U16
    return steps.astype(np.uint16)


def dequantise(stored: NDArray[Any], quantised: Quantised) -> F32:
    """Return the float32 values of stored ones; NaN where absent."""
    if quantised.dtype == "f32":
        return stored.astype(np.float32)
    values = (quantised.offset + quantised.scale * stored.astype(np.float64)).astype(np.float32)
    values[stored == ABSENT_U16] = np.nan
    return values
