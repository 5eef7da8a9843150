"""Every module gives valid panels on a normal recording, on one spike, and on nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from synaptarium.modules.base import Module
from synaptarium.modules.reader import BUDGET_BYTES, MAX_POINTS, RecordingReader
from synaptarium.modules.registry import Registry, answer_of
from synaptarium.schemas.messages import TimeWindow
from synaptarium.schemas.panels import Failure, Matrix, Panels, Raster, Series, decode_answer, encode_answer
from synaptarium.schemas.view_state import NeuronRef

from .conftest import Read, empty, normal, one_spike

MODULES = list(Registry(Path(__file__).parents[2] / "examples" / "modules"))
# Fields of panels and of their parts that name a column.
COLUMN_FIELDS = [
    "x",
    "y",
    "z",
    "categories",
    "values",
    "time_us",
    "times_us",
    "neuron",
    "layers",
    "names",
    "notes",
    "sources",
    "targets",
    "sizes",
    "arc_notes",
    "row_names",
    "column_names",
    "column",
]


def columns_named(value: Any) -> Iterator[str]:
    """Yield every column that a panel refers to."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if isinstance(inner, str) and inner:
                if name in COLUMN_FIELDS or (name == "group" and value.get("kind") == "scatter3d"):
                    yield inner
            else:
                yield from columns_named(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from columns_named(inner)


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
@pytest.mark.parametrize("source", [normal, one_spike, empty], ids=lambda source: source.__name__)
def test_module_gives_valid_panels(module: Module, source: Any, read: Read) -> None:
    reader = read(source())
    stop_us = reader.manifest.t_stop_us
    for window in ((0, stop_us), (stop_us // 3, stop_us // 3 + 1000), (stop_us, stop_us + 5_000_000)):
        fresh = RecordingReader(reader._store, reader.recording, reader.manifest)

        answer, columns = answer_of(
            module, fresh, TimeWindow(t_start_us=window[0], t_stop_us=window[1]), (), {}
        )

        assert answer.panels
        assert not [panel for panel in answer.panels if isinstance(panel, Failure)], answer.panels
        assert len({panel.id for panel in answer.panels}) == len(answer.panels)
        for panel in answer.panels:
            assert panel.title
            for name in columns_named(msgspec.to_builtins(panel)):
                assert name in columns, f"{panel.id} refers to {name}"
                assert len(columns[name]) <= MAX_POINTS
        assert fresh.bytes_read <= BUDGET_BYTES
        again, read_back = decode_answer(encode_answer(answer, columns).to_pybytes())
        assert again == answer
        assert list(read_back) == list(columns)


def test_module_that_fails_gives_its_error_card(read: Read) -> None:
    def compute(reader: object, window: object, selection: object, params: object) -> Panels:
        raise ZeroDivisionError("no spikes at all")

    answer, columns = answer_of(
        Module(compute=compute), read(empty()), TimeWindow(t_start_us=0, t_stop_us=1), (), {}
    )

    (card,) = answer.panels
    assert isinstance(card, Failure)
    assert card.error.message == "ZeroDivisionError: no spikes at all"
    assert __file__ in card.error.where
    assert columns == {}


@pytest.mark.parametrize(
    "params", [{"nothing": 1}, {"interval_ms": "long"}, {"interval_ms": -1}, {"scale": "log"}]
)
def test_wrong_parameters_give_an_error_card(params: dict[str, Any], read: Read) -> None:
    answer, _ = answer_of(
        Registry().get("general"), read(empty()), TimeWindow(t_start_us=0, t_stop_us=1000), (), params
    )

    (card,) = answer.panels
    assert isinstance(card, Failure)
    assert card.error.code == "invalid_input"
    assert card.error.hint


def test_columns_are_numbers_or_texts(read: Read) -> None:
    _, columns = answer_of(
        Registry().get("general"), read(normal()), TimeWindow(t_start_us=0, t_stop_us=1000), (), {}
    )

    assert all(isinstance(values, list | np.ndarray) for values in columns.values())


#: How a panel tells its window or its moment, and how wide an interval is.
SPAN = re.compile(r"\d s to -?[\d,.]+ s|at -?[\d,.]+ s|last stimul|whole run|in the run|ends? |before ")
WIDTH = re.compile(
    r"(bins?|frames?|intervals?|per|every|segments|times)\b.*?\d|\d[\d,.]* (us|ms|s|times|bins)\b"
)


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_panels_over_time_state_window_width_and_unit(module: Module, read: Read) -> None:
    reader = read(normal())
    stop_us = reader.manifest.t_stop_us
    window = TimeWindow(t_start_us=0, t_stop_us=stop_us // 4 * 3, now_us=stop_us // 2)
    selection = (NeuronRef(layer="b", neuron=1), NeuronRef(layer="a", neuron=2))
    answer, _ = answer_of(module, reader, window, selection, {})

    for panel in answer.panels:
        over_time = (isinstance(panel, Series) and panel.time) or isinstance(panel, Raster)
        over_time |= isinstance(panel, Matrix) and bool(panel.times_us)
        if panel.empty or not over_time:
            continue
        assert SPAN.search(panel.subtitle), f"{panel.id} does not tell its window: {panel.subtitle!r}"
        assert WIDTH.search(panel.subtitle), f"{panel.id} does not tell its bin: {panel.subtitle!r}"
        if isinstance(panel, Series):
            assert panel.x_axis.unit == "us" and panel.y_axis.label
            assert panel.y_axis.unit, panel.id
