"""What a panel shows as a table: its Parquet file on the server, and, by the same rules, its CSV in the page."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
import pyarrow as pa

from synaptarium.schemas.panels import (
    AnyPanel,
    Bars,
    Column,
    Diagram,
    Failure,
    Matrix,
    Polar,
    Raster,
    Scatter3D,
    Series,
    Table,
    Text,
    Treemap,
)

_Named = list[tuple[str, Column]]


def sheet_of(panel: AnyPanel, columns: dict[str, Column]) -> pa.Table:
    """Return the numbers of a panel, with title, subtitle, "x of y" and the reason for emptiness as metadata.

    Parameters
    ----------
    panel : Panel
        Of any kind; a failure, and what is empty, gives a table without columns.
    columns : dict of str to array or list of str
        Those of the answer.

    Returns
    -------
    pyarrow.Table
        Headings carry units: "Firing rate (Hz)". Names that come twice are numbered; shorter columns end in nulls.
    """
    named = [] if panel.empty else _columns(panel, columns)
    n_rows = max((len(values) for _, values in named), default=0)
    arrays = [_array(values, n_rows) for _, values in named]
    told = [f"{one.kept} of {one.total} {one.what}: {one.why}" for one in panel.accounting]
    metadata = {
        "title": panel.title,
        "subtitle": panel.subtitle,
        "empty": panel.empty,
        "accounting": msgspec.json.encode(told).decode(),
    }
    return pa.table(arrays, names=_distinct([name for name, _ in named])).replace_schema_metadata(metadata)


def _columns(panel: AnyPanel, columns: dict[str, Column]) -> _Named:
    match panel:
        case Series():
            lines: _Named = []
            for line in panel.lines:
                lines.append((heading(line.name, panel.y_axis.unit), columns[line.y]))
                for end, name in zip(("from", "to"), line.band or (), strict=False):
                    lines.append((heading(f"{line.name} {end}", panel.y_axis.unit), columns[name]))
            return [(heading(panel.x_axis.label, panel.x_axis.unit), columns[panel.x]), *lines]
        case Bars():
            return [
                (heading(panel.x_axis.label, panel.x_axis.unit), columns[panel.categories]),
                (heading(panel.y_axis.label, panel.y_axis.unit), columns[panel.values]),
            ]
        case Raster():
            t_us = panel.first_us + np.asarray(columns[panel.time_us]).astype(np.int64) * panel.step_us
            return [("time_us", t_us), (f"neuron of {panel.layer}", columns[panel.neuron])]
        case Matrix():
            return _cells(panel, columns)
        case Treemap():
            return [("name", columns[panel.names]), (heading("value", panel.unit), columns[panel.values])]
        case Polar():
            return [("class", columns[panel.names]), (heading("value", panel.unit), columns[panel.values])]
        case Scatter3D():
            axes = zip((panel.x_axis, panel.y_axis, panel.z_axis), (panel.x, panel.y, panel.z), strict=True)
            found = [(heading(axis.label, axis.unit), columns[name]) for axis, name in axes]
            found += [("group", columns[panel.group])] if panel.group else []
            times = panel.links.time_us if panel.links else ""
            return found + ([("time_us", columns[times])] if times else [])
        case Table():
            return [
                (
                    heading(one.heading or one.column.rpartition(".")[2], one.unit),
                    columns[one.column],
                )
                for one in panel.columns
            ]
        case Diagram():
            names = columns[panel.names]
            ends = [
                (word, [str(names[int(at)]) for at in columns[column]])
                for word, column in (("from", panel.sources), ("to", panel.targets))
            ]
            return [*ends, ("size", columns[panel.sizes]), ("note", columns[panel.arc_notes])]
        case Text():
            return [("text", [line for line in panel.text.split("\n") if line])]
        case Failure():
            return []


def heading(label: str, unit: str = "") -> str:
    """Return "Rate (Hz)" for a rate in Hz; nothing is said of what has no unit."""
    return f"{label} ({unit})" if unit and unit != "1" else label


def _cells(panel: Matrix, columns: dict[str, Column]) -> _Named:
    """One row for each cell of a matrix: its row, its column or time, its value."""
    values = columns[panel.values]
    cell = np.arange(len(values))
    row, column = cell // max(1, panel.columns), cell % max(1, panel.columns)
    rows = _taken(columns[panel.row_names], row) if panel.row_names else row
    if panel.times_us:
        across = _taken(columns[panel.times_us], column)
    else:
        across = _taken(columns[panel.column_names], column) if panel.column_names else column
    return [
        (panel.y_axis.label, rows),
        ("time_us" if panel.times_us else panel.x_axis.label, across),
        (heading("value", panel.unit), values),
    ]


def _taken(values: Column, at: np.ndarray) -> Column:
    return [values[int(one)] for one in at] if isinstance(values, list) else values[at]


def _array(values: Column, n_rows: int) -> pa.Array:
    if isinstance(values, list):
        array = pa.array(values, pa.string())
    else:
        array = pa.array(np.ascontiguousarray(values).reshape(-1))
    missing = n_rows - len(array)
    return pa.concat_arrays([array, pa.nulls(missing, array.type)]) if missing else array


def _distinct(names: Sequence[str]) -> list[str]:
    """Return the names with a number behind those that came before."""
    seen: dict[str, int] = {}
    found: list[str] = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        found.append(name if seen[name] == 1 else f"{name} {seen[name]}")
    return found
