"""The data source in a real Spark session: the cells of the example, a stream that is written on, a task that fails."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pyarrow as pa
import pytest
from pyspark.sql import SparkSession

from synaptarium.jobs.build import precompute
from synaptarium.jobs.session import spark_session
from synaptarium.server.mongod import Mongod
from synaptarium.store import open_runs, recordings
from synaptarium.store.database import Store, connect, prepare

pytestmark = pytest.mark.spark
EXAMPLE = Path(__file__).parents[2] / "examples" / "spark_dataframes.py"


@pytest.fixture(scope="module")
def spark() -> Iterator[SparkSession]:
    """One session for all tests of this file."""
    with spark_session("test", "local[2]") as session:
        yield session


@pytest.fixture
def store(mongod: Mongod) -> Iterator[Store]:
    """The database that the data source takes where none is named."""
    store = connect(mongod.uri)
    prepare(store)
    yield store
    store.client.drop_database(store.name)
    store.close()


@pytest.fixture(scope="module")
def example() -> ModuleType:
    """examples/spark_dataframes.py"""
    spec = importlib.util.spec_from_file_location("spark_dataframes", EXAMPLE)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_cell_of_the_example_runs(
    spark: SparkSession, store: Store, example: ModuleType, learning_run: Any, tmp_path: Path
) -> None:
    run = learning_run(seconds=3.0, n_spikes=3000)
    recording = run.stored(store)
    precompute(store, recording.id, engine="local")
    spikes, place = run.events["spikes", ""], (store.uri, recording.id)

    seconds = [tuple(row) for row in example.spikes_per_second(spark, *place).collect()]
    busiest = example.busiest_frames(spark, *place).collect()
    followed = [example.follow(spark, *place, str(tmp_path / "follow")) for _ in range(2)]
    thinned = example.thinned(spark, *place, "even")

    counts = spikes["count"].astype(int)
    assert seconds == [(s, int(counts[spikes["time_us"] // 1_000_000 == s].sum())) for s in range(3)]
    by_frame = [int(counts[spikes["time_us"] // 16_000 == row["frame"]].sum()) for row in busiest]
    assert [row["spikes"] for row in busiest] == by_frame == sorted(by_frame, reverse=True)
    assert followed == [3000, 0]
    even = spikes["neuron"] % 2 == 0
    made = recordings.get(store, "even")
    assert thinned == int(even.sum()) and sum(made.counts.spikes.values()) == int(counts[even].sum())
    assert made.status == "ready" and made.header.projections == recording.header.projections
    assert example.copied(spark, *place, "copy", str(tmp_path / "copy")) == 3000
    assert recordings.get(store, "copy").counts.spikes == recording.counts.spikes


def test_the_cell_of_the_example_that_reads_vs2n_runs(
    spark: SparkSession, store: Store, example: ModuleType
) -> None:
    store.db["spikes"].insert_many(
        {"T": n * 1e-4, "i": {"L": "ab"[n % 2], "N": n % 7}, "S": 1.0, "Input": float(n % 3)}
        for n in range(1200)
    )

    found = example.vs2n_spikes(spark, f"{store.uri}{store.name}").collect()

    assert [tuple(row) for row in found] == [(layer, str(one), 200) for layer in "ab" for one in range(3)]


def test_a_stream_is_written_on_across_a_restart_of_its_query(
    spark: SparkSession, store: Store, header_of: Any, tmp_path: Path
) -> None:
    header = header_of({"a": 10}, t_stop_us=1000)
    source = recordings.create(store, header, id="grows", status="open").id

    def pump() -> None:
        """Write what is new in one recording to another, as one run of a query."""
        stream = spark.readStream.format("synaptarium").option("uri", store.uri).option("recording", source)
        query = (
            stream.load()
            .where("neuron < 8")
            .writeStream.format("synaptarium")
            .option("uri", store.uri)
            .option("recording", "follows")
            .option("layers", "a:10")
            .option("checkpointLocation", str(tmp_path))
            .trigger(availableNow=True)
            .start()
        )
        query.awaitTermination()

    for start in (0, 1000):
        neurons = pa.array(range(10), pa.uint32())
        times = pa.array(range(start, start + 10))
        open_runs.append(store, source, "spikes", "", pa.record_batch({"time_us": times, "neuron": neurons}))
        pump()
    pump()

    found = recordings.get(store, "follows")
    assert found.status == "open" and found.counts.spikes == {"a": 16}
    spikes = spark.read.format("synaptarium").option("uri", store.uri).option("recording", "follows").load()
    assert sorted(row["time_us"] for row in spikes.collect()) == [*range(8), *range(1000, 1008)]


def test_a_task_that_fails_leaves_nothing_and_spark_shows_what_to_do(
    spark: SparkSession, store: Store
) -> None:
    rows = spark.range(0, 100, 1, 4).selectExpr("id as time_us", "id % 20 as neuron")
    write = rows.write.format("synaptarium").mode("append").option("uri", store.uri)

    with pytest.raises(Exception, match="Neuron ids start at 0 in each layer"):
        write.option("recording", "small").option("layers", "a:19").save()

    assert recordings.all_recordings(store) == []
    assert store.db.staged.count_documents({}) == store.db.events.count_documents({}) == 0
    with pytest.raises(Exception, match="makes a new one"):
        rows.write.format("synaptarium").mode("append").option("uri", store.uri).option(
            "recording", "x"
        ).save()
    write.option("recording", "small").option("layers", "a:20").save()
    assert recordings.get(store, "small").counts.spikes == {"a": 100}
