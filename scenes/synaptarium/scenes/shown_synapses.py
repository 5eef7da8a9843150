"""Which synapses of a projection are drawn where not all can be: the strongest, or an even sample of unknown ones."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

#: The |weight| of full colour is that quantile, as the page has it.
FULL_COLOUR = 0.995


def shown_synapses(weights: NDArray[np.float32], *, most: int) -> tuple[NDArray[np.int64], float]:
    """Return the places of the synapses to draw, and the |weight| of full colour.

    Parameters
    ----------
    weights : (n_synapses,) float32
        NaN where not known.
    most : int
        How many at most.

    Examples
    --------
    >>> places, scale = shown_synapses(np.array([0.5, np.nan, -2.0, 1.0], np.float32), most=2)
    >>> places.tolist()
    [2, 3]
    """
    size = np.abs(weights)
    known = ~np.isnan(size)
    if known.any():
        strongest = np.argsort(np.where(known, -size, np.inf), kind="stable")
        scale = float(np.quantile(size[known], FULL_COLOUR)) or float(size[known].max()) or 1.0
        return strongest[: min(most, int(known.sum()))], scale
    n = len(weights)
    return np.unique(np.linspace(0, max(n - 1, 0), min(most, n)).round().astype(np.int64)), 1.0
