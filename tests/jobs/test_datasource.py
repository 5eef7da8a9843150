"""Events as DataFrames: planned ranges, complete columns, and a real Spark session."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from synaptarium.jobs.datasource import EventReader, SynaptariumSource, TimeRange, planned
from synaptarium.jobs.java import find_java
from synaptarium.schemas.errors import InvalidInput, RecordingNotFound
from synaptarium.store.events import BlockInfo

BLOCKS = [BlockInfo(k, "", 100 * k, 100 * k + 99, 10, 1) for k in range(5)]


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
    rows = [row for part in reader.partitions() for batch in reader.read(part) for row in batch.to_pylist()]

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


SESSION = """
import sys
from pyspark.sql import SparkSession
from synaptarium.jobs.datasource import SynaptariumSource

spark = (SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
         .config("spark.driver.host", "127.0.0.1").config("spark.driver.bindAddress", "127.0.0.1").getOrCreate())
spark.dataSource.register(SynaptariumSource)
uri, database, recording = sys.argv[1:]
spikes = (spark.read.format("synaptarium").option("recording", recording).option("kind", "spikes")
          .option("uri", uri).option("database", database).option("rows_per_partition", 1).load())
total = spikes.groupBy().sum("count").first()[0]
busiest = spikes.groupBy("neuron").count().orderBy("count", "neuron", ascending=False).first()
print("FOUND", spikes.count(), total, busiest["neuron"], busiest["count"])
spark.stop()
"""


@pytest.mark.spark
def test_spark_session_reads_spikes_as_a_dataframe(store, learning_run, tmp_path: Path) -> None:
    run = learning_run()
    recording = run.stored(store)
    script = tmp_path / "session.py"
    script.write_text(SESSION)
    environment = os.environ | {"JAVA_HOME": str(find_java().home), "PYSPARK_PYTHON": sys.executable}

    done = subprocess.run(
        [sys.executable, str(script), store.uri, store.name, recording.id],
        capture_output=True, text=True, timeout=120, env=environment, cwd=tmp_path,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr[-3000:]
    neurons = run.events[("spikes", "")]["neuron"].tolist()
    most = max((neurons.count(neuron), neuron) for neuron in set(neurons))
    counts = run.events[("spikes", "")].get("count")
    total = len(neurons) if counts is None else int(counts.sum())
    found = next(line for line in done.stdout.splitlines() if line.startswith("FOUND"))
    assert found.split()[1:] == [str(len(neurons)), str(total), str(most[1]), str(most[0])]
