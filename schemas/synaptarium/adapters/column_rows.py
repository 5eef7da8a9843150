"""The columns of users' own files, kind by kind: found by name, checked, and turned into event columns."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from synaptarium.adapters import checks
from synaptarium.adapters.column_file import ColumnFile
from synaptarium.adapters.column_order import TimeOrder
from synaptarium.adapters.conversions import spike_counts
from synaptarium.adapters.times import Rounding, microseconds, unit_us
from synaptarium.schemas.errors import InvalidInput


class Names:
    """Names in the order in which they are met, and their places."""

    def __init__(self, known: list[str]) -> None:
        self.names = list(known)
        self._places = {name: place for place, name in enumerate(known)}

    def places(self, column: pa.Array, where: str) -> NDArray[np.int32]:
        """Return the place of each row's name; new names are added at the end. Raises InvalidInput for empty ones."""
        if column.null_count:
            raise InvalidInput(
                f"{where} has {column.null_count} empty names.", hint="Remove those rows.", where=where
            )
        if not pa.types.is_dictionary(column.type):
            column = column.cast(pa.string()).dictionary_encode()
        indices = column.indices.to_numpy()
        texts = column.dictionary.cast(pa.string())
        if len(texts) == 1 and len(column) and texts[0].as_py():
            return np.full(len(column), self.place(texts[0].as_py()), np.int32)
        table = np.zeros(len(texts), np.int32)
        for index in np.flatnonzero(np.bincount(indices, minlength=len(texts))).tolist():
            name = texts[index].as_py()
            if not name:
                raise InvalidInput(f"{where} has an empty name.", hint="Remove those rows.", where=where)
            table[index] = self.place(name)
        return table[indices]

    def place(self, name: str) -> int:
        """Return the place of a name; a new one is added at the end."""
        if name not in self._places:
            self._places[name] = len(self.names)
            self.names.append(name)
        return self._places[name]


