"""The raster shows every spike, or says how many of them it shows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from synaptarium.adapters.arrays import arrays_source
from synaptarium.modules import raster
from synaptarium.modules.raster import Params, compute
from synaptarium.schemas.errors import InvalidInput
from synaptarium.schemas.messages import TimeWindow
from synaptarium.schemas.panels import Raster

from .conftest import Read, empty, normal

WINDOW = TimeWindow(t_start_us=10_000_000, t_stop_us=10_100_000)


def test_raster_holds_every_spike_of_the_window(read: Read) -> None:
    found = compute(read(normal()), WINDOW, (), Params())

    assert [panel.id for panel in found.panels] == ["raster.a", "raster.b"]
    assert found.columns["0.t_us"].tolist() == list(range(10_000_000, 10_100_000, 5000))
    assert found.columns["0.neuron"].tolist() == [t // 5000 % 40 for t in range(10_000_000, 10_100_000, 5000)]
    assert found.columns["1.neuron"].tolist() == [n % 5 for n in range(10)]
    assert not any(panel.accounting for panel in found.panels)


def test_more_dots_than_are_drawn_keep_whole_neurons_and_say_so(
    read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(raster, "MAX_DOTS", 1000)

    found = compute(read(normal()), TimeWindow(t_start_us=0, t_stop_us=20_000_000), (), Params(layer="a"))

    (panel,) = found.panels
    # 100 spikes of each neuron; every fourth neuron is shown.
    assert (panel.accounting[-1].kept, panel.accounting[-1].total) == (10, 40)
    neurons, dots = np.unique(found.columns["0.neuron"], return_counts=True)
    assert neurons.tolist() == list(range(0, 40, 4))
    assert set(dots) == {100}


def test_spikes_in_one_frame_are_one_dot_and_told(read: Read) -> None:
    source: Any = arrays_source(
        "burst",
        bin_us=1000,
        t_stop_us=50_000,
        layers=[{"name": "a", "neurons": 3}],
        spikes={"a": ([7000, 7200, 9000], [1, 1, 2])},
    )

    found = compute(read(source), TimeWindow(t_start_us=0, t_stop_us=50_000), (), Params())

    (panel,) = found.panels
    assert isinstance(panel, Raster)
    assert (panel.accounting[0].kept, panel.accounting[0].total) == (2, 3)


def test_silence_and_unknown_layers_are_told(read: Read) -> None:
    reader = read(empty())

    (panel,) = compute(reader, WINDOW, (), Params()).panels

    assert panel.empty
    with pytest.raises(InvalidInput, match="no layer 'c'"):
        compute(reader, WINDOW, (), Params(layer="c"))
