"""A convolution written out as synapses computes what the convolution computes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synaptarium.adapters.convolution import convolved
from synaptarium.schemas.errors import InvalidInput


@given(
    st.tuples(st.integers(1, 3), st.integers(3, 7), st.integers(3, 7)),
    st.tuples(st.integers(1, 3), st.integers(1, 3), st.integers(1, 3)),
    st.integers(1, 3),
    st.integers(0, 2),
)
@settings(max_examples=40, deadline=None)
def test_synapses_give_the_sums_of_the_convolution(
    input_shape: tuple[int, int, int], kernel: tuple[int, int, int], stride: int, padding: int
) -> None:
    out, high, wide = kernel
    kernel_shape = (out, input_shape[0], high, wide)
    generator = np.random.default_rng(3)
    image, weights = generator.normal(size=input_shape), generator.normal(size=kernel_shape)
    found = convolved(input_shape, kernel_shape, stride=stride, padding=padding)
    padded = np.pad(image, ((0, 0), (padding, padding), (padding, padding)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (high, wide), axis=(1, 2))[
        :, ::stride, ::stride
    ]
    wanted = np.einsum("cyxhw,ochw->oyx", windows, weights)
    assert found.shape == wanted.shape
    summed = np.bincount(
        found.post, weights.reshape(-1)[found.element] * image.reshape(-1)[found.pre], wanted.size
    )
    assert np.allclose(summed, wanted.reshape(-1))


def test_kernel_that_does_not_fit_is_said() -> None:
    for kernel_shape in ((4, 2, 3, 3), (4, 1, 9, 3)):
        with pytest.raises(InvalidInput, match="does not fit an input of shape"):
            convolved((1, 6, 6), kernel_shape)
