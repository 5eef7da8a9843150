"""Spikes of ranges from blocks that are in order, overlap, or cover everything."""

from __future__ import annotations

import numpy as np
import pytest

from synaptarium.jobs.build import precompute
from synaptarium.jobs.planning import make_plan
from synaptarium.jobs.publish import read_manifest
from synaptarium.jobs.reading import SpikeReader
from synaptarium.store import closing, events, open_runs, recordings
from synaptarium.store.recording_info import recording_info


@pytest.fixture
def loads(monkeypatch) -> list[int]:
    """Numbers of the blocks that are decoded."""
    seen: list[int] = []
    real = events.load
    monkeypatch.setattr(events, "load", lambda *given: seen.append(given[3].seq) or real(*given))
    return seen


def stored(store, header_of, batches, spans) -> recordings.Recording:
    recording = recordings.create(store, header_of({"a": 10}, t_stop_us=1_000_000), status="open")
    rng = np.random.default_rng(0)
    for start, stop in spans:
        time_us = np.sort(rng.integers(start, stop, 500))
        neuron = rng.integers(0, 10, 500).astype(np.uint32)
        open_runs.append(
            store, recording.id, "spikes", "", batches("spikes", {"time_us": time_us, "neuron": neuron})
        )
    return closing.close(store, recording.id)


@pytest.mark.parametrize(
    "spans",
    [
        [(0, 300_000), (300_000, 700_000), (700_000, 1_000_000)],
        [(0, 1_000_000)] * 4,
        [(500_000, 1_000_000), (0, 600_000), (100_000, 200_000)],
    ],
    ids=["in order", "all over all", "back and forth"],
)
def test_ranges_hold_every_spike_once(store, header_of, batches, monkeypatch, spans) -> None:
    monkeypatch.setattr("synaptarium.jobs.planning.MAX_RANGE_BITS", 8)
    recording = stored(store, header_of, batches, spans)
    plan = make_plan(store, recording, build=1)
    reader = SpikeReader(store, plan, range(plan.n_ranges))

    found = [part for index in range(plan.n_ranges) for part in reader.read(index)]

    assert plan.n_ranges == 4
    whole = np.concatenate([batch.column("time_us") for batch in events.read(store, recording.num, "spikes")])
    assert np.sort(np.concatenate([part.time_us for part in found])).tolist() == whole.tolist()
    assert all((np.diff(part.time_us) >= 0).all() for part in found)


@pytest.mark.parametrize(
    ("spans", "kept"),
    [
        ([(0, 300_000), (300_000, 700_000), (700_000, 1_000_000)], None),
        ([(0, 1_000_000)] * 4, 500),
        ([(500_000, 1_000_000), (0, 600_000), (100_000, 200_000)], 500),
        ([(700_000, 1_000_000), (0, 300_000), (200_000, 600_000)], 1000),
    ],
    ids=["in order", "all over all", "back and forth", "late and overlapping"],
)
def test_blocks_that_overlap_are_told(store, header_of, batches, spans, kept) -> None:
    recording = stored(store, header_of, batches, spans)
    n = 500 * len(spans)

    build = precompute(store, recording.id, engine="local")

    expected = [] if kept is None else [("spikes in blocks apart in time", kept, n)]
    manifest = read_manifest(store, recording.num, build)
    assert manifest is not None
    assert [(one.what, one.kept, one.total) for one in manifest.accounting] == expected
    told = recording_info(store, recording.id)["accounting"]
    assert [(one["what"], one["kept"], one["total"]) for one in told] == expected


def test_a_block_of_two_neighbours_is_decoded_once(store, header_of, batches, monkeypatch, loads) -> None:
    monkeypatch.setattr("synaptarium.jobs.planning.MAX_RANGE_BITS", 8)
    recording = stored(store, header_of, batches, [(0, 400_000), (400_000, 1_000_000)])
    plan = make_plan(store, recording, build=1)
    reader = SpikeReader(store, plan, range(plan.n_ranges))
    loads.clear()

    for index in range(plan.n_ranges):
        list(reader.read(index))

    assert loads == [0, 1]
