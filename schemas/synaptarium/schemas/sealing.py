"""How bytes are stored: an Arrow IPC stream of one batch, zstd-3, with the crc32c of the stored bytes."""

from __future__ import annotations

import threading
from typing import NamedTuple

import google_crc32c
import pyarrow as pa
import zstandard

from synaptarium.schemas.errors import CorruptData

ZSTD_LEVEL = 3
#: Bound on one decompressed payload, so that a damaged length cannot exhaust memory.
MAX_PAYLOAD_BYTES = 256 * 1024 * 1024

# A zstd context must not be shared between threads, and making one costs more than a small payload.
_contexts = threading.local()


class Sealed(NamedTuple):
    """Stored bytes and their checksum.

    Parameters
    ----------
    stored : bytes
        The zstd frame (with its content size).
    checksum : int
        crc32c of ``stored``.
    """

    stored: bytes
    checksum: int


def seal(payload: bytes | pa.Buffer, *, level: int = ZSTD_LEVEL) -> Sealed:
    """Compress a payload and compute the checksum of what is stored.

    Parameters
    ----------
    payload : bytes or pyarrow.Buffer
        What to store.
    level : int
        Of zstd. Coded ids of independent spikes hold nothing that a longer search would find: level 1 stores them in
        1 % less at more than twice the speed.
    """
    compressors: dict[int, zstandard.ZstdCompressor] | None = getattr(_contexts, "compressors", None)
    if compressors is None:
        compressors = _contexts.compressors = {}
    compressor = compressors.get(level)
    if compressor is None:
        compressor = compressors[level] = zstandard.ZstdCompressor(level=level, write_content_size=True)
    stored: bytes = compressor.compress(payload)
    return Sealed(stored, google_crc32c.value(stored))


def unseal(sealed: Sealed) -> bytes:
    """Return the payload of sealed bytes.

    Raises
    ------
    CorruptData
        The checksum does not match, or the bytes are no zstd frame.
    """
    found = google_crc32c.value(sealed.stored)
    if found != sealed.checksum:
        raise CorruptData(
            f"Stored bytes have the checksum {found:08x}; {sealed.checksum:08x} was written.",
            hint="The data on disk changed. Precompute the recording again; import it again if events are damaged.",
        )
    decompressor = getattr(_contexts, "decompressor", None)
    if decompressor is None:
        decompressor = _contexts.decompressor = zstandard.ZstdDecompressor()
    try:
        return decompressor.decompress(sealed.stored, max_output_size=MAX_PAYLOAD_BYTES)
    except zstandard.ZstdError as error:
        raise CorruptData(f"Stored bytes are no zstd frame: {error}.") from error


def payload_of(batch: pa.RecordBatch) -> pa.Buffer:
    """Return a batch as an Arrow IPC stream: one schema, one batch, little-endian, buffers aligned to 8 bytes."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return sink.getvalue()


def open_payload(payload: bytes | pa.Buffer) -> pa.RecordBatch:
    """Return the one batch of an Arrow IPC stream, its columns aliasing the payload.

    Raises
    ------
    CorruptData
        The payload is no Arrow stream of one batch.
    """
    try:
        with pa.ipc.open_stream(payload) as reader:
            batch = reader.read_next_batch()
            batch.validate()
            return batch
    except (pa.ArrowInvalid, StopIteration, OSError) as error:
        raise CorruptData(f"The payload is no Arrow stream of one batch: {error}.") from error
