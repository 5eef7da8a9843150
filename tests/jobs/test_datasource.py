"""The data source without Spark: planned ranges, complete columns, chunks, streams, VS2N, and what is refused."""

from __future__ import annotations

import pickle
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyspark.sql.streaming.datasource import ReadAllAvailable, ReadMaxRows

from synaptarium.jobs.build import precompute
from synaptarium.jobs.datasource import EventReader, SynaptariumSource, TimeRange, planned
from synaptarium.schemas.chunk_key import ChunkKey
from synaptarium.schemas.errors import (
    BuildNotFound,
    Conflict,
    CorruptData,
    InvalidInput,
    RecordingExists,
    RecordingNotFound,
    SynaptariumError,
)
from synaptarium.store import chunks, closing, events, network, open_runs, recordings
from synaptarium.store.database import Store
from synaptarium.store.events import BlockInfo

BLOCKS = [BlockInfo(k, "", 100 * k, 100 * k + 99, 10, 1) for k in range(5)]


def source_of(store: Store, recording: str, **options: Any) -> SynaptariumSource:
    """Return the data source with options."""
    address = {"uri": store.uri, "database": store.name}
    return SynaptariumSource({"recording": recording, **address, **{k: str(v) for k, v in options.items()}})


def rows_of(reader: Any, parts: list[Any] | None = None) -> list[dict[str, Any]]:
    """Read tasks as executors do: from pickles."""
    reader, parts = pickle.loads(pickle.dumps((reader, reader.partitions() if parts is None else parts)))
    return [row for part in parts for batch in reader.read(part) for row in batch.to_pylist()]


@pytest.mark.parametrize(
    ("rows", "start", "stop", "edges"),
    [
        (1000, None, None, [None, None]),
        (20, None, None, [None, 200, 400, None]),
        (1, 150, 350, [150, 200, 300, 350]),
        (20, 500, 600, [500, 600]),
    ],
)
def test_ranges_join_to_what_was_asked_for(
    rows: int, start: int | None, stop: int | None, edges: list[int | None]
) -> None:
    ranges = list(planned(BLOCKS, rows, start, stop))

    assert ranges == [TimeRange(a, b) for a, b in pairwise(edges)]


def test_blocks_that_begin_together_stay_in_one_range() -> None:
    blocks = [BlockInfo(k, "", 7, 9, 10, 1) for k in range(4)]

    assert list(planned(blocks, 10, 7, None)) == [TimeRange(7, None)]


@pytest.mark.parametrize(
    ("kind", "stream"),
    [("spikes", ""), ("weights", "in→out"), ("potentials", "v")],
    ids=["spikes", "weights", "v"],
)
def test_reader_gives_every_event_once_whatever_the_ranges(
    store, learning_run, kind: str, stream: str
) -> None:
    run = learning_run()
    recording = run.stored(store)
    options = {
        "recording": recording.id, "kind": kind, "stream": stream, "uri": store.uri, "database": store.name,
        "rows_per_partition": "1",
    }  # fmt: skip

    reader = SynaptariumSource(options).reader(None)
    assert isinstance(reader, EventReader)
    rows = rows_of(reader)

    wanted = run.events[(kind, stream)]
    assert [row["time_us"] for row in rows] == wanted["time_us"].tolist()
    if kind == "spikes":
        assert [row["neuron"] for row in rows] == wanted["neuron"].tolist()


