"""Panels of what a run logged about itself: loss, accuracy, anything over time."""

from __future__ import annotations

import numpy as np

from synaptarium.modules.reader import MAX_POINTS, RecordingReader
from synaptarium.modules.wording import span
from synaptarium.schemas.messages import TimeWindow
from synaptarium.schemas.panels import Axis, Column, Line, LineShape, Series


def metric_panels(
    reader: RecordingReader,
    window: TimeWindow,
    columns: dict[str, Column],
    *,
    percent: bool,
    shape: LineShape,
) -> tuple[list[Series], dict[str, float]]:
    """Return the metrics, those called `<group>/<line>` in a panel of their group, all others in one; and the last of each."""
    times: dict[str, list[np.ndarray]] = {}
    values: dict[str, list[np.ndarray]] = {}
    for batch in reader.events("metrics", "", window.t_start_us, window.t_stop_us):
        names = np.asarray(batch.column("name").to_pylist(), object)
        for name in dict.fromkeys(names):
            chosen = names == name
            times.setdefault(name, []).append(batch.column("time_us").to_numpy()[chosen])
            values.setdefault(name, []).append(batch.column("value").to_numpy()[chosen])
    groups: dict[str, dict[str, tuple[np.ndarray, np.ndarray]]] = {}
    for name in times:
        group, slash, line = name.partition("/")
        found = np.concatenate(times[name]), np.concatenate(values[name])
        groups.setdefault(group if slash and line else "", {})[line if slash and line else name] = found
    panels = [
        _lines(
            f"metrics.{group}" if group else "metrics",
            group or "metrics",
            lines,
            columns,
            percent,
            shape,
            window,
        )
        for group, lines in (groups or {"": {}}).items()
    ]
    return panels, {name: float(parts[-1][-1]) for name, parts in values.items()}


def _lines(
    id: str,
    title: str,
    metrics: dict[str, tuple[np.ndarray, np.ndarray]],
    columns: dict[str, Column],
    percent: bool,
    shape: LineShape,
    window: TimeWindow,
) -> Series:
    # One x column for all lines: a metric has no value where only another was logged.
    x = np.unique(np.concatenate([t_us for t_us, _ in metrics.values()] or [np.empty(0, np.int64)]))
    step = -(-len(x) // MAX_POINTS) or 1
    columns[f"{id}.t_us"] = x[::step]
    lines: list[Line] = []
    for number, (name, (t_us, values)) in enumerate(metrics.items()):
        line = np.full(len(x), np.nan)
        line[np.searchsorted(x, t_us)] = values
        top = float(np.nanmax(line)) if np.isfinite(line).any() else 0.0
        columns[f"{id}.{number}"] = line[::step] * (100.0 / top) if percent and top > 0 else line[::step]
        lines.append(Line(name=f"{name} (100 % = {top:.4g})" if percent else name, y=f"{id}.{number}"))
    return Series(
        id=id,
        title=title[:1].upper() + title[1:],
        subtitle=f"{span(window)}, "
        + ("percent of each one's largest" if percent else "as the run logged them")
        + (f", every {step}th of {len(x):,} times" if step > 1 else f", at {len(x):,} times"),
        x=f"{id}.t_us",
        x_axis=Axis(label="Time", unit="us"),
        y_axis=Axis(label="Value", unit="%" if percent else "1"),
        lines=tuple(lines),
        shape=shape,
        empty="" if lines else "No metric was logged in the window.",
    )
