"""Parquet, Arrow and CSV files of the users' own tools: one file of spikes, or a folder with a file for each kind."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from synaptarium.adapters import checks
from synaptarium.adapters.base import Adapter, EventSource, NeuronLabels, Synapses
from synaptarium.adapters.column_file import SUFFIXES, ColumnFile
from synaptarium.adapters.column_header import OPTIONS, description_of, files_of, layer_entries
from synaptarium.adapters.column_rows import NeuronRows
from synaptarium.adapters.column_survey import ColumnSurvey
from synaptarium.schemas.errors import ForeignFile
from synaptarium.schemas.events import SCHEMAS, EventKind, conform
from synaptarium.schemas.recording import Counts, Header, find_layer, find_projection

_MAGIC = (b"PAR1", b"ARROW1")
_PIECE_BYTES = 1 << 22


class ColumnSource:
    """Files of columns as an :class:`~synaptarium.adapters.base.EventSource`.

    Parameters
    ----------
    path : Path
        A file of spikes, or a folder.
    options : mapping of str to str
        See docs/importing-columns.md.

    Notes
    -----
    ``describe`` reads every file once, in batches, while another thread takes its digest; what is held of it are the
    synapses and a row for each neuron. A file that is not in time order is sorted
    window by window while it is read.
    """

    def __init__(self, path: Path, options: Mapping[str, str]) -> None:
        self._path, self._options = path, dict(options)
        self._files = files_of(path)
        spikes = ColumnFile(self._files["spikes"])
        self._described = description_of(path, options, spikes.schema)
        self._entries = layer_entries(self._described, spikes, options)

    @cached_property
    def _read(self) -> tuple[ColumnSurvey, bytes]:
        with ThreadPoolExecutor(1, thread_name_prefix="digest") as pool:
            digest = pool.submit(_digest, self._files)
            survey = ColumnSurvey(self._path, self._files, self._described, self._entries, self._options)
            return survey, digest.result()

    @property
    def _survey(self) -> ColumnSurvey:
        return self._read[0]

    def describe(self) -> Header:
        return self._survey.header

    def counts(self) -> Counts:
        return self._survey.counts

    def read(
        self, kind: EventKind, stream: str = "", t_start_us: int | None = None, t_stop_us: int | None = None
    ) -> Iterator[pa.RecordBatch]:
        survey, header = self._survey, self.describe()
        if kind == "spikes":
            for batch in survey.spikes.order.read(t_start_us, t_stop_us):
                yield self._numbered(kind, survey.spikes, batch)
        elif kind == "potentials":
            variables = dict.fromkeys(one.variable for one in header.potentials)
            checks.known(stream, variables, "recorded variable", "stream")
            assert survey.potentials is not None
            place = survey.potentials.variables.names.index(stream)
            for batch in survey.potentials.order.read(t_start_us, t_stop_us):
                mine = _having(batch, "variable", place, len(variables))
                if mine.num_rows:
                    yield self._numbered(kind, survey.potentials, mine)
        elif kind == "weights":
            place = header.projections.index(find_projection(header, stream))
            if survey.weights is not None:
                for batch in survey.weights.order.read(t_start_us, t_stop_us):
                    mine = _having(batch, "place", place, len(header.projections)).select(range(3))
                    if mine.num_rows:
                        yield conform("weights", mine)
        elif kind == "images":
            if survey.images is not None:
                for batch in survey.images.read(t_start_us or 0, t_stop_us):
                    yield conform("images", batch)
        else:
            rows = survey.stimuli if kind == "stimuli" else survey.metrics
            if rows is not None:
                for batch in rows.order.read(t_start_us, t_stop_us):
                    yield conform(kind, batch)

    def positions(self, layer: str) -> NDArray[np.float32] | None:
        one, table = find_layer(self.describe(), layer), self._survey.neurons
        return None if table is None else table.positions(one.name, one.offset, one.neurons)

    def recorded(self, layer: str, variable: str) -> NDArray[np.uint32]:
        find_layer(self.describe(), layer)
        return self._survey.recorded.get((variable, layer), np.zeros(0, np.uint32))

    def labels(self, layer: str) -> NeuronLabels | None:
        header, table = self.describe(), self._survey.neurons
        one = find_layer(header, layer)
        if table is None:
            return None
        method = self._described.labels_method
        return table.labels_of(one.name, one.offset, one.neurons, header.classes, method)

    def synapses(self, projection: str) -> Synapses:
        find_projection(self.describe(), projection)
        return self._survey.synapses[projection]

    def fingerprint(self) -> str:
        described = msgspec.json.encode([self.describe(), sorted(self._options.items())])
        return hashlib.blake2b(described + self._read[1], digest_size=16).hexdigest()

    def _numbered(self, kind: EventKind, rows: NeuronRows, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Return the rows with their neurons numbered through all layers."""
        neuron = batch.column("neuron")
        layers = self._survey.header.layers
        if rows.names_layers and len(layers) > 1:
            offsets = np.array([layer.offset for layer in layers], np.uint32)
            neuron = pa.array(neuron.to_numpy() + offsets[batch.column("place").to_numpy()])
        fields = [field for field in SCHEMAS[kind] if field.name in batch.schema.names]
        columns = [neuron if field.name == "neuron" else batch.column(field.name) for field in fields]
        return pa.record_batch(columns, schema=pa.schema(fields))


def _having(batch: pa.RecordBatch, name: str, place: int, n_places: int) -> pa.RecordBatch:
    """Return the rows of one place; all of them where there is no other."""
    if n_places == 1:
        return batch
    return batch.filter(pa.array(batch.column(name).to_numpy() == place))


def _digest(files: Mapping[str, Path]) -> bytes:
    digest = hashlib.blake2b(digest_size=16)
    for stem, path in sorted(files.items()):
        digest.update(f"{stem} {path.stat().st_size}\n".encode())
        with path.open("rb") as file:
            while piece := file.read(_PIECE_BYTES):
                digest.update(piece)
    return digest.digest()


def _sniff(address: str) -> bool:
    path = Path(address)
    if "://" in address:
        return False
    if path.is_dir():
        return any((path / f"spikes{suffix}").is_file() for suffix in SUFFIXES)
    if not path.is_file():
        return False
    if path.suffix in SUFFIXES:  # whatever it holds: what is wrong with it, ColumnFile says
        return True
    with path.open("rb") as file:
        return file.read(6).startswith(_MAGIC)


def _open(address: str, options: Mapping[str, str]) -> EventSource:
    path = Path(address)
    if not path.exists():
        raise ForeignFile(
            f"There is nothing at {address!r}.",
            hint="Give a Parquet, Arrow or CSV file or a folder of them.",
            where=address,
        )
    return ColumnSource(path, options)


ADAPTER = Adapter("columns", "Parquet, Arrow or CSV files of spikes and other events", _sniff, _open, OPTIONS)
