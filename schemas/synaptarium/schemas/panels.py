"""Declarative panels: what a module returns and the client draws, in the dock and in a headset.

A panel names its columns; the numbers travel beside it in one Arrow stream (one row, list columns), so that a
million points cost no JSON. Column names are free; panels refer to them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from synaptarium.schemas.errors import CorruptData, ErrorBody
from synaptarium.schemas.recording import Accounting
from synaptarium.schemas.sealing import open_payload, payload_of


class Axis(msgspec.Struct, frozen=True, kw_only=True):
    """One axis: its label and unit (``"1"`` where dimensionless)."""

    label: str
    unit: str = "1"


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a series: its name, its column, what gives it its colour, and the neuron that a click selects.

    ``band`` names two columns between which the chart is shaded: a spread around the line.
    """

    name: str
    y: str
    layer: str = ""
    group: str = ""
    neuron: int | None = None
    band: tuple[str, str] | None = None


class Links(msgspec.Struct, frozen=True, kw_only=True):
    """Where the items of a panel (rows, bars, points) lead: a click seeks to the time and selects the neuron.

    Parameters
    ----------
    time_us : str
        Column of times in microseconds, NaN for none.
    neuron : str
        Column of neuron ids within the layer, NaN for none.
    layer : str
        The layer of all items.
    layers : str
        Text column: the layer of each item, where they differ.
    each : int
        So many neurons belong to each item: the one named and those that follow it in the layer.
    """

    time_us: str = ""
    neuron: str = ""
    layer: str = ""
    layers: str = ""
    each: int = 1


class Prunes(msgspec.Struct, frozen=True, kw_only=True):
    """A pruning that a panel counts: the scene shows the synapses that it would take away.

    Parameters
    ----------
    projection : str
        Whose synapses.
    below : float
        Those of a smaller absolute weight would be pruned.
    """

    projection: str
    below: float


class Panel(msgspec.Struct, frozen=True, kw_only=True):
    """What every panel has.

    Parameters
    ----------
    id : str
        Stable within its module.
    title, subtitle : str
        What it shows; its window, bin and unit.
    accounting : tuple of Accounting
        "You see x of y"; empty when all is shown.
    empty : str
        Why there is nothing to see and what to do; empty when there is something.
    links : Links or None
        Where its items lead: the rows of a table or matrix, bars, points.
    lit : str
        Column: how strongly the scene lights each item's neuron, and its synapse onto the neuron selected last, while the panel
        is open; from 0 to 1.
    prunes : Prunes or None
        What the scene shows as pruned when the module's parameters change it.
    """

    id: str
    title: str
    subtitle: str = ""
    accounting: tuple[Accounting, ...] = ()
    empty: str = ""
    links: Links | None = None
    lit: str = ""
    prunes: Prunes | None = None


#: How a line goes from point to point: straight, smooth, or in steps (h along, v up or down).
LineShape = Literal["linear", "spline", "hv", "vh", "hvh", "vhv"]


class Series(Panel, frozen=True, kw_only=True, tag_field="kind", tag="series"):
    """Lines over a common x column.

    Parameters
    ----------
    time : bool
        x is time in microseconds, and follows the playhead.
    span_us : tuple of int or None
        The span that the time axis shows, where it is not the answer's window.
    """

    x: str
    x_axis: Axis
    y_axis: Axis
    lines: tuple[Line, ...]
    time: bool = True
    shape: LineShape = "linear"
    span_us: tuple[int, int] | None = None


class Bars(Panel, frozen=True, kw_only=True, tag_field="kind", tag="bars"):
    """One bar for each category; ``categories`` is a text column, ``values`` a numeric one."""

    categories: str
    values: str
    x_axis: Axis
    y_axis: Axis


class Raster(Panel, frozen=True, kw_only=True, tag_field="kind", tag="raster"):
    """A dot for each spike: columns of times and of neuron ids.

    Parameters
    ----------
    time_us : str
        Times in us or, so that a million take 2 MB, the number of steps of ``step_us`` since ``first_us``.
    """

    time_us: str
    neuron: str
    layer: str
    n_neurons: int
    first_us: int = 0
    step_us: int = 1


class Fields(msgspec.Struct, frozen=True, kw_only=True):
    """A matrix that is a wall of small pictures, one for each neuron: their size in cells, how many lie across.

    Parameters
    ----------
    rows, columns : int
        Cells of a picture, with the empty line after it.
    across : int
        Pictures side by side.
    layer : str
        Layer of the neurons.
    neuron : str
        Column of their ids, in the order of the pictures.
    """

    rows: int
    columns: int
    across: int
    layer: str
    neuron: str


#: Colours of a matrix: from little to much, the same by log(1 + value), around zero, grey as a picture, or one for each
#: class by number.
ColourScale = Literal["sequential", "logarithmic", "diverging", "grey", "classes"]


class Matrix(Panel, frozen=True, kw_only=True, tag_field="kind", tag="matrix"):
    """A heat map: a row-major column of ``rows x columns`` values.

    Parameters
    ----------
    values : str
        NaN where there is none.
    row_names, column_names : str
        Text columns, where rows or columns have names.
    row_edges, column_edges : tuple of float or None
        Where rows or columns lie on a scale: its value at the first one's start and at the last one's end.
    times_us : str
        Column of times, where the columns lie on time: carries the playhead, and a drag seeks.
    scale : ColourScale
        Colours.
    low, high : float or None
        Ends of the colours; None takes those of the values.
    column_links : Links or None
        Where the columns lead; ``links`` says it of the rows.
    fields : Fields or None
        A wall of pictures.
    """

    values: str
    rows: int
    columns: int
    x_axis: Axis
    y_axis: Axis
    unit: str = "1"
    row_names: str = ""
    column_names: str = ""
    row_edges: tuple[float, float] | None = None
    column_edges: tuple[float, float] | None = None
    times_us: str = ""
    scale: ColourScale = "sequential"
    low: float | None = None
    high: float | None = None
    column_links: Links | None = None
    fields: Fields | None = None


