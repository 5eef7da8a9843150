"""Classes.

What the network makes of the stimuli: the confusion matrix of labels and predictions, the accuracy over time, precision and
recall of each class; and what its neurons stand for: the class at whose stimuli each neuron of a layer fires most, over time.

Accuracy at a stimulus is the part of the last so many labelled and predicted stimuli that were read right. Recall of a class
is the part of its stimuli that were read as it, precision the part of what was read as it that was. A neuron's class in an
interval is the one with its highest mean rate (spikes / time for which stimuli of the class were on) in that interval; none
where it did not fire while a stimulus of a class was on. Intervals are those of the summary tables.

Source: the labelling of Diehl and Cook, Front. Comput. Neurosci. 2015, doi:10.3389/fncom.2015.00099, by rates in place of counts.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from synaptarium.kernels.confusion import confusion_matrix, rolling_accuracy
from synaptarium.kernels.selectivity import preferred_class
from synaptarium.modules.base import LayerName, Module, Selection
from synaptarium.modules.intervals import counts_per_interval
from synaptarium.modules.reader import MAX_POINTS, RecordingReader
from synaptarium.modules.stimuli import Presentations, class_durations_us, presentations
from synaptarium.modules.wording import chosen_layer, duration, outside, span
from synaptarium.schemas.errors import InvalidInput
from synaptarium.schemas.messages import TimeWindow
from synaptarium.schemas.panels import (
    AnyPanel,
    Axis,
    Column,
    Line,
    Links,
    Matrix,
    Panels,
    Series,
    Table,
    TableColumn,
    Text,
)
from synaptarium.schemas.recording import Accounting, Layer

MAX_NEURONS = 128
MAX_INTERVALS = 64
MAX_CLASSES = 100


@dataclasses.dataclass(frozen=True)
class Params:
    """Which layer, and over how many stimuli accuracy is taken.

    Parameters
    ----------
    layer : str
        Layer whose neurons' classes are shown; empty takes that of the selection, else the last one that spiked.
    window_stimuli : int
        Stimuli of the rolling accuracy.
    """

    layer: LayerName = ""
    window_stimuli: int = 100

    def __post_init__(self) -> None:
        if not 1 <= self.window_stimuli <= 1_000_000:
            raise InvalidInput(
                f"window_stimuli is {self.window_stimuli}.",
                hint="Accuracy is taken over 1 to 1,000,000 stimuli.",
                where="window_stimuli",
            )


def compute(reader: RecordingReader, window: TimeWindow, selection: Selection, params: Params) -> Panels:
    """Return the confusion matrix, the accuracy, the classes, and the neurons' classes over time."""
    shown = presentations(reader, window)
    names = shown.classes
    columns: dict[str, Column] = {}
    if not reader.recording.counts.stimuli or not names or len(names) > MAX_CLASSES:
        return Panels((_nothing(reader, len(names)),), {})
    layer = chosen_layer(reader, selection, params.layer)
    panels: list[AnyPanel] = [
        *_predictions(window, shown, params, outside(reader, window), columns),
        *_neurons(reader, window, layer, names, columns),
    ]
    return Panels(tuple(panels), columns)


def _nothing(reader: RecordingReader, n_classes: int) -> Text:
    why = (
        "The recording has no stimuli."
        if not reader.recording.counts.stimuli
        else "Its stimuli have no labels."
    )
    if n_classes > MAX_CLASSES:
        why = f"The stimuli have {n_classes:,} classes; at most {MAX_CLASSES} can be told apart here."
    return Text(id="classes", title="Classes", text="", empty=f"{why} There are no classes to show.")


