"""Subsets of stimuli: a class, what was read right or wrong; numbers worked out by hand."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest

from synaptarium.adapters.arrays import arrays_source
from synaptarium.modules.firing import MODULE as FIRING
from synaptarium.modules.intervals import counts_in_window
from synaptarium.modules.neuron import MODULE as NEURON
from synaptarium.modules.raster import MODULE as RASTER
from synaptarium.modules.reader import RecordingReader
from synaptarium.modules.registry import answer_of
from synaptarium.modules.stimuli import presentations
from synaptarium.modules.subset import Subset
from synaptarium.schemas.errors import InvalidInput
from synaptarium.schemas.messages import TimeWindow
from synaptarium.schemas.panels import Failure, Series

from .conftest import Read

WHOLE = TimeWindow(t_start_us=0, t_stop_us=20_000_000)


def classes(*, predictions: bool = True, n: int = 20) -> Any:
    """Stimuli of 0.5 s at each second: x, y, x, y ...; y is read as x at every fourth. Neuron 0 spikes all the time.

    Every 10 ms a spike: 50 in a stimulus, 50 in the pause after it. Neuron 1 spikes once in the middle of each y.
    """
    always = np.arange(0, n * 1_000_000, 10_000)
    starts = np.arange(n) * 1_000_000
    labels = ["xy"[i % 2] for i in range(n)]
    read = ["x" if i % 4 == 3 else label for i, label in enumerate(labels)]
    times = np.concatenate([always, starts[1::2] + 250_000])
    neurons = np.concatenate([np.zeros(len(always), np.int64), np.ones(n // 2, np.int64)])
    order = np.argsort(times, kind="stable")
    given: dict[str, Any] = {"t_start": starts, "t_stop": starts + 500_000, "labels": labels}
    if predictions:
        given["predictions"] = read
    return arrays_source(
        "classes",
        bin_us=1000,
        t_stop_us=n * 1_000_000,
        layers=[{"name": "a", "neurons": 2}],
        spikes={"a": (times[order], neurons[order])},
        stimuli=given,
    )


def of(reader: RecordingReader, text: str) -> RecordingReader:
    return RecordingReader(reader._store, reader.recording, reader.manifest, Subset.parse(text))


@pytest.mark.parametrize(
    ("text", "n", "always", "middle"),
    [
        ("", 20, 2000, 10),
        ("class:x", 10, 500, 0),
        ("class:y", 10, 500, 10),
        ("correct", 15, 750, 5),
        ("wrong", 5, 250, 5),
    ],
)
def test_counts_and_presented_time_are_those_of_the_subset(
    read: Read, text: str, n: int, always: int, middle: int
) -> None:
    reader = of(read(classes()), text)

    assert len(presentations(reader, WHOLE).t_start_us) == n
    counts, read_us, by_class = counts_in_window(reader, reader.recording.header.layers[0], WHOLE)
    assert counts.tolist() == [always, middle]
    assert read_us[0] == (20_000_000 if text == "" else n * 500_000)
    if text:
        assert by_class.duration_us.sum() == n * 500_000
        assert by_class.counts[0].sum() == always


def test_a_subset_in_a_part_of_the_run_begins_before_it(read: Read) -> None:
    window = TimeWindow(
        t_start_us=1_250_000, t_stop_us=2_100_000
    )  # the second half of a y, then a tenth of an x
    reader = read(classes())

    layer = reader.recording.header.layers[0]
    assert counts_in_window(of(reader, "class:y"), layer, window)[0].tolist() == [25, 1]
    assert counts_in_window(of(reader, "class:x"), layer, window)[0].tolist() == [10, 0]


@pytest.mark.parametrize("module", [NEURON, FIRING, RASTER], ids=lambda module: module.name)
def test_answers_say_which_stimuli_they_count(read: Read, module: Any) -> None:
    reader = of(read(classes()), "class:y")

    answer, columns = answer_of(module, reader, WHOLE, (), {})
    assert all("stimuli of class y only" in panel.subtitle for panel in answer.panels)
    if module is NEURON:
        assert columns["bars.spikes"].tolist() == [500, 10]
    elif module is FIRING:
        psth = next(panel for panel in answer.panels if panel.id == "psth")
        assert isinstance(psth, Series)
        assert [line.group for line in psth.lines] == ["y"]
    else:
        assert len(columns[answer.panels[0].time_us]) == 510


def test_right_and_wrong_need_predictions_and_a_class_has_to_be_there(read: Read) -> None:
    reader = read(classes(predictions=False))

    for text, words in (("wrong", "both a label and a prediction"), ("class:7", "There is no class '7'")):
        answer, _ = answer_of(NEURON, of(reader, text), WHOLE, (), {})
        assert isinstance(answer.panels[0], Failure)
        assert words in answer.panels[0].error.message
        assert answer.panels[0].error.hint
    for text in ("class:", "klass:7", "right"):
        with pytest.raises(InvalidInput, match="There are no stimuli"):
            Subset.parse(text)


def test_a_window_keeps_its_stimuli_on_the_wire() -> None:
    window = TimeWindow(t_start_us=0, t_stop_us=1, stimuli="class:ü:7")
    assert msgspec.json.decode(msgspec.json.encode(window), type=TimeWindow) == window
    assert Subset.parse(window.stimuli) == Subset("class", "ü:7")
