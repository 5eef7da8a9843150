"""Neurons as text: back as they were, as the page writes them, bounded before anything is as large as the text says."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synaptarium.schemas.errors import InvalidInput, NeuronOutOfRange, SynaptariumError, UnknownLayer
from synaptarium.schemas.neuron_text import ORDERED, neurons_to_text, text_to_neurons

SIZES = {"in, put:1": 100, "100%": 5000}
neurons = st.lists(
    st.one_of(
        st.tuples(st.just("in, put:1"), st.integers(0, 99)), st.tuples(st.just("100%"), st.integers(0, 4999))
    ),
    unique=True,
    max_size=300,
)


def flat(text: str) -> list[tuple[str, int]]:
    return [(layer, id) for layer, ids in text_to_neurons(text, SIZES) for id in ids.tolist()]


@given(neurons)
def test_neurons_come_back(chosen: list[tuple[str, int]]) -> None:
    back = flat(neurons_to_text((layer, [id]) for layer, id in chosen))

    assert sorted(back) == sorted(chosen)
    # Their order too, but of those selected long before.
    assert back[-ORDERED:] == chosen[-ORDERED:]


def test_text_is_the_page_s() -> None:
    # The same words stand in static/src/state/link/neuron_ranges.test.ts.
    assert neurons_to_text({"in, put:1": [5, 6, 7, 99], "100%": [0, 2]}.items()) == (
        "in%2C%20put%3A1:5-7.99,100%25:0.2"
    )
    assert neurons_to_text([("100%", [2]), ("in, put:1", [7, 5, 6]), ("100%", [1])]) == (
        "100%25:2,in%2C%20put%3A1:7.5-6,100%25:1"
    )


def test_a_million_neurons_fit_a_request() -> None:
    ids = np.flatnonzero(np.random.default_rng(3).random(2_000_000) < 0.5)

    text = neurons_to_text([("n", ids)])

    assert len(text) < 340_000
    ((layer, back),) = text_to_neurons(text, {"n": 2_000_000})
    assert layer == "n"
    np.testing.assert_array_equal(back, ids)


@pytest.mark.parametrize(
    ("text", "error", "words"),
    [
        ("100%25", InvalidInput, "names no neurons"),
        ("gone:1", UnknownLayer, "no layer 'gone'"),
        ("100%25:5000", NeuronOutOfRange, "neuron 5000 was asked for"),
        ("100%25:0-9999999999", NeuronOutOfRange, "neuron 9999999999"),
        ("100%25:x", InvalidInput, "'x' is no neuron id"),
        ("100%25:~!!", InvalidInput, "no base64url"),
        ("100%25:0-4999.0-4999", InvalidInput, "more neurons than the recording"),
        ("100%25:0-4999,100%25:0-4999", InvalidInput, "more neurons than the recording"),
        ("in%2C%20put%3A1:~" + "_" * 20, NeuronOutOfRange, "neuron 100 was asked for"),
    ],
)
def test_a_wrong_text_is_told(text: str, error: type[SynaptariumError], words: str) -> None:
    with pytest.raises(error, match=words) as told:
        text_to_neurons(text, SIZES)

    assert told.value.hint
