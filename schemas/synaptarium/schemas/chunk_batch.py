"""The Arrow batch that carries a chunk: a row a frame, and what a decoder needs in the schema's metadata.

Everything is checked where it is asked for, so that a damaged chunk names what it lacks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from synaptarium.schemas.codecs import CODECS, Codec, CodedIds
from synaptarium.schemas.errors import CorruptData
from synaptarium.schemas.sealing import open_payload, payload_of

FORMAT_VERSION = 1

_DTYPES: dict[str, np.dtype[Any]] = {
    "u8": np.dtype(np.uint8),
    "u16": np.dtype("<u2"),
    "u32": np.dtype("<u4"),
    "f32": np.dtype("<f4"),
}


@dataclass(frozen=True)
class ChunkBatch:
    """A chunk that was read; every question raises CorruptData where the answer is missing or makes no sense."""

    batch: pa.RecordBatch
    metadata: Mapping[str, str]

    @classmethod
    def opened(cls, payload: bytes | pa.Buffer, kind: str) -> ChunkBatch:
        """Return the batch of a payload of that kind and of the version that this program reads."""
        batch = open_payload(payload)
        metadata = {key.decode(): value.decode() for key, value in (batch.schema.metadata or {}).items()}
        if metadata.get("kind") != kind:
            raise CorruptData(f"A {kind} chunk was asked for; this one is {metadata.get('kind')!r}.")
        if metadata.get("version") != str(FORMAT_VERSION):
            raise CorruptData(
                f"The chunk has format version {metadata.get('version')}; this program reads {FORMAT_VERSION}.",
                hint="Precompute the recording again, or update Synaptarium.",
            )
        return cls(batch, metadata)

    @property
    def n_frames(self) -> int:
        """Frames of the chunk, one a row."""
        return self.batch.num_rows

    @property
    def first_frame(self) -> int:
        """Number of the first frame at the chunk's level."""
        return self.integer("first_frame")

    @property
    def codec(self) -> Codec:
        """How its ids are coded."""
        codec = self.text("codec")
        if codec not in CODECS:
            raise CorruptData(f"A chunk has the unknown codec {codec!r}.", hint="Update Synaptarium.")
        return codec

    def has(self, name: str) -> bool:
        """Tell whether there is a column of that name."""
        return name in self.batch.schema.names

    def text(self, name: str) -> str:
        """Return an entry of the metadata."""
        if name not in self.metadata:
            raise CorruptData(f"A chunk's metadata lacks {name!r}.")
        return self.metadata[name]

    def integer(self, name: str) -> int:
        """Return an entry of the metadata that is a whole number."""
        try:
            return int(self.text(name))
        except ValueError as error:
            raise CorruptData(f"A chunk's metadata has {name}={self.metadata[name]!r}.") from error

    def numbers(self, name: str, dtype: type[np.generic]) -> NDArray[Any]:
        """Return a column of one number a frame."""
        if not self.has(name) or self.batch.column(name).null_count:
            raise CorruptData(f"A chunk lacks its column {name!r}.")
        return np.ascontiguousarray(self.batch.column(name).to_numpy(zero_copy_only=False), dtype)

    def coded(self, name: str) -> CodedIds:
        """Return a binary column: its bytes, and where those of each frame start."""
        if not self.has(name) or self.batch.column(name).type != pa.binary():
            raise CorruptData(f"A chunk lacks its binary column {name!r}.")
        buffers = self.batch.column(name).buffers()
        if buffers[1] is None:
            return CodedIds(np.empty(0, np.uint8), np.zeros(1, np.int64))
        offsets = np.frombuffer(buffers[1], np.int32, self.n_frames + 1).astype(np.int64)
        data = np.frombuffer(buffers[2], np.uint8) if buffers[2] is not None else np.empty(0, np.uint8)
        return CodedIds(data[offsets[0] : offsets[-1]], offsets - offsets[0])

    def packed(self, name: str, dtype: str) -> NDArray[Any]:
        """Return all numbers of a binary column, which holds them as ``u8``, ``u16``, ``u32`` or ``f32``."""
        data = self.coded(name).data
        if dtype not in _DTYPES or len(data) % _DTYPES[dtype].itemsize:
            raise CorruptData(f"{len(data)} bytes are no array of {dtype}.")
        return np.frombuffer(data.tobytes(), _DTYPES[dtype])


def chunk_payload(
    kind: str, columns: dict[str, pa.Array], metadata: dict[str, str], *, first_frame: int, level: int
) -> pa.Buffer:
    """Return the payload that :meth:`ChunkBatch.opened` reads.

    Parameters
    ----------
    kind : str
        ``spikes``, ``groups``, ``values`` or ``series``.
    columns : dict of str to pyarrow.Array
        Each with one row a frame, without nulls.
    metadata : dict of str to str
        What the kind's decoder needs besides.
    first_frame, level : int
        Number of the first frame at its level, and the level.
    """
    common = {
        "kind": kind,
        "version": str(FORMAT_VERSION),
        "first_frame": str(first_frame),
        "level": str(level),
    }
    fields = [pa.field(name, column.type, nullable=False) for name, column in columns.items()]
    schema = pa.schema(fields, metadata={**common, **metadata})
    return payload_of(pa.record_batch(list(columns.values()), schema=schema))


def binary_column(coded: CodedIds) -> pa.Array:
    """Return bytes of consecutive frames as a binary column; the bytes are not copied."""
    offsets = pa.py_buffer(coded.offsets.astype(np.int32))
    return cast(
        pa.Array,
        pa.Array.from_buffers(pa.binary(), len(coded.offsets) - 1, [None, offsets, pa.py_buffer(coded.data)]),
    )


def dtype_name(dtype: np.dtype[Any]) -> str:
    """Return the name in the metadata of an unsigned dtype: ``u8``, ``u16`` or ``u32``."""
    return f"u{dtype.itemsize * 8}"
