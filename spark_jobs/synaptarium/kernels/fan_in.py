"""Incoming weights of every postsynaptic neuron: mean, spread, extremes, quantiles and histogram."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
U32 = NDArray[np.uint32]

#: Quantiles of the incoming weights: 5 %, quartiles, 95 %.
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
#: Weights that are sorted at a time: 8 MiB of float32 in, as much out, mostly in the cache.
_BLOCK_WEIGHTS = 2**21


class FanIn(NamedTuple):
    """The synapses onto each postsynaptic neuron, neurons of a similar number of synapses together.

    Parameters
    ----------
    n_neurons : int
        Neurons of the target layer.
    n_synapses : int
        Synapses of the projection.
    parts : tuple of ((n,) int64, (n, width) int32)
        Neurons, and the synapses onto each; ``n_synapses`` fills the rows of those that have fewer.
    """

    n_neurons: int
    n_synapses: int
    parts: tuple[tuple[I64, NDArray[np.int32]], ...]


class NeuronWeights(NamedTuple):
    """Statistics of the weights onto each neuron; NaN where it has none.

    Parameters
    ----------
    n : (n_neurons,) uint32
        Synapses that are there.
    mean, std : (n_neurons,) float64
        Mean and population standard deviation.
    minimum, maximum : (n_neurons,) float32
        Extremes.
    quantiles : (n_neurons, len(QUANTILES)) float64
        As ``numpy.quantile(..., method="linear")``, which is method 7 of Hyndman and Fan
        (doi:10.1080/00031305.1996.10473566).
    """

    n: U32
    mean: F64
    std: F64
    minimum: F32
    maximum: F32
    quantiles: F64


def fan_in_of(post: U32, *, n_neurons: int) -> FanIn:
    """Group the synapses of a projection by their postsynaptic neuron.

    Parameters
    ----------
    post : (n_synapses,) uint32
        Postsynaptic neuron of each synapse, below ``n_neurons``.
    n_neurons : int
        Neurons of the target layer.

    Examples
    --------
    >>> fan_in_of(np.array([1, 0, 1], np.uint32), n_neurons=3).parts[1]
    (array([1]), array([[0, 2]], dtype=int32))
    """
    n = np.bincount(post, minlength=n_neurons)
    # numpy sorts 16-bit integers by their digits, several times faster than wider ones.
    order = np.argsort(post.astype(np.uint16) if n_neurons <= 2**16 else post, kind="stable").astype(np.int32)
    first = np.cumsum(n) - n
    parts: list[tuple[I64, NDArray[np.int32]]] = []
    padded = np.append(order, np.int32(len(post)))
    # Rows of one part have between half its width and its width: padding costs less than twice.
    width_bits = np.ceil(np.log2(np.maximum(n, 1))).astype(np.int64)
    for bits in np.unique(width_bits[n > 0]).tolist():
        neurons = np.flatnonzero((width_bits == bits) & (n > 0))
        width = int(n[neurons].max())
        place = first[neurons, None] + np.arange(width)
        if int(n[neurons].min()) < width:
            place[np.arange(width) >= n[neurons, None]] = len(post)
        parts.append((neurons, padded[place]))
    return FanIn(n_neurons, len(post), tuple(parts))


def neuron_weights(weight: F32, fan_in: FanIn) -> NeuronWeights:
    """Summarise the weights onto each postsynaptic neuron.

    Parameters
    ----------
    weight : (n_synapses,) float32
        NaN = absent, not counted.
    fan_in : FanIn
        Of the projection.

    Notes
    -----
    Each neuron's weights are sorted, so quantiles are exact but for rounding: 10 to 20 ns a synapse.

    Examples
    --------
    >>> found = neuron_weights(np.array([1, 9, 3], np.float32), fan_in_of(np.array([1, 0, 1], np.uint32), n_neurons=2))
    >>> found.mean.tolist(), found.std.tolist(), found.quantiles[:, 2].tolist()
    ([9.0, 2.0], [0.0, 1.0], [9.0, 2.0])
    """
    size = fan_in.n_neurons
    found = NeuronWeights(
        np.zeros(size, np.uint32),
        np.full(size, np.nan),
        np.full(size, np.nan),
        np.full(size, np.nan, np.float32),
        np.full(size, np.nan, np.float32),
        np.full((size, len(QUANTILES)), np.nan),
    )
    padded = np.append(weight, np.float32(np.nan))
    for neurons, synapses in fan_in.parts:
        step = max(1, _BLOCK_WEIGHTS // synapses.shape[1])
        for start in range(0, len(neurons), step):
            rows = padded[synapses[start : start + step]]
            _summarise(rows, neurons[start : start + step], found)
    return found


def _summarise(rows: F32, neurons: I64, found: NeuronWeights) -> None:
    rows.sort(axis=1)  # NaN comes last
    width = rows.shape[1]
    n = width - np.isnan(rows).sum(axis=1)
    there = n > 0
    rows, neurons, n = (rows, neurons, n) if there.all() else (rows[there], neurons[there], n[there])
    if not len(n):
        return
    found.n[neurons] = n
    found.minimum[neurons] = rows[:, 0]
    found.maximum[neurons] = rows[np.arange(len(n)), n - 1]
    full = n == width
    wide = rows.astype(np.float64)
    if not full.all():
        wide[np.arange(width) >= n[:, None]] = 0.0
    with np.errstate(invalid="ignore"):  # infinite weights: the mean is infinite, the spread unknown
        mean = wide.sum(axis=1) / n
        wide -= mean[:, None]
        if not full.all():
            wide[np.arange(width) >= n[:, None]] = 0.0
        found.mean[neurons] = mean
        found.std[neurons] = np.sqrt(np.einsum("ij,ij->i", wide, wide) / n)
        for place, share in enumerate(QUANTILES):
            at = share * (n - 1)
            low = np.floor(at).astype(np.int64)
            below = rows[np.arange(len(n)), low].astype(np.float64)
            above = rows[np.arange(len(n)), np.minimum(low + 1, n - 1)].astype(np.float64)
            between = at - low
            # Where the place is a whole number no neighbour counts: infinity times 0 would be unknown.
            found.quantiles[neurons, place] = np.where(between > 0, below + (above - below) * between, below)


def histograms_by_neuron(
    weight: F32, post: U32, *, n_neurons: int, low: float, high: float, n_bins: int, together: int = 1
) -> I64:
    """Count the weights onto each postsynaptic neuron per bin of the distribution.

    Parameters
    ----------
    weight : (n_synapses,) float32
        NaN = absent, not counted.
    post : (n_synapses,) uint32
        Postsynaptic neuron of each synapse.
    n_neurons : int
        Neurons of the target layer.
    low, high, n_bins : float, float, int
        Bins as in :func:`synaptarium.kernels.weights.weight_histogram`.
    together : int
        So many neighbouring bins are counted as one; divides ``n_bins``.

    Returns
    -------
    (n_neurons, n_bins // together) int64
        Synapses.

    Examples
    --------
    >>> histograms_by_neuron(np.array([0, 1, 0.2], np.float32), np.array([1, 1, 0], np.uint32),
    ...                      n_neurons=2, low=0, high=1, n_bins=2)
    array([[1, 0],
           [1, 1]])
    """
    present = ~np.isnan(weight)
    if present.all():
        place = weight.astype(np.float64)
    else:
        place, post = weight[present].astype(np.float64), post[present]
    place -= low
    place *= n_bins / (high - low)
    np.clip(place, 0, n_bins - 1, out=place)
    cells = place.astype(np.intp)
    if together > 1:
        cells //= together
        n_bins //= together
    cells += post.astype(np.intp) * n_bins
    return np.bincount(cells, minlength=n_neurons * n_bins).reshape(n_neurons, n_bins)
