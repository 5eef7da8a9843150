"""Synapses.

Receptive fields of a layer at the playhead and at the run's end, and the distribution of the weights of a projection and of
the synapses onto the selected neurons over time.

Spread is the population standard deviation. Courses are of all synapses at the boundaries of the summary tables, whose bins span
all recorded weights; where the window is shorter than 8 of them, of what was read of the chunks, with bins from the smallest to
the largest first and last weight, and what lies outside in the outermost bin. Bins are closed on the left.

Source: the Synapse module of VS2N (Elbez, Benhaoua, Devienne, Boulet, CBMI 2021).
"""

from __future__ import annotations

import dataclasses
from typing import Annotated

import msgspec
import numpy as np
from numpy.typing import NDArray

from synaptarium.kernels.pruning import prune
from synaptarium.kernels.weights import receptive_fields
from synaptarium.modules.base import Module, ProjectionName, Selection, slider
from synaptarium.modules.chunk_choice import Frames
from synaptarium.modules.reader import RecordingReader
from synaptarium.modules.weights import Course, Weights, courses_of, projection_weights, state_of
from synaptarium.modules.wording import clock, playhead_us, span
from synaptarium.schemas.errors import InvalidInput
from synaptarium.schemas.messages import TimeWindow
from synaptarium.schemas.panels import (
    AnyPanel,
    Axis,
    Column,
    Fields,
    Line,
    Links,
    Matrix,
    Panels,
    Prunes,
    Series,
    Table,
    TableColumn,
)
from synaptarium.schemas.recording import Accounting

MAX_SELECTED = 4
MAX_CELLS = 131_072
MAX_PRUNED = 100


@dataclasses.dataclass(frozen=True)
class Params:
    """Which projection, and how its fields are laid out.

    Parameters
    ----------
    projection : str
        Empty takes one onto the selection's layer, else the one whose weights changed most.
    width_px : int
        Width of a receptive field, presynaptic neurons row by row; 0 takes the source layer's shape.
    height_px : int
        Height of it; 0 takes as many rows as needed.
    prune_percent : float
        Synapses below this part of the largest |weight| would be pruned.
    """

    projection: ProjectionName = ""
    width_px: int = 0
    height_px: int = 0
    prune_percent: Annotated[float, slider(0, 100)] = 20.0

    def __post_init__(self) -> None:
        if not 0 <= self.prune_percent <= 100:
            raise InvalidInput(
                f"prune_percent is {self.prune_percent}.",
                hint="It is 0 to 100 percent of the largest weight.",
                where="prune_percent",
            )
        for name in ("width_px", "height_px"):
            if not 0 <= getattr(self, name) <= 4096:
                raise InvalidInput(
                    f"{name} is {getattr(self, name)}.",
                    hint="A field is 1 to 4096 wide and high; 0 takes the source layer's shape.",
                    where=name,
                )


def compute(reader: RecordingReader, window: TimeWindow, selection: Selection, params: Params) -> Panels:
    """Return the fields, the course of the projection, and the panels of each selected neuron."""
    weights = projection_weights(reader, selection, params.projection)
    columns: dict[str, Column] = {}
    if weights is None:
        columns["distribution.n"] = np.empty(0)
        axis = Axis(label="Weight")
        why = "The recording has no weights."
        nothing = Matrix(
            id="distribution",
            title="Weight distribution",
            values="distribution.n",
            rows=0,
            columns=0,
            x_axis=axis,
            y_axis=axis,
            empty=why,
        )
        return Panels((nothing,), columns)
    projection = weights.projection
    chosen = selection.of(projection.target)
    neurons = chosen[-MAX_SELECTED:].tolist()
    # The state at the end of the playhead's frame, as in the scene.
    stop_us = playhead_us(reader, window) + 1
    now = state_of(reader, weights, stop_us)
    shape = _field_shape(reader, weights, params)
    panels: list[AnyPanel] = []
    moments = [("now", "at the playhead", stop_us, now)]
    if stop_us < reader.manifest.t_stop_us:
        end_us = reader.manifest.t_stop_us
        moments.append(("end", "at the run's end", end_us, state_of(reader, weights, end_us)))
    panels += _pruning(weights, params, stop_us, now, shape, columns)
    for id, words, t_us, state in moments:
        panels.append(_gallery(weights, id, words, t_us, state, shape, columns))
    frames, t_us, courses = courses_of(reader, window, weights, neurons)
    who = [projection.name, *(f"{projection.target} {neuron}" for neuron in neurons)]
    for number, (name, course) in enumerate(zip(who, courses, strict=True)):
        panels += _course(weights, window, f"course.{number}", name, frames, t_us, course, columns)
        if number:
            panels.append(_field(weights, neurons[number - 1], stop_us, now, shape, columns))
    if len(chosen) > len(neurons):
        told = Accounting(
            what="selected neurons", kept=len(neurons), total=len(chosen), why="The latest are shown."
        )
        panels[-1] = msgspec.structs.replace(panels[-1], accounting=(*panels[-1].accounting, told))
    return Panels(tuple(panels), columns)


