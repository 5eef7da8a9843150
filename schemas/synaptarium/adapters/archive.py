"""A ``.synaptarium`` folder: how a script without MongoDB hands over a recording, and how it is read again.

``header.json`` names the format, its version, the header, the counts and every file; each file is an Arrow IPC file
(zstd) of one event stream or one array of the network. ``header.json`` is written last and the folder gets its name
when it is complete, so a folder without it was cut short.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, cast

import msgspec
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from synaptarium.adapters.base import Adapter, EventSource, NeuronLabels, Synapses, streams
from synaptarium.adapters.checks import known
from synaptarium.schemas.errors import (
    CorruptData,
    ForeignFile,
    InvalidInput,
    NeuronOutOfRange,
    RecordingExists,
    TruncatedFile,
)
from synaptarium.schemas.events import TIME_COLUMN, EventKind, conform
from synaptarium.schemas.recording import (
    Counts,
    Header,
    check_header,
    find_layer,
    find_projection,
    n_neurons,
)

SUFFIX = ".synaptarium"
FORMAT = "synaptarium archive"
VERSION = 1

NetworkArray = Literal["positions", "labels", "recorded", "synapses"]
_COLUMNS: dict[NetworkArray, list[str]] = {
    "positions": ["x", "y", "z"],
    "labels": ["label"],
    "recorded": ["neuron"],
    "synapses": ["pre", "post"],
}


class _Batch(msgspec.Struct, frozen=True):
    n: int
    t0_us: int = 0
    t1_us: int = 0


class _EventFile(msgspec.Struct, frozen=True, kw_only=True):
    kind: EventKind
    stream: str
    file: str
    size: int
    batches: tuple[_Batch, ...]


class _NetworkFile(msgspec.Struct, frozen=True, kw_only=True):
    array: NetworkArray
    of: tuple[str, ...]
    file: str
    size: int
    method: str = ""


class _Contents(msgspec.Struct, frozen=True, kw_only=True):
    format: str
    version: int
    header: Header
    counts: Counts
    fingerprint: str
    events: tuple[_EventFile, ...] = ()
    network: tuple[_NetworkFile, ...] = ()


def save(source: EventSource, path: str | Path, *, overwrite: bool = False) -> Path:
    """Write a source as a ``.synaptarium`` folder.

    Parameters
    ----------
    source : EventSource
        Anything an adapter gives, e.g. ``arrays_source(...)``.
    path : str or Path
        The folder; ``.synaptarium`` is added where it is missing.
    overwrite : bool
        Replace a folder that is there.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    RecordingExists
        It is there already.
    """
    folder = Path(path)
    if folder.suffix != SUFFIX:
        folder = folder.with_name(folder.name + SUFFIX)
    if folder.exists() and not overwrite:
        raise RecordingExists(
            f"{str(folder)!r} exists.", hint="Choose another name or pass overwrite=True.", where=str(folder)
        )
    part = folder.with_name(folder.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        header, counts = source.describe(), source.counts()
        contents = _Contents(
            format=FORMAT,
            version=VERSION,
            header=header,
            counts=counts,
            fingerprint=source.fingerprint(),
            events=tuple(
                _save_events(source, part, kind, stream, f"events-{index}.arrow")
                for index, (kind, stream) in enumerate(streams(header, counts))
            ),
            network=tuple(_save_network(source, part)),
        )
        (part / "header.json").write_bytes(msgspec.json.format(msgspec.json.encode(contents), indent=1))
        if folder.exists():
            shutil.rmtree(folder)
        part.rename(folder)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    return folder


def _save_events(source: EventSource, folder: Path, kind: EventKind, stream: str, name: str) -> _EventFile:
    column = TIME_COLUMN[kind]
    batches: list[_Batch] = []
    writer: Any = None
    with pa.OSFile(str(folder / name), "wb") as sink:
        for raw in source.read(kind, stream):
            batch = conform(kind, raw)
            if not batch.num_rows:
                continue
            if writer is None:
                writer = pa.ipc.new_file(
                    sink, batch.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")
                )
            writer.write_batch(batch)
            first, last = (0, 0) if column is None else (batch[column][0].as_py(), batch[column][-1].as_py())
            batches.append(_Batch(batch.num_rows, first, last))
        if writer is not None:
            writer.close()
    return _EventFile(
        kind=kind, stream=stream, file=name, size=(folder / name).stat().st_size, batches=tuple(batches)
    )


def _save_network(source: EventSource, folder: Path) -> Iterator[_NetworkFile]:
    header = source.describe()

    def write(
        array: NetworkArray, of: tuple[str, ...], columns: Mapping[str, Any], method: str = ""
    ) -> _NetworkFile:
        # Numbered, for a layer's name may be no name for a file.
        name = f"{array}-{len(list(folder.glob(f'{array}-*')))}.arrow"
        batch = pa.record_batch(dict(columns))
        options = pa.ipc.IpcWriteOptions(compression="zstd")
        with (
            pa.OSFile(str(folder / name), "wb") as sink,
            pa.ipc.new_file(sink, batch.schema, options=options) as out,
        ):
            out.write_batch(batch)
        return _NetworkFile(array=array, of=of, file=name, size=(folder / name).stat().st_size, method=method)

    for layer in header.layers:
        positions = source.positions(layer.name)
        if positions is not None:
            yield write(
                "positions", (layer.name,), {axis: pa.array(positions[:, k]) for k, axis in enumerate("xyz")}
            )
        labels = source.labels(layer.name)
        if labels is not None:
            yield write("labels", (layer.name,), {"label": pa.array(labels[0])}, labels[1])
    for stream in header.potentials:
        ids = source.recorded(stream.layer, stream.variable)
        yield write("recorded", (stream.layer, stream.variable), {"neuron": pa.array(ids)})
    for projection in header.projections:
        pre, post, delays = source.synapses(projection.name)
        columns = {"pre": pa.array(pre), "post": pa.array(post)}
        if delays is not None:
            columns["delay_ms"] = pa.array(delays)
        yield write("synapses", (projection.name,), columns)


class ArchiveSource:
    """A ``.synaptarium`` folder as an :class:`~synaptarium.adapters.base.EventSource`.

    Parameters
    ----------
    folder : Path
        As ``save`` wrote it.

    Raises
    ------
    TruncatedFile
        A file is missing or shorter than it was.
    ForeignFile
        ``header.json`` is of something else, or of a newer version.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._contents = _contents(folder)
        for file in (*self._contents.events, *self._contents.network):
            self._check_file(file)

    def describe(self) -> Header:
        return self._contents.header

    def counts(self) -> Counts:
        return self._contents.counts

    def fingerprint(self) -> str:
        return self._contents.fingerprint

    def read(
        self, kind: EventKind, stream: str = "", t_start_us: int | None = None, t_stop_us: int | None = None
    ) -> Iterator[pa.RecordBatch]:
        header = self.describe()
        limit: int | None = None
        if kind == "potentials":
            known(stream, {one.variable for one in header.potentials}, "recorded variable", "stream")
        if kind == "weights":
            limit = find_projection(header, stream).synapses
        if kind in {"spikes", "potentials"}:
            limit = n_neurons(header)
        for file in self._contents.events:
            if file.kind == kind and file.stream == stream:
                yield from self._read_file(file, limit, t_start_us, t_stop_us)

    def positions(self, layer: str) -> NDArray[np.float32] | None:
        find_layer(self.describe(), layer)
        batch = self._network("positions", (layer,))
        return None if batch is None else np.column_stack([batch[axis].to_numpy() for axis in "xyz"])

    def recorded(self, layer: str, variable: str) -> NDArray[np.uint32]:
        find_layer(self.describe(), layer)
        batch = self._network("recorded", (layer, variable))
        return np.zeros(0, np.uint32) if batch is None else batch["neuron"].to_numpy()

    def labels(self, layer: str) -> NeuronLabels | None:
        find_layer(self.describe(), layer)
        batch = self._network("labels", (layer,))
        if batch is None:
            return None
        method = next(f.method for f in self._contents.network if f.array == "labels" and f.of == (layer,))
        return batch["label"].to_numpy(), method

    def synapses(self, projection: str) -> Synapses:
        find_projection(self.describe(), projection)
        batch = self._network("synapses", (projection,))
        if batch is None:
            return np.zeros(0, np.uint32), np.zeros(0, np.uint32), None
        delays = batch["delay_ms"].to_numpy() if "delay_ms" in batch.schema.names else None
        return batch["pre"].to_numpy(), batch["post"].to_numpy(), delays

    def _read_file(
        self, file: _EventFile, limit: int | None, t_start_us: int | None, t_stop_us: int | None
    ) -> Iterator[pa.RecordBatch]:
        column = TIME_COLUMN[file.kind]
        wanted = [
            index
            for index, one in enumerate(file.batches)
            if column is None
            or (
                (t_start_us is None or one.t1_us >= t_start_us)
                and (t_stop_us is None or one.t0_us < t_stop_us)
            )
        ]
        if not wanted:
            return
        with self._open(file.file) as reader:
            for index in wanted:
                batch = self._batch(reader, index, file)
                if limit is not None and batch.num_rows and int(batch[1].to_numpy().max()) >= limit:
                    raise NeuronOutOfRange(
                        f"{file.file} has id {int(batch[1].to_numpy().max())}; by the header, {limit} is the end of "
                        f"its {'synapses' if file.kind == 'weights' else 'neurons'}.",
                        hint="Make the archive again; its files do not belong together.",
                        where=str(self._folder),
                    )
                if column is not None:
                    time_us = cast("NDArray[np.int64]", batch[column].to_numpy())
                    first = 0 if t_start_us is None else int(np.searchsorted(time_us, t_start_us))
                    last = len(time_us) if t_stop_us is None else int(np.searchsorted(time_us, t_stop_us))
                    batch = batch.slice(first, max(0, last - first))
                if batch.num_rows:
                    yield batch

    def _batch(self, reader: Any, index: int, file: _EventFile) -> pa.RecordBatch:
        try:
            return conform(file.kind, reader.get_batch(index))
        except (pa.ArrowException, ValueError, OSError) as error:
            raise self._unreadable(file.file, error) from error

    def _network(self, array: NetworkArray, of: Sequence[str]) -> pa.RecordBatch | None:
        for file in self._contents.network:
            if file.array == array and file.of == tuple(of):
                with self._open(file.file) as reader:
                    try:
                        batch = reader.get_batch(0)
                        batch.select(_COLUMNS[array])
                        return batch
                    except (pa.ArrowException, ValueError, KeyError, OSError) as error:
                        raise self._unreadable(file.file, error) from error
        return None

    def _unreadable(self, name: str, error: Exception) -> CorruptData:
        return CorruptData(
            f"{name} of {str(self._folder)!r} cannot be read: {error}.",
            hint="Copy the folder again, or make the archive again.",
            where=str(self._folder),
        )

    def _open(self, name: str) -> Any:
        try:
            return pa.ipc.open_file(pa.memory_map(str(self._folder / name), "r"))
        except (pa.ArrowException, OSError) as error:
            raise TruncatedFile(
                f"{name} of {str(self._folder)!r} cannot be read: {error}.",
                hint="Copy the folder again.",
                where=str(self._folder),
            ) from error

    def _check_file(self, file: _EventFile | _NetworkFile) -> None:
        if Path(file.file).name != file.file:
            raise InvalidInput(
                f"The archive names a file outside of itself: {file.file!r}.", where=str(self._folder)
            )
        path = self._folder / file.file
        size = path.stat().st_size if path.is_file() else None
        if size != file.size:
            found = "is missing" if size is None else f"has {size} bytes"
            raise TruncatedFile(
                f"{file.file} of {str(self._folder)!r} {found}; {file.size} bytes were written.",
                hint="Copy the folder again.",
                where=str(path),
            )


