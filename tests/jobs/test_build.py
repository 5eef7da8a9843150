"""Builds in this process: conserved counts, seek = replay, the same bytes again, and what goes wrong."""

from __future__ import annotations

import numpy as np
import pytest

from synaptarium.jobs.build import build_range, choose_engine, precompute
from synaptarium.jobs.planning import make_plan
from synaptarium.jobs.publish import finish, read_manifest
from synaptarium.schemas.errors import Cancelled, Conflict, CorruptData, RecordingBusy
from synaptarium.schemas.recording import PotentialStream, Projection
from synaptarium.store import chunks, events, jobs, recordings, summaries


def manifest_of(store, id, **options):
    build = precompute(store, id, engine="local", **options)
    manifest = read_manifest(store, recordings.get(store, id).num, build)
    assert manifest is not None
    return manifest


def counted(run, level: int) -> dict[str, np.ndarray]:
    """Count the run's spikes per frame and neuron, the plain way."""
    header = run.header
    bins = 16**level * header.bin_us
    columns = run.events["spikes", ""]
    dense = {}
    for layer in header.layers:
        frames = -(-(header.t_stop_us - header.t_start_us) // bins)
        dense[layer.name] = np.zeros((frames, layer.neurons), np.int64)
        inside = (columns["neuron"] >= layer.offset) & (columns["neuron"] < layer.offset + layer.neurons)
        frame = (columns["time_us"][inside] - header.t_start_us) // bins
        np.add.at(
            dense[layer.name], (frame, columns["neuron"][inside] - layer.offset), columns["count"][inside]
        )
    return dense


@pytest.mark.parametrize("bin_us", [1000, 100, 7])
def test_every_level_holds_the_exact_count_of_every_neuron(store, learning_run, chunks_of, bin_us) -> None:
    run = learning_run(bin_us=bin_us, seconds=2.0, n_spikes=6000, t_start_us=-500)
    build = chunks_of(manifest_of(store, run.stored(store).id))

    for level in range(3):
        for name, expected in counted(run, level).items():
            assert (build.spikes(level, name) == expected).all()


def test_groups_and_series_agree_with_the_spikes_at_every_level(store, learning_run, chunks_of) -> None:
    run = learning_run(bin_us=2, seconds=8.0, n_spikes=4000)  # four million frames: level 3 exists
    build = chunks_of(manifest_of(store, run.stored(store).id))
    levels = build.manifest.levels
    assert len(levels) == 4

    time_us, neuron, count = run.events["spikes", ""].values()
    for layer in run.header.layers:
        inside = (neuron >= layer.offset) & (neuron < layer.offset + layer.neurons)
        per_bin = np.bincount(time_us[inside] // 2, count[inside], minlength=levels[0].frames).astype(
            np.int64
        )
        for level in levels:
            edges = np.arange(0, levels[0].frames, level.bins)
            total = np.zeros(level.frames)
            low, high, last = (np.zeros(level.frames, np.uint32) for _ in range(3))
            for part in build.chunks("spikes.series", level.level, layer.name).values():
                rows = slice(part.first_frame, part.first_frame + len(part.total))
                total[rows] = part.total
                if level.level:
                    low[rows], high[rows], last[rows] = part.minimum, part.maximum, part.last
            assert (total == np.add.reduceat(per_bin, edges)).all()
            if level.level:
                assert (low == np.minimum.reduceat(per_bin, edges)).all()
                assert (high == np.maximum.reduceat(per_bin, edges)).all()
                assert (last == per_bin[np.append(edges[1:], levels[0].frames) - 1]).all()
                groups = np.zeros((level.frames, -(-layer.neurons // 64)), np.int64)
                for part in build.chunks("spikes.groups", level.level, layer.name).values():
                    groups[part.first_frame : part.first_frame + len(part.counts)] = part.counts
                place = (time_us[inside] // 2 // level.bins, (neuron[inside] - layer.offset) // 64)
                expected = np.zeros_like(groups)
                np.add.at(expected, place, count[inside])
                assert (groups == expected).all()


@pytest.mark.parametrize("level", [0, 1, 2])
def test_seek_gives_the_weights_of_replaying_all_changes(store, learning_run, chunks_of, level) -> None:
    run = learning_run(bin_us=100, seconds=9.0)
    build = chunks_of(manifest_of(store, run.stored(store).id))
    grid = build.grid("weights", level, "in→out")
    assert grid.quantisation is not None and grid.quantisation.dtype == "u16"
    columns = run.events["weights", "in→out"]
    bins_us = 100 * 16**level

    for frame in np.random.default_rng(3).integers(0, build.manifest.levels[level].frames, 12).tolist():
        naive = np.full(500, np.nan, np.float32)
        before = columns["time_us"] < (frame + 1) * bins_us
        naive[columns["synapse"][before]] = columns["value"][before]
        found = build.state("weights", level, "in→out", frame)

        assert (np.isnan(found) == np.isnan(naive)).all()
        assert np.nanmax(np.abs(found - naive)) <= grid.quantisation.max_error


def test_potentials_keep_extremes_and_leave_other_neurons_absent(store, learning_run, chunks_of) -> None:
    run = learning_run(seconds=4.0)
    build = chunks_of(manifest_of(store, run.stored(store).id))
    columns = run.events["potentials", "v"]
    error = build.grid("v", 2, "Out").quantisation.max_error

    state = build.state("v", 2, "Out", 15)
    assert np.flatnonzero(~np.isnan(state)).tolist() == [0, 2, 19, 39, 69]  # neurons 131, 133, 150, 170, 200
    for part in build.chunks("v", 2, "Out").values():
        rows = np.repeat(np.arange(len(part.n)) + part.first_frame, part.n)
        for row, neuron, low, high in zip(rows, part.ids, part.minimum, part.maximum, strict=True):
            inside = columns["value"][
                (columns["time_us"] // 256_000 == row) & (columns["neuron"] == neuron + 131)
            ]
            assert abs(low - inside.min()) <= error and abs(high - inside.max()) <= error


def test_series_of_weights_and_potentials_count_every_update(store, learning_run, chunks_of) -> None:
    run = learning_run()
    build = chunks_of(manifest_of(store, run.stored(store).id))

    for name, target, expected in (
        ("weights.series", "in→out", 3500),
        ("v.series", "Out", 2000),
        ("v.series", "one", 400),
    ):
        for level in range(3):
            parts = build.chunks(name, level, target).values()
            assert sum(part.total.sum() for part in parts) == expected


def test_a_rerun_writes_the_same_bytes_and_deletes_the_old_build(store, learning_run, bytes_of) -> None:
    recording = learning_run(bin_us=50).stored(store)
    first = precompute(store, recording.id, engine="local")
    before = bytes_of(recording, first)

    second = precompute(store, recording.id, engine="local")

    assert second != first and bytes_of(recording, second) == before
    assert bytes_of(recording, first) == {}
    assert recordings.get(store, recording.id).build == second
    assert {name for name, _ in summaries.names(store, recording.num)} >= {"manifest", "plan"}
    assert "states" not in {name for name, _ in summaries.names(store, recording.num)}


def test_a_repeated_range_changes_no_byte(store, learning_run, bytes_of) -> None:
    recording = learning_run().stored(store)
    plan = make_plan(store, recording, build=1)
    build_range(store, plan, 0)
    before = bytes_of(recording, 1)

    build_range(store, plan, 0)

    assert bytes_of(recording, 1) == before


def test_a_recording_without_spikes_is_built(store, run_of, header_of) -> None:
    recording = run_of(header_of({"a": 3})).stored(store)

    manifest = manifest_of(store, recording.id)

    assert chunks.sizes(store, recording.num, manifest.build).chunks == 0
    assert len(manifest.levels) == 3


def test_a_burst_of_every_neuron_at_the_last_microsecond_is_kept(store, run_of, header_of, chunks_of) -> None:
    run = run_of(header_of({"a": 1, "b": 999}, bin_us=7, t_stop_us=1_000_003))
    run.events["spikes", ""] = {
        "time_us": np.full(1000, 1_000_002),
        "neuron": np.arange(1000, dtype=np.uint32),
    }

    build = chunks_of(manifest_of(store, run.stored(store).id))

    for level in range(3):
        assert (build.spikes(level, "b")[-1] == 1).all() and build.spikes(level, "b").sum() == 999
        assert build.spikes(level, "a")[-1].tolist() == [1]


def test_a_layer_of_a_million_neurons_is_cut_into_tiles(store, run_of, header_of, chunks_of) -> None:
    rng = np.random.default_rng(1)
    run = run_of(header_of({"big": 1_000_000, "after": 2}, t_stop_us=20_000))
    neuron = np.append(rng.integers(0, 1_000_000, 20_000), [999_999, 1_000_001]).astype(np.uint32)
    run.events["spikes", ""] = {"time_us": np.sort(rng.integers(0, 20_000, len(neuron))), "neuron": neuron}

    build = chunks_of(manifest_of(store, run.stored(store).id))

    assert len(build.grid("spikes", 0, "big").tiles) == 16
    found = build.spikes(0, "big").sum(axis=0)
    assert (found == np.bincount(neuron[neuron < 1_000_000], minlength=1_000_000)).all()
    assert build.spikes(1, "after").sum(axis=0).tolist() == [0, 1]


def test_weights_of_several_tiles_without_a_first_snapshot_start_absent(
    store, run_of, header_of, chunks_of
) -> None:
    projection = Projection(
        name="p",
        source="a",
        target="a",
        kind="explicit",
        synapses=70_000,
        target_neurons=2,
        learning_rule="STDP",
    )
    run = run_of(header_of({"a": 2}, projections=(projection,)))
    run.events["weights", "p"] = {
        "time_us": np.array([500_000, 600_000, 700_000]),
        "synapse": np.array([65_536, 3, 69_999], np.uint32),
        "value": np.array([1.5, -2.0, np.nan], np.float32),
    }

    build = chunks_of(manifest_of(store, run.stored(store).id))

    assert np.isnan(build.state("weights", 0, "p", 499)).all()
    state = build.state("weights", 0, "p", 999)
    assert np.flatnonzero(~np.isnan(state)).tolist() == [3, 65_536]
    assert state[[3, 65_536]] == pytest.approx([-2.0, 1.5], abs=1e-4)


def test_values_that_16_bits_would_blur_are_stored_in_full(store, run_of, header_of, chunks_of) -> None:
    potentials = (PotentialStream(variable="v", unit="1", layer="a", n_recorded=1),)
    run = run_of(header_of({"a": 1}, potentials=potentials))
    value = np.linspace(0, 1e-3, 1000, dtype=np.float32)
    value[500] = 1e6  # one outlier makes the range, the rest lies within one step of it
    run.events["potentials", "v"] = {
        "time_us": np.arange(1000) * 1000,
        "neuron": np.zeros(1000, np.uint32),
        "value": value,
    }

    build = chunks_of(manifest_of(store, run.stored(store).id))

    assert build.grid("v", 0, "a").quantisation.dtype == "f32"
    assert build.state("v", 0, "a", 300)[0] == value[300]


def test_states_cross_ranges(store, learning_run, chunks_of, monkeypatch) -> None:
    monkeypatch.setattr("synaptarium.jobs.planning.MAX_RANGE_BITS", 8)  # many ranges from few events
    run = learning_run(seconds=9.0, n_weights=50)
    recording = run.stored(store)
    plan = make_plan(store, recording, build=1)
    assert plan.n_ranges > 30

    build = chunks_of(manifest_of(store, recording.id))

    columns = run.events["weights", "in→out"]
    naive = np.full(500, np.nan, np.float32)
    naive[columns["synapse"]] = columns["value"]
    found = build.state("weights", 0, "in→out", build.manifest.levels[0].frames - 1)
    np.testing.assert_allclose(found, naive, atol=build.grid("weights", 0, "in→out").quantisation.max_error)


def test_lost_events_keep_the_old_build(store, learning_run) -> None:
    recording = learning_run().stored(store)
    first = precompute(store, recording.id, engine="local")
    store.db.events.delete_one({"recording": recording.num, "kind": "spikes"})

    with pytest.raises(CorruptData, match="the recording has"):
        precompute(store, recording.id, engine="local")

    assert recordings.get(store, recording.id).build == first
    assert jobs.latest(store, recording.num).state == "failed"
    jobs.check_free(store, recording.num)


def test_a_build_that_did_not_add_up_is_made_anew(store, learning_run) -> None:
    recording = learning_run().stored(store)
    lost = store.db.events.find_one({"recording": recording.num, "kind": "spikes"})
    store.db.events.delete_one({"_id": lost["_id"]})
    with pytest.raises(CorruptData):
        precompute(store, recording.id, engine="local")
    store.db.events.insert_one(lost)

    build = precompute(store, recording.id, engine="local")

    assert recordings.get(store, recording.id).build == build


def test_two_jobs_exclude_each_other(store, learning_run) -> None:
    recording = learning_run().stored(store)
    jobs.claim(store, recording.num, 7, "elsewhere/1/a")

    with pytest.raises(RecordingBusy):
        precompute(store, recording.id, engine="local")


def test_a_cancelled_build_goes_on_where_it_stopped(store, learning_run, monkeypatch) -> None:
    monkeypatch.setattr("synaptarium.jobs.planning.MAX_RANGE_BITS", 11)  # several ranges from few events
    recording = learning_run(seconds=9.0).stored(store)
    cancelled = []

    def cancel_once_begun(job) -> None:
        if job.done >= 1 and not cancelled:
            cancelled.append(job.build)
            jobs.cancel(store, recording.num)

    monkeypatch.setattr("synaptarium.jobs.build.MAX_LOCAL_WORKERS", 1)
    with pytest.raises(Cancelled):
        precompute(store, recording.id, engine="local", progress=cancel_once_begun)
    assert jobs.latest(store, recording.num).state == "cancelled"
    made = dict(jobs.done_parts(store, recording.num, cancelled[0]))
    assert made and recordings.get(store, recording.id).build is None

    seen = []
    build = precompute(store, recording.id, engine="local", progress=lambda job: seen.append(job))

    assert build == cancelled[0]
    assert {part: made[part] for part in made} == {
        part: counts for part, counts in jobs.done_parts(store, recording.num, build).items() if part in made
    }
    assert seen[-1].state == "done" and seen[-1].done == seen[-1].total


def test_an_unfinished_import_is_refused(store, header_of) -> None:
    recording = recordings.create(store, header_of({"a": 1}))

    with pytest.raises(Conflict, match="importing"):
        precompute(store, recording.id, engine="local")


def test_auto_takes_spark_for_large_recordings(store, learning_run, monkeypatch) -> None:
    recording = learning_run().stored(store)

    assert choose_engine(recording, "auto") == "local"
    monkeypatch.setattr("synaptarium.jobs.build.SPARK_EVENTS", 1000)
    assert choose_engine(recording, "auto") == "spark"


def test_parts_say_who_made_them(store, learning_run) -> None:
    recording = learning_run().stored(store)
    build = precompute(store, recording.id, engine="local")

    parts = jobs.done_parts(store, recording.num, build)

    assert {part["engine"] for part in parts.values()} == {"local"}
    assert sum(part["events"] for part in parts.values()) == sum(
        block.n
        for kind in ("spikes", "weights", "potentials")
        for block in events.blocks(store, recording.num, kind)
    )


def test_finish_before_the_ranges_are_done_publishes_nothing(store, learning_run) -> None:
    recording = learning_run().stored(store)
    plan = make_plan(store, recording, build=1)

    with pytest.raises(CorruptData):
        finish(store, plan)

    assert recordings.get(store, recording.id).build is None
