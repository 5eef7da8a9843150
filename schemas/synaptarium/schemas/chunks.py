"""Chunk payloads: consecutive frames of one stream, level and tile as an Arrow IPC stream, one row a frame.

Four kinds share the container: ``spikes`` (sorted ids and, where a neuron spiked more than once, counts), ``groups``
(spikes per 64 neurons), ``values`` (weights and potentials: a keyframe and what changed) and ``series`` (one number
a frame for a whole layer or projection). What a decoder needs stands in the schema's metadata; nothing else is read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, cast

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from synaptarium.schemas.codecs import CODECS, Codec, CodedIds, choose_codec, decode_ids, encode_ids
from synaptarium.schemas.errors import CorruptData
from synaptarium.schemas.sealing import open_payload, payload_of

FORMAT_VERSION = 1
GROUP_NEURONS = 64
TILE_ITEMS = 65536
ABSENT_U16 = 65535

U32 = NDArray[np.uint32]
F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
ValueDtype = Literal["u16", "f32"]


@dataclass(frozen=True)
class SpikeFrames:
    """Spikes of consecutive frames of one tile.

    Parameters
    ----------
    first_frame : int
        Number of the first frame at its level.
    n_neurons : int
        Neurons of the tile.
    n : (n_frames,) uint32
        Neurons that spiked in each frame.
    ids : (n.sum(),) uint32
        Their tile-local ids, ascending within each frame.
    counts : (n.sum(),) uint32 or None
        Spikes of each; None where all are 1.
    """

    first_frame: int
    n_neurons: int
    n: U32
    ids: U32
    counts: U32 | None = None


@dataclass(frozen=True)
class GroupFrames:
    """Spike counts per group of 64 neurons: ``counts`` is (n_frames, n_groups) uint32."""

    first_frame: int
    n_neurons: int
    counts: U32


@dataclass(frozen=True)
class Quantised:
    """How values are stored: ``value = offset + scale * q`` for u16, the value itself for f32."""

    dtype: ValueDtype
    scale: float = 1.0
    offset: float = 0.0


@dataclass(frozen=True)
class ValueFrames:
    """State changes of consecutive frames of one tile of neurons or synapses.

    Parameters
    ----------
    first_frame : int
        Number of the first frame at its level.
    keyframe : (n_items,) float32
        State before the first frame; NaN where an item has none (not recorded yet, pruned).
    n : (n_frames,) uint32
        Items that changed in each frame.
    ids : (n.sum(),) uint32
        Their tile-local ids, ascending within each frame.
    last : (n.sum(),) float32
        Their value at the frame's end; NaN where the item ceased.
    minimum, maximum : (n.sum(),) float32 or None
        Their extremes within the frame, kept for potentials at levels above 0.
    """

    first_frame: int
    keyframe: F32
    n: U32
    ids: U32
    last: F32
    minimum: F32 | None = None
    maximum: F32 | None = None


@dataclass(frozen=True)
class SeriesFrames:
    """One number a frame for a whole layer or projection: events, exact.

    Parameters
    ----------
    first_frame : int
        Number of the first frame at its level.
    total : (n_frames,) float64
        Events in the frame (integers, exact up to 2**53).
    minimum, maximum, last : (n_frames,) uint32 or None
        Of the level-0 frames inside; None at level 0.
    """

    first_frame: int
    total: F64
    minimum: U32 | None = None
    maximum: U32 | None = None
    last: U32 | None = None


def encode_spikes(frames: SpikeFrames, *, level: int) -> pa.Buffer:
    """Return the payload of a spike chunk, its codec chosen by density; see :class:`SpikeFrames`."""
    codec = choose_codec(len(frames.ids), len(frames.n), frames.n_neurons)
    coded = encode_ids(frames.n, frames.ids, n_items=frames.n_neurons, codec=codec)
    columns: dict[str, pa.Array] = {"n": pa.array(frames.n), "spikes": _binary(coded)}
    metadata = {"codec": codec, "n_neurons": str(frames.n_neurons)}
    if frames.counts is not None and len(frames.counts) and int(frames.counts.max()) > 1:
        counts = narrow(frames.counts)
        ends = np.concatenate(([0], np.cumsum(frames.n, dtype=np.int64)))
        columns["counts"] = _binary(CodedIds(counts.view(np.uint8), ends * counts.itemsize))
        metadata["counts"] = _dtype_name(counts.dtype)
    return _payload("spikes", columns, metadata, first_frame=frames.first_frame, level=level)


def decode_spikes(payload: bytes | pa.Buffer) -> SpikeFrames:
    """Return the frames of a spike chunk.

    Raises
    ------
    CorruptData
        The payload is no spike chunk, or its columns disagree.
    """
    batch, metadata = _open(payload, "spikes")
    n = _numbers(batch, "n", np.uint32)
    n_neurons = _int(metadata, "n_neurons")
    coded = _coded(batch, "spikes")
    ids = decode_ids(n, coded, n_items=n_neurons, codec=_codec(metadata))
    counts = None
    if "counts" in metadata:
        counts = _typed(_coded(batch, "counts").data, metadata["counts"]).astype(np.uint32)
        if len(counts) != len(ids):
            raise CorruptData(f"A spike chunk has {len(counts)} counts for {len(ids)} ids.")
    return SpikeFrames(_int(metadata, "first_frame"), n_neurons, n, ids, counts)


def encode_groups(frames: GroupFrames, *, level: int) -> pa.Buffer:
    """Return the payload of a group chunk: dense counts per 64 neurons in the smallest dtype that holds them."""
    counts = narrow(frames.counts)
    n_frames, n_groups = counts.shape
    row_bytes = n_groups * counts.itemsize
    dense = CodedIds(
        np.ascontiguousarray(counts).view(np.uint8).reshape(-1), np.arange(n_frames + 1) * row_bytes
    )
    columns = {"n": pa.array(frames.counts.sum(axis=1, dtype=np.uint32)), "counts": _binary(dense)}
    metadata = {
        "counts": _dtype_name(counts.dtype),
        "n_neurons": str(frames.n_neurons),
        "n_groups": str(n_groups),
    }
    return _payload("groups", columns, metadata, first_frame=frames.first_frame, level=level)


def decode_groups(payload: bytes | pa.Buffer) -> GroupFrames:
    """Return the frames of a group chunk; raises CorruptData."""
    batch, metadata = _open(payload, "groups")
    dense = _typed(_coded(batch, "counts").data, _text(metadata, "counts"))
    n_groups = _int(metadata, "n_groups")
    if len(dense) != batch.num_rows * n_groups:
        raise CorruptData(
            f"A group chunk has {len(dense)} counts for {batch.num_rows} frames of {n_groups} groups."
        )
    counts = dense.astype(np.uint32).reshape(batch.num_rows, n_groups)
    return GroupFrames(_int(metadata, "first_frame"), _int(metadata, "n_neurons"), counts)


def encode_values(frames: ValueFrames, quantised: Quantised, *, level: int) -> pa.Buffer:
    """Return the payload of a values chunk: the keyframe in row 0, then each frame's changes in id order.

    Parameters
    ----------
    frames : ValueFrames
        At least one frame.
    quantised : Quantised
        How the values are stored.
    level : int
        Time level.
    """
    n_items = len(frames.keyframe)
    codec = choose_codec(len(frames.ids), len(frames.n), n_items)
    columns: dict[str, pa.Array] = {
        "n": pa.array(frames.n),
        "ids": _binary(encode_ids(frames.n, frames.ids, n_items=n_items, codec=codec)),
    }
    ends = np.concatenate(([0], np.cumsum(frames.n, dtype=np.int64)))
    for name, values in (("last", frames.last), ("min", frames.minimum), ("max", frames.maximum)):
        if values is not None:
            stored = quantise(values, quantised)
            columns[name] = _binary(CodedIds(stored.view(np.uint8), ends * stored.itemsize))
    key = quantise(frames.keyframe, quantised)
    key_offsets = np.full(len(frames.n) + 1, key.nbytes)
    key_offsets[0] = 0
    columns["keyframe"] = _binary(CodedIds(key.view(np.uint8), key_offsets))
    metadata = {
        "codec": codec,
        "n_items": str(n_items),
        "dtype": quantised.dtype,
        "scale": repr(quantised.scale),
        "offset": repr(quantised.offset),
    }
    return _payload("values", columns, metadata, first_frame=frames.first_frame, level=level)


def decode_values(payload: bytes | pa.Buffer) -> ValueFrames:
    """Return the frames of a values chunk; raises CorruptData."""
    batch, metadata = _open(payload, "values")
    n = _numbers(batch, "n", np.uint32)
    n_items = _int(metadata, "n_items")
    dtype = _text(metadata, "dtype")
    if dtype not in ("u16", "f32"):
        raise CorruptData(f"A values chunk has the unknown dtype {dtype!r}.")
    quantised = Quantised(dtype, float(_text(metadata, "scale")), float(_text(metadata, "offset")))
    ids = decode_ids(n, _coded(batch, "ids"), n_items=n_items, codec=_codec(metadata))
    read: dict[str, F32] = {}
    for name in ("last", "min", "max", "keyframe"):
        if name in batch.schema.names:
            read[name] = dequantise(_typed(_coded(batch, name).data, dtype), quantised)
    if len(read["last"]) != len(ids) or len(read["keyframe"]) != n_items:
        raise CorruptData(f"A values chunk has {len(read['last'])} values for {len(ids)} ids.")
    return ValueFrames(
        _int(metadata, "first_frame"),
        read["keyframe"],
        n,
        ids,
        read["last"],
        read.get("min"),
        read.get("max"),
    )


def encode_series(frames: SeriesFrames, *, level: int) -> pa.Buffer:
    """Return the payload of a series chunk; see :class:`SeriesFrames`."""
    columns: dict[str, pa.Array] = {"sum": pa.array(frames.total, pa.float64())}
    for name, values in (("min", frames.minimum), ("max", frames.maximum), ("last", frames.last)):
        if values is not None:
            columns[name] = pa.array(values, pa.uint32())
    return _payload("series", columns, {}, first_frame=frames.first_frame, level=level)


def decode_series(payload: bytes | pa.Buffer) -> SeriesFrames:
    """Return the frames of a series chunk; raises CorruptData."""
    batch, metadata = _open(payload, "series")
    extremes = [
        _numbers(batch, name, np.uint32) if name in batch.schema.names else None
        for name in ("min", "max", "last")
    ]
    return SeriesFrames(_int(metadata, "first_frame"), _numbers(batch, "sum", np.float64), *extremes)


def quantise(values: F32, quantised: Quantised) -> NDArray[Any]:
    """Return values as stored: u16 (65535 where NaN) or f32.

    Parameters
    ----------
    values : (n,) float32
        NaN stands for "absent".
    quantised : Quantised
        Values outside its range are clipped; the range comes from the data's own extremes.
    """
    if quantised.dtype == "f32":
        return np.ascontiguousarray(values, np.float32)
    # One array of float64, changed in place: this is done for every change and keyframe at every level.
    steps = values.astype(np.float64)
    steps -= quantised.offset
    steps /= quantised.scale or 1.0
    np.rint(steps, out=steps)
    np.clip(steps, 0, ABSENT_U16 - 1, out=steps)
    steps[np.isnan(steps)] = ABSENT_U16
    return steps.astype(np.uint16)


def dequantise(stored: NDArray[Any], quantised: Quantised) -> F32:
    """Return the float32 values of stored ones; NaN where absent."""
    if quantised.dtype == "f32":
        return stored.astype(np.float32)
    values = (quantised.offset + quantised.scale * stored.astype(np.float64)).astype(np.float32)
    values[stored == ABSENT_U16] = np.nan
    return values


def narrow(counts: U32) -> NDArray[Any]:
    """Return counts in the smallest of u8, u16 and u32 that holds them all."""
    top = int(counts.max()) if counts.size else 0
    return counts.astype(np.uint8 if top < 256 else np.uint16 if top < 65536 else np.uint32)


_DTYPES: dict[str, np.dtype[Any]] = {
    "u8": np.dtype(np.uint8),
    "u16": np.dtype("<u2"),
    "u32": np.dtype("<u4"),
    "f32": np.dtype("<f4"),
}


def _dtype_name(dtype: np.dtype[Any]) -> str:
    return f"u{dtype.itemsize * 8}"


def _typed(data: NDArray[np.uint8], dtype: str) -> NDArray[Any]:
    if dtype not in _DTYPES or len(data) % _DTYPES[dtype].itemsize:
        raise CorruptData(f"{len(data)} bytes are no array of {dtype}.")
    return np.frombuffer(data.tobytes(), _DTYPES[dtype])


def _binary(coded: CodedIds) -> pa.Array:
    offsets = pa.py_buffer(coded.offsets.astype(np.int32))
    return cast(
        pa.Array,
        pa.Array.from_buffers(pa.binary(), len(coded.offsets) - 1, [None, offsets, pa.py_buffer(coded.data)]),
    )


def _coded(batch: pa.RecordBatch, name: str) -> CodedIds:
    if name not in batch.schema.names or batch.column(name).type != pa.binary():
        raise CorruptData(f"A chunk lacks its binary column {name!r}.")
    buffers = batch.column(name).buffers()
    if buffers[1] is None:
        return CodedIds(np.empty(0, np.uint8), np.zeros(1, np.int64))
    offsets = np.frombuffer(buffers[1], np.int32, batch.num_rows + 1).astype(np.int64)
    data = np.frombuffer(buffers[2], np.uint8) if buffers[2] is not None else np.empty(0, np.uint8)
    return CodedIds(data[offsets[0] : offsets[-1]], offsets - offsets[0])


def _payload(
    kind: str, columns: dict[str, pa.Array], metadata: dict[str, str], *, first_frame: int, level: int
) -> pa.Buffer:
    common = {
        "kind": kind,
        "version": str(FORMAT_VERSION),
        "first_frame": str(first_frame),
        "level": str(level),
    }
    fields = [pa.field(name, column.type, nullable=False) for name, column in columns.items()]
    schema = pa.schema(fields, metadata={**common, **metadata})
    return payload_of(pa.record_batch(list(columns.values()), schema=schema))


def _open(payload: bytes | pa.Buffer, kind: str) -> tuple[pa.RecordBatch, dict[str, str]]:
    batch = open_payload(payload)
    metadata = {key.decode(): value.decode() for key, value in (batch.schema.metadata or {}).items()}
    if metadata.get("kind") != kind:
        raise CorruptData(f"A {kind} chunk was asked for; this one is {metadata.get('kind')!r}.")
    if metadata.get("version") != str(FORMAT_VERSION):
        raise CorruptData(
            f"The chunk has format version {metadata.get('version')}; this program reads {FORMAT_VERSION}.",
            hint="Precompute the recording again, or update Synaptarium.",
        )
    return batch, metadata


def _text(metadata: dict[str, str], name: str) -> str:
    if name not in metadata:
        raise CorruptData(f"A chunk's metadata lacks {name!r}.")
    return metadata[name]


def _int(metadata: dict[str, str], name: str) -> int:
    try:
        return int(_text(metadata, name))
    except ValueError as error:
        raise CorruptData(f"A chunk's metadata has {name}={metadata[name]!r}.") from error


def _codec(metadata: dict[str, str]) -> Codec:
    codec = _text(metadata, "codec")
    if codec not in CODECS:
        raise CorruptData(f"A chunk has the unknown codec {codec!r}.", hint="Update Synaptarium.")
    return codec


def _numbers(batch: pa.RecordBatch, name: str, dtype: type[np.generic]) -> NDArray[Any]:
    if name not in batch.schema.names or batch.column(name).null_count:
        raise CorruptData(f"A chunk lacks its column {name!r}.")
    return np.ascontiguousarray(batch.column(name).to_numpy(zero_copy_only=False), dtype)
