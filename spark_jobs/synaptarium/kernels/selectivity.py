"""Which class of stimuli a neuron answers most, and how exclusively."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

I64 = NDArray[np.int64]


def preferred_class(counts: I64, time_us: I64) -> tuple[NDArray[np.int16], NDArray[np.float32]]:
    """Return the class of the highest mean rate of each neuron, and its selectivity index.

    The index is (r - o) / (r + o), r the mean rate while the preferred class is shown and o the mean of the rates of
    the other classes: 1 for a neuron that answers one class only, 0 for one that answers all alike.

    Parameters
    ----------
    counts : (n_neurons, n_classes) int64
        Spikes while each class was shown.
    time_us : (n_classes,) int64
        For how long each class was shown; classes never shown are left out.

    Returns
    -------
    classes : (n_neurons,) int16
        Preferred class, the first one of equals; -1 for a neuron without spikes.
    index : (n_neurons,) float32
        Selectivity index, 0 to 1; 0 where there is no preferred class, 1 where only one class was shown.

    Raises
    ------
    ValueError
        Shapes that do not fit.

    Notes
    -----
    The preferred class is the neuron labelling of Diehl and Cook 2015, doi:10.3389/fncom.2015.00099.

    Examples
    --------
    >>> preferred_class(np.array([[9, 1], [0, 0], [2, 2]]), np.array([10, 10]))
    (array([ 0, -1,  0], dtype=int16), array([0.8, 0. , 0. ], dtype=float32))
    """
    if counts.ndim != 2 or counts.shape[1] != len(time_us):
        raise ValueError(f"counts {counts.shape} and time_us {time_us.shape} do not fit")
    shown = time_us > 0
    n_shown = int(shown.sum())
    rates = np.where(shown, counts / np.maximum(time_us, 1), -1.0)
    if not n_shown:
        return np.full(len(counts), -1, np.int16), np.zeros(len(counts), np.float32)
    best = rates.argmax(axis=1)
    top = rates[np.arange(len(rates)), best]
    silent = top <= 0
    others = (np.where(shown, rates, 0.0).sum(axis=1) - top) / max(1, n_shown - 1)
    index = np.where(silent, 0.0, (top - others) / np.maximum(top + others, 1e-300))
    return np.where(silent, -1, best).astype(np.int16), index.astype(np.float32)
