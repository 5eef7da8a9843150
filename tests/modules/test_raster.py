"""The raster shows every spike, or says how many of them it shows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from synaptarium.adapters.arrays import arrays_source
from synaptarium.modules import raster
from synaptarium.modules.raster import Params, compute
from synaptarium.modules.reader import RecordingReader
from synaptarium.modules.subset import Subset
from synaptarium.schemas.errors import InvalidInput
from synaptarium.schemas.messages import TimeWindow
from synaptarium.schemas.panels import Matrix, Panels, Raster

from .conftest import Read, empty, normal

WINDOW = TimeWindow(t_start_us=10_000_000, t_stop_us=10_100_000)


def dots_of(found: Panels, at: int) -> tuple[list[int], list[int]]:
    panel = found.panels[at]
    assert isinstance(panel, Raster)
    steps, neurons = found.columns[panel.time_us], found.columns[panel.neuron]
    assert isinstance(steps, np.ndarray) and isinstance(neurons, np.ndarray)
    assert steps.dtype == neurons.dtype == np.uint16
    return (panel.first_us + steps.astype(np.int64) * panel.step_us).tolist(), neurons.tolist()


def test_raster_holds_every_spike_of_the_window(read: Read) -> None:
    found = compute(read(normal()), WINDOW, (), Params())

    assert [panel.id for panel in found.panels] == ["raster.a", "raster.b"]
    times = list(range(10_000_000, 10_100_000, 5000))
    assert dots_of(found, 0) == (times, [t // 5000 % 40 for t in times])
    assert dots_of(found, 1)[1] == [n % 5 for n in range(10)]
    assert not any(panel.accounting for panel in found.panels)


def test_more_dots_than_are_drawn_are_counted_in_cells_and_told(
    read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(raster, "MAX_DOTS", 2500)

    reader = read(normal())
    fresh = RecordingReader(reader._store, reader.recording, reader.manifest)

    found = compute(reader, TimeWindow(t_start_us=0, t_stop_us=20_000_000), (), Params())

    # The smaller layer keeps its 1000 dots; of a's 4000 there is no room for all.
    image, dots = found.panels
    assert isinstance(image, Matrix) and isinstance(dots, Raster)
    assert (image.id, image.rows) == ("raster.a", 40)
    assert image.subtitle.startswith("0.000 s to 20.000 s, 4,000 spikes in cells of ")
    assert (image.accounting[0].kept, image.accounting[0].total) == (0, 4000)
    counts = np.asarray(found.columns[image.values]).reshape(image.rows, image.columns)
    assert counts.sum(axis=1).tolist() == [100] * 40
    # Neuron 0 spikes first; its row is the lowest.
    assert np.nonzero(counts[:, 0])[0][-1] == 39 and counts[39, 0] == 1
    assert image.links is not None
    assert np.asarray(found.columns[image.links.neuron]).tolist() == list(range(39, -1, -1))

    zoomed = compute(fresh, TimeWindow(t_start_us=0, t_stop_us=5_000_000), (), Params())
    assert len(dots_of(zoomed, 0)[0]) == 1000


def test_what_cannot_be_read_singly_is_counted_by_groups(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    t = np.arange(0, 20_000_000, 2000)
    neurons = np.random.default_rng(1).integers(0, 200, len(t))
    source: Any = arrays_source(
        "many",
        bin_us=1000,
        t_stop_us=20_000_000,
        layers=[{"name": "a", "neurons": 200}],
        spikes={"a": (t, neurons)},
        stimuli={"t_start": [0, 10_000_000], "t_stop": [10_000_000, 20_000_000], "labels": ["x", "y"]},
    )
    monkeypatch.setattr(raster, "_BUDGET_BYTES", 4000)
    reader = read(source)

    found = compute(reader, TimeWindow(t_start_us=0, t_stop_us=20_000_000), (), Params())

    (image,) = found.panels
    assert isinstance(image, Matrix)
    assert image.rows == 4 and image.links is not None and image.links.each == 64
    counts = np.asarray(found.columns[image.values]).reshape(image.rows, image.columns)
    assert counts.sum(axis=1).tolist() == np.bincount(3 - neurons // 64).tolist()
    assert image.accounting[0].total == len(t)
    assert "groups of neurons were read" in image.accounting[0].why

    only = RecordingReader(reader._store, reader.recording, reader.manifest, Subset("class", "y"))
    part = compute(only, TimeWindow(t_start_us=0, t_stop_us=20_000_000), (), Params())
    (image,) = part.panels
    assert isinstance(image, Matrix)
    counts = np.asarray(part.columns[image.values]).reshape(image.rows, image.columns)
    known = np.isfinite(counts).all(axis=0)
    assert abs(int(known.sum()) - image.columns // 2) <= 1
    assert abs(int(np.nansum(counts)) - len(t) // 2) <= 256 / 2


def test_spikes_in_one_frame_are_one_dot_and_told(read: Read) -> None:
    source: Any = arrays_source(
        "burst",
        bin_us=1000,
        t_stop_us=50_000,
        layers=[{"name": "a", "neurons": 3}],
        spikes={"a": ([7000, 7200, 9000], [1, 1, 2])},
    )

    found = compute(read(source), TimeWindow(t_start_us=0, t_stop_us=50_000), (), Params())

    (panel,) = found.panels
    assert isinstance(panel, Raster)
    assert (panel.accounting[0].kept, panel.accounting[0].total) == (2, 3)


def test_silence_and_unknown_layers_are_told(read: Read) -> None:
    reader = read(empty())

    (panel,) = compute(reader, WINDOW, (), Params()).panels

    assert panel.empty
    with pytest.raises(InvalidInput, match="no layer 'c'"):
        compute(reader, WINDOW, (), Params(layer="c"))