class Rows(ABC):
    """The rows of one file in time.

    Parameters
    ----------
    file : ColumnFile
        What is read.
    stem : str
        The time column is this and a unit: ``"time"`` or ``"t_start"``.
    t_start_us : int
        Earlier times are refused.
    options : mapping of str to str
        ``time`` and ``time_unit`` name the column and its unit where the file's name for it says neither.
    """

    def __init__(
        self, file: ColumnFile, stem: str, t_start_us: int, options: Mapping[str, str] | None = None
    ) -> None:
        options = options or {}
        self.file = file
        self.t_start_us = t_start_us
        #: What the first pass rounded; None afterwards, so that nothing is counted twice.
        self.rounding: Rounding | None = Rounding()
        unit = options.get("time_unit")
        if "time" in options:
            self.time = file.column_of([options["time"]], "times")
            self.scale_us = unit_us(unit or self.time.rpartition("_")[2], "time_unit")
        elif unit and stem in file.schema.names:
            self.time, self.scale_us = stem, unit_us(unit, "time_unit")
        else:
            self.time, self.scale_us = file.time_column(stem)
            if unit and unit_us(unit, "time_unit") != self.scale_us:
                raise InvalidInput(
                    f"time_unit is {unit!r}, but the column {self.time!r} of {file.path.name} names its unit itself.",
                    hint=f"Leave time_unit out, or say which column is meant: time={self.time}.",
                    where="time_unit",
                )
        self.columns = [self.time]
        self.order = TimeOrder(file, self.columns, self.convert)

    @abstractmethod
    def convert(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Return a batch whose first column is ``time_us``."""

    def optional(self, name: str) -> str | None:
        """Return the name where it is a column here, and have it read; else None."""
        if name not in self.file.schema.names:
            return None
        self.columns.append(name)
        return name

    def needed(self, name: str, what: str) -> str:
        """Return the name of a column that must be here, and have it read; raises InvalidInput."""
        self.columns.append(self.file.column_of([name], what))
        return name

    def times_us(self, batch: pa.RecordBatch) -> NDArray[np.int64]:
        """Return the batch's times; raises InvalidTime."""
        return self.in_us(batch, self.time, self.scale_us)

    def in_us(self, batch: pa.RecordBatch, name: str, scale_us: float) -> NDArray[np.int64]:
        """Return a column of times; raises InvalidTime."""
        where = f"{self.file.path.name}, {name}"
        time_us = microseconds(self.file.numbers(batch, name), scale_us, where, self.rounding)
        checks.not_before(time_us, self.t_start_us, where)
        return time_us

    def ids(self, batch: pa.RecordBatch, name: str, noun: str) -> NDArray[np.uint32]:
        """Return a column of ids of which only the type is known; raises NeuronOutOfRange."""
        return checks.any_ids(self.file.numbers(batch, name), noun, f"{self.file.path.name}, {name}")


class NeuronRows(Rows):
    """Rows of neurons: ``neuron`` in its layer with the ``place`` of the layer, or numbered through all of them."""

    def __init__(
        self, file: ColumnFile, t_start_us: int, layers: Names, options: Mapping[str, str] | None = None
    ) -> None:
        options = options or {}
        super().__init__(file, "time", t_start_us, options)
        self._neuron = self.needed(options.get("neuron", "neuron"), "neuron ids")
        layer = options.get("layer", "layer")
        self._layer = self.needed(layer, "layer names") if "layer" in options else self.optional(layer)
        self.layers = layers

    @property
    def names_layers(self) -> bool:
        """Whether each row names its layer; else neurons are numbered through all of them."""
        return self._layer is not None

    def of_neurons(self, batch: pa.RecordBatch) -> dict[str, Any]:
        """Return ``time_us``, ``neuron`` and, where rows name a layer, its ``place``."""
        columns: dict[str, Any] = {
            "time_us": self.times_us(batch),
            "neuron": self.ids(batch, self._neuron, "neuron"),
        }
        if self._layer is not None:
            where = f"{self.file.path.name}, {self._layer}"
            columns["place"] = self.layers.places(batch.column(self._layer), where)
        return columns


class SpikeRows(NeuronRows):
    """Spikes: ``time_us``, ``neuron`` (in its layer, or through all), ``place`` of the layer, ``count``, ``payload``."""

    def __init__(self, file: ColumnFile, t_start_us: int, layers: Names, options: Mapping[str, str]) -> None:
        super().__init__(file, t_start_us, layers, options)
        self._count, self._payload = self.optional("count"), self.optional("payload")

    def convert(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        columns = self.of_neurons(batch)
        if self._count is not None:
            where = f"{self.file.path.name}, {self._count}"
            columns["count"] = spike_counts(self.file.numbers(batch, self._count), where)
        if self._payload is not None:
            columns["payload"] = self.file.numeric(batch, self._payload).cast(pa.float32(), safe=False)
        return pa.record_batch({name: pa.array(column) for name, column in columns.items()})


class PotentialRows(NeuronRows):
    """Values of variables: ``time_us``, ``neuron``, ``place`` of the layer, ``value``, ``variable`` as its place."""

    def __init__(self, file: ColumnFile, t_start_us: int, layers: Names) -> None:
        super().__init__(file, t_start_us, layers)
        self._value, self._variable = self.needed("value", "values"), self.optional("variable")
        self.variables = Names([])

    def convert(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        columns = self.of_neurons(batch)
        columns["value"] = self.file.numbers(batch, self._value).astype(np.float32)
        if self._variable is None:
            columns["variable"] = np.full(batch.num_rows, self.variables.place("v"), np.int32)
        else:
            where = f"{self.file.path.name}, {self._variable}"
            columns["variable"] = self.variables.places(batch.column(self._variable), where)
        return pa.record_batch({name: pa.array(column) for name, column in columns.items()})


class WeightRows(Rows):
    """Weights: ``time_us``, ``synapse`` in its projection, ``value`` (empty: it ceases), ``place`` of the projection."""

    def __init__(self, file: ColumnFile, t_start_us: int, projections: list[str]) -> None:
        super().__init__(file, "time", t_start_us)
        self._synapse = self.needed("synapse", "synapse numbers")
        self._value = self.needed("value", "weights")
        self._projection = self.optional("projection")
        self.projections = Names(projections)
        if self._projection is None and len(projections) != 1:
            raise InvalidInput(
                f"{file.path.name} does not say which of {len(projections)} projections its weights belong to.",
                hint="Give a column projection with their names.",
                where=str(file.path),
            )

    def convert(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        place = np.zeros(batch.num_rows, np.int32)
        if self._projection is not None:
            where = f"{self.file.path.name}, {self._projection}"
            place = self.projections.places(batch.column(self._projection), where)
        return pa.record_batch(
            {
                "time_us": pa.array(self.times_us(batch)),
                "synapse": pa.array(self.ids(batch, self._synapse, "synapse")),
                "value": self.file.numeric(batch, self._value).cast(pa.float32(), safe=False),
                "place": pa.array(place),
            }
        )


class StimulusRows(Rows):
    """Stimuli: ``t_start_us``, ``t_stop_us``; ``label``, ``prediction`` and ``image`` where there are any."""

    def __init__(self, file: ColumnFile, t_start_us: int) -> None:
        super().__init__(file, "t_start", t_start_us)
        self._stop, self._stop_scale_us = file.time_column("t_stop")
        self.columns.append(self._stop)
        self.texts = [name for name in ("label", "prediction") if self.optional(name)]
        self._image = self.optional("image")

    def convert(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        columns: dict[str, Any] = {
            "t_start_us": pa.array(self.times_us(batch)),
            "t_stop_us": pa.array(self.in_us(batch, self._stop, self._stop_scale_us)),
        }
        columns |= {name: batch.column(name).cast(pa.string()) for name in self.texts}
        if self._image is not None:
            columns["image"] = self.file.numeric(batch, self._image).cast(pa.uint32())
        return pa.record_batch(columns)


class ImageRows:
    """Stimulus images: ``pixels``, one grey byte each, row by row; images have no time but their number."""

    def __init__(self, file: ColumnFile) -> None:
        self.file = file
        self._pixels = file.column_of(["pixels"], "images")

    def read(self, first: int = 0, stop: int | None = None) -> Iterator[pa.RecordBatch]:
        """Yield images from one number to another; raises InvalidInput where pixels are no bytes."""
        at = 0
        for index in range(self.file.n_parts):
            for batch in self.file.batches(index, [self._pixels]):
                begin, end = max(first - at, 0), batch.num_rows
                if stop is not None:
                    end = min(end, stop - at)
                at += batch.num_rows
                if begin < end:
                    yield pa.record_batch({"pixels": self._bytes(batch.slice(begin, end - begin))})

    def _bytes(self, batch: pa.RecordBatch) -> pa.Array:
        column = self.file.filled(batch.column(self._pixels), self._pixels)
        kind = column.type
        if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind):
            return column.cast(pa.binary())
        lists = pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
        if lists and pa.types.is_integer(kind.value_type):
            try:
                return pa.array(
                    [np.array(one, np.uint8).tobytes() for one in column.to_pylist()], pa.binary()
                )
            except (OverflowError, TypeError, ValueError):
                pass
        raise InvalidInput(
            f"The column {self._pixels!r} of {self.file.path.name} is of the type {kind}, or not all of its values "
            "are 0 to 255.",
            hint="Give binary, or lists of integers from 0 to 255: one grey byte a pixel, row by row.",
            where=str(self.file.path),
        )


class MetricRows(Rows):
    """Metrics: ``time_us``, ``name``, ``value``."""

    def __init__(self, file: ColumnFile, t_start_us: int) -> None:
        super().__init__(file, "time", t_start_us)
        self._name, self._value = self.needed("name", "names"), self.needed("value", "values")

    def convert(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        value = self.file.numbers(batch, self._value).astype(np.float64)
        return pa.record_batch(
            {
                "time_us": pa.array(self.times_us(batch)),
                "name": self.file.filled(batch.column(self._name), self._name).cast(pa.string()),
                "value": pa.array(value),
            }
        )
