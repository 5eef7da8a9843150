"""The arrays of a network in files of columns: synapses by projection, positions and labels by neuron."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from synaptarium.adapters import checks
from synaptarium.adapters.base import NeuronLabels, Synapses
from synaptarium.adapters.column_file import ColumnFile
from synaptarium.adapters.column_header import ProjectionEntry
from synaptarium.schemas.errors import InvalidInput, UnknownLayer
from synaptarium.schemas.recording import Layer, Projection

_AXES = ("x_um", "y_um", "z_um")


def read_synapses(file: ColumnFile, names: Sequence[str]) -> dict[str, Synapses]:
    """Return the synapses of each projection, in the order of their rows.

    Parameters
    ----------
    file : ColumnFile
        ``pre``, ``post``, and where they are there ``projection`` and ``delay_ms``.
    names : sequence of str
        The projections that the header has.

    Raises
    ------
    InvalidInput, UnknownLayer
        A row's projection is not said, or not known.
    """
    where = str(file.path)
    columns = [file.column_of([name], f"{name}synaptic neuron ids") for name in ("pre", "post")]
    columns += [name for name in ("projection", "delay_ms") if name in file.schema.names]
    table = _whole_table(file, columns)
    if "projection" in columns:
        of = np.array(table["projection"].to_pylist(), object)
        foreign = sorted({str(name) for name in of} - set(names))
        if foreign:
            raise UnknownLayer(
                f"{file.path.name} has synapses of {foreign[0]!r}, which header.json does not name.",
                hint=f"Its projections: {', '.join(map(repr, names)) or 'none'}.",
                where=where,
            )
    elif len(names) == 1:
        of = np.full(table.num_rows, names[0], object)
    else:
        raise InvalidInput(
            f"{file.path.name} does not say which of {len(names)} projections its synapses belong to.",
            hint="Give a column projection with their names, and name them in header.json.",
            where=where,
        )
    found: dict[str, Synapses] = {}
    for name in names:
        mine = table.filter(pa.array(of == name))
        pre, post = (_ids(mine, file, end) for end in ("pre", "post"))
        delays = _numbers(mine, file, "delay_ms").astype(np.float32) if "delay_ms" in columns else None
        found[name] = (pre, post, delays)
    return found


def projection_of(
    described: ProjectionEntry, synapses: Synapses, layers: Sequence[Layer], file_name: str
) -> Projection:
    """Return a described projection with the synapses that were read.

    Raises
    ------
    UnknownLayer, NeuronOutOfRange
        It leads from or to a layer, or a neuron, that is not there.
    """
    sizes = {layer.name: layer.neurons for layer in layers}
    for end in (described.source, described.target):
        checks.known(end, sizes, "layer", "header.json")
    pre, post, delays = synapses
    for ids, layer in ((pre, described.source), (post, described.target)):
        checks.ids_below(ids, sizes[layer], f"Layer {layer!r}", "neuron", file_name)
    return Projection(
        name=described.named,
        source=described.source,
        target=described.target,
        kind="explicit",
        synapses=len(pre),
        target_neurons=sizes[described.target],
        learning_rule=described.learning_rule,
        delays=delays is not None,
    )


class NeuronTable:
    """One row for each neuron: where it lies and what it stands for.

    Parameters
    ----------
    file : ColumnFile
        ``neuron``, and where they are there ``layer``, ``x_um``, ``y_um``, ``z_um`` and ``label``.
    """

    def __init__(self, file: ColumnFile) -> None:
        self.file = file
        names = file.schema.names
        file.column_of(["neuron"], "neuron ids")
        self._axes = [name for name in _AXES if name in names]
        if self._axes and self._axes[:2] != list(_AXES[:2]):
            raise InvalidInput(
                f"{file.path.name} has positions along {' and '.join(self._axes)} only.",
                hint="Give x_um and y_um, and z_um where the layer is not flat.",
                where=str(file.path),
            )
        self._labelled = "label" in names
        columns = ["neuron", *(name for name in ("layer", "label") if name in names), *self._axes]
        table = _whole_table(file, columns)
        self._neuron = _ids(table, file, "neuron")
        self._layer = np.array(table["layer"].to_pylist(), object) if "layer" in names else None
        self._label = table["label"].to_pylist() if self._labelled else []
        self._position = [_numbers(table, file, name).astype(np.float32) for name in self._axes]

    def sizes(self, layer: str | None) -> dict[str, int]:
        """Return how many neurons the rows give each layer; ``layer`` names the only one where rows name none."""
        if self._layer is None:
            return {layer or "neurons": int(self._neuron.max(initial=0)) + 1}
        return {
            name: int(self._neuron[self._layer == name].max(initial=0)) + 1
            for name in dict.fromkeys(self._layer.tolist())
        }

    @property
    def labels(self) -> set[str]:
        """The labels that neurons have."""
        return {str(one) for one in self._label if one is not None}

    def positions(self, layer: str, offset: int, neurons: int) -> NDArray[np.float32] | None:
        """Return (neurons, 3) positions in um, or None where the layer has none; raises InvalidInput if some lack."""
        rows, ids = self._rows(layer, offset, neurons)
        if not self._axes or not len(rows):
            return None
        if len(rows) < neurons:
            lacking = int(np.setdiff1d(np.arange(neurons), ids)[0])
            raise InvalidInput(
                f"{self.file.path.name} has the positions of {len(rows)} of the {neurons} neurons of layer {layer!r}; "
                f"neuron {lacking} lacks one.",
                hint="Give every neuron of a layer a row, or the layer none.",
                where=str(self.file.path),
            )
        found = np.zeros((neurons, 3), np.float32)
        for axis, values in enumerate(self._position):
            found[ids, axis] = values[rows]
        if not np.isfinite(found).all():
            raise InvalidInput(
                f"Positions of layer {layer!r} in {self.file.path.name} are not all numbers.",
                hint="Give finite numbers in um.",
                where=str(self.file.path),
            )
        return found

    def labels_of(
        self, layer: str, offset: int, neurons: int, classes: Sequence[str], method: str
    ) -> NeuronLabels | None:
        """Return each neuron's class (-1: none) and how it was found, or None where the layer has no labels."""
        rows, ids = self._rows(layer, offset, neurons)
        if not self._labelled or not len(rows):
            return None
        place: Mapping[str | None, int] = {None: -1} | {name: k for k, name in enumerate(classes)}
        found = np.full(neurons, -1, np.int32)
        found[ids] = [
            place[None if self._label[row] is None else str(self._label[row])] for row in rows.tolist()
        ]
        return None if (found < 0).all() else (found, method or f"as {self.file.path.name} says")

    def _rows(self, layer: str, offset: int, neurons: int) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
        ids = self._neuron.astype(np.int64)
        if self._layer is not None:
            rows = np.flatnonzero(self._layer == layer)
        else:
            ids = ids - offset
            rows = np.flatnonzero((ids >= 0) & (ids < neurons))
        ids = ids[rows]
        name = self.file.path.name
        checks.ids_below(ids, neurons, f"Layer {layer!r}", "neuron", name)
        if len(np.unique(ids)) < len(ids):
            twice = int(np.flatnonzero(np.bincount(ids) > 1)[0])
            raise InvalidInput(
                f"{name} has neuron {twice} of layer {layer!r} twice.", hint="Give it one row.", where=name
            )
        return rows, ids


def _whole_table(file: ColumnFile, columns: Sequence[str]) -> pa.Table:
    batches = [batch for index in range(file.n_parts) for batch in file.batches(index, columns)]
    if not batches:
        return pa.schema([file.schema.field(name) for name in columns]).empty_table()
    # A part of a CSV file may hold whole numbers where the next has fractions.
    return pa.concat_tables(
        map(pa.Table.from_batches, ([one] for one in batches)), promote_options="permissive"
    )


def _numbers(table: pa.Table, file: ColumnFile, name: str) -> NDArray[Any]:
    batches = table.select([name]).combine_chunks().to_batches()
    return file.numbers(batches[0], name) if batches else np.zeros(0, np.int64)


def _ids(table: pa.Table, file: ColumnFile, name: str) -> NDArray[np.uint32]:
    where = f"{file.path.name}, {name}"
    return checks.any_ids(_numbers(table, file, name), "neuron", where)
