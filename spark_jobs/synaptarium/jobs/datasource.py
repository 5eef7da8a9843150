"""Recordings as Spark DataFrames: ``spark.read.format("synaptarium")`` and its siblings, without the driver in between.

Events, chunks and VS2N collections are read by the executors themselves; events are followed as a recording grows, and
written. docs/spark.md tells how, examples/spark_dataframes.py shows it.
"""

from __future__ import annotations

from pyspark.sql.datasource import (
    DataSource,
    DataSourceReader,
    DataSourceStreamReader,
    DataSourceStreamWriter,
    DataSourceWriter,
)
from pyspark.sql.types import StructType

from synaptarium.jobs import datasource_chunks, datasource_vs2n
from synaptarium.jobs.datasource_events import EventReader, EventStreamReader, TimeRange, planned
from synaptarium.jobs.datasource_options import choice_of, ddl, for_spark, told
from synaptarium.jobs.datasource_writes import EventStreamWriter, EventWriter
from synaptarium.schemas.errors import InvalidInput
from synaptarium.schemas.events import SCHEMAS

__all__ = ["EventReader", "EventStreamReader", "SynaptariumSource", "TimeRange", "planned"]


class SynaptariumSource(DataSource):
    """The data source ``synaptarium``; see docs/spark.md for its options.

    Examples
    --------
    ``spark.dataSource.register(SynaptariumSource)``, then
    ``spark.read.format("synaptarium").option("recording", "digits").option("kind", "spikes").load()``.
    """

    @classmethod
    def name(cls) -> str:
        return "synaptarium"

    def schema(self) -> str:
        with told():
            choice = choice_of(self.options)
            if choice.kind == "chunks":
                return ddl(for_spark(datasource_chunks.schema_of(choice)))
            if choice.kind == "vs2n":
                return ddl(datasource_vs2n.schema_of(choice))
            return ddl(SCHEMAS[choice.kind])  # type: ignore[index]

    def reader(self, schema: StructType) -> DataSourceReader:
        with told():
            choice = choice_of(self.options)
            if choice.kind == "chunks":
                return datasource_chunks.ChunkReader(choice)
            if choice.kind == "vs2n":
                return datasource_vs2n.Vs2nReader(choice)
            return EventReader(choice)

    def streamReader(self, schema: StructType) -> DataSourceStreamReader:
        with told():
            choice = choice_of(self.options)
            if choice.kind not in SCHEMAS:
                why = (
                    "Chunks of a recording that grows still change"
                    if choice.kind == "chunks"
                    else "A VS2N database does not say what is new in it"
                )
                raise InvalidInput(
                    f"{why}, so there is no stream of them.",
                    hint=f"A stream has events: {', '.join(SCHEMAS)}.",
                    where="kind",
                )
            return EventStreamReader(choice)

    def writer(self, schema: StructType, overwrite: bool) -> DataSourceWriter:
        with told():
            return EventWriter(choice_of(self.options), overwrite)

    def streamWriter(self, schema: StructType, overwrite: bool) -> DataSourceStreamWriter:
        with told():
            return EventStreamWriter(choice_of(self.options), overwrite)
