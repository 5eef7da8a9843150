"""Reconstruction by hand, against matrix products, and what is not followed."""

from __future__ import annotations

import numpy as np
import pytest

from synaptarium.scenes.reconstruct import WeightedSynapses, reconstruct
from synaptarium.schemas.errors import InvalidInput


def dense(source: str, target: str, weights: np.ndarray) -> WeightedSynapses:
    """All to all from a [post, pre] matrix."""
    post, pre = np.indices(weights.shape)
    return WeightedSynapses(
        source=source,
        target=target,
        pre=pre.reshape(-1).astype(np.uint32),
        post=post.reshape(-1).astype(np.uint32),
        weights=weights.reshape(-1).astype(np.float32),
    )


def test_two_hops_are_the_product_of_the_matrices() -> None:
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(7, 20)), rng.normal(size=(3, 7))
    sizes = {"in": 20, "hidden": 7, "out": 3}
    found = reconstruct(
        sizes, [dense("in", "hidden", first), dense("hidden", "out", second)], layer="out", neuron=1
    )
    expected = (second @ first)[1]
    assert np.allclose(found.patterns["in"], expected / np.abs(expected).max(), atol=1e-5)
    assert np.allclose(found.patterns["hidden"], second[1] / np.abs(second[1]).max(), atol=1e-5)
    assert found.hops == {"out": 0, "hidden": 1, "in": 2}
    assert found.inputs == ("in",)


def test_two_ways_of_one_length_add_and_loops_are_left_out() -> None:
    sizes = {"in": 2, "a": 1, "b": 1, "out": 1}
    one = np.ones((1, 1))
    synapses = [
        dense("in", "a", np.array([[1.0, 0.0]])),
        dense("in", "b", np.array([[1.0, -4.0]])),
        dense("a", "out", one),
        dense("b", "out", one),
        dense("out", "a", 9 * one),
        dense("out", "out", 9 * one),
    ]
    found = reconstruct(sizes, synapses, layer="out", neuron=0)
    # a and b are each scaled to 1 before they pass on
    assert found.patterns["in"].tolist() == [0.5, -1.0]
    assert ("out", "a") not in found.used and ("out", "out") not in found.used


def test_pruned_synapses_pass_nothing_and_silence_stays_silence() -> None:
    weights = np.array([[np.nan, 0.0]])
    found = reconstruct({"in": 2, "out": 1}, [dense("in", "out", weights)], layer="out", neuron=0)
    assert found.patterns["in"].tolist() == [0.0, 0.0]


def test_wrong_neuron_and_no_weights_say_what_to_do() -> None:
    with pytest.raises(InvalidInput, match="has 1 neurons; neuron 4"):
        reconstruct({"out": 1}, [], layer="out", neuron=4)
    with pytest.raises(InvalidInput, match="Nothing with known weights"):
        reconstruct({"out": 1}, [], layer="out", neuron=0)
