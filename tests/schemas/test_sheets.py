"""Panels of every kind as tables: headings with units, one row an item, what the panel says of itself."""

from __future__ import annotations

import json

import numpy as np

from synaptarium.schemas.errors import ErrorBody
from synaptarium.schemas.panels import (
    AnyPanel,
    Axis,
    Bars,
    Diagram,
    Failure,
    Line,
    Links,
    Matrix,
    Polar,
    Raster,
    Scatter3D,
    Series,
    Table,
    TableColumn,
    Text,
    Treemap,
)
from synaptarium.schemas.recording import Accounting
from synaptarium.schemas.sheets import sheet_of

COLUMNS = {
    "t": np.array([0, 1000]),
    "y": np.array([1.5, np.nan]),
    "name": ["a", "b"],
    "cells": np.arange(6.0),
    "from": np.array([0, 1]),
    "to": np.array([1, 0]),
}
TIME = Axis(label="Time", unit="us")
RATE = Axis(label="Rate", unit="Hz")
ID = Axis(label="Id")

KINDS: list[tuple[AnyPanel, list[str]]] = [
    (
        Series(
            id="p",
            title="T",
            x="t",
            x_axis=TIME,
            y_axis=RATE,
            lines=(Line(name="a", y="y"), Line(name="a", y="y")),
        ),
        ["Time (us)", "a (Hz)", "a (Hz) 2"],
    ),
    (Bars(id="p", title="T", categories="name", values="y", x_axis=ID, y_axis=RATE), ["Id", "Rate (Hz)"]),
    (Raster(id="p", title="T", time_us="t", neuron="to", layer="L", n_neurons=2), ["time_us", "neuron of L"]),
    (
        Matrix(
            id="p", title="T", values="cells", rows=3, columns=2, x_axis=ID, y_axis=RATE, column_names="name"
        ),
        ["Rate", "Id", "value"],
    ),
    (Treemap(id="p", title="T", names="name", values="y", unit="inputs"), ["name", "value (inputs)"]),
    (Polar(id="p", title="T", names="name", values="y", unit="Hz"), ["class", "value (Hz)"]),
    (
        Scatter3D(
            id="p",
            title="T",
            x="y",
            y="y",
            z="y",
            x_axis=RATE,
            y_axis=ID,
            z_axis=ID,
            group="name",
            links=Links(time_us="t"),
        ),
        ["Rate (Hz)", "Id", "Id 2", "group", "time_us"],
    ),
    (
        Table(
            id="p",
            title="T",
            columns=(
                TableColumn(heading="At", column="t", unit="us"),
                TableColumn(heading="", column="name"),
            ),
        ),
        ["At (us)", "name"],
    ),
    (
        Diagram(
            id="p",
            title="T",
            names="name",
            notes="name",
            sources="from",
            targets="to",
            sizes="y",
            arc_notes="name",
        ),
        ["from", "to", "size", "note"],
    ),
    (Text(id="p", title="T", text="one\ntwo"), ["text"]),
    (
        Series(
            id="p",
            title="T",
            x="t",
            x_axis=TIME,
            y_axis=RATE,
            lines=(Line(name="mean", y="y", band=("y", "t")),),
        ),
        ["Time (us)", "mean (Hz)", "mean from (Hz)", "mean to (Hz)"],
    ),
]


def test_every_kind_is_a_table() -> None:
    for panel, headings in KINDS:
        found = sheet_of(panel, COLUMNS)

        assert found.column_names == headings, panel
        assert found.num_rows == (6 if isinstance(panel, Matrix) else 2)


def test_cells_of_a_matrix_name_their_row_and_column() -> None:
    found = sheet_of(KINDS[3][0], COLUMNS).to_pydict()

    assert found == {"Rate": [0, 0, 1, 1, 2, 2], "Id": ["a", "b"] * 3, "value": [0, 1, 2, 3, 4, 5]}


def test_what_a_panel_says_of_itself_travels_along() -> None:
    told = (Accounting(what="dots", kept=1, total=9, why="Few fit."),)
    found = sheet_of(Text(id="p", title="T", subtitle="S", text="x", accounting=told), {})

    metadata = found.schema.metadata
    assert (metadata[b"title"], metadata[b"subtitle"]) == (b"T", b"S")
    assert json.loads(metadata[b"accounting"]) == ["1 of 9 dots: Few fit."]


def test_what_is_empty_has_no_columns() -> None:
    empty = sheet_of(Text(id="p", title="T", text="x", empty="No data."), {})
    failed = sheet_of(
        Failure(id="p", title="T", error=ErrorBody(code="internal", message="", hint="", where="")), {}
    )

    assert (empty.num_columns, failed.num_columns) == (0, 0)
    assert empty.schema.metadata[b"empty"] == b"No data."
