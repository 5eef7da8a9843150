"""Metrics from plain arrays: loss, accuracy, anything."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from synaptarium.adapters import checks
from synaptarium.adapters.array_context import ArrayContext
from synaptarium.adapters.array_source import empty_table
from synaptarium.schemas.events import METRICS


def metrics_of(
    context: ArrayContext, metrics: Mapping[str, tuple[Any, Any]]
) -> tuple[pa.RecordBatch, dict[str, int]]:
    """Return the values of all metrics in the order of time, and how many each has; raises as ``arrays_source``."""
    counts: dict[str, int] = {}
    times: list[NDArray[np.int64]] = []
    values: list[NDArray[np.float64]] = []
    names: list[str] = []
    for name, given in metrics.items():
        where = f"metrics[{name!r}]"
        time, value = checks.pair(given, where)
        time_us = context.times(time, f"{where} times")
        array = checks.numbers(value, f"{where} values").astype(np.float64)
        checks.same_length({"times": time_us, "values": array}, where)
        good = np.isfinite(array)
        kept = counts[name] = int(good.sum())
        context.left_out(
            what=f"values of metric {name!r}",
            kept=kept,
            total=len(good),
            why="the others are not finite numbers",
        )
        times.append(time_us[good])
        values.append(array[good])
        names += [name] * kept
    if not times:
        return empty_table("metrics"), counts
    time_us = np.concatenate(times)
    order = np.argsort(time_us, kind="stable")
    columns = [
        pa.array(time_us[order]),
        pa.array([names[k] for k in order], pa.string()),
        pa.array(np.concatenate(values)[order]),
    ]
    return pa.record_batch(columns, schema=METRICS), counts
