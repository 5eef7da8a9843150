"""The neuron module counts right: numbers worked out by hand on the normal recording."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from synaptarium.adapters.arrays import arrays_source
from synaptarium.modules.neuron import Params, compute
from synaptarium.modules.reader import BUDGET_BYTES, RecordingReader
from synaptarium.modules.selection import Selection
from synaptarium.modules.window import spikes_in
from synaptarium.schemas.errors import InvalidInput
from synaptarium.schemas.messages import TimeWindow
from synaptarium.schemas.panels import Panel, Polar
from synaptarium.schemas.view_state import NeuronRef

from .conftest import Read, normal

WHOLE = TimeWindow(t_start_us=0, t_stop_us=20_000_000)


@pytest.fixture
def reader(read: Read) -> RecordingReader:
    """The normal recording: ``a`` spikes every 5 ms, neurons in turn; ``b`` every 10 ms from 10 s on."""
    return read(normal())


def run(
    reader: RecordingReader, window: TimeWindow, *selected: tuple[str, int], **params: Any
) -> tuple[dict[str, Panel], dict[str, Any]]:
    refs = tuple(NeuronRef(layer=layer, neuron=neuron) for layer, neuron in selected)
    found = compute(reader, window, Selection.read(refs, reader.recording), Params(**params))
    return {panel.id: panel for panel in found.panels}, found.columns


def test_overview_without_a_selection(reader: RecordingReader) -> None:
    panels, columns = run(reader, WHOLE)

    assert list(panels) == ["bars", "frequency", "frequency3d"]
    # Each of the five neurons of b spikes 200 times in 10 s.
    assert columns["bars.spikes"].tolist() == [200] * 5
    assert columns["bars.neuron"] == ["0", "1", "2", "3", "4"]


def test_rates_by_class_are_spikes_by_presented_time(reader: RecordingReader) -> None:
    _, columns = run(reader, WHOLE, layer="b")

    # x is on from 0 to 9 s, y from 10 to 19 s: 900 spikes of five neurons in 9 s.
    rates = columns["frequency.hz"].reshape(2, 5)
    np.testing.assert_allclose(rates[0], 0)
    np.testing.assert_allclose(rates[1], 20)
    assert columns["frequency.name"].count("y") == 5


def test_bars_of_a_class_count_its_presentations_only(reader: RecordingReader) -> None:
    _, columns = run(reader, WHOLE, layer="a", stimulus_class="x")

    # 1,800 spikes in 9 s over forty neurons.
    assert columns["bars.spikes"].tolist() == [45] * 40


def test_selected_neuron_has_activity_potential_and_classes(reader: RecordingReader) -> None:
    panels, columns = run(reader, TimeWindow(t_start_us=10_000_000, t_stop_us=10_100_000), ("b", 0))

    assert list(panels)[:3] == ["activity", "potential.v.b.0", "class.b.0"]
    assert np.flatnonzero(columns["activity.0"]).tolist() == [0, 50]
    # Neuron 0 was last sampled at 10 s: sample 100 of 200 from -70 to -50 mV; before, at 9.5 s.
    wanted = np.linspace(-70, -50, 200)[100]
    np.testing.assert_allclose(columns["potential.0.y"], wanted, atol=1e-3)
    polar = panels["class.b.0"]
    assert isinstance(polar, Polar)
    np.testing.assert_allclose(columns[polar.values], [np.nan, 20])


def test_potential_before_the_window_is_carried_into_it(reader: RecordingReader) -> None:
    _, columns = run(reader, TimeWindow(t_start_us=9_700_000, t_stop_us=9_800_000), ("b", 0))

    np.testing.assert_allclose(columns["potential.0.y"], np.linspace(-70, -50, 200)[95], atol=1e-3)


def test_neurons_of_two_layers_share_one_time_axis(reader: RecordingReader) -> None:
    _, columns = run(reader, WHOLE, ("a", 3), ("b", 1))

    assert len(columns["activity.0"]) == len(columns["activity.1"]) == len(columns["activity.t_us"])
    assert (columns["activity.0"].sum(), columns["activity.1"].sum()) == (100, 200)


def test_more_neurons_than_fit_are_accounted_for(reader: RecordingReader) -> None:
    panels, _ = run(reader, WHOLE, *(("a", neuron) for neuron in range(10)))

    (told,) = panels["activity"].accounting
    assert (told.kept, told.total) == (6, 10)


def test_short_budget_reads_an_even_sample_and_says_so(reader: RecordingReader) -> None:
    whole = spikes_in(reader, "a", 0, 20_000_000, budget_bytes=BUDGET_BYTES, levels=(0,))
    n_bytes = reader.bytes_read

    part = spikes_in(reader, "a", 0, 20_000_000, budget_bytes=n_bytes - 1, levels=(0,))

    assert whole.count.sum() == 4000
    assert not whole.frames.accounting
    assert reader.bytes_read - n_bytes < n_bytes
    assert part.frames.accounting[0].kept < 20_000
    # What was read is complete.
    seen = part.frames.covered
    assert part.count.sum() == np.isin(whole.frame, np.flatnonzero(seen)).sum()


def test_sample_of_a_bursty_layer_keeps_its_rate(read: Read) -> None:
    # Bursts of 16,384 ms, the length of a chunk, in three of ten: most chunks are silent, so not stored at all.
    bursts = np.flatnonzero(np.random.default_rng(0).random(100) < 0.3)
    times_ms = np.concatenate([number * 16_384 + np.arange(0, 16_384, 16) for number in bursts])
    source = arrays_source(
        "bursty",
        time_unit="ms",
        bin_us=1000,
        t_stop_us=100 * 16_384_000,
        layers=[{"name": "a", "neurons": 16}],
        spikes={"a": (times_ms, np.arange(len(times_ms)) % 16)},
    )
    reader = read(source)
    span = (0, 100 * 16_384_000)
    whole = spikes_in(reader, "a", *span, budget_bytes=BUDGET_BYTES, levels=(0,))

    part = spikes_in(reader, "a", *span, budget_bytes=reader.bytes_read // 3, levels=(0,))

    known_s = part.frames.covered.sum() / 1000
    true_hz, seen_hz = whole.count.sum() / 1638.4, part.count.sum() / known_s
    assert 0 < known_s < 1638.4 / 2
    assert 0.75 < seen_hz / true_hz < 1.33


def test_every_level_counts_the_same(reader: RecordingReader) -> None:
    counted = [
        spikes_in(reader, "a", 0, 20_000_000, budget_bytes=BUDGET_BYTES, levels=(level,)).count.sum()
        for level in range(3)
    ]

    assert counted == [4000] * 3


def test_unknown_layer_and_class_are_told(reader: RecordingReader) -> None:
    with pytest.raises(InvalidInput, match="no layer 'c'"):
        run(reader, WHOLE, layer="c")
    with pytest.raises(InvalidInput, match="no class 'z'"):
        run(reader, WHOLE, stimulus_class="z")


def test_selection_of_a_neuron_that_is_not_there_is_told(reader: RecordingReader) -> None:
    with pytest.raises(InvalidInput, match="has 5 neurons"):
        run(reader, WHOLE, ("b", 7))
