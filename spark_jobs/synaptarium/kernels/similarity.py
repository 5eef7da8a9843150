"""How like a stretch of activity another one is: template matching of population vectors, sliding over a run."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]


@dataclasses.dataclass(frozen=True)
class Template:
    """What is looked for: a stretch less the mean, and the sums over all channels that every comparison with it needs.

    Parameters
    ----------
    away : (m, n_channels) float64
        Spikes of the stretch, less the mean.
    mean : (n_channels,) float64
        What is usual: spikes of each channel in a bin. It is taken off the activity too.
    norm, product, silence : float
        Length of ``away``; its product with a stretch of the mean; squared length of the mean in one bin.
    """

    away: F64
    mean: F64
    norm: float
    product: float
    silence: float

    @staticmethod
    def of(stretch: F64, mean: F64) -> Template:
        """Return the template of a stretch: (m, n_channels) spikes; (n_channels,) spikes are usual in a bin."""
        away = stretch - mean
        # Sums and no dot products: those wake threads that wait for each other on a busy machine.
        norm = float(np.sqrt(np.square(away).sum()))
        return Template(away, mean, norm, float((away * mean).sum()), float(np.square(mean).sum()))


def template_similarity(
    bins: I64, channels: I64, counts: NDArray[np.number], *, template: Template, n_bins: int
) -> F64:
    """Return the similarity of a template with the activity from each bin on: the cosine of the centred vectors.

    Parameters
    ----------
    bins, channels, counts : (n_cells,)
        Activity that is not zero: bin, channel (neuron or group), spikes. No cell twice.
    template : Template
        The stretch that is looked for, in m bins of the same width.
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
    >>> template = Template.of(np.array([[1.0]]), np.array([0.5]))
    >>> template_similarity(np.array([0, 2]), np.array([0, 0]), np.array([2, 1]), template=template, n_bins=3)
    array([ 1., -1.,  1.])
    """
    away, mean = template.away, template.mean
    m = len(away)
    n = max(0, n_bins - m + 1)
    # Bin by bin what the cells add to |x - u|^2 beyond |u|^2.
    added = np.bincount(bins, weights=counts * (counts - 2 * mean[channels]), minlength=n_bins)[:n_bins]
    ends = np.concatenate(([0.0], np.cumsum(added)))
    size = m * template.silence + ends[m : m + n] - ends[:n]
    product = np.full(n, -template.product)
    for place in range(m):
        start = bins - place
        inside = (start >= 0) & (start < n)
        product += np.bincount(
            start[inside], weights=counts[inside] * away[place, channels[inside]], minlength=n
        )[:n]
    scale = np.sqrt(np.maximum(size, 0.0)) * template.norm
    return np.divide(product, scale, out=np.full(n, np.nan), where=scale > 1e-12 * max(1.0, m))


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