def test_what_was_not_stored_is_one_or_empty(store, learning_run) -> None:
    recording = learning_run().stored(store)
    source = SynaptariumSource({"recording": recording.id, "uri": store.uri, "database": store.name})

    reader = source.reader(None)
    [part] = reader.partitions()
    batch = next(iter(reader.read(part)))

    assert (
        source.schema()
        == "time_us bigint not null, neuron bigint not null, count int not null, payload float"
    )
    assert [str(field.type) for field in batch.schema] == ["int64", "int64", "int32", "float"]
    assert batch.column("count").null_count == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "No recording"),
        ({"recording": "a", "kind": "waves"}, "'waves'"),
        ({"recording": "a", "colour": "red"}, "'colour'"),
        ({"recording": "a"}, "does not know its MongoDB"),
        ({"recording": "a", "uri": "mongodb://x", "t_start_us": "soon"}, "'soon'"),
    ],
)
def test_options_that_make_no_sense_are_told(
    options: dict[str, str], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SYNAPTARIUM_MONGO_URI", raising=False)

    with pytest.raises(InvalidInput, match=message):
        SynaptariumSource(options).reader(None)


def test_what_is_not_in_the_store_is_told(store, learning_run) -> None:
    recording = learning_run().stored(store)
    address = {"uri": store.uri, "database": store.name}

    with pytest.raises(RecordingNotFound):
        SynaptariumSource({"recording": "nowhere", **address}).reader(None).partitions()
    with pytest.raises(InvalidInput, match="in→out"):
        try:
            SynaptariumSource({"recording": recording.id, "kind": "weights", **address}).reader(
                None
            ).partitions()
        except InvalidInput as error:
            raise InvalidInput(error.hint) from error


# Chunks


@pytest.fixture
def built(store: Store, learning_run: Any) -> Any:
    """A run and its recording, precomputed."""
    run = learning_run(seconds=3.0, n_spikes=4000)
    recording = run.stored(store)
    precompute(store, recording.id, engine="local")
    return run, recordings.get(store, recording.id)


def test_chunks_of_spikes_are_the_spikes_by_frame(store: Store, built: Any) -> None:
    run, recording = built

    rows = rows_of(source_of(store, recording.id, kind="chunks").reader(None))

    events_ = run.events["spikes", ""]
    wanted: dict[tuple[int, int], int] = {}
    for time_us, neuron, count in zip(events_["time_us"], events_["neuron"], events_["count"], strict=True):
        key = (int(time_us) // 1000, int(neuron))
        wanted[key] = wanted.get(key, 0) + int(count)
    assert {(row["frame"], row["neuron"]): row["count"] for row in rows} == wanted
    assert all(row["t_start_us"] == row["frame"] * 1000 and row["level"] == 0 for row in rows)
    assert {row["layer"] for row in rows} == {"In put.ä", "one", "Out"}


def test_chunks_of_a_time_range_a_layer_and_a_level(store: Store, built: Any) -> None:
    run, recording = built
    options = {"level": 1, "target": "Out", "t_start_us": 1_000_000, "t_stop_us": 1_500_000}

    rows = rows_of(source_of(store, recording.id, kind="chunks", **options).reader(None))

    spikes = run.events["spikes", ""]
    # Frames of 16 ms whose start lies inside: 1.008 s up to the end of the frame that starts at 1.488 s.
    inside = (spikes["time_us"] >= 1_008_000) & (spikes["time_us"] < 1_504_000) & (spikes["neuron"] >= 131)
    assert sum(row["count"] for row in rows) == int(spikes["count"][inside].sum())
    assert {row["layer"] for row in rows} == {"Out"} and min(row["neuron"] for row in rows) >= 131
    assert {row["t_start_us"] // 16_000 for row in rows} == {row["frame"] for row in rows}


@pytest.mark.parametrize(
    ("stream", "columns"),
    [
        ("spikes.groups", ["layer", "group", "count"]),
        ("spikes.series", ["layer", "sum", "minimum", "maximum", "last"]),
        ("weights", ["projection", "synapse", "value", "minimum", "maximum"]),
        ("weights.series", ["projection", "sum", "minimum", "maximum", "last"]),
        ("v", ["layer", "neuron", "value", "minimum", "maximum"]),
    ],
)
def test_every_stream_of_chunks_has_its_columns(
    store: Store, built: Any, stream: str, columns: list[str]
) -> None:
    run, recording = built
    source = source_of(store, recording.id, kind="chunks", stream=stream)

    rows = rows_of(source.reader(None))

    assert [column.split()[0] for column in source.schema().split(", ")] == [
        "frame", "t_start_us", "level", *columns,
    ]  # fmt: skip
    assert list(rows[0]) == ["frame", "t_start_us", "level", *columns]
    if stream.startswith("spikes"):
        total = sum(row.get("count", row.get("sum")) for row in rows)
        assert total == int(run.events["spikes", ""]["count"].sum())
    if stream == "weights":
        weights = run.events["weights", "in→out"]
        last = {int(s): float(v) for s, v in zip(weights["synapse"], weights["value"], strict=True)}
        found = {row["synapse"]: row["value"] for row in rows}
        error = max(abs(found[s] - v) for s, v in last.items() if not np.isnan(v))
        assert error < 1e-3 and all(found[s] is None for s, v in last.items() if np.isnan(v))


def test_raw_chunks_are_the_stored_bytes(store: Store, built: Any) -> None:
    _, recording = built

    rows = rows_of(source_of(store, recording.id, kind="chunks", raw="true", level=2).reader(None))

    assert rows
    for row in rows:
        key = ChunkKey(recording.num, row["build"], 0, 2, row["chunk"], row["tile"])
        assert chunks.read(store, key).stored == row["payload"]


def test_chunks_that_are_replaced_while_they_are_read_are_told(store: Store, built: Any) -> None:
    _, recording = built
    reader = source_of(store, recording.id, kind="chunks").reader(None)
    parts = reader.partitions()
    precompute(store, recording.id, engine="local")

    with pytest.raises(CorruptData, match="precomputed anew or deleted while it was read"):
        rows_of(reader, parts)


def test_chunks_that_are_not_there_are_told(store: Store, built: Any, learning_run: Any) -> None:
    _, recording = built
    other = learning_run(seconds=1.0).stored(store)

    with pytest.raises(BuildNotFound, match="not precomputed yet"):
        source_of(store, other.id, kind="chunks").reader(None).partitions()
    for options, words in (
        ({"level": 7}, "no level 7"),
        ({"stream": "theta"}, "no chunks of the stream 'theta'"),
        ({"target": "L9"}, "no 'L9'"),
    ):
        with pytest.raises(InvalidInput, match=words):
            source_of(store, recording.id, kind="chunks", **options).reader(None).partitions()


# Streams


@pytest.fixture
def growing(store: Store, header_of: Any) -> str:
    """An open recording of ten neurons."""
    return recordings.create(store, header_of({"a": 10}, t_stop_us=1000), status="open").id


def grow(store: Store, id: str, *times_us: int) -> None:
    """Append a block of spikes."""
    batch = pa.record_batch(
        {"time_us": pa.array(times_us), "neuron": pa.array([3] * len(times_us), pa.uint32())}
    )
    open_runs.append(store, id, "spikes", "", batch)


def test_a_stream_gives_each_block_once_as_the_recording_grows(store: Store, growing: str) -> None:
    grow(store, growing, 10, 20)
    reader = source_of(store, growing).streamReader(None)
    start = reader.initialOffset()
    first = reader.latestOffset(start, ReadAllAvailable())
    grow(store, growing, 5)
    grow(store, growing, 30, 40)
    second = reader.latestOffset(first, ReadAllAvailable())
    closing.close(store, growing)
    third = reader.latestOffset(second, ReadAllAvailable())

    batches = [
        [row["time_us"] for row in rows_of(reader, reader.partitions(a, b))]
        for a, b in ((start, first), (first, second), (second, third))
    ]

    assert batches == [[10, 20], [5, 30, 40], []]
    assert third == second
    reader.stop()


def test_a_stream_takes_no_more_than_it_is_told(store: Store, growing: str) -> None:
    for time_us in range(6):
        grow(store, growing, time_us, time_us)
    reader = source_of(store, growing, rows_per_batch=5, rows_per_partition=2).streamReader(None)
    offset = reader.initialOffset()
    reader.prepareForTriggerAvailableNow()
    grow(store, growing, 100)

    limit, sizes = reader.getDefaultReadLimit(), []
    while (end := reader.latestOffset(offset, limit)) != offset:
        sizes.append([len(rows_of(reader, [part])) for part in reader.partitions(offset, end)])
        offset = end

    assert limit == ReadMaxRows(5)
    assert sizes == [[2, 2], [2, 2], [2, 2]]
    reader.stop()


def test_a_stream_of_another_recording_of_the_same_name_is_refused(store: Store, growing: str) -> None:
    reader = source_of(store, growing).streamReader(None)
    start = reader.initialOffset()
    reader.stop()
    header = recordings.get(store, growing).header
    recordings.delete(store, growing)
    recordings.create(store, header, id=growing, status="open")

    again = source_of(store, growing).streamReader(None)

    with pytest.raises(Conflict, match="Begin with a new checkpointLocation"):
        again.latestOffset(start, ReadAllAvailable())
    again.stop()


@pytest.mark.parametrize(
    ("options", "words"),
    [({"kind": "chunks"}, "still change"), ({"t_start_us": 5}, "no t_start_us")],
)
def test_what_is_no_stream_is_told(store: Store, growing: str, options: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        source_of(store, growing, **options).streamReader(None)


# VS2N


@pytest.fixture
def vs2n(store: Store) -> str:
    """A VS2N database of 1,000 spikes in microseconds, with ids of two types."""
    spikes = [{"T": 10 * n, "i": {"L": "in", "N": n % 7}, "S": 1.0, "Input": n % 3} for n in range(1000)]
    ids = [{"_id": n, **spike} if n % 2 else spike for n, spike in enumerate(spikes)]
    store.db["spikes"].insert_many(ids)
    store.db["potential"].insert_many(
        [{"T": 0.5, "L": "in", "N": 1, "V": -0.25}, {"T": 1, "L": "in", "N": 2}]
    )
    store.db["synapseWeight"].insert_many([{"T": 0.5, "L": "out", "C": 4, "To": 2, "V": 0.75}])
    return f"{store.uri}{store.name}"


@pytest.mark.parametrize("rows", [100, 10_000])
def test_every_document_of_vs2n_is_read_once_whatever_the_ranges(vs2n: str, rows: int) -> None:
    reader = SynaptariumSource({"vs2n": vs2n, "rows_per_partition": str(rows)}).reader(None)

    parts = reader.partitions()
    found = rows_of(reader, parts)

    assert len(parts) == (10 if rows == 100 else 1)
    assert sorted(row["time_us"] for row in found) == list(range(0, 10_000, 10))
    assert all(row["neuron"] == row["time_us"] // 10 % 7 and row["layer"] == "in" for row in found)
    assert {row["input"] for row in found} == {"0", "1", "2"}
    if rows == 100:
        assert max(len(rows_of(reader, [part])) for part in parts) < 200


def test_other_collections_of_vs2n_and_their_unit(vs2n: str) -> None:
    weights = SynaptariumSource({"vs2n": vs2n, "collection": "synapseWeight"})
    potentials = {"vs2n": vs2n, "collection": "potential"}

    assert weights.schema() == (
        "time_us bigint not null, layer string not null, pre bigint not null, post bigint not null, value double"
    )
    assert rows_of(weights.reader(None)) == [
        {"time_us": 500_000, "layer": "out", "pre": 4, "post": 2, "value": 0.75}
    ]
    with pytest.raises(InvalidInput, match="doubles and integers"):
        SynaptariumSource(potentials).reader(None).partitions()
    rows = rows_of(SynaptariumSource({**potentials, "time_unit": "s"}).reader(None))
    assert [(row["time_us"], row["value"]) for row in rows] == [(500_000, -0.25), (1_000_000, None)]
    rows = rows_of(SynaptariumSource({**potentials, "time_unit": "s", "t_start_us": "600000"}).reader(None))
    assert [row["neuron"] for row in rows] == [2]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"kind": "vs2n"}, "No VS2N database"),
        ({"collection": "labels"}, "'labels' is no collection of events"),
        ({"time_unit": "hours"}, "'hours' is no unit"),
    ],
)
def test_what_vs2n_does_not_have_is_told(vs2n: str, options: dict[str, str], words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        given = options if "kind" in options else {"vs2n": vs2n, **options}
        SynaptariumSource(given).reader(None).partitions()


def test_a_database_without_the_collection_is_told(store: Store) -> None:
    with pytest.raises(InvalidInput, match="has no collection 'spikes'"):
        SynaptariumSource({"vs2n": f"{store.uri}{store.name}"}).reader(None).partitions()


# Writes


def written(writer: Any, *tasks: dict[str, list[Any]]) -> list[Any]:
    """Write tasks as executors do, and return their messages."""
    copies = [pickle.loads(pickle.dumps(writer)) for _ in tasks]
    return [copy.write(iter([pa.record_batch(task)])) for copy, task in zip(copies, tasks, strict=True)]


def test_a_new_recording_is_made_at_the_commit(store: Store) -> None:
    options = {"layers": "in:2x3,out:4", "bin_us": 500, "close": "true", "name": "Made by Spark"}
    writer = source_of(store, "made", **options).writer(None, False)
    messages = written(
        writer,
        {"time_us": [900, 100], "layer": ["out", "in"], "neuron": [1, 5], "count": [1, 1]},
        {"time_us": [400], "layer": ["out"], "neuron": [3], "count": [2]},
    )
    assert recordings.all_recordings(store) == []

    writer.commit(messages)

    made = recordings.get(store, "made")
    assert made.status == "ready" and made.header.name == "Made by Spark"
    assert made.counts.spikes == {"in": 1, "out": 3}
    assert (made.header.bin_us, made.header.t_stop_us) == (500, 1000)
    rows = rows_of(source_of(store, "made").reader(None))
    assert [(row["time_us"], row["neuron"], row["count"]) for row in rows] == [
        (100, 5, 1),
        (400, 9, 2),
        (900, 7, 1),
    ]
    assert store.db.staged.count_documents({}) == store.db.commits.count_documents({}) == 0


@pytest.mark.parametrize("id", ["new", "open"])
def test_an_abort_leaves_nothing(store: Store, growing: str, id: str) -> None:
    grow(store, growing, 10)
    before = recordings.all_recordings(store)
    options = {"layers": "a:10"} if id == "new" else {}
    writer = source_of(store, id if id == "new" else growing, **options).writer(None, False)

    writer.abort([*written(writer, {"time_us": [5], "neuron": [1]}), None])

    assert recordings.all_recordings(store) == before
    assert store.db.staged.count_documents({}) == store.db.commits.count_documents({}) == 0
    assert store.db.events.count_documents({}) == 1


def test_a_copy_has_the_network_and_the_same_chunks(store: Store, built: Any, bytes_of: Any) -> None:
    run, recording = built
    network.write_positions(store, recording.num, "Out", np.ones((70, 3), np.float32))
    network.write_synapses(
        store, recording.num, "fixed", np.zeros(70, np.uint32), np.arange(70, dtype=np.uint32), None
    )
    kinds = [*run.events]

    for place, (kind, stream) in enumerate(kinds):
        batches = [
            batch
            for reader in [
                source_of(store, recording.id, kind=kind, stream=stream, rows_per_partition=1).reader(None)
            ]
            for part in reader.partitions()
            for batch in reader.read(part)
        ]
        last = {"close": "true"} if place + 1 == len(kinds) else {}
        copy = source_of(store, "copy", kind=kind, stream=stream, like=recording.id, **last)
        writer = copy.writer(None, False)
        writer.commit([writer.write(iter(batches))])

    made = recordings.get(store, "copy")
    assert made.counts == recording.counts and made.weights == recording.weights
    assert network.read_positions(store, made.num, "Out").sum() == 210
    assert len(network.read_synapses(store, made.num, "fixed")[1]) == 70
    assert bytes_of(made, precompute(store, made.id, engine="local")) == bytes_of(recording, recording.build)


def test_a_batch_of_a_stream_is_written_once(store: Store, growing: str) -> None:
    source = source_of(store, growing, checkpointLocation="/tmp/a query")
    for batch in (0, 0, 1):  # a driver that died after the commit asks for batch 0 again
        writer = source.streamWriter(None, False)
        messages = written(writer, {"time_us": [batch], "neuron": [batch]})
        source.streamWriter(None, False).commit(messages, batch)

    assert [row["time_us"] for row in rows_of(source_of(store, growing).reader(None))] == [0, 1]
    assert recordings.get(store, growing).counts.spikes == {"a": 2}
    assert store.db.staged.count_documents({}) == 0


@pytest.mark.parametrize(
    ("options", "columns", "words"),
    [
        ({}, {"time_us": [1], "neuron": [10]}, "has 10 neurons; spikes name neuron 10"),
        ({}, {"time_us": [1], "neuron": [10], "layer": ["a"]}, "'a' has 10 neurons; a row names neuron 10"),
        ({}, {"time_us": [1], "neuron": [1], "layer": ["b"]}, "layer 'b', which"),
        ({}, {"time_us": [-1], "neuron": [1]}, "-1 us"),
        ({}, {"time_us": [1], "neuron": [1], "colour": [1]}, "no column 'colour'"),
        ({}, {"time_us": [1]}, "need the column 'neuron'"),
        ({}, {"time_us": [1], "neuron": [-1]}, "These are no spikes columns"),
    ],
)
def test_rows_that_do_not_fit_are_told(
    store: Store, growing: str, options: dict[str, str], columns: dict[str, list[Any]], words: str
) -> None:
    writer = source_of(store, growing, **options).writer(None, False)

    with pytest.raises(SynaptariumError, match=words):
        written(writer, columns)


@pytest.mark.parametrize(
    ("id", "options", "overwrite", "error", "words"),
    [
        ("nowhere", {}, False, RecordingNotFound, "makes a new one"),
        ("grows", {}, True, InvalidInput, "never altered"),
        ("grows", {"kind": "images"}, False, InvalidInput, "numbered by their order"),
        ("grows", {"kind": "chunks"}, False, InvalidInput, "made from events alone"),
        ("grows", {"kind": "weights", "stream": "p"}, False, InvalidInput, "no weights of the stream 'p'"),
        ("grows", {"layers": "b:10"}, False, RecordingExists, "of other layers: a"),
        ("grows", {"layers": "a:10", "like": "grows"}, False, InvalidInput, "Both"),
        ("other", {"layers": "a"}, False, InvalidInput, "no list of layers"),
        ("other", {"like": "grows", "bin_us": 5}, False, InvalidInput, "'bin_us' is that of 'grows'"),
        ("grows", {"close": "perhaps"}, False, InvalidInput, "'perhaps'"),
    ],
)
def test_writes_that_cannot_be_are_told_before_a_task_runs(
    store: Store, header_of: Any, id: str, options: dict[str, Any], overwrite: bool, error: Any, words: str
) -> None:
    recordings.create(store, header_of({"a": 10}), id="grows", status="open")

    with pytest.raises(error, match=words):
        source_of(store, id, **options).writer(None, overwrite)


def test_nothing_is_written_to_a_closed_recording(store: Store, growing: str) -> None:
    closing.close(store, growing)

    with pytest.raises(Conflict, match="is ready, not open"):
        source_of(store, growing).writer(None, False)


def test_a_stream_has_to_have_a_place_and_no_end(store: Store, growing: str) -> None:
    with pytest.raises(InvalidInput, match="checkpointLocation"):
        source_of(store, growing).streamWriter(None, False)
    with pytest.raises(InvalidInput, match="cannot close"):
        source_of(store, growing, close="true", checkpointLocation="x").streamWriter(None, False)


def test_a_recording_that_was_made_meanwhile_is_told(store: Store, header_of: Any) -> None:
    writer = source_of(store, "new", layers="a:10").writer(None, False)
    messages = written(writer, {"time_us": [5], "neuron": [1]})
    recordings.create(store, header_of({"b": 3}), id="new", status="open")

    with pytest.raises(RecordingExists, match="made meanwhile"):
        writer.commit(messages)
    writer.abort(messages)

    assert store.db.staged.count_documents({}) == 0
    assert not events.blocks(store, recordings.get(store, "new").num, "spikes")
