"""Similarity with a template: as numpy computes it of dense vectors, whatever the activity."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from synaptarium.kernels.similarity import Template, best_matches, template_similarity


def slid(dense: np.ndarray, stretch: np.ndarray, mean: np.ndarray) -> np.ndarray:
    m = len(stretch)
    t = (stretch - mean).ravel()
    places = [(dense[at : at + m] - mean).ravel() for at in range(len(dense) - m + 1)]
    sizes = [float(np.linalg.norm(x) * np.linalg.norm(t)) for x in places]
    return np.array(
        [x @ t / size if size else np.nan for x, size in zip(places, sizes, strict=True)], np.float64
    )


@given(
    seed=st.integers(0, 2**32 - 1),
    n_bins=st.integers(1, 40),
    n_channels=st.integers(1, 6),
    m=st.integers(1, 5),
    density=st.floats(0, 1),
)
@settings(max_examples=60, deadline=None)
def test_template_similarity_is_the_cosine_of_every_place(
    seed: int, n_bins: int, n_channels: int, m: int, density: float
) -> None:
    random = np.random.default_rng(seed)
    dense = random.poisson(2, (n_bins, n_channels)) * (random.random((n_bins, n_channels)) < density)
    stretch = random.poisson(2, (m, n_channels)).astype(np.float64)
    mean = random.random(n_channels) + 0.01
    bins, channels = np.nonzero(dense)

    found = template_similarity(
        bins, channels, dense[bins, channels], template=Template.of(stretch, mean), n_bins=n_bins
    )

    assert len(found) == max(0, n_bins - m + 1)
    if len(found):
        assert_allclose(found, slid(dense, stretch, mean), rtol=1e-9, atol=1e-9)


def test_a_stretch_is_found_again_where_it_was() -> None:
    random = np.random.default_rng(3)
    dense = random.poisson(1, (200, 30))
    dense[150:158] = dense[40:48]
    bins, channels = np.nonzero(dense)

    found = template_similarity(
        bins,
        channels,
        dense[bins, channels],
        template=Template.of(dense[40:48].astype(np.float64), dense.mean(axis=0)),
        n_bins=200,
    )

    assert best_matches(found, n=1, apart=8, leave_out=(33, 48)).tolist() == [150]
    assert_allclose(found[[40, 150]], 1.0, rtol=1e-9)


def test_a_template_that_is_the_mean_is_like_nothing() -> None:
    found = template_similarity(
        np.array([0]),
        np.array([0]),
        np.array([3]),
        template=Template.of(np.array([[1.0]]), np.array([1.0])),
        n_bins=2,
    )

    assert np.isnan(found).all()
    assert best_matches(found, n=5, apart=1).size == 0
