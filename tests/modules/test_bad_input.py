"""Every module on what recordings lack: each panel draws something that is there, or says in a sentence why there is nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from synaptarium.adapters.arrays import arrays_source
from synaptarium.modules.base import Module
from synaptarium.modules.reader import RecordingReader
from synaptarium.modules.registry import Registry, answer_of
from synaptarium.schemas.messages import TimeWindow
from synaptarium.schemas.panels import (
    AnyPanel,
    Bars,
    Column,
    Diagram,
    Failure,
    Matrix,
    Polar,
    Raster,
    Scatter3D,
    Series,
    Table,
    Text,
    Treemap,
)
from synaptarium.schemas.view_state import NeuronRef

from .conftest import Read

MODULES = list(Registry(Path(__file__).parents[2] / "examples" / "modules"))
MS = 1000


def unlabelled() -> Any:
    """Stimuli without labels."""
    return _spiking(
        "unlabelled",
        stimuli={"t_start": np.arange(0, 1000, 100) * MS, "t_stop": np.arange(1, 1001, 100) * MS + 50 * MS},
    )


def one_neuron() -> Any:
    """Two layers of one neuron each, and a synapse."""
    t = np.arange(0, 1_000 * MS, 10 * MS)
    return arrays_source(
        "one neuron",
        bin_us=MS,
        t_stop_us=1_000 * MS,
        layers=[{"name": "a", "neurons": 1}, {"name": "b", "neurons": 1}],
        projections=[{"name": "a/b", "source": "a", "target": "b", "pre": [0], "post": [0]}],
        spikes={"a": (t, np.zeros(len(t), int)), "b": (t[::5] + 2 * MS, np.zeros(len(t[::5]), int))},
        weights={"a/b": ([0, 500 * MS], [0.1, 0.2], [0, 0])},
    )


def no_spikes() -> Any:
    """Everything but spikes."""
    return _recording("no spikes")


def one_step() -> Any:
    """A run of a single bin."""
    return arrays_source(
        "one step",
        bin_us=MS,
        t_stop_us=MS,
        layers=[{"name": "a", "neurons": 4}, {"name": "b", "neurons": 2}],
        projections=[{"name": "a/b", "source": "a", "target": "b"}],
        spikes={"a": ([0, 0], [1, 2])},
        weights={"a/b": (np.zeros(8), np.linspace(0, 1, 8), np.arange(8))},
    )


def nan_potentials() -> Any:
    """Potentials that are no numbers."""
    t = np.arange(0, 1000, 10) * MS
    return _spiking(
        "nan potentials",
        potentials=[
            {
                "layer": "b",
                "variable": "v",
                "unit": "mV",
                "times": np.repeat(t, 2),
                "neurons": np.tile([0, 1], len(t)),
                "values": np.full(2 * len(t), np.nan),
            }
        ],
    )


def no_weights() -> Any:
    """A projection whose weights nobody recorded."""
    return _spiking("no weights", weights={})


def _spiking(name: str, **changes: Any) -> Any:
    t = np.arange(0, 1000, 2) * MS
    return _recording(
        name, spikes={"a": (t, t // (2 * MS) % 4), "b": (t[::3], t[::3] // (6 * MS) % 2)}, **changes
    )


def _recording(name: str, **changes: Any) -> Any:
    return arrays_source(
        name,
        **{
            "bin_us": MS,
            "t_stop_us": 1_000 * MS,
            "layers": [{"name": "a", "shape": (2, 2)}, {"name": "b", "neurons": 2}],
            "projections": [{"name": "a/b", "source": "a", "target": "b"}],
            "weights": {"a/b": ([0, 500 * MS], np.stack([np.linspace(0, 1, 8), np.linspace(1, 0, 8)]))},
            **changes,
        },
    )


CASES = [unlabelled, one_neuron, no_spikes, one_step, nan_potentials, no_weights]


def draws(panel: AnyPanel, columns: dict[str, Column]) -> bool:
    """Tell whether there is something to see in a panel: values that are numbers, rows, boxes."""

    def known(*names: str) -> bool:
        return all(np.isfinite(np.asarray(columns[name], np.float64)).any() for name in names)

    match panel:
        case Series():
            return bool(panel.lines) and any(known(line.y) for line in panel.lines)
        case Bars() | Matrix() | Polar():
            return known(panel.values)
        case Treemap():
            return known(panel.values) and float(np.nansum(columns[panel.values])) > 0
        case Raster():
            return known(panel.time_us, panel.neuron)
        case Scatter3D():
            return known(panel.x, panel.y, panel.z)
        case Table():
            return bool(panel.columns) and all(len(columns[one.column]) for one in panel.columns)
        case Diagram():
            return len(columns[panel.names]) > 0
        case Text():
            return bool(panel.text)
        case Failure():
            return False


def check(
    module: Module, reader: RecordingReader, window: TimeWindow, selection: tuple[NeuronRef, ...]
) -> int:
    """Return how many panels are empty; fails where one is so without a sentence."""
    fresh = RecordingReader(reader._store, reader.recording, reader.manifest)
    answer, columns = answer_of(module, fresh, window, selection, {})
    for panel in answer.panels:
        assert not isinstance(panel, Failure), panel
        if panel.empty:
            assert panel.empty.rstrip().endswith(".") and panel.empty.count(" ") >= 2, panel.empty
        else:
            assert draws(panel, columns), f"{panel.id} draws nothing and does not say why"
    return sum(bool(panel.empty) for panel in answer.panels)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_every_panel_draws_or_says_why(case: Any, read: Read) -> None:
    reader = read(case())
    stop_us = reader.manifest.t_stop_us
    neuron = NeuronRef(layer=reader.recording.header.layers[-1].name, neuron=0)
    for module in MODULES:
        for selection in ((), (neuron,)):
            check(module, reader, TimeWindow(t_start_us=0, t_stop_us=stop_us, now_us=stop_us // 2), selection)


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_a_window_outside_the_run_is_told(module: Module, read: Read) -> None:
    reader = read(_spiking("outside"))
    after = reader.manifest.t_stop_us + 1_000 * MS
    window = TimeWindow(t_start_us=after, t_stop_us=after + 1_000 * MS)

    n_empty = check(module, reader, window, (NeuronRef(layer="b", neuron=0),))

    # What tells of the network or of a moment does not ask for the window.
    assert n_empty or module.name in ("synapse", "stimulus", "causes")
