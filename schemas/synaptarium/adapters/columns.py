"""Parquet and Arrow files of the users' own tools: one file of spikes, or a folder with a file for each kind."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import msgspec
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from synaptarium.adapters import checks
from synaptarium.adapters.base import Adapter, EventSource, NeuronLabels, Synapses
from synaptarium.adapters.column_file import SUFFIXES, ColumnFile, LayerEntry, described_layers
from synaptarium.adapters.column_rows import MetricRows, Rows, SpikeRows, StimulusRows, WeightRows
from synaptarium.adapters.findings import Findings
from synaptarium.adapters.layer_list import layer_list, numbered_layers
from synaptarium.adapters.times import DEFAULT_BIN_US, TimeGrid
from synaptarium.schemas.errors import ForeignFile, InvalidInput, NeuronOutOfRange, UnknownLayer
from synaptarium.schemas.events import SCHEMAS, EventKind, conform
from synaptarium.schemas.recording import (
    Counts,
    Header,
    Layer,
    Projection,
    Source,
    check_header,
    find_layer,
    find_projection,
)

_STEMS = ("spikes", "synapses", "weights", "stimuli", "metrics")
_OPTIONS = ("time", "time_unit", "neuron", "layer", "layers", "bin_us", "t_start_us", "t_stop_us")
_MAGIC = (b"PAR1", b"ARROW1")


class _Projection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    source: str
    target: str
    name: str = ""
    learning_rule: str = ""

    @property
    def named(self) -> str:
        return self.name or f"{self.source} -> {self.target}"


class _Description(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``header.json``: all of it optional."""

    name: str = ""
    bin_us: int | None = None
    t_start_us: int = 0
    t_stop_us: int | None = None
    layers: tuple[LayerEntry, ...] = ()
    projections: tuple[_Projection, ...] = ()
    classes: tuple[str, ...] = ()


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
    ``describe`` reads every file once, in batches; nothing of it is held but the synapses. A file that is not in time
    order is sorted window by window while it is read.
    """

    def __init__(self, path: Path, options: Mapping[str, str]) -> None:
        self._path, self._options = path, dict(options)
        self._files = _files(path)
        self._described = _description(path, options)
        start_us = self._described.t_start_us
        spikes = ColumnFile(self._files["spikes"])
        self._entries = _layer_entries(self._described, spikes, options)
        self._spikes = SpikeRows(spikes, start_us, [entry.name for entry in self._entries], options)
        self._weights = self._rows_of(
            "weights",
            lambda file: WeightRows(file, start_us, [one.named for one in self._described.projections]),
        )
        self._stimuli = self._rows_of("stimuli", lambda file: StimulusRows(file, start_us))
        self._metrics = self._rows_of("metrics", lambda file: MetricRows(file, start_us))
        self._findings = Findings(str(path))

    def describe(self) -> Header:
        return self._scanned[0]

    def counts(self) -> Counts:
        return self._scanned[1]

    def read(
        self, kind: EventKind, stream: str = "", t_start_us: int | None = None, t_stop_us: int | None = None
    ) -> Iterator[pa.RecordBatch]:
        header = self.describe()
        if kind == "spikes":
            offsets = np.array([layer.offset for layer in header.layers], np.uint32)
            for batch in self._spikes.order.read(t_start_us, t_stop_us):
                yield self._numbered(batch, offsets)
        elif kind == "potentials":
            checks.known(stream, (), "recorded variable", "stream")
        elif kind == "weights":
            place = header.projections.index(find_projection(header, stream))
            if self._weights is not None:
                for batch in self._weights.order.read(t_start_us, t_stop_us):
                    mine = batch.filter(pa.array(_column(batch, "place") == place)).select(range(3))
                    if mine.num_rows:
                        yield conform("weights", mine)
        elif kind in ("stimuli", "metrics"):
            rows = self._stimuli if kind == "stimuli" else self._metrics
            if rows is not None:
                for batch in rows.order.read(t_start_us, t_stop_us):
                    yield conform(kind, batch)

    def positions(self, layer: str) -> NDArray[np.float32] | None:
        find_layer(self.describe(), layer)
        return None

    def recorded(self, layer: str, variable: str) -> NDArray[np.uint32]:
        find_layer(self.describe(), layer)
        return np.zeros(0, np.uint32)

    def labels(self, layer: str) -> NeuronLabels | None:
        find_layer(self.describe(), layer)
        return None

    def synapses(self, projection: str) -> Synapses:
        find_projection(self.describe(), projection)
        return self._synapses[projection]

    def fingerprint(self) -> str:
        digest = hashlib.blake2b(digest_size=16)
        digest.update(msgspec.json.encode([self.describe(), sorted(self._options.items())]))
        for stem, path in sorted(self._files.items()):
            digest.update(f"{stem} {path.stat().st_size}\n".encode())
            with path.open("rb") as file:
                while piece := file.read(1 << 22):
                    digest.update(piece)
        return digest.hexdigest()

    # -- the first pass --------------------------------------------------------------------------------------

    @cached_property
    def _scanned(self) -> tuple[Header, Counts]:
        described, findings = self._described, self._findings
        grid = TimeGrid(described.t_start_us)
        layers, n_spikes = self._scan_spikes(grid)
        projections = self._projections(layers)
        last_us = grid.last_us
        n_weights, weights_last_us = self._scan_weights(projections)
        classes, stimuli_stop_us = self._scan_stimuli()
        n_metrics, metrics_last_us = self._scan_metrics()
        bin_us = described.bin_us
        if bin_us is None:
            bin_us, why = (
                grid.suggest()
                if last_us is not None
                else (
                    DEFAULT_BIN_US,
                    f"bin_us = {DEFAULT_BIN_US} is a guess: there are no spikes",
                )
            )
            findings.notes.append(why)
        ends = [one for one in (last_us, weights_last_us, metrics_last_us) if one is not None]
        needed = max([described.t_start_us, *ends]) + bin_us
        needed = max(needed, stimuli_stop_us or needed)
        stop_us = described.t_stop_us
        if stop_us is not None and stop_us < needed and max([*ends, -1]) >= stop_us:
            findings.notes.append(
                f"the declared end, {stop_us} us, would lose the last events: the span ends at {needed} us"
            )
            stop_us = needed
        for rows in (self._spikes, self._weights, self._stimuli, self._metrics):
            if rows is not None:
                self._tell(rows)
        header = Header(
            name=described.name or self._path.stem,
            bin_us=bin_us,
            t_start_us=described.t_start_us,
            t_stop_us=needed if stop_us is None else stop_us,
            layers=layers,
            projections=projections,
            classes=described.classes or classes,
            source=Source(format="columns", notes=tuple(findings.notes)),
            accounting=tuple(findings.accounting),
        )
        counts = Counts(
            spikes={layer.name: n for layer, n in zip(layers, n_spikes, strict=True)},
            weights=n_weights,
            stimuli=self._stimuli.order.rows if self._stimuli is not None else 0,
            metrics=n_metrics,
        )
        return check_header(header), counts

    def _scan_spikes(self, grid: TimeGrid) -> tuple[tuple[Layer, ...], list[int]]:
        rows = self._spikes
        known = len(self._entries)
        highest = np.zeros(max(1, known), np.int64) - 1
        totals = np.zeros(max(1, known), np.int64)
        sized = self._layers(highest) if known else ()
        offsets = np.array([layer.offset for layer in sized] or [0], np.int64)
        for batch in rows.order.scan():
            grid.add(_column(batch, "time_us"))
            neuron = _column(batch, "neuron")
            if rows.names_layers:
                place = _column(batch, "place")
                if known and len(rows.layers.names) > known:
                    checks.known(
                        rows.layers.names[known], rows.layers.names[:known], "layer", rows.file.path.name
                    )
            else:
                place = np.searchsorted(offsets, neuron, side="right") - 1
            missing = len(rows.layers.names) - len(totals)
            if missing > 0:
                totals, highest = (
                    np.pad(totals, (0, missing)),
                    np.pad(highest, (0, missing), constant_values=-1),
                )
            if len(totals) == 1:
                highest[0] = max(int(highest[0]), int(neuron.max()))
            else:
                np.maximum.at(highest, place, neuron - (0 if rows.names_layers else offsets[place]))
            if "count" in batch.schema.names:
                totals += np.bincount(place, _column(batch, "count"), len(totals)).astype(np.int64)
            else:
                totals += np.bincount(place, minlength=len(totals))
        layers = self._layers(highest)
        for layer, found in zip(layers, highest.tolist(), strict=True):
            if found >= layer.neurons:
                raise NeuronOutOfRange(
                    f"Layer {layer.name!r} has {layer.neurons} neurons; {rows.file.path.name} has spikes of neuron {found}.",
                    hint="Neuron ids start at 0, in each layer where rows name one, else through all layers in order.",
                    where=str(rows.file.path),
                )
        return layers, totals.tolist()

    def _layers(self, highest: NDArray[np.int64]) -> tuple[Layer, ...]:
        if self._entries:
            named = numbered_layers((entry.name, _shape(entry)) for entry in self._entries)
            return tuple(
                msgspec.structs.replace(layer, cell_type=entry.cell_type)
                for layer, entry in zip(named, self._entries, strict=True)
            )
        names = self._spikes.layers.names or ["neurons"]
        sizes = [max(1, found + 1) for found in highest.tolist()]
        self._findings.notes.append(
            "the layers' sizes are a guess, their highest neuron id: "
            + ", ".join(f"{name}:{size}" for name, size in zip(names, sizes, strict=True))
        )
        return numbered_layers((name, (size,)) for name, size in zip(names, sizes, strict=True))

    def _projections(self, layers: tuple[Layer, ...]) -> tuple[Projection, ...]:
        sizes = {layer.name: layer.neurons for layer in layers}
        found: list[Projection] = []
        for one in self._described.projections:
            for end in (one.source, one.target):
                checks.known(end, sizes, "layer", "header.json")
            pre, post, delays = self._synapses[one.named]
            for ids, layer in ((pre, one.source), (post, one.target)):
                checks.ids_below(
                    ids, sizes[layer], f"Layer {layer!r}", "neuron", self._files["synapses"].name
                )
            found.append(
                Projection(
                    name=one.named,
                    source=one.source,
                    target=one.target,
                    kind="explicit",
                    synapses=len(pre),
                    target_neurons=sizes[one.target],
                    learning_rule=one.learning_rule,
                    delays=delays is not None,
                )
            )
        return tuple(found)

    @cached_property
    def _synapses(self) -> dict[str, Synapses]:
        names = [one.named for one in self._described.projections]
        path = self._files.get("synapses")
        if path is None:
            if names:
                raise InvalidInput(
                    f"header.json names the projection {names[0]!r}; there are no synapses.",
                    hint="Give a file synapses.parquet with the columns projection, pre, post.",
                    where=str(self._path),
                )
            return {}
        return _read_synapses(ColumnFile(path), names)

    def _scan_weights(self, projections: tuple[Projection, ...]) -> tuple[dict[str, int], int | None]:
        totals = {one.name: 0 for one in projections}
        rows, last_us = self._weights, None
        if rows is None:
            return totals, None
        for batch in rows.order.scan():
            last_us = max(last_us or 0, int(_column(batch, "time_us").max()))
            place, synapse = _column(batch, "place"), _column(batch, "synapse")
            if len(rows.projections.names) > len(projections):
                checks.known(
                    rows.projections.names[len(projections)], totals, "projection", rows.file.path.name
                )
            for index in np.unique(place).tolist():
                mine = synapse[place == index]
                one = projections[index]
                checks.ids_below(
                    mine, one.synapses, f"Projection {one.name!r}", "synapse", rows.file.path.name
                )
                totals[one.name] += len(mine)
        return totals, last_us

    def _scan_stimuli(self) -> tuple[tuple[str, ...], int | None]:
        used: set[str] = set()
        stop_us = None
        if self._stimuli is not None:
            for batch in self._stimuli.order.scan():
                starts_us, stops_us = _column(batch, "t_start_us"), _column(batch, "t_stop_us")
                if bool((stops_us <= starts_us).any()):
                    row = int(np.flatnonzero(stops_us <= starts_us)[0])
                    raise InvalidInput(
                        f"A stimulus starts at {starts_us[row]} us and ends at {stops_us[row]} us.",
                        hint="t_stop lies after t_start.",
                        where=str(self._stimuli.file.path),
                    )
                stop_us = max(stop_us or 0, int(stops_us.max()), int(starts_us.max()) + 1)
                for name in batch.schema.names[2:]:
                    used |= {one for one in batch.column(name).unique().to_pylist() if one is not None}
        if self._described.classes and used - set(self._described.classes):
            foreign = sorted(used - set(self._described.classes))[0]
            raise InvalidInput(
                f"The classes are {', '.join(self._described.classes)}; the label {foreign!r} is none of them.",
                hint="List every label in classes, or leave classes out.",
                where="header.json",
            )
        whole = all(name.lstrip("-").isdigit() for name in used)
        return tuple(sorted(used, key=int) if whole else sorted(used)), stop_us

    def _scan_metrics(self) -> tuple[dict[str, int], int | None]:
        totals: dict[str, int] = {}
        last_us = None
        if self._metrics is not None:
            for batch in self._metrics.order.scan():
                last_us = max(last_us or 0, int(_column(batch, "time_us").max()))
                for entry in cast("list[dict[str, Any]]", batch.column("name").value_counts().to_pylist()):
                    totals[entry["values"]] = totals.get(entry["values"], 0) + entry["counts"]
        return totals, last_us

    def _tell(self, rows: Rows) -> None:
        file, order, rounding = rows.file.path.name, rows.order, rows.rounding
        self._findings.reduced(
            f"rows of {file} in time order",
            order.rows - order.out_of_order,
            order.rows,
            "the others step back in time; the file was sorted",
        )
        if rounding is not None:
            self._findings.reduced(
                f"times of {file} that were whole microseconds",
                rounding.total - rounding.moved,
                rounding.total,
                f"the others were rounded to the nearest, by at most {rounding.largest_us:.3g} us",
            )
        rows.rounding = None

    # -- parts -----------------------------------------------------------------------------------------------

    def _rows_of(self, stem: str, make: Any) -> Any:
        path = self._files.get(stem)
        return None if path is None else make(ColumnFile(path))

    def _numbered(self, batch: pa.RecordBatch, offsets: NDArray[np.uint32]) -> pa.RecordBatch:
        neuron = _column(batch, "neuron")
        if self._spikes.names_layers:
            neuron = neuron + offsets[_column(batch, "place")]
        columns = {"time_us": batch.column("time_us"), "neuron": pa.array(neuron)}
        for name in ("count", "payload"):
            if name in batch.schema.names:
                columns[name] = batch.column(name)
        return pa.record_batch(
            list(columns.values()), schema=pa.schema([SCHEMAS["spikes"].field(name) for name in columns])
        )


def _read_synapses(file: ColumnFile, names: list[str]) -> dict[str, Synapses]:
    where = str(file.path)
    columns = [file.column_of([name], f"{name}synaptic neuron ids") for name in ("pre", "post")]
    columns += [name for name in ("projection", "delay_ms") if name in file.schema.names]
    batches = [batch for index in range(file.n_parts) for batch in file.batches(index, columns)]
    table = pa.Table.from_batches(
        batches, schema=None if batches else pa.schema([file.schema.field(c) for c in columns])
    )
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
        pre, post = (
            checks.ids_below(
                _whole(mine, file, end), 2**32, file.path.name, "neuron", f"{file.path.name}, {end}"
            )
            for end in ("pre", "post")
        )
        delays = _whole(mine, file, "delay_ms").astype(np.float32) if "delay_ms" in columns else None
        found[name] = (pre, post, delays)
    return found


def _whole(table: pa.Table, file: ColumnFile, name: str) -> NDArray[Any]:
    batches = table.select([name]).combine_chunks().to_batches()
    return file.numbers(batches[0], name) if batches else np.zeros(0, np.int64)


def _files(path: Path) -> dict[str, Path]:
    if path.is_file():
        return {"spikes": path}
    found = {
        stem: folder_file
        for stem in _STEMS
        for suffix in SUFFIXES
        if (folder_file := path / f"{stem}{suffix}").is_file()
    }
    if "spikes" not in found:
        raise ForeignFile(
            f"{str(path)!r} has no file spikes.parquet, spikes.arrow or spikes.feather.",
            hint="A folder of columns holds one; see docs/importing-columns.md.",
            where=str(path),
        )
    return found


def _description(path: Path, options: Mapping[str, str]) -> _Description:
    file = path / "header.json"
    found = _Description()
    if path.is_dir() and file.is_file():
        try:
            found = msgspec.json.decode(file.read_bytes(), type=_Description)
        except msgspec.MsgspecError as error:
            raise InvalidInput(
                f"header.json of {str(path)!r} cannot be read: {error}.",
                hint="docs/importing-columns.md says what may stand in it.",
                where=str(file),
            ) from error
    given: dict[str, int] = {}
    for name in ("bin_us", "t_start_us", "t_stop_us"):
        if name in options:
            try:
                given[name] = int(options[name])
            except ValueError as error:
                raise InvalidInput(
                    f"{name} is {options[name]!r}.", hint="Give a whole number of microseconds.", where=name
                ) from error
    return msgspec.structs.replace(found, **given)


def _layer_entries(
    described: _Description, spikes: ColumnFile, options: Mapping[str, str]
) -> tuple[LayerEntry, ...]:
    if "layers" in options:
        return tuple(LayerEntry(name=one.name, shape=one.shape) for one in layer_list(options["layers"]))
    return described.layers or described_layers(spikes.schema, str(spikes.path))


def _shape(entry: LayerEntry) -> tuple[int, ...]:
    shape = entry.shape or (entry.neurons or 0,)
    if min(shape) < 1 or (entry.neurons is not None and math.prod(shape) != entry.neurons):
        raise InvalidInput(
            f"Layer {entry.name!r} has the shape {entry.shape} and {entry.neurons} neurons.",
            hint='Give "shape": [28, 28] or "neurons": 784.',
            where="header.json",
        )
    return shape


def _column(batch: pa.RecordBatch, name: str) -> NDArray[Any]:
    return batch.column(name).to_numpy(zero_copy_only=False)


def _sniff(address: str) -> bool:
    path = Path(address)
    if "://" in address:
        return False
    if path.is_dir():
        return any((path / f"spikes{suffix}").is_file() for suffix in SUFFIXES)
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(6).startswith(_MAGIC)


def _open(address: str, options: Mapping[str, str]) -> EventSource:
    path = Path(address)
    if not path.exists():
        raise ForeignFile(
            f"There is nothing at {address!r}.",
            hint="Give a Parquet or Arrow file or a folder of them.",
            where=address,
        )
    return ColumnSource(path, options)


ADAPTER = Adapter("columns", "Parquet or Arrow files of spikes and other events", _sniff, _open, _OPTIONS)
