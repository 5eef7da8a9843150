"""Statistics by postsynaptic neuron equal numpy's, neuron by neuron."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synaptarium.kernels.fan_in import QUANTILES, fan_in_of, histograms_by_neuron, neuron_weights

WEIGHT = st.one_of(st.just(float("nan")), st.floats(-2, 2, width=32))
SYNAPSES = st.lists(st.tuples(st.integers(0, 6), WEIGHT), max_size=60)


def columns(synapses: list[tuple[int, float]]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([one[0] for one in synapses], np.uint32), np.array(
        [one[1] for one in synapses], np.float32
    )


@given(SYNAPSES)
def test_statistics_equal_numpy(synapses: list[tuple[int, float]]) -> None:
    post, weight = columns(synapses)

    found = neuron_weights(weight, fan_in_of(post, n_neurons=8))

    for neuron in range(8):
        mine = weight[(post == neuron) & ~np.isnan(weight)].astype(np.float64)
        assert found.n[neuron] == len(mine)
        if not len(mine):
            assert (
                np.isnan(found.mean[neuron])
                and np.isnan(found.std[neuron])
                and np.isnan(found.minimum[neuron])
            )
            assert np.isnan(found.quantiles[neuron]).all()
            continue
        assert (found.minimum[neuron], found.maximum[neuron]) == (mine.min(), mine.max())
        np.testing.assert_allclose(found.mean[neuron], mine.mean(), atol=1e-12)
        np.testing.assert_allclose(found.std[neuron], mine.std(), atol=1e-7)
        np.testing.assert_allclose(found.quantiles[neuron], np.quantile(mine, QUANTILES), atol=1e-12)


@given(SYNAPSES, st.randoms(use_true_random=False))
def test_the_order_of_synapses_does_not_matter(synapses: list[tuple[int, float]], random) -> None:
    post, weight = columns(synapses)
    mixed = list(range(len(synapses)))
    random.shuffle(mixed)

    one = neuron_weights(weight, fan_in_of(post, n_neurons=8))
    other = neuron_weights(weight[mixed], fan_in_of(post[mixed], n_neurons=8))

    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a, b)


@given(SYNAPSES)
def test_histograms_sum_to_the_weights_that_are_there(synapses: list[tuple[int, float]]) -> None:
    post, weight = columns(synapses)
    weight = np.round(weight * 16) / np.float32(16)  # on the borders or far from them

    found = histograms_by_neuron(weight, post, n_neurons=7, low=-2, high=2, n_bins=8)

    for neuron in range(7):
        mine = weight[(post == neuron) & ~np.isnan(weight)]
        np.testing.assert_array_equal(found[neuron], np.histogram(mine, 8, (-2, 2))[0])
    fewer = histograms_by_neuron(weight, post, n_neurons=7, low=-2, high=2, n_bins=8, together=4)
    np.testing.assert_array_equal(fewer, found.reshape(7, 2, 4).sum(axis=2))


def test_neurons_of_very_different_fan_in_cost_less_than_twice_their_synapses() -> None:
    n = np.array([1, 1000, 3, 0, 700, 64, 65, 2])
    fan_in = fan_in_of(np.repeat(np.arange(8), n).astype(np.uint32), n_neurons=8)

    assert sum(synapses.size for _, synapses in fan_in.parts) < 2 * n.sum()
    assert sorted(np.concatenate([neurons for neurons, _ in fan_in.parts]).tolist()) == [0, 1, 2, 4, 5, 6, 7]


def test_infinite_weights_have_an_infinite_mean_and_finite_quantiles_between() -> None:
    post = np.zeros(3, np.uint32)
    found = neuron_weights(np.array([1, np.inf, 2], np.float32), fan_in_of(post, n_neurons=1))

    assert found.mean[0] == np.inf and np.isnan(found.std[0])
    assert found.quantiles[0, 2] == 2 and found.maximum[0] == np.inf
    counts = histograms_by_neuron(
        np.array([1, np.inf, -np.inf], np.float32), post, n_neurons=1, low=0, high=4, n_bins=4
    )
    assert counts.tolist() == [[1, 1, 0, 1]]


def test_a_projection_without_synapses_has_no_statistics() -> None:
    found = neuron_weights(np.empty(0, np.float32), fan_in_of(np.empty(0, np.uint32), n_neurons=2))
    assert found.n.tolist() == [0, 0] and np.isnan(found.quantiles).all()


@pytest.mark.parametrize("n_neurons", [3, 70_000])
def test_more_neurons_than_16_bits_are_grouped_too(n_neurons: int) -> None:
    post = np.array([n_neurons - 1, 0, n_neurons - 1], np.uint32)
    found = neuron_weights(np.array([1, 5, 3], np.float32), fan_in_of(post, n_neurons=n_neurons))
    assert found.mean[n_neurons - 1] == 2 and found.mean[0] == 5 and found.n.sum() == 3
