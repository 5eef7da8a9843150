"""How like a stretch of activity another one is: template matching of population vectors, sliding over a run."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]


def template_similarity(
    bins: I64, channels: I64, counts: NDArray[np.number], *, template: F64, mean: F64, n_bins: int
) -> F64:
    """Return the similarity of a template with the activity from each bin on: the cosine of the centred vectors.

    Parameters
    ----------
    bins, channels, counts : (n_cells,)
        Activity that is not zero: bin, channel (neuron or group), spikes. No cell twice.
    template : (m, n_channels) float64
        Spikes of the stretch that is looked for, in bins of the same width.
    mean : (n_channels,) float64
        What is usual: spikes of each channel in a bin. It is taken off both.
    n_bins : int
        Bins of the activity.

    Returns
    -------
    (max(0, n_bins - m + 1),) float64
        From -1 to 1; NaN where one of both never departs from the mean.

    Notes
    -----
    With x the activity of m bins as one vector, t the template and u the mean in every bin:
    (x - u).(t - u) / (|x - u| |t - u|). O(m n_cells): silent cells cost nothing. Template matching of binned population
    activity: Tatsuno, Lipa, McNaughton, J. Neurosci. 2006, doi:10.1523/JNEUROSCI.3317-06.2006, there with Pearson's
    correlation.

    Examples
    --------
    >>> template_similarity(np.array([0, 2]), np.array([0, 0]), np.array([2, 1]), template=np.array([[1.0]]),
    ...                     mean=np.array([0.5]), n_bins=3)
    array([ 1., -1.,  1.])
    """
    m = len(template)
    n = max(0, n_bins - m + 1)
    away = template - mean
    # Bin by bin what the cells add to |x - u|^2 beyond |u|^2.
    added = np.bincount(bins, weights=counts * (counts - 2 * mean[channels]), minlength=n_bins)[:n_bins]
    ends = np.concatenate(([0.0], np.cumsum(added)))
    size = m * float(mean @ mean) + ends[m : m + n] - ends[:n]
    product = np.full(n, -float((away @ mean).sum()))
    for place in range(m):
        start = bins - place
        inside = (start >= 0) & (start < n)
        product += np.bincount(
            start[inside], weights=counts[inside] * away[place][channels[inside]], minlength=n
        )[:n]
    scale = np.sqrt(np.maximum(size, 0.0)) * float(np.linalg.norm(away))
    return np.divide(product, scale, out=np.full(n, np.nan), where=scale > 1e-12 * max(1.0, m))


def centred_cosine(activity: F64, template: F64, mean: F64) -> float:
    """Return the similarity of one stretch with a template, as :func:`template_similarity` does for every place.

    Parameters
    ----------
    activity, template : (m, n_channels) float64
        Spikes per bin and channel.
    mean : (n_channels,) float64
        What is usual in a bin.

    Examples
    --------
    >>> round(centred_cosine(np.array([[2.0, 0]]), np.array([[3.0, 1]]), np.array([1.0, 1])), 4)
    0.7071
    """
    x, t = (activity - mean).ravel(), (template - mean).ravel()
    scale = float(np.linalg.norm(x) * np.linalg.norm(t))
    return float(x @ t) / scale if scale else float("nan")


def best_matches(similarity: F64, *, n: int, apart: int, leave_out: tuple[int, int] = (0, 0)) -> I64:
    """Return the places of the largest similarities that lie apart, the most similar first.

    Parameters
    ----------
    similarity : (n_places,) float64
        NaN is never chosen.
    n, apart : int
        Places at most; two of them are this far apart at least.
    leave_out : tuple of int
        Places from the first to before the second are not chosen.

    Returns
    -------
    (<= n,) int64

    Examples
    --------
    >>> best_matches(np.array([0.1, 0.9, 0.8, np.nan, 0.5]), n=3, apart=2).tolist()
    [1, 4]
    """
    left = np.where(np.isfinite(similarity), similarity, -np.inf)
    left[slice(*leave_out)] = -np.inf
    found: list[int] = []
    while len(found) < n and len(left):
        best = int(left.argmax())
        if left[best] == -np.inf:
            break
        found.append(best)
        left[max(0, best - apart + 1) : best + apart] = -np.inf
    return np.array(found, np.int64)
