"""Similar moments: the same stimulus is found again, and what cannot be found is said."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from synaptarium.adapters.arrays import arrays_source
from synaptarium.modules import find_similar
from synaptarium.modules.reader import BUDGET_BYTES, RecordingReader
from synaptarium.modules.selection import Selection
from synaptarium.modules.window import spikes_in
from synaptarium.schemas.messages import TimeWindow

from .conftest import Read, one_spike
from .test_analyses import run

SECOND = 1_000_000


def patterns(n_neurons: int = 60) -> Any:
    """40 s, each second one of four patterns: a quarter of the neurons fires one after the other, 8 spikes each."""
    random = np.random.default_rng(5)
    classes = random.integers(0, 4, 40)
    quarter = n_neurons // 4
    neuron = np.repeat(np.arange(quarter), 8)
    sweep = np.sort(neuron * SECOND // quarter)
    times = [
        second * SECOND + np.minimum(sweep + random.integers(0, SECOND // 20, len(sweep)), SECOND - 1)
        for second in range(40)
    ]
    neurons = [of * quarter + neuron for of in classes]
    starts = np.arange(40) * SECOND
    return arrays_source(
        "patterns",
        bin_us=1000,
        t_stop_us=40 * SECOND,
        layers=[{"name": "out", "neurons": n_neurons}],
        spikes={"out": (np.concatenate(times), np.concatenate(neurons))},
        stimuli={"t_start": starts, "t_stop": starts + SECOND, "labels": [str(one) for one in classes]},
    )


@pytest.mark.parametrize("n_neurons", [60, 1280])
def test_moments_of_the_same_class_come_first(n_neurons: int, read: Read) -> None:
    reader = read(patterns(n_neurons))
    labels = patterns_labels()

    panels, columns = run(find_similar, reader, 7 * SECOND, 8 * SECOND)

    same = [at for at, label in enumerate(labels) if label == labels[7] and at != 7]
    found = columns["t_us"] / SECOND
    assert set(np.round(found[: len(same)]).astype(int)) == set(same)
    assert columns["class"][: len(same)] == [labels[7]] * len(same)
    assert np.abs(found[: len(same)] - np.round(found[: len(same)])).max() < 0.05
    assert (np.diff(columns["similarity"]) <= 0).all()
    assert "8 bins of" in panels["moments"].subtitle
    assert "read at time level" in panels["moments"].subtitle
    assert panels["course"].span_us == (reader.manifest.t_start_us, reader.manifest.t_stop_us)
    # The stretch itself is the most similar place of the course.
    assert columns["run.t_us"][columns["run.similarity"].argmax()] / SECOND == pytest.approx(7, abs=0.13)


def test_moments_have_the_cosine_of_their_spikes_counted_by_hand(read: Read) -> None:
    reader = read(patterns())
    exact = spikes_in(reader, "out", 0, 40 * SECOND, budget_bytes=BUDGET_BYTES, levels=(0,))
    times = np.repeat(exact.frames.t_us[exact.frame], exact.count)
    neurons = np.repeat(exact.neuron, exact.count).astype(np.int64)

    panels, columns = run(find_similar, reader, 7 * SECOND, 8 * SECOND)

    told = re.search(r"8 bins of ([\d.]+) ms, read at time level (\d)", panels["moments"].subtitle)
    assert told is not None
    bin_us = round(float(told[1]) * 1000)
    frame_us = reader.manifest.levels[int(told[2])].bins * reader.manifest.bin_us
    usual = np.bincount(neurons, minlength=60) * (bin_us / (-(-40 * SECOND // frame_us) * frame_us))

    def away(start_us: float) -> np.ndarray:
        inside = (times >= start_us) & (times < start_us + 8 * bin_us)
        cells = (times[inside] - int(start_us)) // bin_us * 60 + neurons[inside]
        return (np.bincount(cells, minlength=8 * 60).reshape(8, 60) - usual).ravel()

    own = away(7 * SECOND // frame_us * frame_us)
    others = [away(t_us) for t_us in columns["t_us"]]
    cosines = [own @ other / (np.linalg.norm(own) * np.linalg.norm(other)) for other in others]
    assert columns["similarity"] == pytest.approx(cosines, abs=1e-9)


def patterns_labels() -> list[str]:
    return [str(one) for one in np.random.default_rng(5).integers(0, 4, 40)]


def test_it_reads_no_more_than_the_budget(read: Read) -> None:
    reader = read(patterns(1280))
    fresh = RecordingReader(reader._store, reader.recording, reader.manifest)

    find_similar.compute(
        fresh, TimeWindow(t_start_us=0, t_stop_us=SECOND // 2), Selection(), find_similar.Params()
    )

    assert 0 < fresh.bytes_read <= BUDGET_BYTES


def test_what_cannot_be_found_is_said_in_words(read: Read) -> None:
    reader = read(patterns())
    panels, _ = run(find_similar, reader)
    assert "Draw a shorter one" in panels["moments"].empty
    panels, _ = run(find_similar, reader, SECOND, SECOND + 1)
    assert "two bins" in panels["moments"].empty
    panels, _ = run(find_similar, read(one_spike()), 0, 10_000)
    assert panels["moments"].empty
