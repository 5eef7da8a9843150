"""How the weights of a projection began and ended."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from synaptarium.schemas.recording import Spread, WeightSpan


class FirstLast:
    """First and last recorded value of every synapse of a projection."""

    def __init__(self, n_synapses: int) -> None:
        self._first = np.zeros(n_synapses, np.float32)
        self._last = np.full(n_synapses, np.nan, np.float32)
        self._seen = np.zeros(n_synapses, np.bool_)

    def add(self, synapses: NDArray[np.uint32], values: NDArray[Any]) -> None:
        """Take values in time order; NaN where the synapse ceases."""
        new = ~self._seen[synapses] & ~np.isnan(values)
        # Of repeated indices numpy keeps the last assignment: backwards that is the first value.
        self._first[synapses[new][::-1]] = values[new][::-1]
        self._seen[synapses[new]] = True
        self._last[synapses] = values

    def spread(self) -> WeightSpan | None:
        """Return both spreads; the last one without the synapses that ceased, unless all did."""
        first = self._first[self._seen]
        if not len(first):
            return None
        last = self._last[~np.isnan(self._last)]
        return WeightSpan(first=_spread(first), last=_spread(last if len(last) else first))


def _spread(values: NDArray[np.float32]) -> Spread:
    return Spread(min=float(values.min()), mean=float(values.mean(dtype=np.float64)), max=float(values.max()))
