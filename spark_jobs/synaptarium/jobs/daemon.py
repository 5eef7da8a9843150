"""Spark's Python daemon on this machine, with the job's modules imported before it forks: every worker has them at once."""

from __future__ import annotations

import importlib

from pyspark.daemon import manager

if __name__ == "__main__":
    importlib.import_module("synaptarium.jobs.spark")
    manager()
