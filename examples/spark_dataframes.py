"""Recordings as Spark DataFrames, cell by cell: read, read chunks, follow a run, write what you made of it.

    python examples/spark_dataframes.py digits

An editor that knows `# %%` shows the cells of a notebook; as a script it prints what each finds. Spark runs on this machine
unless --master names a cluster. docs/spark.md explains the options.
"""

# %% What is needed
from __future__ import annotations

import argparse
import tempfile

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from synaptarium.jobs.session import spark_session
from synaptarium.server.library import open_library
from synaptarium.store.closing import close


def read(spark: SparkSession, uri: str, recording: str, **options: str) -> DataFrame:
    """Return what the options ask for as a DataFrame."""
    return (
        spark.read.format("synaptarium")
        .option("uri", uri)
        .option("recording", recording)
        .options(**options)
        .load()
    )


# %% Spikes per second: each task reads its own range of time from MongoDB
def spikes_per_second(spark: SparkSession, uri: str, recording: str) -> DataFrame:
    spikes = read(spark, uri, recording, kind="spikes")
    second = F.floor(F.col("time_us") / 1e6).alias("second")
    return spikes.groupBy(second).agg(F.sum("count").alias("spikes")).orderBy("second")


# %% The busiest frames of a level: chunks are counted already, so this reads a sixteenth of the events or less
def busiest_frames(spark: SparkSession, uri: str, recording: str) -> DataFrame:
    groups = read(spark, uri, recording, kind="chunks", stream="spikes.groups", level="1")
    frames = groups.groupBy("frame", "t_start_us").agg(F.sum("count").alias("spikes"))
    return frames.orderBy(F.desc("spikes"), "frame").limit(5)


# %% Follow a run: every block that was written since the last time, once, and no block twice
def follow(spark: SparkSession, uri: str, recording: str, checkpoint: str) -> int:
    seen: list[int] = []
    stream = (
        spark.readStream.format("synaptarium")
        .option("uri", uri)
        .option("recording", recording)
        .option("kind", "spikes")
        .option("rows_per_batch", 1_000_000)
        .load()
    )
    query = (
        stream.writeStream.foreachBatch(lambda batch, number: seen.append(batch.count()))
        .option("checkpointLocation", checkpoint)
        .trigger(availableNow=True)  # what there is now; without it, the query goes on until query.stop()
        .start()
    )
    query.awaitTermination()
    return sum(seen)


# %% Write: the same network with every other spike, as a recording of its own
def thinned(spark: SparkSession, uri: str, recording: str, name: str) -> int:
    spikes = read(spark, uri, recording, kind="spikes").where(F.col("neuron") % 2 == 0)
    (
        spikes.write.format("synaptarium")
        .mode("append")
        .option("uri", uri)
        .option("recording", name)
        .option("like", recording)  # the network that it has
        .option("close", "true")  # no more events follow: it can be precomputed now
        .save()
    )
    return read(spark, uri, name, kind="spikes").count()


# %% Write a stream: a copy that follows its recording; a batch that is repeated after a crash is written once
def copied(spark: SparkSession, uri: str, recording: str, name: str, checkpoint: str) -> int:
    stream = spark.readStream.format("synaptarium").option("uri", uri).option("recording", recording).load()
    query = (
        stream.writeStream.format("synaptarium")
        .option("uri", uri)
        .option("recording", name)
        .option("like", recording)
        .option("checkpointLocation", checkpoint)
        .trigger(availableNow=True)
        .start()
    )
    query.awaitTermination()
    return read(spark, uri, name, kind="spikes").count()


# %% A VS2N database as it is, mongodb://host/run: each task reads a range of its documents
def vs2n_spikes(spark: SparkSession, database: str) -> DataFrame:
    spikes = spark.read.format("synaptarium").option("vs2n", database).option("collection", "spikes").load()
    return spikes.groupBy("layer", "input").agg(F.count("*").alias("spikes")).orderBy("layer", "input")


# %% All of it
def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("recording", help="an id that `synaptarium list` shows; precomputed")
    parser.add_argument("--master", help="a Spark cluster, e.g. spark://host:7077")
    parser.add_argument("--vs2n", help="a VS2N database to count spikes of, e.g. mongodb://host/run")
    arguments = parser.parse_args()
    with open_library(purpose="spark") as library, spark_session("dataframes", arguments.master) as spark:
        uri, recording = library.store.uri, arguments.recording
        spikes_per_second(spark, uri, recording).show()
        busiest_frames(spark, uri, recording).show()
        with tempfile.TemporaryDirectory() as checkpoint:
            print(f"followed {follow(spark, uri, recording, checkpoint)} spikes, then")
            print(f"{follow(spark, uri, recording, checkpoint)} more")
        print(f"wrote {thinned(spark, uri, recording, f'{recording}-even')} spikes of the even neurons")
        with tempfile.TemporaryDirectory() as checkpoint:
            name = f"{recording}-copy"
            print(f"copied {copied(spark, uri, recording, name, checkpoint)} spikes")
            close(library.store, name)  # its run is over
        if arguments.vs2n:
            vs2n_spikes(spark, arguments.vs2n).show()


if __name__ == "__main__":
    main()
