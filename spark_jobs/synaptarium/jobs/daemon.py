"""Spark's Python daemon on this machine, with the job's modules imported before it forks: every worker has them at once."""

from __future__ import annotations

from pyspark.daemon import manager

import synaptarium.jobs.spark  # noqa: F401

if __name__ == "__main__":
    manager()
