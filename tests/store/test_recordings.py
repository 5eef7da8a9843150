"""Recordings: made, found, appended to, summed up, deleted."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import msgspec
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from synaptarium.schemas.chunk_key import ChunkKey
from synaptarium.schemas.errors import Conflict, InvalidInput, InvalidTime, RecordingExists, RecordingNotFound
from synaptarium.schemas.recording import RECORDING_ID, Counts, Header, Layer, Projection, Source
from synaptarium.schemas.sealing import seal
from synaptarium.store import chunks, closing, events, jobs, network, open_runs, recordings, summaries
from synaptarium.store.database import Store
from synaptarium.store.recording_info import recording_info

HEADER = Header(
    name="A Run",
    bin_us=1000,
    t_start_us=0,
    t_stop_us=1000,
    layers=(
        Layer(name="L.1", neurons=4, shape=(2, 2), offset=0),
        Layer(name="$out", neurons=2, shape=(2,), offset=4),
    ),
    projections=(
        Projection(name="p.q", source="L.1", target="$out", kind="explicit", synapses=2, target_neurons=2),
    ),
    source=Source(format="test", details={"simulator.version": "4.1"}),
)


def spikes(times_us: list[int], neurons: list[int]) -> pa.RecordBatch:
    return pa.record_batch(
        {"time_us": pa.array(times_us, pa.int64()), "neuron": pa.array(neurons, pa.uint32())}
    )


def weights(times_us: list[int], synapses: list[int], value: list[float]) -> pa.RecordBatch:
    columns = {"time_us": times_us, "synapse": synapses, "value": value}
    return pa.record_batch({name: pa.array(column) for name, column in columns.items()})


@given(name=st.text(max_size=80))
def test_every_name_gives_an_id(name: str) -> None:
    assert RECORDING_ID.fullmatch(recordings.slug(name))


# A name of blanks alone is refused.
NAMES = st.text(
    st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=12
).filter(str.strip)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(layer=NAMES, name=NAMES)
def test_a_recording_comes_back_as_it_was_whatever_its_names(store: Store, layer: str, name: str) -> None:
    header = msgspec.structs.replace(HEADER, name=name, layers=(HEADER.layers[0],), projections=())
    header = msgspec.structs.replace(header, layers=(msgspec.structs.replace(header.layers[0], name=layer),))

    created = recordings.create(store, header)
    counts = Counts(spikes={layer: 2**40}, metrics={name: 1})
    finished = recordings.finish(store, created.id, counts=counts)

    assert finished == msgspec.structs.replace(created, status="ready", counts=counts, revision=1)
    assert recordings.get(store, created.id) == finished
    assert finished.header == header


def test_taken_names_get_a_number(store: Store) -> None:
    ids = [recordings.create(store, HEADER).id for _ in range(3)]

    assert ids == ["a-run", "a-run-2", "a-run-3"]
    assert [recording.id for recording in recordings.all_recordings(store)] == ids[::-1]
    with pytest.raises(RecordingExists, match="'a-run-2' already"):
        recordings.create(store, HEADER, id="a-run-2")


@pytest.mark.parametrize("id", ["", "A", "../x", "-a", "a b", "a" * 65])
def test_an_id_that_does_not_fit_into_an_address_is_refused(store: Store, id: str) -> None:
    with pytest.raises(InvalidInput, match="cannot be a recording's id"):
        recordings.create(store, HEADER, id=id)


def test_a_header_that_contradicts_itself_makes_no_recording(store: Store) -> None:
    with pytest.raises(InvalidInput):
        recordings.create(store, msgspec.structs.replace(HEADER, t_stop_us=0))

    assert recordings.all_recordings(store) == []


def test_numbers_are_never_used_twice(store: Store) -> None:
    first = recordings.create(store, HEADER)
    builds = [recordings.next_build(store, first.id), recordings.next_build(store, first.id)]
    recordings.delete(store, first.id)

    second = recordings.create(store, HEADER)

    assert second.id == first.id
    assert second.num > first.num
    assert builds == [1, 2]
    assert recordings.next_build(store, second.id) == 3


def test_deleting_leaves_nothing_of_it_and_everything_of_others(store: Store) -> None:
    for recording in (recordings.create(store, HEADER), recordings.create(store, HEADER)):
        num = recording.num
        events.write_block(store, num, "spikes", "", 0, spikes([0], [0]))
        network.write_synapses(store, num, "p.q", *[pa.array([0, 1], pa.uint32()).to_numpy()] * 2, None)
        network.write_recorded(store, num, "L.1", "v", pa.array([0], pa.uint32()).to_numpy())
        chunks.write(store, [(ChunkKey(num, 1, 0, 0, 0, 0), seal(b"x"), 1)])
        summaries.write(store, num, "manifest", "1", {})
        jobs.part_done(store, num, 1, 0, {})
    names = ["recordings", "events", "synapses", "neurons", "chunks", "summaries", "jobs"]
    assert {name: store.db[name].count_documents({}) for name in names} == dict.fromkeys(names, 2)

    recordings.delete(store, "a-run")

    assert {name: store.db[name].count_documents({}) for name in names} == dict.fromkeys(names, 1)
    assert recordings.get(store, "a-run-2").status == "importing"
    for gone in (recordings.get, recordings.delete, recording_info):
        with pytest.raises(RecordingNotFound, match="'a-run'"):
            gone(store, "a-run")
    with pytest.raises(RecordingNotFound):
        recordings.set_build(store, "a-run", 1)


def test_an_open_recording_grows_and_is_closed(store: Store) -> None:
    id = recordings.create(store, HEADER, status="open").id

    open_runs.append(store, id, "spikes", "", spikes([500, 10], [0, 4]))
    grown = open_runs.append(store, id, "spikes", "", spikes([1999, 2000], [1, 1]))
    open_runs.append(store, id, "weights", "p.q", weights([0, 0, 3000], [0, 1, 1], [1.0, 2.0, 4.0]))

    assert (grown.header.t_stop_us, grown.revision) == (3000, 2)
    assert grown.counts.spikes == {"L.1": 3, "$out": 1}
    closed = closing.close(store, id)
    assert closed.status == "ready"
    assert closed.header.t_stop_us == 4000
    assert closed.counts.spikes == {"L.1": 3, "$out": 1}
    assert closed.counts.weights == {"p.q": 3}
    assert closed.weights["p.q"].last.mean == 2.5
    with pytest.raises(Conflict, match="is ready, not open"):
        open_runs.append(store, id, "spikes", "", spikes([1], [1]))


def test_a_batch_that_is_refused_leaves_an_open_recording_as_it_was(store: Store) -> None:
    before = recordings.create(store, HEADER, status="open")

    with pytest.raises(InvalidTime):
        open_runs.append(store, before.id, "spikes", "", spikes([5, -5], [0, 0]))

    assert recordings.get(store, before.id) == before
    assert events.blocks(store, before.num, "spikes") == []


def test_appending_from_several_threads_loses_nothing(store: Store) -> None:
    recording = recordings.create(store, HEADER, status="open")

    with ThreadPoolExecutor(4) as pool:
        batches = [spikes([time_us, time_us + 1], [0, 5]) for time_us in range(0, 4000, 200)]
        list(pool.map(lambda batch: open_runs.append(store, recording.id, "spikes", "", batch), batches))

    grown = recordings.get(store, recording.id)
    assert grown.counts.spikes == {"L.1": 20, "$out": 20}
    assert grown.revision == 20
    blocks = events.blocks(store, recording.num, "spikes")
    assert sorted(block.seq for block in blocks) == list(range(20))
    read = [
        time for batch in events.read(store, recording.num, "spikes") for time in batch["time_us"].to_pylist()
    ]
    assert read == sorted(time_us + more for time_us in range(0, 4000, 200) for more in (0, 1))


def test_closing_settles_the_counts_of_a_writer_that_died(store: Store) -> None:
    recording = recordings.create(store, HEADER, status="open")
    open_runs.append(store, recording.id, "spikes", "", spikes([1], [0]))
    events.write_block(store, recording.num, "spikes", "", 1, spikes([2, 3], [0, 0]))  # and then it died

    assert closing.close(store, recording.id).counts.spikes == {"L.1": 3, "$out": 0}


def test_info_has_the_shape_that_scripts_rely_on(store: Store) -> None:
    id = recordings.create(store, HEADER, status="open").id
    open_runs.append(store, id, "spikes", "", spikes([10, 500], [0, 4]))
    open_runs.append(store, id, "weights", "p.q", weights([0, 0, 3], [0, 1, 1], [1.0, 2.0, 4.0]))
    recording = closing.close(store, id)
    reduced = {"what": "weights", "kept": 1, "total": 2, "why": "quantised"}
    summaries.write(store, recording.num, "manifest", "1", {"accounting": [reduced]})
    chunks.write(store, [(ChunkKey(recording.num, 1, 0, 0, 0, 0), seal(b"x"), 1)])
    recordings.set_build(store, id, 1)

    info = recording_info(store, id)

    assert (info["id"], info["name"], info["bin_us"], info["span_us"]) == ("a-run", "A Run", 1000, [0, 1000])
    assert [
        (layer["name"], layer["neurons"], layer["shape"], layer["offset"]) for layer in info["layers"]
    ] == [
        ("L.1", 4, [2, 2], 0),
        ("$out", 2, [2], 4),
    ]
    assert [(layer["spikes"], layer["potentials"]) for layer in info["layers"]] == [(1, 0), (1, 0)]
    (projection,) = info["projections"]
    assert (projection["name"], projection["source"], projection["target"], projection["kind"]) == (
        "p.q",
        "L.1",
        "$out",
        "explicit",
    )
    assert projection["weights"] == {
        "first": {"min": 1.0, "mean": 1.5, "max": 2.0},
        "last": {"min": 1.0, "mean": 2.5, "max": 4.0},
        "changes": 3,
    }
    assert (info["stimuli"], info["metrics"], info["build"]) == (0, {}, 1)
    assert info["levels"][0] == {"level": 0, "bins": 1, "frames": 1}
    assert info["accounting"] == [reduced]
    blocks = [*events.blocks(store, recording.num, "spikes"), *events.blocks(store, recording.num, "weights")]
    assert info["stored_bytes"] == sum(block.size_bytes for block in blocks) + len(seal(b"x").stored)
