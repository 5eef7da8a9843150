from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from synaptarium.adapters.brian2 import Brian2Group, Brian2State, Brian2Synapses, brian2_source
from synaptarium.schemas.errors import InvalidInput


class Quantity(np.ndarray):
    """As Brian2's: an array with a unit that numpy.asarray takes off."""


class VariableView:
    """As Brian2's views: no shape before it is indexed."""

    def __init__(self, values: Any) -> None:
        self._values = np.asarray(values)

    @property
    def shape(self) -> tuple[int, ...]:
        raise AttributeError("stop")

    def __getitem__(self, item: Any) -> Any:
        return self._values[item].view(Quantity)


class SpikeMonitor:
    def __init__(self, t: Any, i: Any) -> None:
        self.t, self.i = np.asarray(t).view(Quantity), np.asarray(i, np.int32)


class StateMonitor:
    def __init__(self, t: Any, v: Any, record: Any) -> None:
        self.t, self.v, self.record = VariableView(t), np.asarray(v).view(Quantity), record


class Synapses:
    def __init__(self) -> None:
        self.i, self.j, self.w = VariableView([0, 1]), VariableView([1, 1]), VariableView([0.25, 0.5])


def rows(source: Any, kind: Any, stream: str = "") -> dict[str, list[Any]]:
    return pa.Table.from_batches(list(source.read(kind, stream))).to_pydict()


def test_monitors_are_taken_as_they_are() -> None:
    source = brian2_source(
        "run",
        groups={
            "exc": Brian2Group(
                neurons=2,
                spikes=SpikeMonitor([0.0005, 0.001], [1, 0]),
                states={
                    "v": Brian2State(
                        StateMonitor([0.0, 0.001, 0.002], [[-0.06, -0.05, -0.04]], [1]), unit="V"
                    )
                },
            )
        },
        synapses=[Brian2Synapses("exc", "exc", Synapses())],
    )

    assert rows(source, "spikes") == {"time_us": [500, 1000], "neuron": [1, 0]}
    assert rows(source, "potentials", "v")["time_us"] == [0, 1000, 2000]
    assert rows(source, "potentials", "v")["neuron"] == [1, 1, 1]
    assert rows(source, "weights", "exc -> exc")["value"] == [0.25, 0.5]
    assert source.header.potentials[0].unit == "V"


def test_states_are_neurons_by_time(brian2_arrays: dict[str, Any]) -> None:
    source = brian2_source("run", **brian2_arrays)

    # values = [[0, 1, 2], [3, 4, 5]] for neurons 0 and 2 of a layer that starts at 4.
    assert rows(source, "potentials", "v")["value"] == [0, 3, 1, 4, 2, 5]
    assert rows(source, "potentials", "v")["neuron"] == [4, 6, 4, 6, 4, 6]


def test_states_the_other_way_round_are_read_so_and_told() -> None:
    state = Brian2State(t=[0.0, 0.001, 0.002], values=[[0, 3], [1, 4], [2, 5]])
    source = brian2_source("run", groups={"a": Brian2Group(2, states={"v": state})}, dt=0.001)

    assert rows(source, "potentials", "v")["value"] == [0, 3, 1, 4, 2, 5]
    assert any("came as [T, n]" in note for note in source.header.source.notes)


def test_snapshots_delays_and_repeated_pairs(brian2_arrays: dict[str, Any]) -> None:
    source = brian2_source("run", **brian2_arrays)
    pre, post, delays = source.synapses("input -> exc")

    assert (pre.tolist(), post.tolist()) == ([0, 1, 1], [0, 2, 2])
    assert delays is not None
    assert delays.tolist() == [1, 2, 0]
    assert rows(source, "weights", "input -> exc")["time_us"] == [0, 0, 0, 1000]
    assert any("1 of 3 synapses of 'input -> exc' repeat" in note for note in source.header.source.notes)


def test_span_and_bin_are_those_of_the_run(brian2_arrays: dict[str, Any]) -> None:
    header = brian2_source("run", **brian2_arrays).header

    assert (header.bin_us, header.t_stop_us) == (500, 2000)


def test_a_step_that_is_no_whole_microsecond_is_told(brian2_arrays: dict[str, Any]) -> None:
    header = brian2_source("run", **{**brian2_arrays, "dt": 0.1e-6}).header

    assert header.bin_us == 500
    assert any("no whole number" in note for note in header.source.notes)


def test_what_is_missing_is_named() -> None:
    group = Brian2Group(2)
    with pytest.raises(InvalidInput, match="no i and j"):
        brian2_source("run", groups={"a": group}, synapses=[Brian2Synapses("a", "a")])
    with pytest.raises(InvalidInput, match="without t and i"):
        brian2_source("run", groups={"a": Brian2Group(2, spikes={"t": [0.0]})})
    with pytest.raises(InvalidInput, match="has no values"):
        brian2_source("run", groups={"a": Brian2Group(2, states={"v": Brian2State(t=[0.0])})})
    with pytest.raises(InvalidInput, match="no times"):
        snapshots = Brian2Synapses("a", "a", i=[0], j=[1], w=np.zeros((3, 1)))
        brian2_source("run", groups={"a": group}, synapses=[snapshots])
    with pytest.raises(InvalidInput, match="dt is"):
        brian2_source("run", groups={"a": group}, dt=[1, 2])  # type: ignore[arg-type]
