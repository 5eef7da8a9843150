"""Open recordings: followed while they grow, closed chunks frozen, in the end the same as built at once."""

from __future__ import annotations

import numpy as np
import pytest

from synaptarium.jobs import live
from synaptarium.jobs.build import precompute
from synaptarium.jobs.planning import make_plan
from synaptarium.jobs.publish import read_manifest
from synaptarium.jobs.ranges import build_range
from synaptarium.schemas.errors import Conflict
from synaptarium.schemas.recording import Header
from synaptarium.store import closing, open_runs, recordings


def window(columns, start_us: int, stop_us: int):
    inside = (columns["time_us"] >= start_us) & (columns["time_us"] < stop_us)
    return {name: column[inside] for name, column in columns.items()}


def opened(store, header: Header):
    start = header.t_start_us
    short = {
        **{field: getattr(header, field) for field in header.__struct_fields__},
        "t_stop_us": start + header.bin_us,
    }
    return recordings.create(store, Header(**short), status="open")


def grow(store, id, run, batches, start_us: int, stop_us: int) -> None:
    for (kind, stream), columns in run.events.items():
        open_runs.append(store, id, kind, stream, batches(kind, window(columns, start_us, stop_us)))


def test_a_grown_recording_equals_the_one_built_at_once_and_the_closed_rebuild(
    store, learning_run, batches, chunks_of, bytes_of
) -> None:
    run = learning_run(seconds=6.0)
    recording = opened(store, run.header)
    frozen: dict[tuple[int, ...], bytes] = {}
    for start in range(0, 6_000_000, 370_000):
        grow(store, recording.id, run, batches, start, start + 370_000)
        manifest = live.extend(store, recording.id, grace_s=0)

        stored = bytes_of(recording, manifest.build)
        assert frozen.items() <= stored.items()
        k = {(grid.stream, grid.level, tile): grid.k for grid in manifest.grids for tile in grid.tiles}
        for (stream, level, chunk, tile), payload in stored.items():
            end = ((chunk + 1) << k[stream, level, tile]) * 16**level * run.header.bin_us
            if end <= manifest.closed_us:
                frozen[stream, level, chunk, tile] = payload
        assert manifest.open and recordings.get(store, recording.id).build == manifest.build
    assert len(frozen) > 100

    closed = closing.close(store, recording.id)
    manifest = live.extend(store, recording.id)
    assert not manifest.open and manifest.closed_us == run.header.t_stop_us
    grown = bytes_of(recording, manifest.build)
    plan = make_plan(store, closed, build=900, open=True)
    plan = type(plan)(**{**{f: getattr(plan, f) for f in plan.__struct_fields__}, "states": {}})
    for index in range(plan.n_ranges):
        build_range(store, plan, index)
        plan = live._next_states(store, plan, index)
    assert bytes_of(recording, 900) == grown

    following = chunks_of(manifest)
    live_spikes = {
        layer.name: [following.spikes(level, layer.name) for level in range(3)] for layer in run.header.layers
    }
    live_weights = following.state("weights", 1, "in→out", 300)
    build = precompute(store, recording.id, engine="local")
    rebuilt = chunks_of(read_manifest(store, recording.num, build))
    for name, levels in live_spikes.items():
        for level, found in enumerate(levels):
            assert (rebuilt.spikes(level, name) == found).all()
    error = rebuilt.grid("weights", 1, "in→out").quantisation.max_error
    np.testing.assert_allclose(rebuilt.state("weights", 1, "in→out", 300), live_weights, atol=error)
    assert bytes_of(recording, manifest.build) == {}


def test_an_open_chunk_is_at_most_about_a_second_long(store, learning_run, batches) -> None:
    run = learning_run(seconds=3.0)
    recording = opened(store, run.header)
    grow(store, recording.id, run, batches, 0, 3_000_000)

    manifest = live.extend(store, recording.id)

    for grid in manifest.grids:
        assert grid.k == 0 or (16**grid.level << grid.k) * 1000 <= 1_000_000