def _field_shape(reader: RecordingReader, weights: Weights, params: Params) -> tuple[int, int]:
    """Return (rows, columns) of a field."""
    shape = next(
        layer.shape for layer in reader.recording.header.layers if layer.name == weights.projection.source
    )
    width = shape[-1] if len(shape) > 1 else int(np.ceil(np.sqrt(weights.n_pre)))
    width = params.width_px or (-(-weights.n_pre // params.height_px) if params.height_px else width)
    height = params.height_px or -(-weights.n_pre // width)
    if width * height < weights.n_pre:
        raise InvalidInput(
            f"{width} x {height} are fewer than the {weights.n_pre} neurons of {weights.projection.source!r}.",
            hint="Make the field larger, or leave the height 0.",
            where="width_px",
        )
    return height, width


def _fields(
    weights: Weights, state: NDArray[np.float32], neurons: NDArray[np.int64], shape: tuple[int, int]
) -> NDArray[np.float64]:
    fields = receptive_fields(
        weights.pre, weights.post, state[: len(weights.pre)], n_pre=weights.n_pre, neurons=neurons
    )
    padded = np.full((len(neurons), shape[0] * shape[1]), np.nan)
    padded[:, : weights.n_pre] = fields
    return padded.reshape(len(neurons), *shape)


def _gallery(
    weights: Weights,
    id: str,
    words: str,
    t_us: int,
    state: NDArray[np.float32],
    shape: tuple[int, int],
    columns: dict[str, Column],
) -> Matrix:
    total = weights.projection.target_neurons
    # One empty line of cells between the fields.
    rows, cols = shape[0] + 1, shape[1] + 1
    n = max(1, min(total, MAX_CELLS // (rows * cols)))
    across = min(n, max(1, round(np.sqrt(n * rows / cols))))
    down = -(-n // across)
    wall = np.full((down, across, rows, cols), np.nan, np.float32)
    fields = _fields(weights, state, np.arange(n), shape)
    wall.reshape(-1, rows, cols)[:n, :-1, :-1] = fields
    columns[f"gallery.{id}"] = wall.transpose(0, 2, 1, 3).reshape(-1)
    columns[f"gallery.{id}.neuron"] = np.arange(n, dtype=np.float64)
    accounting = list(weights.accounting)
    if n < total:
        accounting.append(
            Accounting(what="neurons", kept=n, total=total, why="Those with the lowest ids are shown.")
        )
    empty = "" if np.isfinite(fields).any() else "No weight is known at this time."
    if not len(weights.pre):
        empty = "The recording does not list this projection's synapses."
    return Matrix(
        id=f"gallery.{id}",
        title=f"Receptive fields {words}",
        subtitle=f"{weights.projection.name} at {clock(t_us)}; {across} fields across, each {shape[1]} x {shape[0]}",
        values=f"gallery.{id}",
        rows=down * rows,
        columns=across * cols,
        x_axis=Axis(label="Column", unit="px"),
        y_axis=Axis(label="Row", unit="px"),
        scale="diverging" if weights.low < 0 < weights.high else "sequential",
        fields=Fields(
            rows=rows,
            columns=cols,
            across=across,
            layer=weights.projection.target,
            neuron=f"gallery.{id}.neuron",
        ),
        accounting=tuple(accounting),
        empty=empty,
    )


def _pruning(
    weights: Weights,
    params: Params,
    t_us: int,
    state: NDArray[np.float32],
    shape: tuple[int, int],
    columns: dict[str, Column],
) -> list[AnyPanel]:
    """Return what pruning would take away: in numbers, and the fields of what would stay."""
    known = state[: len(weights.post)] if len(weights.post) else state
    found = prune(
        weights.post[: len(known)],
        known,
        threshold=params.prune_percent / 100 * max(abs(weights.low), abs(weights.high)),
        n_post=weights.projection.target_neurons,
    )
    target = weights.projection.target
    order = np.argsort(-np.divide(found.removed, np.maximum(found.present, 1)), kind="stable")
    order = order[(found.removed[order] > 0)][:MAX_PRUNED]
    columns["pruning.neuron"] = order.astype(np.float64)
    columns["pruning.removed"] = found.removed[order].astype(np.float64)
    columns["pruning.kept"] = (found.present - found.removed)[order].astype(np.float64)
    columns["pruning.lost"] = 100 * found.removed[order] / np.maximum(found.present[order], 1)
    columns["pruning.weight"] = 100 * found.removed_weight[order]
    n_removed, n_present = int(found.removed.sum()), int(found.present.sum())
    gone = int(((found.removed == found.present) & (found.present > 0)).sum())
    told = list(weights.accounting)
    touched = int((found.removed > 0).sum())
    if len(order) < touched:
        why = "Those that would lose the largest part."
        told.append(Accounting(what="neurons that lose synapses", kept=len(order), total=touched, why=why))
    part = f"{n_removed:,} of {n_present:,} synapses ({100 * n_removed / max(1, n_present):.3g} %)"
    bound = params.prune_percent / 100 * max(abs(weights.low), abs(weights.high))
    empty = "" if n_present else "No weight is known at this time."
    if not len(weights.pre):
        empty = "The recording does not list this projection's synapses."
    table = Table(
        id="pruning",
        title="What pruning would take away",
        subtitle=f"{weights.projection.name} at {clock(t_us)}: |weight| below {bound:.4g} would remove {part} and "
        f"{gone:,} whole receptive fields; the slider shows them in the scene as dashes, a click selects a neuron",
        columns=(
            TableColumn(heading=f"Neuron of {target}", column="pruning.neuron"),
            TableColumn(heading="Removed", column="pruning.removed"),
            TableColumn(heading="Kept", column="pruning.kept"),
            TableColumn(heading="Lost", column="pruning.lost", unit="%"),
            TableColumn(heading="Of its |weight|", column="pruning.weight", unit="%"),
        ),
        links=Links(neuron="pruning.neuron", layer=target),
        prunes=Prunes(projection=weights.projection.name, below=bound),
        accounting=tuple(told),
        empty=empty or ("" if n_removed else "No synapse is below the threshold."),
    )
    if empty:
        return [table]
    stays = known.copy()
    stays[np.abs(stays) < bound] = np.nan
    return [
        table,
        _gallery(
            weights, "pruned", f"that pruning below {bound:.4g} would leave", t_us, stays, shape, columns
        ),
    ]


def _field(
    weights: Weights,
    neuron: int,
    t_us: int,
    state: NDArray[np.float32],
    shape: tuple[int, int],
    columns: dict[str, Column],
) -> Matrix:
    name = f"field.{neuron}"
    field = _fields(weights, state, np.array([neuron]), shape)[0]
    columns[name] = field.reshape(-1).astype(np.float32)
    return Matrix(
        id=name,
        title=f"Receptive field of {weights.projection.target} {neuron}",
        subtitle=f"{weights.projection.name} at {clock(t_us)}, weight",
        values=name,
        rows=shape[0],
        columns=shape[1],
        x_axis=Axis(label="Column", unit="px"),
        y_axis=Axis(label="Row", unit="px"),
        scale="diverging" if weights.low < 0 < weights.high else "sequential",
        accounting=weights.accounting,
        empty="" if np.isfinite(field).any() else "No weight onto this neuron is known at this time.",
    )


def _course(
    weights: Weights,
    window: TimeWindow,
    id: str,
    name: str,
    frames: Frames | None,
    t_us: NDArray[np.int64],
    course: Course,
    columns: dict[str, Column],
) -> list[AnyPanel]:
    known = bool(np.isfinite(course.mean).any())
    empty = "" if known else "No weight of these synapses is known in the window."
    # The tables tell of all synapses.
    accounting = (*weights.accounting, *frames.accounting) if frames else ()
    n_bins = course.histogram.shape[1]
    columns[f"{id}.t_us"] = t_us
    columns[f"{id}.mean"] = course.mean
    columns[f"{id}.above"] = course.mean + course.spread
    columns[f"{id}.below"] = course.mean - course.spread
    # Row 0 is drawn on top: the largest weights.
    columns[f"{id}.n"] = course.histogram.T[::-1].reshape(-1).astype(np.float64)
    mean = Series(
        id=f"{id}.mean",
        title=f"Mean weight of {name}",
        subtitle=f"{span(window)}, at {len(t_us)} times, shaded: one standard deviation above and below",
        x=f"{id}.t_us",
        x_axis=Axis(label="Time", unit="us"),
        y_axis=Axis(label="Weight"),
        lines=(
            Line(
                name="mean and standard deviation",
                y=f"{id}.mean",
                band=(f"{id}.below", f"{id}.above"),
            ),
        ),
        accounting=accounting,
        empty=empty,
    )
    distribution = Matrix(
        id=f"{id}.distribution",
        title=f"Weights of {name} over time",
        subtitle=f"{span(window)}, synapses per bin, {n_bins} bins from {course.high:.4g} (top) to {course.low:.4g} (bottom)",
        values=f"{id}.n",
        rows=n_bins,
        columns=len(t_us),
        x_axis=Axis(label="Time", unit="us"),
        y_axis=Axis(label="Weight"),
        times_us=f"{id}.t_us",
        row_edges=(course.high, course.low),
        # Most weights lie in a few bins; the shape of the rest is what one looks for.
        scale="logarithmic",
        unit="synapses",
        accounting=accounting,
        empty=empty,
    )
    return [mean, distribution]


MODULE = Module(compute=compute, params=Params, needs=("weights",), order=20, playhead=True, picks=True)
