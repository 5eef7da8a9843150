"""Codecs for the sorted neuron ids of a chunk's frames: gap8, gap16, bitmap and plain u16.

``gap``: ids ascend within a frame, prev = -1 at each frame's start, g = id - prev - 1. ``gap8`` writes 255 for each
full 255 in g and then one byte below 255; ``gap16`` likewise with 65,535 in little-endian u16. ``bitmap`` holds bit
``id``, least significant first, and nothing for a silent frame. ``u16`` holds the ids themselves, little-endian.
The choice by density is within 1.00-1.12 of the entropy of independent spikes.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from synaptarium.schemas.errors import CorruptData

Codec = Literal["gap8", "gap16", "bitmap", "u16"]
CODECS: tuple[Codec, ...] = ("gap8", "gap16", "bitmap", "u16")

#: Densities (spikes / (frames x neurons)) between which gap8 is the smallest.
GAP16_BELOW = 0.0025
BITMAP_ABOVE = 0.12

U8 = NDArray[np.uint8]
U32 = NDArray[np.uint32]
I64 = NDArray[np.int64]


class CodedIds(NamedTuple):
    """Coded ids of consecutive frames.

    Parameters
    ----------
    data : (n_bytes,) uint8
        The frames' bytes, one after another.
    offsets : (n_frames + 1,) int64
        Where each frame's bytes start in ``data``.
    """

    data: U8
    offsets: I64


def choose_codec(n_ids: int, n_frames: int, n_items: int) -> Codec:
    """Return the codec for a chunk of that density.

    Parameters
    ----------
    n_ids : int
        Ids in the chunk.
    n_frames, n_items : int
        Frames of the chunk and items (neurons, synapses) of the tile.
    """
    density = n_ids / max(1, n_frames * n_items)
    if density < GAP16_BELOW:
        return "gap16"
    return "gap8" if density <= BITMAP_ABOVE else "bitmap"


def encode_ids(n: U32, ids: U32, *, n_items: int, codec: Codec) -> CodedIds:
    """Code the sorted ids of consecutive frames.

    Parameters
    ----------
    n : (n_frames,) uint32
        Ids in each frame.
    ids : (n.sum(),) uint32
        Tile-local ids, strictly ascending within each frame, below ``n_items``.
    n_items : int
        Items in the tile, at most 65,536.
    codec : Codec
        Which codec.

    Returns
    -------
    CodedIds
        Bytes and the offsets of each frame.

    Examples
    --------
    >>> encode_ids(np.array([2], np.uint32), np.array([3, 260], np.uint32), n_items=300, codec="gap8").data
    array([  3, 255,   1], dtype=uint8)
    """
    ends = np.concatenate(([0], np.cumsum(n, dtype=np.int64)))
    if codec == "u16":
        return CodedIds(ids.astype("<u2").view(np.uint8), ends * 2)
    if codec == "bitmap":
        return _encode_bitmap(n, ids, n_items=n_items)
    gaps = _gaps(ends, ids)
    if codec == "gap8":
        data, frame_ends = _escape(gaps, ends, 255, np.dtype(np.uint8))
        return CodedIds(data, frame_ends)
    data, frame_ends = _escape(gaps, ends, 65535, np.dtype("<u2"))
    return CodedIds(data.view(np.uint8), frame_ends * 2)


def decode_ids(n: U32, coded: CodedIds, *, n_items: int, codec: Codec) -> U32:
    """Return the tile-local ids of consecutive frames, ascending within each.

    Parameters
    ----------
    n : (n_frames,) uint32
        Ids in each frame.
    coded : CodedIds
        Bytes and frame offsets.
    n_items : int
        Items in the tile.
    codec : Codec
        Which codec the bytes are in.

    Raises
    ------
    CorruptData
        The bytes hold another number of ids than ``n`` says, or an id beyond the tile.
    """
    ends = np.concatenate(([0], np.cumsum(n, dtype=np.int64)))
    data = coded.data[coded.offsets[0] : coded.offsets[-1]]
    if codec == "u16":
        ids = _as_u16(data).astype(np.uint32)
    elif codec == "bitmap":
        ids = _decode_bitmap(n, data, n_items=n_items)
    else:
        values = data if codec == "gap8" else _as_u16(data)
        escape = 255 if codec == "gap8" else 65535
        last = np.flatnonzero(values != escape)
        escapes = np.diff(last, prepend=-1) - 1
        steps = np.cumsum(values[last].astype(np.int64) + escape * escapes + 1)
        if len(steps) != ends[-1]:
            raise CorruptData(f"A chunk holds {len(steps)} ids where its frames count {ends[-1]}.")
        bases = np.concatenate(([0], steps))[ends[:-1]]
        ids = (steps - np.repeat(bases, n) - 1).astype(np.uint32)
    if len(ids) != ends[-1]:
        raise CorruptData(f"A chunk holds {len(ids)} ids where its frames count {ends[-1]}.")
    if len(ids) and int(ids.max()) >= n_items:
        raise CorruptData(f"A chunk holds the id {int(ids.max())} in a tile of {n_items}.")
    return ids


def _gaps(ends: I64, ids: U32) -> U32:
    ids = ids.astype(np.uint32, copy=False)
    gaps = np.empty_like(ids)
    np.subtract(ids[1:], ids[:-1], out=gaps[1:])
    gaps -= np.uint32(1)
    starts = ends[:-1][np.diff(ends) > 0]
    gaps[starts] = ids[starts]
    return gaps


def _escape(gaps: U32, ends: I64, escape: int, dtype: np.dtype[np.unsignedinteger]) -> tuple[U8, I64]:
    """Write each gap as ``gap // escape`` escapes and a rest; also where each frame's part starts."""
    rest = gaps.astype(dtype)
    long = np.flatnonzero(gaps >= np.uint32(escape))
    if not len(long):
        return rest, ends  # type: ignore[return-value]  # u2 for gap16, viewed as bytes by the caller
    if len(long) * 16 > len(gaps):
        counts = (gaps // np.uint32(escape)).astype(np.uint16)
        rest = (gaps - counts * np.uint32(escape)).astype(dtype)
        stops = np.cumsum(counts, dtype=np.int64)
        stops += np.arange(1, len(gaps) + 1)
        data = np.full(int(stops[-1]), escape, dtype)
        data[stops - 1] = rest
        return data, np.concatenate(([0], stops))[ends]  # type: ignore[return-value]
    # Few long gaps: they alone are divided and looked for, which takes a tenth of the time.
    escapes = (gaps[long] // np.uint32(escape)).astype(np.int64)
    rest[long] = gaps[long] - escapes.astype(np.uint32) * np.uint32(escape)
    before = np.concatenate(([0], np.cumsum(escapes)))
    is_rest = np.ones(len(gaps) + int(before[-1]), np.bool_)
    is_rest[np.repeat(long, escapes) + np.arange(before[-1])] = False
    data = np.full(len(is_rest), escape, dtype)
    data[is_rest] = rest
    return data, ends + before[np.searchsorted(long, ends)]  # type: ignore[return-value]


def _encode_bitmap(n: U32, ids: U32, *, n_items: int) -> CodedIds:
    width = (n_items + 7) // 8
    busy = np.flatnonzero(n)
    bits = np.zeros((len(busy), width * 8), np.bool_)
    place = np.repeat(np.arange(len(busy)) * (width * 8), n[busy])
    place += ids
    bits.reshape(-1)[place] = True
    sizes = np.where(n > 0, width, 0)
    return CodedIds(
        np.packbits(bits, axis=1, bitorder="little").reshape(-1),
        np.concatenate(([0], np.cumsum(sizes, dtype=np.int64))),
    )


def _decode_bitmap(n: U32, data: U8, *, n_items: int) -> U32:
    width = (n_items + 7) // 8
    busy = int(np.count_nonzero(n))
    if len(data) != busy * width:
        raise CorruptData(f"A bitmap chunk has {len(data)} bytes where {busy} frames need {busy * width}.")
    if not busy:
        return np.empty(0, np.uint32)
    # numpy finds what is true in one flat array of truths several times as fast as in a table of numbers.
    places = np.flatnonzero(np.unpackbits(data, bitorder="little").view(np.bool_))
    counts = n[n > 0]
    if len(places) != int(counts.sum(dtype=np.int64)):
        raise CorruptData(
            f"A chunk holds {len(places)} ids where its frames count {counts.sum(dtype=np.int64)}."
        )
    places -= np.repeat(np.arange(busy, dtype=np.int64) * (width * 8), counts)
    if places.min(initial=0) < 0:
        raise CorruptData("A chunk's frames hold other numbers of ids than they count.")
    return places.astype(np.uint32)


def _as_u16(data: U8) -> NDArray[np.uint16]:
    if len(data) % 2:
        raise CorruptData("A chunk of 16-bit ids has an odd number of bytes.")
    return np.frombuffer(data.tobytes(), "<u2")
