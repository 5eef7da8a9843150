"""The general module counts right: numbers worked out by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from synaptarium.adapters.arrays import arrays_source
from synaptarium.modules.general import Params, compute
from synaptarium.modules.reader import MAX_POINTS, RecordingReader, SeriesColumns
from synaptarium.schemas.errors import InvalidInput
from synaptarium.schemas.messages import TimeWindow
from synaptarium.schemas.panels import Panel, Series, Table

from .conftest import Read, normal


@pytest.fixture
def reader(read: Read) -> RecordingReader:
    """The normal recording."""
    return read(normal())


def run(
    reader: RecordingReader, start_us: int, stop_us: int, **params: Any
) -> tuple[dict[str, Panel], dict[str, Any]]:
    found = compute(reader, TimeWindow(t_start_us=start_us, t_stop_us=stop_us), (), Params(**params))
    return {panel.id: panel for panel in found.panels}, found.columns


def test_panels_are_those_of_what_was_recorded(reader: RecordingReader) -> None:
    panels, _ = run(reader, 0, 20_000_000)

    assert list(panels) == [
        "spikes",
        "v",
        "weights",
        "metrics",
        "stimuli",
        "information",
        "layers",
        "topology",
        "diagram",
    ]
    spikes = panels["spikes"]
    assert isinstance(spikes, Series)
    assert [line.layer for line in spikes.lines] == ["a", "b"]


def test_whole_run_is_shown_at_the_level_that_fits(reader: RecordingReader) -> None:
    panels, columns = run(reader, 0, 20_000_000)

    # 20,000 bins are too many; 1,250 frames of 16 bins fit.
    assert len(columns["spikes.t_us"]) == 1250
    assert "16 ms" in panels["spikes"].subtitle
    assert columns["spikes.0"].sum() == 4000
    assert columns["spikes.1"].sum() == 1000
    assert columns["v.0"].sum() == 200
    assert columns["weights.0"].sum() == 40


def test_short_window_is_shown_bin_by_bin(reader: RecordingReader) -> None:
    _, columns = run(reader, 10_000_000, 10_100_000)

    assert columns["spikes.t_us"].tolist() == list(range(10_000_000, 10_100_000, 1000))
    assert columns["spikes.0"][:6].tolist() == [1, 0, 0, 0, 0, 1]
    assert columns["spikes.1"][:11].tolist() == [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]


def test_interval_sums_whole_frames(reader: RecordingReader) -> None:
    panels, columns = run(reader, 0, 4_000_000, interval_ms=100)

    assert columns["spikes.t_us"].tolist() == list(range(0, 4_000_000, 100_000))
    assert columns["spikes.0"].tolist() == [20.0] * 40
    assert "100 ms" in panels["spikes"].subtitle


def test_percent_is_of_the_largest_in_the_window(reader: RecordingReader) -> None:
    panels, columns = run(reader, 9_000_000, 11_000_000, interval_ms=1000, scale="percent")

    assert columns["spikes.0"].tolist() == [100.0, 100.0]
    assert columns["spikes.1"].tolist() == [0.0, 100.0]
    spikes = panels["spikes"]
    assert isinstance(spikes, Series)
    assert spikes.y_axis.unit == "%"
    assert [line.name for line in spikes.lines] == ["a (100 % = 200)", "b (100 % = 100)"]


def test_metrics_share_one_time_axis(reader: RecordingReader) -> None:
    _, columns = run(reader, 0, 20_000_000)

    assert columns["metrics.t_us"].tolist() == [5_000_000, 15_000_000]
    np.testing.assert_array_equal(columns["metrics.0"], [0.5, 0.75])
    np.testing.assert_array_equal(columns["metrics.1"], [np.nan, 0.1])


def test_weights_at_the_start_are_no_updates(read: Read) -> None:
    source = arrays_source(
        "start",
        bin_us=1000,
        t_stop_us=20_000,
        layers=[{"name": "a", "neurons": 2}, {"name": "b", "neurons": 2}],
        projections=[{"source": "a", "target": "b"}],
        weights={"a -> b": ([0, 0, 0, 0, 500, 7000], [0.1, 0.2, 0.3, 0.4, 0.5, 0.6], [0, 1, 2, 3, 3, 0])},
    )
    reader = read(source)

    panels, columns = run(reader, 0, 20_000)
    later, _ = run(reader, 1000, 20_000)

    assert columns["weights.0"].tolist() == [1] + [0] * 6 + [1] + [0] * 12
    (told,) = panels["weights"].accounting
    assert (told.kept, told.total) == (2, 6)
    assert later["weights"].accounting == ()


def test_metrics_of_a_group_have_a_panel_of_their_own(read: Read) -> None:
    source = arrays_source(
        "groups",
        bin_us=1000,
        t_stop_us=20_000,
        layers=[{"name": "a", "neurons": 1}],
        metrics={
            "accuracy/100 neurons": ([1000, 2000], [0.1, 0.2]),
            "accuracy/400 neurons": ([2000], [0.3]),
            "loss": ([2000], [7.0]),
        },
    )

    panels, columns = run(read(source), 0, 20_000)

    accuracy, rest = panels["metrics.accuracy"], panels["metrics"]
    assert isinstance(accuracy, Series) and isinstance(rest, Series)
    assert (accuracy.title, [line.name for line in accuracy.lines]) == (
        "Accuracy",
        ["100 neurons", "400 neurons"],
    )
    np.testing.assert_array_equal(columns["metrics.accuracy.1"], [np.nan, 0.3])
    assert [line.name for line in rest.lines] == ["loss"]


def test_window_outside_says_why_it_is_empty(reader: RecordingReader) -> None:
    panels, _ = run(reader, 20_000_000, 30_000_000)

    assert panels["spikes"].empty
    assert panels["metrics"].empty
    assert not panels["information"].empty


def test_information_and_topology(reader: RecordingReader) -> None:
    panels, columns = run(reader, 0, 1000)

    facts = dict(zip(columns["information.name"], columns["information.value"], strict=True))
    assert facts["Neurons"] == "45"
    assert facts["Layers"] == "2"
    assert facts["Input"] == "2 stimuli"
    assert facts["Dataset"] == "letters"
    assert facts["Simulation date"] == "2026-11-24"
    assert "Imported" not in facts
    assert facts["Accuracy"] == "75 %"
    assert columns["topology.source"] == ["a"]
    assert columns["topology.synapses"].tolist() == [40]
    assert isinstance(panels["topology"], Table)


def test_reader_refuses_more_than_its_budget(reader: RecordingReader) -> None:
    reader.bytes_read = 4 * 1024 * 1024

    with pytest.raises(InvalidInput, match="more than 4 MiB"):
        list(reader.events("spikes", "", 0, 20_000_000))


def test_reader_takes_a_coarser_level_where_the_budget_is_short(reader: RecordingReader) -> None:
    whole = reader.series("spikes.series", ["a"], 0, 100_000)
    reader.bytes_read = 4 * 1024 * 1024 - 50_000

    short = reader.series("spikes.series", ["a"], 0, 100_000)

    assert (whole.level, whole.frame_us) == (0, 1000)
    assert short.level > 0
    assert len(whole.t_us) <= MAX_POINTS


def test_series_at_any_level_sums_to_the_same(reader: RecordingReader) -> None:
    for points in (4096, 1250, 100):
        assert reader.series("spikes.series", ["a"], 0, 20_000_000, points=points).total["a"].sum() == 4000


def test_intervals_are_aligned_to_the_start_of_the_recording() -> None:
    series = SeriesColumns(np.arange(3, 9) * 10 + 1000, 10, 0, {"a": np.arange(6.0)})

    summed = series.per_interval(4, 1000)

    # Frames 3 | 4 5 6 7 | 8 of the recording.
    assert summed.t_us.tolist() == [1000, 1040, 1080]
    assert summed.total["a"].tolist() == [0.0, 1 + 2 + 3 + 4, 5.0]


def test_an_interval_that_the_run_does_not_fill_is_left_out_and_told(read: Read) -> None:
    source = arrays_source(
        "cut off",
        bin_us=1000,
        t_stop_us=1_005_000,
        layers=[{"name": "a", "neurons": 1}],
        spikes={"a": (np.arange(0, 1_005_000, 1000), np.zeros(1005, int))},
    )

    panels, columns = run(read(source), 0, 1_005_000, interval_ms=10)

    assert columns["spikes.0"].tolist() == [10] * 100
    assert "without the run's last 5 ms, which fill no interval" in panels["spikes"].subtitle


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"details": {"accuracy_percent": "84.45"}}, "84.45 %"),
        ({}, "66.7 % of 3 inputs read right"),
        ({"predictions": None, "metrics": {"accuracy": ([1, 2], [0.5, 0.625])}}, "0.625, as logged last"),
        ({"predictions": None}, "not recorded"),
    ],
    ids=["told", "read", "logged", "unknown"],
)
def test_accuracy_is_what_is_known_of_it(more: dict[str, Any], told: str, read: Read) -> None:
    predictions = more.pop("predictions", ["x", "y", "y"])
    stimuli: dict[str, Any] = {"t_start": [0, 100, 200], "t_stop": [100, 200, 300], "labels": ["x", "x", "y"]}
    if predictions:
        stimuli["predictions"] = predictions
    source = arrays_source(
        "read",
        bin_us=1,
        t_stop_us=300,
        layers=[{"name": "a", "neurons": 1}],
        spikes={"a": ([5], [0])},
        stimuli=stimuli,
        **more,
    )

    _, columns = run(read(source), 0, 300)

    facts = dict(zip(columns["information.name"], columns["information.value"], strict=True))
    assert facts["Accuracy"] == told
    assert facts["Dataset"] == "read"