class Treemap(Panel, frozen=True, kw_only=True, tag_field="kind", tag="treemap"):
    """Areas by value: a text column of names and a numeric one."""

    names: str
    values: str
    unit: str = "1"


class Polar(Panel, frozen=True, kw_only=True, tag_field="kind", tag="polar"):
    """A closed line around the classes: a text column of names and a numeric one."""

    names: str
    values: str
    unit: str = "1"


class Scatter3D(Panel, frozen=True, kw_only=True, tag_field="kind", tag="scatter3d"):
    """Points in three dimensions, coloured by class where ``group`` names a text column.

    ``path`` joins them in order; with ``curtains`` the points of each group are joined by ascending x and hang down to the
    floor as a sheet, the ones in front over those behind.
    """

    x: str
    y: str
    z: str
    x_axis: Axis
    y_axis: Axis
    z_axis: Axis
    group: str = ""
    path: bool = False
    curtains: bool = False


class TableColumn(msgspec.Struct, frozen=True, kw_only=True):
    """One column of a table: its heading, its column, its unit."""

    heading: str
    column: str
    unit: str = ""


class Table(Panel, frozen=True, kw_only=True, tag_field="kind", tag="table"):
    """Rows of text and numbers."""

    columns: tuple[TableColumn, ...]


class Text(Panel, frozen=True, kw_only=True, tag_field="kind", tag="text"):
    """A few sentences."""

    text: str


class Diagram(Panel, frozen=True, kw_only=True, tag_field="kind", tag="diagram"):
    """Boxes below each other, and arcs between them: forward ones on the right, backward ones on the left.

    Parameters
    ----------
    names, notes : str
        Text columns: of each box its name (a layer's gives its colour) and a second line.
    sources, targets : str
        Columns: of each arc its two boxes, numbered from 0.
    sizes : str
        Column: what an arc's width stands for.
    arc_notes : str
        Text column: what is told of an arc.
    """

    names: str
    notes: str
    sources: str
    targets: str
    sizes: str
    arc_notes: str


class Failure(Panel, frozen=True, kw_only=True, tag_field="kind", tag="failure"):
    """The card of a module that failed; the other panels go on."""

    error: ErrorBody


AnyPanel = Series | Bars | Raster | Matrix | Treemap | Polar | Scatter3D | Table | Text | Diagram | Failure


class PanelAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A module's answer without its columns.

    Parameters
    ----------
    module : str
        Module name.
    t_start_us, t_stop_us : int
        Window that was answered, half-open.
    panels : tuple
        In order.
    """

    module: str
    t_start_us: int
    t_stop_us: int
    panels: tuple[AnyPanel, ...]


Column = NDArray[Any] | list[str]


@dataclass(frozen=True)
class Panels:
    """Panels and their columns, as a module returns them.

    Parameters
    ----------
    panels : tuple of Panel
        In order.
    columns : dict of str to array or list of str
        1-D arrays (any numeric dtype; int64 times become float64 for the browser) or texts.
    """

    panels: tuple[AnyPanel, ...]
    columns: dict[str, Column] = field(default_factory=dict)


def encode_answer(answer: PanelAnswer, columns: dict[str, Column]) -> pa.Buffer:
    """Return an answer as one Arrow stream: one row, a list column each, the answer's JSON as metadata ``panels``."""
    arrays: list[pa.Array] = []
    for values in columns.values():
        if isinstance(values, list):
            flat = pa.array(values, pa.string())
        else:
            wide = values.dtype.kind in "iu" and values.dtype.itemsize == 8
            flat = pa.array(np.ascontiguousarray(values, np.float64 if wide else values.dtype).reshape(-1))
        arrays.append(pa.ListArray.from_arrays(pa.array([0, len(flat)], pa.int32()), flat))
    fields = [pa.field(name, array.type) for name, array in zip(columns, arrays, strict=True)]
    schema = pa.schema(fields, metadata={"panels": msgspec.json.encode(answer)})
    if not fields:  # Arrow cannot say "one row" without a column.
        schema = pa.schema([pa.field("", pa.null())], metadata={"panels": msgspec.json.encode(answer)})
        arrays = [pa.nulls(1)]
    return payload_of(pa.record_batch(arrays, schema=schema))


def decode_answer(payload: bytes) -> tuple[PanelAnswer, dict[str, Column]]:
    """Return an answer and its columns; raises CorruptData."""
    batch = open_payload(payload)
    metadata = batch.schema.metadata or {}
    if b"panels" not in metadata:
        raise CorruptData("The answer carries no panels.")
    answer = msgspec.json.decode(metadata[b"panels"], type=PanelAnswer)
    columns: dict[str, Column] = {}
    for name in batch.schema.names:
        if not name:
            continue
        flat = batch.column(name).flatten()
        columns[name] = (
            flat.to_pylist() if pa.types.is_string(flat.type) else flat.to_numpy(zero_copy_only=False)
        )
    return answer, columns
