"""The course of a population through its state space: principal components of binned activity."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]


def principal_components(activity: NDArray[np.number], *, n: int = 3) -> tuple[F64, F64]:
    """Project the activity of many neurons onto its first principal components (PCA).

    Parameters
    ----------
    activity : (n_bins, n_neurons) number
        E.g. spikes per bin.
    n : int
        Components.

    Returns
    -------
    (n_bins, n) float64, (n,) float64
        Scores of the mean-centred activity, and the part of the variance that each component explains; NaN and 0 for
        components that there are not. Of each component the neuron that weighs most weighs positive.

    Notes
    -----
    By singular values; Pearson 1901, doi:10.1080/14786440109462720; of neural activity: Cunningham and Yu, Nat. Neurosci.
    2014, doi:10.1038/nn.3776.

    Examples
    --------
    >>> scores, explained = principal_components(np.array([[0, 0], [1, 2], [2, 4]]), n=1)
    >>> scores.round(3).tolist(), explained.round(3).tolist()
    ([[-2.236], [0.0], [2.236]], [1.0])
    """
    wide = np.asarray(activity, np.float64)
    n_bins = len(wide)
    scores, explained = np.full((n_bins, n), np.nan), np.zeros(n)
    if not wide.size:
        return scores, explained
    wide = wide - wide.mean(axis=0)
    total = float((wide**2).sum())
    if total == 0:
        return scores, explained
    if wide.shape[1] > n_bins:
        # The smaller of the two products has the same components.
        values, vectors = np.linalg.eigh(wide @ wide.T)
        order = np.argsort(-values)[:n]
        size = np.sqrt(np.maximum(values[order], 0))
        found, axes = vectors[:, order] * size, wide.T @ vectors[:, order]
    else:
        values, axes = np.linalg.eigh(wide.T @ wide)
        order = np.argsort(-values)[:n]
        axes = axes[:, order]
        found = wide @ axes
    sign = np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])])
    kept = found.shape[1]
    scores[:, :kept] = found * np.where(sign == 0, 1.0, sign)
    explained[:kept] = np.maximum(values[order], 0) / total
    return scores, explained
