"""The selection as modules see it: one by one or as text, each layer's ids as one array, as large as the recording."""

from __future__ import annotations

import numpy as np
import pytest

from synaptarium.adapters.arrays import arrays_source
from synaptarium.modules.reader import RecordingReader
from synaptarium.modules.registry import Registry, answer_of
from synaptarium.modules.selection import Selection
from synaptarium.schemas.errors import NeuronOutOfRange, UnknownLayer
from synaptarium.schemas.messages import TimeWindow
from synaptarium.schemas.panels import Failure
from synaptarium.schemas.view_state import NeuronRef, Neurons

from .conftest import Read, normal

N = 100_000


def test_both_forms_name_the_same(read: Read) -> None:
    recording = read(normal()).recording
    refs = (NeuronRef(layer="a", neuron=7), NeuronRef(layer="b", neuron=1), NeuronRef(layer="a", neuron=2))

    for given in (refs, "a:7,b:1,a:2"):
        chosen = Selection.read(given, recording)

        assert tuple(chosen) == refs
        assert tuple(reversed(chosen)) == refs[::-1]
        assert (len(chosen), chosen[-1], chosen[-2:]) == (3, refs[2], refs[1:])
        assert chosen.of("a").tolist() == [7, 2]
        assert chosen.of("nobody").tolist() == []
        assert chosen.layers == ("a", "b")
        with pytest.raises(IndexError):
            chosen[3]


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ((NeuronRef(layer="x", neuron=0),), UnknownLayer),
        ((NeuronRef(layer="b", neuron=5),), NeuronOutOfRange),
        ((NeuronRef(layer="b", neuron=-1),), NeuronOutOfRange),
        ("b:5", NeuronOutOfRange),
    ],
)
def test_what_is_not_there_is_told(given: Neurons, error: type[Exception], read: Read) -> None:
    with pytest.raises(error):
        Selection.read(given, read(normal()).recording)


def test_every_module_answers_for_a_hundred_thousand_selected_neurons(read: Read) -> None:
    random = np.random.default_rng(2)
    t_us = np.sort(random.integers(0, 1_000_000, 50_000))
    source = arrays_source(
        "many",
        bin_us=1000,
        t_stop_us=1_000_000,
        layers=[{"name": "n", "neurons": N}, {"name": "m", "neurons": N}],
        projections=[
            {"name": "n/m", "source": "n", "target": "m", "pre": np.arange(N), "post": np.arange(N)[::-1]}
        ],
        spikes={"n": (t_us, random.integers(0, N, 50_000)), "m": (t_us, random.integers(0, N, 50_000))},
        weights={"n/m": (np.zeros(N), random.random(N), np.arange(N))},
    )
    known = read(source)
    window = TimeWindow(t_start_us=0, t_stop_us=1_000_000)

    for module in Registry():
        reader = RecordingReader(known._store, known.recording, known.manifest)
        answer, _ = answer_of(module, reader, window, f"n:0-{N - 1},m:0-{N - 1}", {})

        assert not [panel for panel in answer.panels if isinstance(panel, Failure)], answer.panels
