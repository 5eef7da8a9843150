"""Chunk payloads: consecutive frames of one stream, level and tile as an Arrow IPC stream, one row a frame.

Four kinds share the container: ``spikes`` (sorted ids and, where a neuron spiked more than once, counts), ``groups``
(spikes per 64 neurons), ``values`` (weights and potentials: a keyframe and what changed) and ``series`` (one number
a frame for a whole layer or projection). What a decoder needs stands in the schema's metadata; nothing else is read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from synaptarium.schemas.chunk_batch import ChunkBatch, binary_column, chunk_payload, dtype_name
from synaptarium.schemas.codecs import CodedIds, choose_codec, decode_ids, encode_ids
from synaptarium.schemas.errors import CorruptData
from synaptarium.schemas.quantised import Quantised, dequantise, quantise

GROUP_NEURONS = 64
TILE_ITEMS = 65536

U32 = NDArray[np.uint32]
F32 = NDArray[np.float32]
F64 = NDArray[np.float64]


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
    columns: dict[str, pa.Array] = {"n": pa.array(frames.n), "spikes": binary_column(coded)}
    metadata = {"codec": codec, "n_neurons": str(frames.n_neurons)}
    if frames.counts is not None and len(frames.counts) and int(frames.counts.max()) > 1:
        counts = narrow(frames.counts)
        ends = np.concatenate(([0], np.cumsum(frames.n, dtype=np.int64)))
        columns["counts"] = binary_column(CodedIds(counts.view(np.uint8), ends * counts.itemsize))
        metadata["counts"] = dtype_name(counts.dtype)
    return chunk_payload("spikes", columns, metadata, first_frame=frames.first_frame, level=level)


def decode_spikes(payload: bytes | pa.Buffer) -> SpikeFrames:
    """Return the frames of a spike chunk.

    Raises
    ------
    CorruptData
        The payload is no spike chunk, or its columns disagree.
    """
    chunk = ChunkBatch.opened(payload, "spikes")
    n = chunk.numbers("n", np.uint32)
    n_neurons = chunk.integer("n_neurons")
    ids = decode_ids(n, chunk.coded("spikes"), n_items=n_neurons, codec=chunk.codec)
    counts = None
    if "counts" in chunk.metadata:
        counts = chunk.packed("counts", chunk.text("counts")).astype(np.uint32)
        if len(counts) != len(ids):
            raise CorruptData(f"A spike chunk has {len(counts)} counts for {len(ids)} ids.")
    return SpikeFrames(chunk.first_frame, n_neurons, n, ids, counts)


def encode_groups(frames: GroupFrames, *, level: int) -> pa.Buffer:
    """Return the payload of a group chunk: dense counts per 64 neurons in the smallest dtype that holds them."""
    counts = narrow(frames.counts)
    n_frames, n_groups = counts.shape
    row_bytes = n_groups * counts.itemsize
    dense = CodedIds(
        np.ascontiguousarray(counts).view(np.uint8).reshape(-1), np.arange(n_frames + 1) * row_bytes
    )
    columns = {"n": pa.array(frames.counts.sum(axis=1, dtype=np.uint32)), "counts": binary_column(dense)}
    metadata = {
        "counts": dtype_name(counts.dtype),
        "n_neurons": str(frames.n_neurons),
        "n_groups": str(n_groups),
    }
    return chunk_payload("groups", columns, metadata, first_frame=frames.first_frame, level=level)


def decode_groups(payload: bytes | pa.Buffer) -> GroupFrames:
    """Return the frames of a group chunk; raises CorruptData."""
    chunk = ChunkBatch.opened(payload, "groups")
    dense = chunk.packed("counts", chunk.text("counts"))
    n_frames, n_groups = chunk.n_frames, chunk.integer("n_groups")
    if len(dense) != n_frames * n_groups:
        raise CorruptData(
            f"A group chunk has {len(dense)} counts for {n_frames} frames of {n_groups} groups."
        )
    counts = dense.astype(np.uint32).reshape(n_frames, n_groups)
    return GroupFrames(chunk.first_frame, chunk.integer("n_neurons"), counts)


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
        "ids": binary_column(encode_ids(frames.n, frames.ids, n_items=n_items, codec=codec)),
    }
    ends = np.concatenate(([0], np.cumsum(frames.n, dtype=np.int64)))
    for name, values in (("last", frames.last), ("min", frames.minimum), ("max", frames.maximum)):
        if values is not None:
            stored = quantise(values, quantised)
            columns[name] = binary_column(CodedIds(stored.view(np.uint8), ends * stored.itemsize))
    key = quantise(frames.keyframe, quantised)
    key_offsets = np.full(len(frames.n) + 1, key.nbytes)
    key_offsets[0] = 0
    columns["keyframe"] = binary_column(CodedIds(key.view(np.uint8), key_offsets))
    metadata = {
        "codec": codec,
        "n_items": str(n_items),
        "dtype": quantised.dtype,
        "scale": repr(quantised.scale),
        "offset": repr(quantised.offset),
    }
    return chunk_payload("values", columns, metadata, first_frame=frames.first_frame, level=level)


def decode_values(payload: bytes | pa.Buffer) -> ValueFrames:
    """Return the frames of a values chunk; raises CorruptData."""
    chunk = ChunkBatch.opened(payload, "values")
    n = chunk.numbers("n", np.uint32)
    n_items = chunk.integer("n_items")
    dtype = chunk.text("dtype")
    if dtype not in ("u16", "f32"):
        raise CorruptData(f"A values chunk has the unknown dtype {dtype!r}.")
    quantised = Quantised(dtype, float(chunk.text("scale")), float(chunk.text("offset")))
    ids = decode_ids(n, chunk.coded("ids"), n_items=n_items, codec=chunk.codec)
    read: dict[str, F32] = {}
    for name in ("last", "min", "max", "keyframe"):
        if chunk.has(name):
            read[name] = dequantise(chunk.packed(name, dtype), quantised)
    if len(read["last"]) != len(ids) or len(read["keyframe"]) != n_items:
        raise CorruptData(f"A values chunk has {len(read['last'])} values for {len(ids)} ids.")
    return ValueFrames(
        chunk.first_frame,
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
    return chunk_payload("series", columns, {}, first_frame=frames.first_frame, level=level)


def decode_series(payload: bytes | pa.Buffer) -> SeriesFrames:
    """Return the frames of a series chunk; raises CorruptData."""
    chunk = ChunkBatch.opened(payload, "series")
    extremes = [
        chunk.numbers(name, np.uint32) if chunk.has(name) else None for name in ("min", "max", "last")
    ]
    return SeriesFrames(chunk.first_frame, chunk.numbers("sum", np.float64), *extremes)


def narrow(counts: U32) -> NDArray[Any]:
    """Return counts in the smallest of u8, u16 and u32 that holds them all."""
    top = int(counts.max()) if counts.size else 0
    return counts.astype(np.uint8 if top < 256 else np.uint16 if top < 65536 else np.uint32)
