"""The LFP proxy: of recorded currents, of filtered spikes, and in words where there is none."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from synaptarium.adapters.arrays import arrays_source
from synaptarium.modules import lfp
from synaptarium.schemas.errors import InvalidInput

from .conftest import Read, normal, one_spike
from .test_analyses import run

SECOND = 1_000_000


def currents() -> Any:
    """1 s of two neurons whose currents were recorded every ms; I comes 6 ms after E."""
    t = np.arange(0, SECOND, 1000)
    e = np.sin(2 * np.pi * t / 50_000) + 2
    values = np.repeat(e, 2)
    at = {"layer": "pyr", "times": np.repeat(t, 2), "neurons": np.tile([0, 1], len(t)), "unit": "pA"}
    return arrays_source(
        "currents",
        bin_us=1000,
        t_stop_us=SECOND,
        layers=[{"name": "pyr", "neurons": 2}],
        potentials=[
            {**at, "variable": "I_syn_ex", "values": values},
            {**at, "variable": "I_syn_in", "values": -np.repeat(np.roll(e, 6), 2)},
        ],
    )


def network() -> Any:
    """2 s: 4 excitatory and 2 inhibitory neurons onto one; weights of the latter are negative."""
    e, i = np.arange(0, 2 * SECOND, 10_000), np.arange(0, 2 * SECOND, 25_000)
    return arrays_source(
        "network",
        bin_us=1000,
        t_stop_us=2 * SECOND,
        layers=[
            {"name": "ex", "neurons": 4},
            {"name": "in", "neurons": 2},
            {"name": "pyr", "neurons": 3},
        ],
        projections=[
            {
                "name": "ex/pyr",
                "source": "ex",
                "target": "pyr",
                "pre": np.arange(12) % 4,
                "post": np.arange(12) // 4,
            },
            {
                "name": "in/pyr",
                "source": "in",
                "target": "pyr",
                "pre": np.arange(6) % 2,
                "post": np.arange(6) // 2,
            },
        ],
        spikes={"ex": (e, e // 10_000 % 4), "in": (i, i // 25_000 % 2)},
        weights={
            "ex/pyr": (np.zeros(12), np.full(12, 0.5), np.arange(12)),
            "in/pyr": (np.zeros(6), np.full(6, -2.0), np.arange(6)),
        },
    )


def test_recorded_currents_are_summed(read: Read) -> None:
    panels, columns = run(lfp, read(currents()))

    assert "recorded I_syn_ex and I_syn_in" in panels["lfp"].subtitle
    assert "proxy" in panels["lfp"].title
    t = np.arange(6, 1000)
    raw = 2 * (np.sin(2 * np.pi * (t - 6) / 50) + 2) * 2.65
    assert_allclose(columns["lfp"][6:], (raw - raw.mean()) / raw.std(), rtol=1e-4, atol=1e-4)
    assert columns["spectrum.hz"][columns["spectrum.psd"].argmax()] == pytest.approx(20, abs=1.1)


def test_spikes_are_filtered_by_kind(read: Read) -> None:
    panels, columns = run(lfp, read(network()))

    assert columns["source.kind"] == ["excitatory", "inhibitory"]
    # 12 synapses of 4 neurons and weight 0.5; 6 of 2 and weight 2.
    assert_allclose(columns["source.gain"], [1.5, 6.0])
    # 100 spikes a second of E and 40 of I, in bins of 1 ms.
    assert columns["excitatory"][500:1500].mean() == pytest.approx(0.15, rel=1e-3)
    assert columns["inhibitory"][500:1500].mean() == pytest.approx(0.24, rel=1e-3)
    assert not panels["lfp"].empty


def test_what_cannot_be_said_is_said_in_words(read: Read) -> None:
    panels, _ = run(lfp, read(one_spike()))
    assert panels["lfp"].empty == "No synapses onto a are known; choose another layer."

    reader = read(normal())
    panels, _ = run(lfp, reader, layer="a")
    assert "No synapses onto a" in panels["lfp"].empty
    with pytest.raises(InvalidInput, match="was recorded"):
        run(lfp, reader, layer="b", excitatory_variable="I")
