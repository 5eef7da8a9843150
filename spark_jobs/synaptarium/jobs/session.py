"""A Spark session for notebooks and scripts: on the Java that is found, with this Python, knowing ``synaptarium``."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from pyspark.sql import SparkSession

from synaptarium.jobs.datasource import SynaptariumSource
from synaptarium.jobs.spark import spark_context


@contextmanager
def spark_session(
    app: str = "synaptarium", master: str | None = None, settings: Mapping[str, str] | None = None
) -> Iterator[SparkSession]:
    """Start a Spark session that knows the data source ``synaptarium``; it is gone after the ``with`` block.

    Parameters
    ----------
    app : str
        Name shown by a cluster.
    master : str or None
        ``local[*]`` where None.
    settings : mapping of str to str or None
        Spark's settings.

    Raises
    ------
    MissingDependency
        There is no Java, or Spark does not start on it.
    """
    with tempfile.TemporaryDirectory(prefix="synaptarium-tables-") as tables:
        # Else Spark leaves a folder of tables wherever the script was started.
        own = {"spark.sql.warehouse.dir": tables, "spark.sql.shuffle.partitions": "8"}
        with spark_context(app, master, {**own, **(settings or {})}) as context:
            session = SparkSession(context)
            session.dataSource.register(SynaptariumSource)
            try:
                yield session
            finally:
                session.stop()
