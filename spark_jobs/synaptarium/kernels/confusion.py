"""How well classes are told apart: confusion matrix, accuracy over time, and the class that a neuron stands for."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]


def confusion_matrix(label: I64, prediction: I64, *, n_classes: int) -> I64:
    """Count stimuli by their class and by what the network made of them.

    Parameters
    ----------
    label, prediction : (n,) int64
        Class by number, -1 where there is none; such stimuli do not count.
    n_classes : int
        Size of the result.

    Returns
    -------
    (n_classes, n_classes) int64
        Rows are labels, columns predictions; the trace by the sum is the accuracy.

    Examples
    --------
    >>> confusion_matrix(np.array([0, 0, 1, -1]), np.array([0, 1, 1, 1]), n_classes=2)
    array([[1, 1],
           [0, 1]])
    """
    told = (label >= 0) & (prediction >= 0)
    cells = np.bincount(label[told] * n_classes + prediction[told], minlength=n_classes**2)
    return cells.astype(np.int64).reshape(n_classes, n_classes)


def rolling_accuracy(right: NDArray[np.bool_], *, n: int) -> F64:
    """Return the part of the last ``n`` stimuli that was read right, at each stimulus.

    Parameters
    ----------
    right : (n_stimuli,) bool
        In the order of time.
    n : int
        1 at least; NaN until so many have been.

    Examples
    --------
    >>> rolling_accuracy(np.array([True, False, True]), n=2)
    array([nan, 0.5, 0.5])
    """
    total = np.concatenate(([0], np.cumsum(right, dtype=np.int64)))
    found = np.full(len(right), np.nan)
    if len(right) >= n:
        found[n - 1 :] = (total[n:] - total[:-n]) / n
    return found