def test_nothing_new_writes_nothing(store, learning_run, batches) -> None:
    run = learning_run(seconds=3.0)
    recording = opened(store, run.header)
    grow(store, recording.id, run, batches, 0, 3_000_000)
    first = live.extend(store, recording.id, grace_s=0)

    assert live.extend(store, recording.id, grace_s=0) == first


def test_the_cost_depends_on_what_is_new(store, learning_run, batches, monkeypatch) -> None:
    run = learning_run(seconds=8.0)
    recording = opened(store, run.header)
    grow(store, recording.id, run, batches, 0, 7_000_000)
    live.extend(store, recording.id, grace_s=0)
    made = []
    real = live.range_chunks
    monkeypatch.setattr(
        live, "range_chunks", lambda *arguments: made.append(arguments[2]) or real(*arguments)
    )

    grow(store, recording.id, run, batches, 7_000_000, 8_000_000)
    live.extend(store, recording.id, grace_s=0)

    assert made == [13, 14, 15]  # of 512 ms each: those that the second from 7 to 8 s touches


def test_a_lagging_stream_is_not_late_within_the_grace(store, learning_run, batches, chunks_of) -> None:
    run = learning_run(seconds=3.0)
    recording = opened(store, run.header)
    (spikes, *others) = run.events.items()
    open_runs.append(store, recording.id, "spikes", "", batches("spikes", spikes[1]))
    live.extend(store, recording.id)
    for (kind, stream), columns in others:
        open_runs.append(store, recording.id, kind, stream, batches(kind, columns))

    manifest = live.extend(store, recording.id)

    assert not manifest.accounting
    assert chunks_of(manifest).chunks("weights", 0, "in→out")


def test_events_after_their_time_was_closed_are_told_and_come_with_the_rebuild(
    store, learning_run, batches, chunks_of
) -> None:
    run = learning_run(seconds=3.0)
    recording = opened(store, run.header)
    grow(store, recording.id, run, batches, 0, 3_000_000)
    live.extend(store, recording.id, grace_s=0)
    late = {"time_us": np.array([10, 20]), "neuron": np.array([0, 1], np.uint32)}
    open_runs.append(store, recording.id, "spikes", "", batches("spikes", late))

    manifest = live.extend(store, recording.id, grace_s=0)

    assert [(entry.total - entry.kept, entry.what) for entry in manifest.accounting] == [
        (2, "events shown while the run goes on")
    ]
    before = chunks_of(manifest).spikes(0, "In put.ä").sum()
    closing.close(store, recording.id)
    build = precompute(store, recording.id, engine="local")
    assert chunks_of(read_manifest(store, recording.num, build)).spikes(0, "In put.ä").sum() == before + 2


def test_precompute_of_an_open_recording_follows_it(store, learning_run, batches) -> None:
    run = learning_run(seconds=2.0)
    recording = opened(store, run.header)
    grow(store, recording.id, run, batches, 0, 2_000_000)

    build = precompute(store, recording.id, engine="spark")

    assert read_manifest(store, recording.num, build).open


def test_a_finished_recording_is_not_followed(store, learning_run) -> None:
    recording = learning_run().stored(store)

    with pytest.raises(Conflict, match="not open"):
        live.extend(store, recording.id)


def test_upper_levels_appear_as_the_run_grows(store, learning_run, batches, chunks_of) -> None:
    run = learning_run(bin_us=2, seconds=4.0, n_spikes=2000, n_weights=50)
    recording = opened(store, run.header)
    levels = []
    for start in range(0, 4_000_000, 500_000):
        grow(store, recording.id, run, batches, start, start + 500_000)
        manifest = live.extend(store, recording.id, grace_s=0)
        levels.append(len(manifest.levels))

    assert levels[0] == 3 and levels[-1] == 4
    build = chunks_of(manifest)
    _, neuron, count = run.events["spikes", ""].values()
    found = sum(part.counts.sum() for part in build.chunks("spikes.groups", 3, "Out").values())
    assert found == count[neuron >= 131].sum()
