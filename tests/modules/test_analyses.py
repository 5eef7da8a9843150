"""The analyses show what happened: numbers worked out by hand, and on a real run what Elephant says of it."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import elephant.spike_train_correlation
import elephant.statistics
import h5py
import numpy as np
import pytest
import quantities as pq

from synaptarium.adapters.arrays import arrays_source
from synaptarium.modules import (
    classes,
    correlation,
    event_search,
    firing,
    health,
    spike_trains,
    state_space,
    stimulus,
    synapse,
)
from synaptarium.modules.intervals import counts_in_window, counts_per_interval
from synaptarium.modules.reader import RecordingReader
from synaptarium.modules.selection import Selection
from synaptarium.modules.wording import chosen_layer
from synaptarium.schemas.errors import InvalidInput
from synaptarium.schemas.messages import TimeWindow
from synaptarium.schemas.panels import Matrix, Panel
from synaptarium.schemas.view_state import NeuronRef, Neurons

from ..kernels.trains import RECORDINGS, needs_recordings
from .conftest import Read, empty, normal, one_spike

TOLERANCE: dict[str, Any] = {"rtol": 1e-9, "atol": 1e-9}


def run(
    module: ModuleType,
    reader: RecordingReader,
    start_us: int = 0,
    stop_us: int = 10**12,
    *,
    selection: Neurons = (),
    now_us: int | None = None,
    **params: Any,
) -> tuple[dict[str, Panel], dict[str, Any]]:
    stop_us = min(stop_us, reader.manifest.t_stop_us)
    window = TimeWindow(t_start_us=start_us, t_stop_us=stop_us, now_us=now_us)
    fresh = RecordingReader(reader._store, reader.recording, reader.manifest)
    selected = Selection.read(selection, reader.recording)
    found = module.compute(fresh, window, selected, module.Params(**params))
    return {panel.id: panel for panel in found.panels}, found.columns


@pytest.fixture
def reader(read: Read) -> RecordingReader:
    """The normal recording: ``a`` spikes every 5 ms in turn, ``b`` every 10 ms in its second half."""
    return read(normal())


def trouble() -> Any:
    """16 s, 1 ms bins. Neurons 0 regular, 1 silent from 4 s on, 2 dead, 3 in every bin, 4 ten times as fast from 12 s on."""
    second = 1_000_000
    regular = np.arange(0, 16 * second, 100_000)
    fast = np.concatenate([np.arange(0, 12 * second, 200_000), np.arange(12 * second, 16 * second, 20_000)])
    trains = [
        regular,
        np.arange(0, 4 * second, 100_000),
        np.empty(0, np.int64),
        np.arange(0, 16 * second, 1000),
        fast,
    ]
    times = np.concatenate(trains)
    ids = np.repeat(np.arange(5), [len(train) for train in trains])
    order = np.argsort(times, kind="stable")
    onset = np.arange(0, 16 * second, second)
    return arrays_source(
        "trouble",
        bin_us=1000,
        t_stop_us=16 * second,
        layers=[{"name": "a", "neurons": 2}, {"name": "b", "neurons": 5}],
        projections=[
            {"name": "a/b", "source": "a", "target": "b", "pre": [0, 1, 0, 1], "post": [0, 0, 1, 1]}
        ],
        spikes={"b": (times[order], ids[order])},
        # Synapses of neuron 1 stop at 4 s, those of neuron 0 go on.
        weights={
            "a/b": (
                np.concatenate([onset, onset[:5]]),
                np.concatenate([np.linspace(0.1, 1, 16), np.linspace(0.1, 0.5, 5)]),
                np.concatenate([np.arange(16) % 2, 2 + np.arange(5) % 2]),
            )
        },
        stimuli={
            "t_start": onset,
            "t_stop": onset + 500_000,
            "labels": ["x", "y"] * 8,
            "predictions": ["x", "y"] * 4 + ["x", "x"] * 4,
        },
    )


def test_regularity_of_a_clock_is_zero(reader: RecordingReader) -> None:
    panels, columns = run(spike_trains, reader, layer="a")

    # Each of the 40 neurons every 200 ms.
    assert not panels["isi"].empty
    np.testing.assert_allclose(columns["row.isi_ms"], 200)
    for name in ("cv", "cv2", "lv"):
        np.testing.assert_allclose(columns[f"row.{name}"], 0, atol=1e-12)
    np.testing.assert_allclose(columns["row.hz"], 5)
    # 100 ms windows hold 0 or 1 spike in turn: variance 1/4 by mean 1/2.
    np.testing.assert_allclose(columns["row.fano"], 0.5)
    assert columns["isi.0"].sum() == 40 * 99


def test_population_rate_and_psth_are_spikes_by_neurons_and_time(reader: RecordingReader) -> None:
    panels, columns = run(firing, reader, layer="b", bin_ms=1000, before_ms=0)

    # 16 ms frames: an interval is 62 of them. 40 neurons at 5 Hz each; b is silent in its first half.
    np.testing.assert_allclose(columns["population.0"][:-1], 5, rtol=0.02)
    assert columns["population.1"][:9].sum() == 0
    # After the onset of x come 9 s of silence, and then b's spikes: 100 a second of 5 neurons.
    since_ms = columns["psth.ms"]
    np.testing.assert_allclose(columns["psth.0"][since_ms < 8900], 0)
    assert columns["psth.0"][since_ms > 10_100].mean() == pytest.approx(20, rel=0.05)
    # The other stimulus begins too late to be seen whole.
    assert (panels["psth"].accounting[-1].kept, panels["psth"].accounting[-1].total) == (1, 2)


def test_correlation_finds_the_neurons_that_fire_together(read: Read) -> None:
    random = np.random.default_rng(0)
    one = np.sort(random.choice(10_000, 500, replace=False)) * 1000
    other = np.sort(random.choice(10_000, 500, replace=False)) * 1000
    times = np.concatenate([one, one + 3000, other])
    ids = np.repeat([0, 1, 2], 500)
    order = np.argsort(times, kind="stable")
    reader = read(
        arrays_source(
            "together",
            bin_us=1000,
            t_stop_us=11_000_000,
            layers=[{"name": "a", "neurons": 3}],
            spikes={"a": (times[order], ids[order])},
        )
    )

    _, columns = run(
        correlation,
        reader,
        bin_ms=1,
        max_lag_ms=10,
        selection=(NeuronRef(layer="a", neuron=0), NeuronRef(layer="a", neuron=1)),
    )
    # Neuron 1 follows 0 by 3 ms.
    assert columns["lag.ms"][np.argmax(columns["lag.pairs"])] == 3
    assert columns["lag.pairs"].max() == 500
    wide, wide_columns = run(correlation, reader, bin_ms=10, measure="sttc", coincidence_ms=4)
    matrix = wide["pairs"]
    assert isinstance(matrix, Matrix)
    pairs = wide_columns["pairs.value"].reshape(3, 3)
    assert pairs[0, 1] == pytest.approx(1)
    assert abs(pairs[0, 2]) < 0.3


def test_classes_are_told_apart_as_the_run_said(read: Read) -> None:
    panels, columns = run(classes, read(trouble()), window_stimuli=4)

    # 8 x right, 4 y right, 4 y read as x.
    assert columns["confusion.n"].reshape(2, 2).tolist() == [[8, 0], [4, 4]]
    assert "75 % read right" in panels["confusion"].subtitle
    np.testing.assert_allclose(columns["class.recall"], [100, 50])
    np.testing.assert_allclose(columns["class.precision"], [100 * 8 / 12, 100])
    np.testing.assert_allclose(columns["accuracy.percent"][[2, 3, -1]], [np.nan, 100, 50])


def test_health_names_each_trouble_and_since_when(read: Read) -> None:
    _, columns = run(health, read(trouble()), layer="b")

    found = {
        (name, int(neuron)): since
        for name, neuron, since in zip(
            columns["row.condition"], columns["row.neuron"], columns["row.since_us"], strict=True
        )
    }
    assert {key for key in found if key[0] != "without a class"} == {
        ("dead", 2),
        ("silent", 1),
        ("saturated", 3),
        ("runaway", 4),
        ("stuck weights", 1),
    }
    # To the interval: 128 of 16 s are 125 ms, in powers of two of bins 128 or 256 ms.
    assert found["silent", 1] == pytest.approx(3_900_000, abs=300_000)
    assert found["stuck weights", 1] == pytest.approx(4_000_000, abs=300_000)
    assert found["runaway", 4] == pytest.approx(12_000_000, abs=300_000)
    assert found["saturated", 3] == 0
    # All fire alike whatever is shown, or not at all.
    assert {key[1] for key in found if key[0] == "without a class"} >= {0, 2, 3}


def test_lost_class_is_told_with_the_time_at_which_it_was_lost(read: Read) -> None:
    second = 1_000_000
    onset = np.arange(0, 16 * second, second)
    ten = np.arange(0, second, second // 10)
    # Neuron 0 answers the four x of the first half, then the four y of the second; neuron 1 never fires; neuron 2 keeps x.
    turned = np.concatenate([onset[[0, 2, 4, 6]], onset[[9, 11, 13, 15]]])[:, None] + ten
    kept = onset[::2, None] + ten
    times, ids = np.concatenate([turned.ravel(), kept.ravel()]), np.repeat([0, 2], 80)
    order = np.argsort(times, kind="stable")
    reader = read(
        arrays_source(
            "turned",
            bin_us=1000,
            t_stop_us=16 * second,
            layers=[{"name": "a", "neurons": 3}],
            spikes={"a": (times[order], ids[order])},
            stimuli={"t_start": onset, "t_stop": onset + second, "labels": ["x", "y"] * 8},
        )
    )

    _, columns = run(health, reader, condition="without a class")

    assert columns["row.neuron"].tolist() == [0, 1]
    # (40 / 7 s - y / 6.5 s) by their sum falls below 20 % with the 25th spike at a y, at 13.5 s; intervals of 256 ms.
    assert columns["row.since_us"][0] == pytest.approx(13_450_000, abs=300_000)
    assert columns["row.since_us"][1] == 0


def test_condition_can_be_chosen_and_thresholds_set(read: Read) -> None:
    reader = read(trouble())

    panels, columns = run(health, reader, layer="b", condition="saturated", saturated_percent=100)

    assert columns["row.neuron"].tolist() == [3]
    panels, _ = run(health, reader, layer="b", condition="stuck weights", silent_percent=90)
    assert panels["findings"].empty
    with pytest.raises(InvalidInput, match="runaway_percent is 50"):
        run(health, reader, runaway_percent=50)


def test_event_search_lists_first_spikes_with_their_latency(reader: RecordingReader) -> None:
    _, columns = run(event_search, reader, layer="b")

    # b begins to spike at 10 s, when y is shown.
    assert columns["t_us"].tolist() == [10_000_000]
    assert columns["neuron"].tolist() == [0]
    assert columns["told"] == ["0 ms after class y began"]


@pytest.mark.parametrize(
    ("params", "times", "told"),
    [
        ({"query": "rate_above", "rate_hz": 90, "layer": "b"}, [], None),
        ({"query": "silence", "silence_ms": 150, "layer": "a"}, 40 * 99, "after 200 ms"),
        ({"query": "read_wrong"}, [], None),
        ({"query": "weight_crosses", "threshold_weight": 0.5}, [], None),
    ],
)
def test_event_search_counts_what_there_is(
    reader: RecordingReader, params: dict[str, Any], times: Any, told: str | None
) -> None:
    panels, columns = run(event_search, reader, **params)

    if isinstance(times, int):
        assert panels["moments"].accounting[-1].total == times
        assert len(columns["t_us"]) == event_search.MAX_ROWS
        assert set(columns["told"]) == {told}
    else:
        assert panels["moments"].empty


def test_weights_that_cross_are_found_with_their_synapse(read: Read) -> None:
    _, columns = run(event_search, read(trouble()), query="weight_crosses", threshold_weight=0.35)

    # Onto neuron 1 at 3 and 4 s (0.4, 0.5), onto neuron 0 at 5 and 6 s (0.4, 0.46), all upwards.
    assert columns["neuron"].tolist() == [1, 1, 0, 0]
    np.testing.assert_allclose(columns["t_us"], [3e6, 4e6, 5e6, 6e6], atol=20_000)
    assert all(text.endswith("up") for text in columns["told"])


def test_wrong_readings_are_listed(read: Read) -> None:
    panels, columns = run(event_search, read(trouble()), query="read_wrong")

    assert columns["t_us"].tolist() == [9e6, 11e6, 13e6, 15e6]
    assert set(columns["told"]) == {"class y read as x"}
    assert panels["moments"].subtitle.endswith("a click goes there")


def test_trajectory_separates_what_differs(reader: RecordingReader) -> None:
    panels, columns = run(state_space, reader, layer="b", bin_ms=1000)

    # b is silent, then fires: one direction tells the halves apart.
    first, second = columns["pc1"][:9], columns["pc1"][11:]
    assert first.max() < second.min() or first.min() > second.max()
    assert set(columns["class"]) == {"x", "y", ""}
    assert not panels["trajectory"].empty


def test_pruning_counts_what_would_go(reader: RecordingReader) -> None:
    panels, columns = run(synapse, reader, prune_percent=50)

    # Weights 0 to 1 in 40 steps: those below half are 20, 4 of each postsynaptic neuron.
    assert "20 of 40 synapses" in panels["pruning"].subtitle
    assert "0 whole receptive fields" in panels["pruning"].subtitle
    assert columns["pruning.removed"].tolist() == [4.0] * 5
    panels, _ = run(synapse, reader, prune_percent=0)
    assert panels["pruning"].empty == "No synapse is below the threshold."


def test_stimulus_follows_the_playhead(reader: RecordingReader) -> None:
    panels, columns = run(stimulus, reader, now_us=12_000_000)

    assert "class y, from 10.000 s to 12.000 s" in panels["input"].subtitle
    assert columns["recent.label"] == ["y", "x"]
    assert run(stimulus, reader, now_us=5_000_000)[1]["recent.label"] == ["x"]


@pytest.mark.parametrize("bounds", [(0, 20_000_000), (3_333_000, 17_777_000), (10_000_000, 10_500_000)])
def test_counts_of_any_window_are_exact(reader: RecordingReader, bounds: tuple[int, int]) -> None:
    window = TimeWindow(t_start_us=bounds[0], t_stop_us=bounds[1])
    layer = chosen_layer(reader, (), "b")

    counts, read_us, found = counts_in_window(reader, layer, window)

    times = np.arange(10_000_000, 20_000_000, 10_000)
    inside = (times >= bounds[0]) & (times < bounds[1])
    np.testing.assert_array_equal(counts, np.bincount(times[inside] // 10_000 % 5, minlength=5))
    assert read_us[0] == bounds[1] - bounds[0]
    shown = inside & (times < 19_000_000)
    np.testing.assert_array_equal(found.counts[:, 1], np.bincount(times[shown] // 10_000 % 5, minlength=5))
    on_us = [
        max(0, min(b, bounds[1]) - max(a, bounds[0])) for a, b in ((0, 9_000_000), (10_000_000, 19_000_000))
    ]
    np.testing.assert_allclose(found.duration_us, on_us, atol=2000)


def test_intervals_sum_to_the_window(reader: RecordingReader) -> None:
    layer = chosen_layer(reader, (), "a")

    found = counts_per_interval(reader, layer, TimeWindow(t_start_us=0, t_stop_us=20_000_000), most=10)

    assert len(found.counts) <= 11
    assert found.counts.sum() == 4000
    assert (found.edges_us[0], found.edges_us[-1]) == (0, 20_000_000)


@pytest.mark.parametrize("source", [empty, one_spike], ids=lambda source: source.__name__)
@pytest.mark.parametrize(
    "module",
    [spike_trains, firing, correlation, classes, health, state_space, event_search],
    ids=lambda module: module.__name__.rpartition(".")[2],
)
def test_too_little_is_said_to_be_so(module: ModuleType, source: Any, read: Read) -> None:
    reader = read(source())
    for start_us, stop_us in ((0, 50_000), (50_000, 60_000), (7000, 8000)):
        found = module.compute(
            reader, TimeWindow(t_start_us=start_us, t_stop_us=stop_us), Selection(), module.Params()
        )
        for panel in found.panels:
            # One spike is something for the rates; else there is nothing, and a reason.
            drawn = any(np.size(values) and not isinstance(values, list) for values in found.columns.values())
            assert panel.empty or drawn, panel.id


@needs_recordings
def test_module_says_of_a_real_run_what_elephant_does(read: Read) -> None:
    with h5py.File(Path(RECORDINGS) / "nest_microcircuit" / "recording.h5") as run_file:
        group = run_file["populations/L4E"]
        ids = np.asarray(group["senders"]) - int(group.attrs["first_id"])
        n_neurons = int(group.attrs["N"])
        # Half a step earlier, in the middle of a bin of 0.1 ms.
        times = np.round(np.asarray(group["times"]) * 1000).astype(np.int64) - 50
    order = np.lexsort((ids, times))
    times, ids = times[order], ids[order]
    reader = read(
        arrays_source(
            "microcircuit",
            bin_us=100,
            t_stop_us=1_200_000,
            layers=[{"name": "L4E", "neurons": n_neurons}],
            spikes={"L4E": (times, ids)},
        )
    )

    _, columns = run(spike_trains, reader)
    _, pair_columns = run(correlation, reader, bin_ms=5)

    isi = {neuron: np.diff(times[ids == neuron]) for neuron in columns["row.neuron"].astype(int)}
    for place, own in enumerate(isi.values()):
        assert columns["row.cv"][place] == pytest.approx(elephant.statistics.cv(own), rel=1e-9)
        assert columns["row.cv2"][place] == pytest.approx(elephant.statistics.cv2(own), rel=1e-9)
        assert columns["row.lv"][place] == pytest.approx(elephant.statistics.lv(own), rel=1e-9)
    neurons = pair_columns["pairs.neuron"].astype(int)
    counts = np.array([np.bincount(times[ids == neuron] // 5000, minlength=240) for neuron in neurons])
    np.testing.assert_allclose(
        pair_columns["pairs.value"].reshape(len(neurons), -1), np.corrcoef(counts), **TOLERANCE
    )
    # The module's times are the starts of frames, which are counted from the run's start.
    begin_us = reader.manifest.t_start_us
    starts = times - (times - begin_us) % 100
    trains = [
        elephant.statistics.neo.SpikeTrain(
            starts[ids == neuron] * pq.us, t_start=begin_us * pq.us, t_stop=reader.manifest.t_stop_us * pq.us
        )
        for neuron in neurons[:2]
    ]
    _, sttc = run(correlation, reader, measure="sttc", coincidence_ms=5)
    wanted = elephant.spike_train_correlation.spike_time_tiling_coefficient(*trains, dt=5 * pq.ms)
    np.testing.assert_allclose(sttc["pairs.value"].reshape(len(neurons), -1)[0, 1], wanted, **TOLERANCE)
