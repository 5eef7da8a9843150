"""The input that a neuron responds to, reconstructed through the weights of the layers before it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from synaptarium.schemas.errors import InvalidInput


@dataclass(frozen=True, kw_only=True)
class WeightedSynapses:
    """One projection with its weights at a moment.

    Parameters
    ----------
    source, target : str
        Names of the layers.
    pre, post : (n,) int arrays
        Neuron ids within source and target.
    weights : (n,) float32
        NaN where a synapse does not exist (any more), or is not known.
    """

    source: str
    target: str
    pre: NDArray[np.uint32]
    post: NDArray[np.uint32]
    weights: NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Reconstruction:
    """What each layer before a neuron has to do with it.

    Parameters
    ----------
    patterns : dict of str to (n_neurons,) float32
        By layer, the neuron's own one included (1 for itself); each scaled so that its largest absolute value is 1.
    hops : dict of str to int
        How many projections lie between.
    inputs : tuple of str
        The farthest layers: what reaches the neuron and is reached by nothing that is used.
    used : tuple of (source, target)
        The projections that were followed.
    """

    patterns: dict[str, NDArray[np.float32]]
    hops: dict[str, int]
    inputs: tuple[str, ...]
    used: tuple[tuple[str, str], ...]


def reconstruct(
    sizes: Mapping[str, int], synapses: Sequence[WeightedSynapses], *, layer: str, neuron: int
) -> Reconstruction:
    """Follow the weights backwards from a neuron: the pattern that drives it most, to first order.

    The value of a neuron is the sum, over all shortest ways to the chosen neuron, of the product of the weights on the
    way: the gradient of a linear network, a receptive field through several layers. Excitatory ways add, inhibitory
    ones subtract. Projections within a layer, and back towards deeper ones, are not followed.

    Parameters
    ----------
    sizes : dict of str to int
        Neurons of each layer.
    synapses : sequence of WeightedSynapses
        Every projection whose weights are known.
    layer, neuron : str, int
        Whose input is looked for.

    Raises
    ------
    InvalidInput
        No projection with known weights ends at the layer, or the layer has no such neuron.

    Notes
    -----
    Linear in the synapses. One hop is the receptive field as plotted by Diehl and Cook 2015,
    doi:10.3389/fncom.2015.00099; the firing threshold and the time course are left out.

    Examples
    --------
    >>> w = WeightedSynapses(
    ...     source="in", target="out", pre=np.array([0, 1, 2], np.uint32), post=np.zeros(3, np.uint32),
    ...     weights=np.array([2, 0, -1], np.float32))
    >>> reconstruct({"in": 3, "out": 1}, [w], layer="out", neuron=0).patterns["in"].tolist()
    [1.0, 0.0, -0.5]
    """
    if layer not in sizes or not 0 <= neuron < sizes[layer]:
        raise InvalidInput(
            f"Layer {layer!r} has {sizes.get(layer, 0)} neurons; neuron {neuron} was asked for.",
            hint="Neuron ids start at 0 in each layer.",
            where="neuron",
        )
    own = np.zeros(sizes[layer], np.float64)
    own[neuron] = 1.0
    patterns, hops = {layer: own}, {layer: 0}
    used: list[tuple[str, str]] = []
    reached = [layer]
    while reached:
        following: list[str] = []
        found: dict[str, NDArray[np.float64]] = {}
        for projection in synapses:
            source, target = projection.source, projection.target
            if target not in reached or source in hops or source not in sizes:
                continue
            weights = np.nan_to_num(projection.weights.astype(np.float64), nan=0.0)
            passed = np.bincount(projection.pre, weights * patterns[target][projection.post], sizes[source])
            earlier = found.get(source)
            found[source] = passed.astype(np.float64) if earlier is None else earlier + passed
            used.append((source, target))
            if source not in following:
                following.append(source)
        for source in following:
            hops[source] = hops[reached[0]] + 1
            patterns[source] = _scaled(found[source])
        reached = following
    if len(hops) == 1:
        raise InvalidInput(
            f"Nothing with known weights reaches layer {layer!r}.",
            hint="Choose a neuron of a layer onto which weights are recorded.",
            where="neuron",
        )
    sources = {source for source, _ in used}
    targets = {target for _, target in used}
    return Reconstruction(
        patterns={name: pattern.astype(np.float32) for name, pattern in patterns.items()},
        hops=hops,
        inputs=tuple(name for name in hops if name in sources and name not in targets),
        used=tuple(used),
    )


def _scaled(pattern: NDArray[np.float64]) -> NDArray[np.float64]:
    largest = float(np.abs(pattern).max(initial=0.0))
    return pattern / largest if largest > 0 else pattern