def _contents(folder: Path) -> _Contents:
    path = folder / "header.json"
    if not path.is_file():
        raise TruncatedFile(
            f"{str(folder)!r} has no header.json: it was not written to its end.",
            hint="Make or copy the archive again.",
            where=str(folder),
        )
    try:
        contents = msgspec.json.decode(path.read_bytes(), type=_Contents)
    except msgspec.ValidationError as error:
        raise ForeignFile(
            f"The header.json of {str(folder)!r} is none of an archive: {error}.",
            hint="synaptarium.adapters.archive.save writes archives.",
            where=str(path),
        ) from error
    except msgspec.DecodeError as error:
        raise TruncatedFile(
            f"The header.json of {str(folder)!r} is cut short: {error}.",
            hint="Copy it again.",
            where=str(path),
        ) from error
    if contents.format != FORMAT or contents.version > VERSION:
        raise ForeignFile(
            f"{str(folder)!r} says it is {contents.format!r}, version {contents.version}.",
            hint=f"This Synaptarium reads {FORMAT!r} up to version {VERSION}.",
            where=str(path),
        )
    check_header(contents.header)
    return contents


def _is_archive(address: str) -> bool:
    path = Path(address)
    if "://" in address or not path.is_dir():
        return False
    header = path / "header.json"
    return path.suffix == SUFFIX or (
        header.is_file() and f'"{FORMAT}"' in header.read_text("utf-8", "replace")[:100]
    )


def _open(address: str, options: Mapping[str, str]) -> EventSource:
    if not Path(address).is_dir():
        raise ForeignFile(
            f"{address!r} is no folder.", hint=f"An archive is a {SUFFIX} folder.", where=address
        )
    return ArchiveSource(Path(address))


ADAPTER = Adapter(
    "archive", f"a {SUFFIX} folder, as synaptarium.adapters.archive.save writes it", _is_archive, _open
)
