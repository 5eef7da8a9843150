"""A ``.synaptarium`` folder: how a script without MongoDB hands over a recording, and how it is read again.

``header.json`` names the format, its version, the header, the counts and every file; each file is an Arrow IPC file
(zstd) of one event stream or one array of the network. ``header.json`` is written last and the folder gets its name
when it is complete, so a folder without it was cut short.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa

from synaptarium.adapters.archive_contents import (
    FORMAT,
    SUFFIX,
    VERSION,
    BatchEntry,
    Contents,
    EventFile,
    NetworkArray,
    NetworkFile,
)
from synaptarium.adapters.archive_source import ArchiveSource
from synaptarium.adapters.base import Adapter, EventSource, streams
from synaptarium.schemas.errors import (
    ForeignFile,
    RecordingExists,
)
from synaptarium.schemas.events import TIME_COLUMN, EventKind, conform


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
        contents = Contents(
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


def _save_events(source: EventSource, folder: Path, kind: EventKind, stream: str, name: str) -> EventFile:
    column = TIME_COLUMN[kind]
    batches: list[BatchEntry] = []
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
            batches.append(BatchEntry(batch.num_rows, first, last))
        if writer is not None:
            writer.close()
    return EventFile(
        kind=kind, stream=stream, file=name, size=(folder / name).stat().st_size, batches=tuple(batches)
    )


def _save_network(source: EventSource, folder: Path) -> Iterator[NetworkFile]:
    header = source.describe()

    def write(
        array: NetworkArray, of: tuple[str, ...], columns: Mapping[str, Any], method: str = ""
    ) -> NetworkFile:
        # Numbered, for a layer's name may be no name for a file.
        name = f"{array}-{len(list(folder.glob(f'{array}-*')))}.arrow"
        batch = pa.record_batch(dict(columns))
        options = pa.ipc.IpcWriteOptions(compression="zstd")
        with (
            pa.OSFile(str(folder / name), "wb") as sink,
            pa.ipc.new_file(sink, batch.schema, options=options) as out,
        ):
            out.write_batch(batch)
        return NetworkFile(array=array, of=of, file=name, size=(folder / name).stat().st_size, method=method)

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
