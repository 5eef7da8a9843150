"""Summary tables equal plain counts and numpy on replayed weights, are the same on every run, and are never stale."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synaptarium.jobs import live, survey
from synaptarium.jobs.build import precompute, run_local
from synaptarium.jobs.intervals import interval_bins, plan_tables, spike_rows, weight_rows
from synaptarium.jobs.layout import tiles_of
from synaptarium.jobs.planning import make_plan
from synaptarium.jobs.publish import finish
from synaptarium.jobs.ranges import build_range
from synaptarium.schemas.errors import CorruptData
from synaptarium.schemas.recording import Counts, Header, Layer, Projection, Recording, Source
from synaptarium.store import closing, network, open_runs, recordings, summaries
from synaptarium.store.tables import (
    PAGE,
    PART,
    between,
    page_bytes,
    read_rows,
    read_tables,
    spikes_between,
)

LABELS = ["b", "a", "", "b", "a"]


@pytest.fixture
def labelled(learning_run, store):
    """Return a learning run with overlapping stimuli of two classes and with its synapses, and its recording."""

    def make(**options):
        run = learning_run(**options)
        start_us, stop_us = run.header.t_start_us, run.header.t_stop_us
        begin = np.linspace(start_us - 1000, stop_us, 12, endpoint=False).astype(np.int64)[1:]
        run.events["stimuli", ""] = {
            "t_start_us": begin,
            # Some end before the next begins, some while it is on.
            "t_stop_us": begin + np.where(np.arange(len(begin)) % 3, 150_001, 900_000),
            "label": np.array([LABELS[place % 5] for place in range(len(begin))], object),
        }
        recording = recordings.create(store, run.header, status="open")
        post = np.random.default_rng(1).integers(0, 69, 500).astype(np.uint32)  # neuron 69 has no synapse
        network.write_synapses(store, recording.num, "in→out", np.zeros(500, np.uint32), post, None)
        for (kind, stream), columns in run.events.items():
            arrays = {name: pa.array(values, from_pandas=name == "value") for name, values in columns.items()}
            open_runs.append(store, recording.id, kind, stream, pa.record_batch(arrays))
        return run, closing.close(store, recording.id), post

    return make


def class_at(run, time_us: np.ndarray, classes: tuple[str, ...]) -> np.ndarray:
    """Return the class of the stimulus that began last before each time, if it is still on: one by one."""
    stimuli = run.events["stimuli", ""]
    found = np.full(len(time_us), -1)
    for start, stop, label in zip(*stimuli.values(), strict=True):
        on = time_us >= start
        found[on] = np.where(time_us[on] < stop, classes.index(label) if label else -1, -1)
    return found


@pytest.mark.parametrize("bin_us", [1000, 70])
def test_spikes_by_neuron_and_class_equal_plain_counts(store, labelled, bin_us) -> None:
    run, recording, _ = labelled(bin_us=bin_us, seconds=3.0, t_start_us=-5000)
    tables = read_tables(store, recording.num, precompute(store, recording.id, engine="local"))
    assert tables is not None and tables.classes == ("a", "b")
    time_us, neuron, count = run.events["spikes", ""].values()
    classes = class_at(run, time_us, tables.classes)

    for layer in run.header.layers:
        inside = (neuron >= layer.offset) & (neuron < layer.offset + layer.neurons)
        for table in ("spikes", "classes"):
            grid = tables.find(table, layer.name)
            assert grid is not None and grid.n_rows <= 512
            rows = np.unique(np.random.default_rng(2).integers(0, grid.n_rows + 1, 7)).tolist()
            found = read_rows(store, recording.num, tables, grid, rows).columns["n"]
            for row, got in zip(rows, found, strict=True):
                before = inside & (time_us < tables.boundary_us(grid, row))
                if row == grid.n_rows:
                    assert (before == inside).all()
                plain = np.zeros(got.shape, np.int64)
                if table == "spikes":
                    np.add.at(plain[:, 0], neuron[before] - layer.offset, count[before])
                else:
                    before &= classes >= 0
                    np.add.at(plain, (neuron[before] - layer.offset, classes[before]), count[before])
                assert (got == plain).all()


def test_a_window_is_two_rows_and_its_edges(store, labelled) -> None:
    run, recording, _ = labelled(seconds=4.0)
    tables = read_tables(store, recording.num, precompute(store, recording.id, engine="local"))
    assert tables is not None
    time_us, neuron, count = run.events["spikes", ""].values()

    for start_us, stop_us in [
        (0, 4_000_000),
        (-9, 10**9),
        (123_456, 3_210_000),
        (999_999, 1_000_001),
        (5 * 10**6, 6 * 10**6),
    ]:
        found = spikes_between(store, recording.num, tables, "Out", start_us, stop_us)
        assert found is not None
        assert found.t_start_us >= min(start_us, tables.t_stop_us) and found.t_stop_us <= max(stop_us, 0)
        if found.t_start_us == found.t_stop_us:
            assert not found.columns
            continue
        grid = tables.find("spikes", "Out")
        width_us = grid.interval_bins * tables.bin_us
        assert found.t_start_us - max(start_us, 0) < width_us
        assert min(stop_us, tables.t_stop_us) - found.t_stop_us < width_us
        inside = (time_us >= found.t_start_us) & (time_us < found.t_stop_us) & (neuron >= 131)
        plain = np.bincount(neuron[inside] - 131, count[inside], minlength=70)
        assert (found.columns["n"][:, 0] == plain).all()
    assert spikes_between(store, recording.num, tables, "no such layer", 0, 1) is None


def test_stimuli_are_counted_and_timed_by_class(store, labelled) -> None:
    run, recording, _ = labelled(seconds=3.0)
    tables = read_tables(store, recording.num, precompute(store, recording.id, engine="local"))
    assert tables is not None
    grid = tables.find("stimuli")
    assert grid is not None
    stimuli = run.events["stimuli", ""]
    moments = np.arange(0, 3_000_000, 100)
    of = class_at(run, moments, tables.classes)

    found = read_rows(store, recording.num, tables, grid, range(grid.n_rows + 1)).columns
    for row in range(grid.n_rows + 1):
        edge_us = tables.boundary_us(grid, row)
        for number, name in enumerate(tables.classes):
            began = (stimuli["label"] == name) & (stimuli["t_start_us"] < edge_us)
            assert found["n"][row, number, 0] == began.sum()
            # Before the recording nothing is on that is counted here; steps of 100 us see each border to 100 us.
            on_us = 100 * int((of[moments < edge_us] == number).sum())
            assert abs(int(found["on_us"][row, number, 0]) - on_us) <= 100 * 2 * len(stimuli["label"])


def test_weight_statistics_equal_numpy_on_the_replayed_weights(store, labelled) -> None:
    run, recording, post = labelled(seconds=3.0, n_weights=4000)
    tables = read_tables(store, recording.num, precompute(store, recording.id, engine="local"))
    assert tables is not None
    time_us, synapse, value = run.events["weights", "in→out"].values()
    grids = {name: tables.find(name, "in→out") for name in ("weights", "weights.neurons")}
    histograms = {name: tables.find(f"{name}.histogram", "in→out") for name in grids}
    previous_us = 0
    for row in (1, 2, 57, grids["weights"].n_rows):
        edge_us = tables.boundary_us(grids["weights"], row)
        weight = np.full(500, np.nan, np.float32)
        before = time_us < edge_us
        weight[synapse[before]] = value[before]
        for name, mine in (
            ("weights", [np.arange(500)]),
            ("weights.neurons", [np.flatnonzero(post == n) for n in range(70)]),
        ):
            found = read_rows(store, recording.num, tables, grids[name], [row]).columns
            counts = read_rows(store, recording.num, tables, histograms[name], [row]).columns["n"][0]
            for item, synapses in enumerate(mine):
                there = weight[synapses][~np.isnan(weight[synapses])].astype(np.float64)
                got = {column: values[0, item, 0] for column, values in found.items()}
                assert got["n"] == len(there)
                assert got["changes"] == np.isin(synapse[before], synapses).sum()
                assert counts[item].sum() == len(there)
                if not len(there):
                    assert np.isnan(got["mean"]) and np.isnan(got["q50"])
                    continue
                assert (counts[item] == np.histogram(there, histograms[name].edges)[0]).all()
                wanted = {"mean": there.mean(), "std": there.std(), "min": there.min(), "max": there.max()}
                for share in (5, 25, 50, 75, 95):
                    wanted[f"q{share:02}"] = np.quantile(there, share / 100)
                for column, expected in wanted.items():
                    assert got[column] == pytest.approx(expected, rel=2**-23, abs=1e-7), column
        assert edge_us > previous_us
        previous_us = edge_us


def test_weights_carry_on_through_silence_and_changes_add_up(store, header_of, run_of) -> None:
    projection = Projection(name="p", source="A", target="B", kind="explicit", synapses=2, target_neurons=1)
    header = header_of({"A": 2, "B": 1}, t_stop_us=10_000_000, projections=(projection,))
    run = run_of(header)
    # 10,000 bins: ranges are as long as the run, so a silent middle lies between rows of one range
    run.events["weights", "p"] = {
        "time_us": np.array([0, 0, 9_000_000]),
        "synapse": np.array([0, 1, 1], np.uint32),
        "value": np.array([1, 3, 7], np.float32),
    }
    recording = run.stored(store)
    tables = read_tables(store, recording.num, precompute(store, recording.id, engine="local"))
    assert tables is not None
    grid = tables.find("weights", "p")
    assert grid is not None and tables.find("weights.neurons", "p") is None
    assert "does not say which neurons" in tables.absent[0].why

    found = read_rows(store, recording.num, tables, grid, [1, grid.n_rows // 2, grid.n_rows]).columns
    assert found["mean"][:, 0, 0].tolist() == [2, 2, 4]
    assert found["changes"][:, 0, 0].tolist() == [2, 2, 3]
    moved = between(store, recording.num, tables, grid, 1_000_000, 10_000_000)
    assert moved.columns["changes"].tolist() == [[1]]


def pages_of(store, recording, build: int) -> dict[str, bytes]:
    """Return the stored bytes of every page, by its key without the build."""
    where = {"recording": recording.num, "name": PAGE, "key": {"$regex": f"^{build}/"}}
    return {page["key"].split("/", 1)[1]: page["payload"] for page in store.db.summaries.find(where)}


def many_ranges(monkeypatch) -> None:
    """Make ranges of 256 bins, and tables whose intervals are shorter and longer than a range."""
    monkeypatch.setattr("synaptarium.jobs.planning._range_bins", lambda profile, frames: 256)


def test_pages_do_not_depend_on_the_order_of_ranges(store, labelled, monkeypatch) -> None:
    many_ranges(monkeypatch)
    _, recording, _ = labelled(seconds=4.0)
    builds = []
    for order in (1, -1):
        build = recordings.next_build(store, recording.id)
        plan = make_plan(store, recording, build=build)
        assert plan.n_ranges == 16
        for index in list(range(plan.n_ranges))[::order]:
            build_range(store, plan, index)
        finish(store, plan)
        builds.append(pages_of(store, recording, build))
    assert builds[0] == builds[1] and len(builds[0]) > 10


def test_intervals_longer_than_a_range_give_the_same_numbers(store, labelled, monkeypatch) -> None:
    _, recording, _ = labelled(seconds=4.0)
    results = []
    for width in (1, 16):
        monkeypatch.setattr("synaptarium.jobs.planning._range_bins", lambda profile, frames: 256)
        monkeypatch.setattr(
            "synaptarium.jobs.intervals.interval_bins", lambda frames, rows, width=width: 64 * width
        )
        build = recordings.next_build(store, recording.id)
        plan = make_plan(store, recording, build=build)
        for index in range(plan.n_ranges):
            build_range(store, plan, index)
        finish(store, plan)
        tables = read_tables(store, recording.num, build)
        rows = {}
        for grid in tables.grids:
            wanted = [16 // width, 32 // width, grid.n_rows]
            rows[grid.table, grid.target] = read_rows(store, recording.num, tables, grid, wanted).columns
        results.append(rows)
    assert results[0].keys() == results[1].keys()
    for key, columns in results[0].items():
        for name, column in columns.items():
            np.testing.assert_array_equal(column, results[1][key][name])


def test_parts_are_forgotten_and_old_tables_go_with_their_build(store, labelled) -> None:
    _, recording, _ = labelled(seconds=1.0)
    first = precompute(store, recording.id, engine="local")
    second = precompute(store, recording.id, engine="local")

    assert second != first
    assert read_tables(store, recording.num, first) is None
    names = summaries.names(store, recording.num)
    assert not [name for name, _ in names if name == PART]
    assert {key.split("/")[0] for name, key in names if name == PAGE} == {str(second)}
    tables = read_tables(store, recording.num, second)
    assert tables is not None and tables.revision == recordings.get(store, recording.id).revision


@pytest.mark.parametrize("table", ["weights.neurons.histogram", "classes"])
def test_a_missing_part_is_told_and_made_anew(store, labelled, monkeypatch, table) -> None:
    monkeypatch.setattr("synaptarium.jobs.planning.MAX_RANGE_BITS", 8)  # four ranges
    _, recording, _ = labelled(seconds=1.0, n_spikes=2000)
    lost = []

    def lose_one(job) -> None:
        if job.message == "verifying" and not lost:
            keys = [key for name, key in summaries.names(store, recording.num) if name == PART]
            lost.append(next(key for key in keys if f"/{table}/" in key and int(key.rsplit("/", 1)[1]) == 2))
            summaries.delete(store, recording.num, PART, lost[0])

    with pytest.raises(CorruptData, match=r"Range 2 of 4 .* parts of summary tables") as told:
        precompute(store, recording.id, engine="local", progress=lose_one)

    assert told.value.hint and recordings.get(store, recording.id).build is None
    build = precompute(store, recording.id, engine="local", progress=lose_one)
    assert read_tables(store, recording.num, build) is not None


def test_sizes_of_pages_are_known_before_they_are_read(store, labelled) -> None:
    _, recording, _ = labelled(seconds=2.0)
    tables = read_tables(store, recording.num, precompute(store, recording.id, engine="local"))
    assert tables is not None
    for grid in tables.grids:
        assert len(grid.page_bytes) == grid.n_blocks * grid.n_pages
        found = read_rows(store, recording.num, tables, grid, [grid.n_rows], first_item=0, n_items=1)
        assert found.bytes_read == page_bytes(grid, [grid.n_rows], first_item=0, n_items=1)
        assert next(iter(found.columns.values())).shape == (1, 1, grid.values)
        assert max(grid.page_bytes) < 16 * 2**20


def test_an_open_recording_has_no_tables_until_it_is_precomputed(store, labelled, learning_run) -> None:
    run = learning_run(seconds=1.0)
    recording = recordings.create(store, run.header, status="open")
    manifest = live.extend(store, recording.id)
    assert read_tables(store, recording.num, manifest.build) is None
    closing.close(store, recording.id)
    assert read_tables(store, recording.num, live.extend(store, recording.id).build) is None
    assert read_tables(store, recording.num, precompute(store, recording.id, engine="local")) is not None


def test_reading_many_blocks_of_items_gives_the_rows_of_all(store, header_of, run_of) -> None:
    rng = np.random.default_rng(0)
    header = header_of({"big": 70_000, "small": 3}, t_stop_us=2_000_000)
    run = run_of(header)
    run.events["spikes", ""] = {
        "time_us": np.sort(rng.integers(0, 2_000_000, 30_000)),
        "neuron": rng.integers(0, 70_003, 30_000).astype(np.uint32),
    }
    recording = run.stored(store)
    tables = read_tables(store, recording.num, precompute(store, recording.id, engine="local"))
    assert tables is not None
    grid = tables.find("spikes", "big")
    assert grid is not None and grid.n_blocks == 2
    time_us, neuron = run.events["spikes", ""].values()

    found = read_rows(store, recording.num, tables, grid, [3, 0, 1], first_item=65_000, n_items=2000)
    for row, got in zip([3, 0, 1], found.columns["n"][:, :, 0], strict=True):
        before = (time_us < tables.boundary_us(grid, row)) & (neuron >= 65_000) & (neuron < 67_000)
        assert (got == np.bincount(neuron[before] - 65_000, minlength=2000)).all()


@settings(max_examples=40, deadline=None)
@given(
    n_spikes=st.integers(0, 10**10),
    n_neurons=st.integers(1, 10**7),
    n_classes=st.integers(0, 5000),
    n_changes=st.integers(1, 10**9),
    n_synapses=st.integers(1, 10**9),
    n_frames=st.integers(1, 2**32),
)
def test_sizes_stay_bounded(n_spikes, n_neurons, n_classes, n_changes, n_synapses, n_frames) -> None:
    projection = Projection(
        name="p", source="A", target="A", kind="explicit", synapses=n_synapses, target_neurons=n_neurons
    )
    layer = Layer(name="A", neurons=n_neurons, shape=(n_neurons,), offset=0)
    header = Header(
        name="x",
        bin_us=1,
        t_start_us=0,
        t_stop_us=n_frames,
        layers=(layer,),
        projections=(projection,),
        source=Source(format="arrays"),
    )
    counts = Counts(spikes={"A": n_spikes}, weights={"p": n_changes}, stimuli=1)
    recording = Recording(id="x", num=1, status="ready", header=header, counts=counts)
    classes = tuple(map(str, range(n_classes)))
    plan = plan_tables(recording, tiles_of(header), classes=classes, extremes={}, listed=frozenset("p"))

    for grid in plan.grids:
        assert 1 <= grid.n_rows <= 512
        assert grid.n_rows * grid.interval_bins >= n_frames > (grid.n_rows - 1) * grid.interval_bins
        # A page stays far below a document's 16 MiB: at most 11 columns of 4 bytes, or 8 bytes of one column.
        assert grid.page_rows * grid.block_items * grid.values <= 2**18
        row = grid.items * grid.values
        if grid.table in ("spikes", "classes"):
            assert grid.n_rows * row <= max(2**20, n_spikes, row)
    tables = {grid.table for grid in plan.grids}
    assert ("classes" in tables) == (
        0 < n_classes <= 4096 and n_neurons * n_classes <= 2**25 and n_spikes > 0
    )
    assert ("weights" in tables) == (n_synapses <= 2**26)
    assert len(plan.absent) == (
        n_classes > 0 and "classes" not in tables and (n_classes > 4096 or n_neurons * n_classes > 2**25)
    ) + ("weights" not in tables)
    assert interval_bins(n_frames, spike_rows(n_spikes, n_neurons)) >= 1
    assert 1 <= weight_rows(n_changes, n_synapses, n_neurons) <= 512


def test_the_survey_does_not_depend_on_how_it_is_cut(store, labelled, monkeypatch) -> None:
    _, recording, _ = labelled(seconds=4.0)
    monkeypatch.setattr(survey, "SAMPLE_VALUES", 700)
    found = []
    for bins in (256, 4096):
        monkeypatch.setattr("synaptarium.jobs.planning._range_bins", lambda profile, frames, bins=bins: bins)
        plan = make_plan(store, recording, build=9)
        found.append(survey.survey_values(store, plan))
    for key, one in found[0].items():
        other = found[1][key]
        assert one.quantisation == other.quantisation and (one.profile == other.profile).all()
        assert (one.low, one.high) == (other.low, other.high)


def test_local_threads_make_the_same_tables(store, labelled, monkeypatch) -> None:
    many_ranges(monkeypatch)
    _, recording, _ = labelled(seconds=2.0)
    built = []
    for threaded in (True, False):
        build = recordings.next_build(store, recording.id)
        plan = make_plan(store, recording, build=build)
        todo = list(range(plan.n_ranges))
        if threaded:
            run_local(store, plan, todo, check=lambda: None, tick=lambda: None)
        else:
            for index in todo:
                build_range(store, plan, index)
        finish(store, plan)
        built.append(pages_of(store, recording, build))
    assert built[0] == built[1]
