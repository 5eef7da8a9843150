"""The data source in Spark on two cores: reading and writing ten million spikes, beside Parquet; reading VS2N documents."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import bson
import numpy as np
import pyarrow as pa
from pymongo import MongoClient
from pyspark.sql import DataFrame, SparkSession

from synaptarium.jobs.session import spark_session
from synaptarium.schemas.recording import Header, Layer, Source
from synaptarium.server.mongod import Mongod
from synaptarium.store import open_runs, recordings
from synaptarium.store.database import Store, connect, prepare

NAMES = ("dataframes.read", "dataframes.write", "dataframes.vs2n")

N_SPIKES, NEURONS, SECONDS, DOCUMENTS = 10_000_000, 20_000, 50, 400_000


def rows() -> Iterator[dict[str, Any]]:
    """Yield the rates of reading, of writing and of VS2N documents."""
    with (
        tempfile.TemporaryDirectory(prefix="synaptarium-bench-") as folder,
        Mongod(Path(folder), purpose="benchmark") as mongod,
        spark_session("bench", "local[2]") as spark,
    ):
        store = connect(mongod.uri)
        prepare(store)
        try:
            yield from spikes(spark, store, recorded(store), f"{folder}/spikes.parquet")
            yield vs2n(spark, mongod.uri)
        finally:
            store.close()


def spikes(spark: SparkSession, store: Store, id: str, parquet: str) -> Iterator[dict[str, Any]]:
    """Read and write spikes by the source, and the same rows as Parquet files."""

    def read(**options: Any) -> DataFrame:
        place = {"uri": store.uri, "recording": id, "rows_per_partition": N_SPIKES // 6}
        return spark.read.format("synaptarium").options(**place, **options).load()

    read(t_stop_us=1_000_000).write.parquet(f"{parquet}.warm")  # Python workers are up from here
    to_parquet = seconds(lambda: read().write.parquet(parquet))

    def total(frame: DataFrame) -> int:
        return frame.groupBy().sum("count", "neuron").first()[0]

    total(spark.read.parquet(parquet))
    bare = seconds(lambda: total(spark.read.parquet(parquet)))
    took = seconds(lambda: total(read()))
    yield {
        "name": "dataframes.read",
        "value": N_SPIKES / took / 1e6,
        "unit": "M events/s",
        "reference": "Spark's own Parquet reader, which needs no Python",
        "reference_value": N_SPIKES / bare / 1e6,
    }

    frame = spark.read.parquet(parquet)

    def write() -> None:
        writer = frame.write.format("synaptarium").mode("append").option("uri", store.uri)
        writer.option("recording", "copy").option("like", id).save()

    took = seconds(write)
    assert sum(recordings.get(store, "copy").counts.spikes.values()) == N_SPIKES
    yield {
        "name": "dataframes.write",
        "value": N_SPIKES / took / 1e6,
        "unit": "M events/s",
        "reference": "reading them by the source and writing Parquet",
        "reference_value": N_SPIKES / to_parquet / 1e6,
    }


def vs2n(spark: SparkSession, uri: str) -> dict[str, Any]:
    """Read per-event documents in ranges, beside one process that only decodes them."""
    with MongoClient(uri) as client:
        client.run.spikes.insert_many(
            [
                {"T": n * 1e-4, "i": {"L": "input", "N": n % 784}, "S": 1.0, "Input": 3}
                for n in range(DOCUMENTS)
            ]
        )
        batches = client.run.spikes.find_raw_batches({}, {"_id": 0})
        bare = seconds(lambda: sum(len(bson.decode_all(batch)) for batch in batches))
    frame = spark.read.format("synaptarium").option("vs2n", f"{uri}run").option("rows_per_partition", 50_000)
    took = seconds(lambda: frame.load().groupBy().max("time_us").first())
    return {
        "name": "dataframes.vs2n",
        "value": DOCUMENTS / took / 1e6,
        "unit": "M documents/s",
        "reference": "one process that decodes them and makes no columns",
        "reference_value": DOCUMENTS / bare / 1e6,
    }


def recorded(store: Store) -> str:
    """Store the spikes."""
    rng = np.random.default_rng(0)
    layer = Layer(name="a", neurons=NEURONS, shape=(NEURONS,), offset=0)
    header = Header(
        name="bench", bin_us=1000, t_start_us=0, t_stop_us=SECONDS * 1_000_000, layers=(layer,),
        source=Source(format="arrays"),
    )  # fmt: skip
    id = recordings.create(store, header, status="open").id
    time_us = np.sort(rng.integers(0, SECONDS * 1_000_000, N_SPIKES))
    neuron = rng.integers(0, NEURONS, N_SPIKES).astype(np.uint32)
    open_runs.append(store, id, "spikes", "", pa.record_batch({"time_us": time_us, "neuron": neuron}))
    return id


def seconds(run: Callable[[], Any]) -> float:
    """Return how long a call takes."""
    start = time.perf_counter()
    run()
    return time.perf_counter() - start
