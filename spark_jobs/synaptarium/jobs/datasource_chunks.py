"""Chunks of a precomputed recording as DataFrames: decoded, a row for each number, or the stored bytes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyspark.sql.datasource import DataSourceReader, InputPartition

from synaptarium.jobs.datasource_options import Choice, for_spark, told
from synaptarium.jobs.publish import read_manifest
from synaptarium.schemas.chunk_key import ChunkKey
from synaptarium.schemas.chunks import (
    GROUP_NEURONS,
    decode_groups,
    decode_series,
    decode_spikes,
    decode_values,
)
from synaptarium.schemas.errors import BuildNotFound, CorruptData, InvalidInput
from synaptarium.schemas.manifest import Grid, Manifest, Stream, unpack_presence
from synaptarium.schemas.recording import Recording
from synaptarium.schemas.sealing import Sealed, unseal
from synaptarium.store import chunks, recordings

#: A chunk holds up to 256 KiB: some hundred thousand rows.
CHUNKS_PER_PARTITION = 16

Columns = dict[str, NDArray[Any]]

_FRAME = [
    pa.field("frame", pa.int64(), nullable=False),
    pa.field("t_start_us", pa.int64(), nullable=False),
    pa.field("level", pa.int32(), nullable=False),
]
RAW = pa.schema(
    [
        pa.field("build", pa.int32(), nullable=False),
        pa.field("stream", pa.string(), nullable=False),
        pa.field("level", pa.int32(), nullable=False),
        pa.field("chunk", pa.int64(), nullable=False),
        pa.field("tile", pa.int32(), nullable=False),
        pa.field("target", pa.string(), nullable=False),
        pa.field("first", pa.int64(), nullable=False),
        pa.field("frames", pa.int32(), nullable=False),
        pa.field("checksum", pa.int64(), nullable=False),
        pa.field("payload", pa.binary(), nullable=False),
    ]
)


def schema_of(choice: Choice) -> pa.Schema:
    """Return the columns of a stream of chunks, by its name.

    Examples
    --------
    >>> schema_of(Choice("r", "chunks", "spikes", "", "", {}, {})).names
    ['frame', 't_start_us', 'level', 'layer', 'neuron', 'count']
    """
    if choice.flag("raw"):
        return RAW
    of_weights = choice.stream.startswith("weights")
    target = pa.field("projection" if of_weights else "layer", pa.string(), nullable=False)
    item = pa.field("synapse" if of_weights else "neuron", pa.int64(), nullable=False)
    count = pa.field("count", pa.int64(), nullable=False)
    if choice.stream == "spikes":
        return pa.schema([*_FRAME, target, item, count])
    if choice.stream == "spikes.groups":
        return pa.schema([*_FRAME, target, pa.field("group", pa.int64(), nullable=False), count])
    if choice.stream.endswith(".series"):
        extremes = [pa.field(name, pa.int64()) for name in ("minimum", "maximum", "last")]
        return pa.schema([*_FRAME, target, pa.field("sum", pa.float64(), nullable=False), *extremes])
    values = [pa.field(name, pa.float32()) for name in ("value", "minimum", "maximum")]
    return pa.schema([*_FRAME, target, item, *values])


@dataclass(frozen=True)
class ChunkRange(InputPartition):
    """One task: chunks of one layer or projection, in the order of time.

    Parameters
    ----------
    keys : tuple of ChunkKey
        All of them are stored.
    target, first : str, dict of int to int
        Layer or projection, and the number of each tile's first neuron (through all layers), synapse, or group.
    kind, k, frames : str, int, int
        Of the stream, of the grid (2**k frames a chunk), and of the whole level.
    origin_us, frame_us : int
        Start of frame 0, width of a frame.
    """

    keys: tuple[ChunkKey, ...]
    target: str
    first: Mapping[int, int]
    kind: str
    k: int
    frames: int
    origin_us: int
    frame_us: int


class ChunkReader(DataSourceReader):
    """Plans the chunks that the manifest names, reads some of them in a task.

    Parameters
    ----------
    choice : Choice
        Recording, stream, level, target, range and address. The build is the one published when the plan is made.
    """

    def __init__(self, choice: Choice) -> None:
        self._choice = choice
        self._schema = for_spark(schema_of(choice))

    def partitions(self) -> list[InputPartition]:
        """Return tasks; raises RecordingNotFound, BuildNotFound or InvalidInput."""
        choice = self._choice
        with told():
            store = choice.store()
            try:
                recording = recordings.get(store, choice.recording)
                manifest = None
                if recording.build is not None:
                    manifest = read_manifest(store, recording.num, recording.build)
            finally:
                store.close()
            if manifest is None:
                raise BuildNotFound(
                    f"Recording {choice.recording!r} is not precomputed yet.",
                    hint=f"synaptarium precompute {choice.recording}",
                )
            stream = _stream(manifest, choice)
            tasks: list[InputPartition] = []
            for grid in _grids(manifest, stream, choice):
                tasks.extend(_ranges(recording, manifest, stream, grid, choice))
        # Spark takes no task at all for one that reads everything.
        return tasks or [ChunkRange((), "", {}, stream.kind, 0, 0, 0, 1)]

    def read(self, partition: InputPartition) -> Iterator[pa.RecordBatch]:
        """Yield the rows of chunks, a chunk at a time."""
        part = cast("ChunkRange", partition)
        with told():
            store = self._choice.store()
            try:
                found = chunks.read_many(store, part.keys)
            finally:
                store.close()
            for key in part.keys:
                if key not in found:
                    raise CorruptData(
                        f"Chunk {key.chunk} of tile {key.tile} in build {key.build} is gone.",
                        hint="The recording was precomputed anew or deleted while it was read. Read it again.",
                    )
                batch = self._raw(part, key, found[key]) if self._choice.flag("raw") else None
                yield batch if batch is not None else self._rows(part, key, found[key])

    def _raw(self, part: ChunkRange, key: ChunkKey, sealed: Sealed) -> pa.RecordBatch:
        row = {
            "build": key.build,
            "stream": self._choice.stream,
            "level": key.level,
            "chunk": key.chunk,
            "tile": key.tile,
            "target": part.target,
            "first": part.first[key.tile],
            "frames": min(1 << part.k, part.frames - (key.chunk << part.k)),
            "checksum": sealed.checksum,
            "payload": sealed.stored,
        }
        return pa.RecordBatch.from_pylist([row], schema=self._schema)

    def _rows(self, part: ChunkRange, key: ChunkKey, sealed: Sealed) -> pa.RecordBatch:
        frame, columns = _decoded(part.kind, unseal(sealed), part.first[key.tile])
        start_us = part.origin_us + frame * part.frame_us
        choice = self._choice
        inside = np.ones(len(frame), np.bool_)
        if choice.t_start_us is not None:
            inside &= start_us >= choice.t_start_us
        if choice.t_stop_us is not None:
            inside &= start_us < choice.t_stop_us
        n = int(np.count_nonzero(inside))
        made: dict[str, Any] = {
            "frame": frame[inside],
            "t_start_us": start_us[inside],
            "level": np.full(n, key.level, np.int32),
        }
        arrays: list[pa.Array] = []
        for field in self._schema:
            if field.name in ("layer", "projection"):
                arrays.append(pa.repeat(pa.scalar(part.target), n))
            elif field.name in made:
                arrays.append(pa.array(made[field.name], field.type))
            elif field.name in columns:
                values = pa.array(columns[field.name][inside], from_pandas=True)  # NaN: the item has ceased
                arrays.append(values.cast(field.type))
            else:
                arrays.append(pa.nulls(n, field.type))
        return pa.record_batch(arrays, schema=self._schema)


def _decoded(kind: str, payload: pa.Buffer, first: int) -> tuple[NDArray[np.int64], Columns]:
    """Return the frame of each row and the other columns of a chunk."""
    if kind == "groups":
        groups = decode_groups(payload)
        row, group = np.nonzero(groups.counts)
        return groups.first_frame + row.astype(np.int64), {
            "group": first + group,
            "count": groups.counts[row, group],
        }
    if kind == "series":
        series = decode_series(payload)
        columns: Columns = {"sum": series.total}
        for name, values in (("minimum", series.minimum), ("maximum", series.maximum), ("last", series.last)):
            if values is not None:
                columns[name] = values
        return series.first_frame + np.arange(len(series.total), dtype=np.int64), columns
    if kind == "spikes":
        spikes = decode_spikes(payload)
        count = np.ones(len(spikes.ids), np.int64) if spikes.counts is None else spikes.counts
        return _frames(spikes.first_frame, spikes.n), {
            "neuron": first + spikes.ids.astype(np.int64),
            "count": count,
        }
    values = decode_values(payload)
    item = first + values.ids.astype(np.int64)
    columns = {"neuron": item, "synapse": item, "value": values.last}
    for name, extremes in (("minimum", values.minimum), ("maximum", values.maximum)):
        if extremes is not None:
            columns[name] = extremes
    return _frames(values.first_frame, values.n), columns


def _frames(first: int, n: NDArray[np.uint32]) -> NDArray[np.int64]:
    return np.repeat(first + np.arange(len(n), dtype=np.int64), n)


def _stream(manifest: Manifest, choice: Choice) -> Stream:
    for stream in manifest.streams:
        if stream.name == choice.stream:
            return stream
    raise InvalidInput(
        f"{manifest.recording!r} has no chunks of the stream {choice.stream!r}.",
        hint=f"Its streams: {', '.join(stream.name for stream in manifest.streams)}.",
        where="stream",
    )


def _grids(manifest: Manifest, stream: Stream, choice: Choice) -> list[Grid]:
    of_stream = [grid for grid in manifest.grids if grid.stream == stream.stream]
    levels = sorted({grid.level for grid in of_stream})
    level = choice.numbers.get("level", levels[0] if levels else 0)
    if level not in levels:
        raise InvalidInput(
            f"{choice.stream!r} has no level {level}.",
            hint=f"Its levels: {', '.join(map(str, levels)) or 'none, it is empty'}.",
            where="level",
        )
    grids = [grid for grid in of_stream if grid.level == level]
    target = choice.texts.get("target")
    if target is None:
        return grids
    found = [grid for grid in grids if grid.target == target]
    if not found:
        known = ", ".join(repr(grid.target) for grid in grids)
        raise InvalidInput(f"{choice.stream!r} has no {target!r}.", hint=f"It has {known}.", where="target")
    return found


def _ranges(
    recording: Recording, manifest: Manifest, stream: Stream, grid: Grid, choice: Choice
) -> Iterator[ChunkRange]:
    level = manifest.levels[grid.level]
    frame_us = level.bins * manifest.bin_us
    offsets = {layer.name: layer.offset for layer in recording.header.layers}
    first = {tile: manifest.tiles[tile].first + offsets.get(grid.target, 0) for tile in grid.tiles}
    if stream.kind == "groups":
        first = {tile: manifest.tiles[tile].first // GROUP_NEURONS for tile in grid.tiles}
    elif stream.of == "weights":
        first = {tile: manifest.tiles[tile].first for tile in grid.tiles}
    n_chunks = -(-level.frames >> grid.k)
    low, high = 0, n_chunks
    if choice.t_start_us is not None:
        low = max(0, (choice.t_start_us - manifest.t_start_us) // frame_us >> grid.k)
    if choice.t_stop_us is not None:
        high = min(n_chunks, (-(-(choice.t_stop_us - manifest.t_start_us) // frame_us) >> grid.k) + 1)
    keys = sorted(
        ChunkKey(manifest.num, manifest.build, grid.stream, grid.level, chunk, tile)
        for tile, presence in zip(grid.tiles, grid.presence, strict=True)
        for chunk in np.flatnonzero(unpack_presence(presence, n_chunks)).tolist()
        if low <= chunk < high
    )
    for start in range(0, len(keys), CHUNKS_PER_PARTITION):
        part = tuple(keys[start : start + CHUNKS_PER_PARTITION])
        yield ChunkRange(
            part, grid.target, first, stream.kind, grid.k, level.frames, manifest.t_start_us, frame_us
        )