def _predictions(
    window: TimeWindow, shown: Presentations, params: Params, why: str, columns: dict[str, Column]
) -> list[AnyPanel]:
    names = shown.classes
    label, prediction = shown.of, shown.numbers(shown.predictions)
    told = (label >= 0) & (prediction >= 0)
    n = int(told.sum())
    matrix = confusion_matrix(label, prediction, n_classes=len(names))
    accounting: tuple[Accounting, ...] = ()
    if n < len(label):
        rest = "The others have no label or no prediction."
        accounting = (Accounting(what="stimuli", kept=n, total=len(label), why=rest),)
    if not why and not n:
        why = "No stimulus of the window has both a label and a prediction; the run may not have stored what it read."
    right = (label == prediction)[told]
    accuracy = rolling_accuracy(right, n=params.window_stimuli)
    t_us = shown.t_stop_us[told]
    step = -(-n // MAX_POINTS) or 1
    columns["accuracy.t_us"] = t_us[::step]
    columns["accuracy.percent"] = accuracy[::step] * 100
    columns["confusion.n"] = matrix.reshape(-1).astype(np.float64)
    columns["confusion.name"] = names
    rows, read = matrix.sum(axis=1), matrix.sum(axis=0)
    hit = np.diag(matrix)
    nan = np.full(len(names), np.nan)
    columns["class.name"] = names
    columns["class.n"] = rows.astype(np.float64)
    columns["class.recall"] = 100 * np.divide(hit, rows, out=nan.copy(), where=rows > 0)
    columns["class.precision"] = 100 * np.divide(hit, read, out=nan.copy(), where=read > 0)
    share = f", {100 * hit.sum() / n:.3g} % read right" if n else ""
    few = (
        ""
        if why or n >= params.window_stimuli
        else (
            f"Accuracy is over {params.window_stimuli:,} stimuli; the window has {n:,}. Choose fewer, or a longer window."
        )
    )
    panels: list[AnyPanel] = [
        Matrix(
            id="confusion",
            title="Confusion matrix",
            subtitle=f"{span(window)}; {n:,} stimuli{share}; rows are labels, columns what was read",
            values="confusion.n",
            rows=len(names),
            columns=len(names),
            x_axis=Axis(label="Read as"),
            y_axis=Axis(label="Label"),
            unit="stimuli",
            row_names="confusion.name",
            column_names="confusion.name",
            low=0,
            accounting=accounting,
            empty=why,
        ),
        Series(
            id="accuracy",
            title="Accuracy",
            subtitle=f"of the last {params.window_stimuli:,} stimuli, at each one's end"
            + (f", every {step}th" if step > 1 else ""),
            x="accuracy.t_us",
            x_axis=Axis(label="Time", unit="us"),
            y_axis=Axis(label="Accuracy", unit="%"),
            lines=(Line(name="read right", y="accuracy.percent"),),
            accounting=accounting,
            empty=why or few,
        ),
        Table(
            id="per_class",
            title="Precision and recall",
            subtitle=span(window),
            columns=(
                TableColumn(heading="Class", column="class.name"),
                TableColumn(heading="Stimuli", column="class.n"),
                TableColumn(heading="Recall", column="class.recall", unit="%"),
                TableColumn(heading="Precision", column="class.precision", unit="%"),
            ),
            accounting=accounting,
            empty=why,
        ),
    ]
    # Once is enough to say that nothing was read.
    return panels if n else panels[:1]


def _neurons(
    reader: RecordingReader, window: TimeWindow, layer: Layer, names: list[str], columns: dict[str, Column]
) -> list[AnyPanel]:
    found = counts_per_interval(
        reader, layer, window, most=MAX_INTERVALS, by_class=True, n_neurons=min(layer.neurons, MAX_NEURONS)
    )
    n_neurons = found.counts.shape[1]
    on_us = class_durations_us(reader, found.edges_us, len(names))
    classes = preferred_class(found.counts, on_us[:, None, :])
    n = len(classes)
    last = classes[-1] if n else np.full(n_neurons, -1)
    # In the order of the class that a neuron has at the end: what changes stands out.
    order = np.lexsort((np.arange(n_neurons), np.where(last < 0, len(names), last)))
    columns["learned.class"] = classes.T[order].reshape(-1).astype(np.float64)
    columns["learned.t_us"] = found.edges_us[:-1]
    columns["learned.name"] = [str(neuron) for neuron in order]
    columns["learned.neuron"] = order.astype(np.float64)
    told = list(found.accounting)
    if n_neurons < layer.neurons:
        why = "Those with the lowest ids are shown."
        told.append(Accounting(what="neurons", kept=n_neurons, total=layer.neurons, why=why))
    why = outside(reader, window)
    if not why and not (classes >= 0).any():
        why = f"No neuron of {layer.name} fired while a stimulus of a class was on."
    width_us = int(found.edges_us[1] - found.edges_us[0]) if n else 0
    changed = np.array([np.nan, *((classes[1:] != classes[:-1]).sum(axis=1))]) if n else np.empty(0)
    columns["changed.t_us"] = found.edges_us[:-1]
    columns["changed.n"] = changed[:n]
    columns["changed.none"] = (classes < 0).sum(axis=1).astype(np.float64)
    subtitle = f"{layer.name}, {span(window)}, {n} intervals of {duration(width_us)}"
    return [
        Matrix(
            id="learned",
            title="Learned class of every neuron",
            subtitle=f"{subtitle}; rows in the order of the class at the end; {', '.join(names[:20])}",
            values="learned.class",
            rows=n_neurons if n else 0,
            columns=n,
            x_axis=Axis(label="Time", unit="us"),
            y_axis=Axis(label="Neuron"),
            row_names="learned.name",
            times_us="learned.t_us",
            scale="classes",
            links=Links(neuron="learned.neuron", layer=layer.name),
            accounting=tuple(told),
            empty=why,
        ),
        Series(
            id="changed",
            title="Neurons that change their class",
            subtitle=f"{subtitle}; since the interval before, and neurons without a class",
            x="changed.t_us",
            x_axis=Axis(label="Time", unit="us"),
            y_axis=Axis(label="Neurons"),
            lines=(Line(name="changed", y="changed.n"), Line(name="without a class", y="changed.none")),
            shape="hv",
            accounting=tuple(told),
            empty=why,
        ),
    ]


MODULE = Module(compute=compute, params=Params, needs=("spikes",), order=33, stimuli=True)
