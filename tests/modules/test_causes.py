"""The walk back from a spike: contributions worked out by hand, delays, and where it ends."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from synaptarium.adapters.arrays import arrays_source
from synaptarium.kernels.causes import contributions, drive
from synaptarium.modules import causes
from synaptarium.modules.reader import BUDGET_BYTES, RecordingReader
from synaptarium.modules.selection import Selection
from synaptarium.schemas.errors import InvalidInput
from synaptarium.schemas.messages import TimeWindow
from synaptarium.schemas.view_state import NeuronRef

from .conftest import Read
from .test_analyses import run


def chain() -> Any:
    """a 0 at 100 ms and a 1 at 108 ms drive b 0 at 110 ms, which drives c 0 at 115 ms; a 2 comes too late."""
    return arrays_source(
        "chain",
        bin_us=1000,
        t_stop_us=200_000,
        layers=[{"name": "a", "neurons": 3}, {"name": "b", "neurons": 2}, {"name": "c", "neurons": 1}],
        projections=[
            {
                "name": "a/b",
                "source": "a",
                "target": "b",
                "pre": [0, 1, 2, 0],
                "post": [0, 0, 0, 1],
                "delays_ms": [2.0, 1.0, 5.0, 1.0],
            },
            {"name": "b/c", "source": "b", "target": "c", "pre": [0, 1], "post": [0, 0]},
        ],
        spikes={
            "a": ([100_000, 107_000, 108_000], [0, 2, 1]),
            "b": ([110_000], [0]),
            "c": ([115_000], [0]),
        },
        weights={"a/b": ([0, 0, 0, 0, 109_000], [0.5, -0.2, 0.9, 0.7, 0.6], [0, 1, 2, 3, 0])},
    )


def test_causes_are_ranked_by_weight_and_age(read: Read) -> None:
    panels, columns = run(causes, read(chain()), selection=(NeuronRef(layer="b", neuron=0),), now_us=111_500)

    assert "b 0 at 0.110 s" in panels["causes"].title
    # a 2 arrives at 112 ms.
    assert columns["neuron"].tolist() == [0, 1]
    assert columns["sent_us"].tolist() == [100_000, 108_000]
    assert columns["age_ms"].tolist() == [8, 1]
    # The weight of a 0 changed to 0.6 before the spike.
    assert_allclose(columns["weight"], [0.6, -0.2], rtol=1e-3)
    wanted = np.array([0.6 * np.exp(-8 / 20), -0.2 * np.exp(-1 / 20)])
    assert_allclose(columns["contribution"], wanted, rtol=1e-3)
    assert_allclose(columns["part"], 100 * wanted / np.abs(wanted).sum(), rtol=1e-3)
    assert columns["lit"][0] == 1
    assert panels["causes"].lit == "lit"
    assert panels["causes"].links.layers == "layer"
    assert_allclose(columns["drive.excitation"][-1], wanted[0], rtol=1e-3)
    assert_allclose(columns["drive.inhibition"][-1], wanted[1], rtol=1e-3)


def test_the_walk_goes_from_spike_to_spike_until_nothing_is_known(read: Read) -> None:
    reader = read(chain())

    panels, columns = run(causes, reader, selection=(NeuronRef(layer="c", neuron=0),), now_us=150_000)
    assert (columns["layer"], columns["neuron"].tolist()) == (["b"], [0])
    # No delay was recorded: one bin; no weight: 1.
    assert columns["age_ms"].tolist() == [4]
    assert columns["weight"].tolist() == [1]
    assert "no delays of b/c: one bin" in panels["causes"].subtitle
    assert "2 of 2 weights of b/c unknown: 1" in panels["causes"].subtitle

    step = NeuronRef(layer="b", neuron=0)
    panels, columns = run(causes, reader, selection=(step,), now_us=int(columns["sent_us"][0]))
    assert columns["neuron"].tolist() == [0, 1]

    step = NeuronRef(layer="a", neuron=0)
    panels, _ = run(causes, reader, selection=(step,), now_us=int(columns["sent_us"][0]))
    assert "the walk back ends here" in panels["causes"].empty


def test_what_cannot_be_told_is_said_in_words(read: Read) -> None:
    reader = read(chain())

    assert "Select a neuron" in run(causes, reader)[0]["causes"].empty
    silent = (NeuronRef(layer="b", neuron=1),)
    assert "did not spike" in run(causes, reader, selection=silent)[0]["causes"].empty
    early = (NeuronRef(layer="b", neuron=0),)
    assert "did not spike" in run(causes, reader, selection=early, now_us=90_000)[0]["causes"].empty
    panels, _ = run(causes, reader, selection=early, now_us=150_000, tau_ms=0.1)
    assert "No presynaptic spike arrived" in panels["causes"].empty
    with pytest.raises(InvalidInput, match="tau_ms"):
        causes.Params(tau_ms=0)


def test_it_reads_no_more_than_the_budget(read: Read) -> None:
    random = np.random.default_rng(1)
    n = 300_000
    source = arrays_source(
        "dense",
        bin_us=1000,
        t_stop_us=1_000_000,
        layers=[{"name": "a", "neurons": 600}, {"name": "b", "neurons": 500}],
        projections=[{"name": "a/b", "source": "a", "target": "b"}],
        spikes={
            "a": (np.sort(random.integers(0, 1_000_000, n)), random.integers(0, 600, n)),
            "b": ([900_000], [7]),
        },
        weights={"a/b": (np.zeros(300_000), random.random(300_000), np.arange(300_000))},
    )
    reader = read(source)
    fresh = RecordingReader(reader._store, reader.recording, reader.manifest)

    found = causes.compute(
        fresh,
        TimeWindow(t_start_us=0, t_stop_us=1_000_000),
        Selection([("b", np.array([7]))]),
        causes.Params(),
    )

    assert fresh.bytes_read <= BUDGET_BYTES
    assert len(found.columns["neuron"]) == causes.MAX_ROWS
    assert any(one.what == "presynaptic spikes" for one in found.panels[0].accounting)


@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(0, 30),
    n_moments=st.integers(1, 20),
    tau=st.floats(0.1, 1e5),
)
@settings(max_examples=60, deadline=None)
def test_drive_is_the_sum_of_the_contributions(seed: int, n: int, n_moments: int, tau: float) -> None:
    random = np.random.default_rng(seed)
    moments = np.sort(random.integers(0, 100_000, n_moments))
    arrivals, weights = random.integers(0, 120_000, n), random.normal(size=n)

    found = drive(moments, arrivals, weights, tau_us=tau)

    wanted = [contributions(int(moment), arrivals, weights, tau_us=tau).sum() for moment in moments]
    assert_allclose(found, wanted, rtol=1e-9, atol=1e-9)
