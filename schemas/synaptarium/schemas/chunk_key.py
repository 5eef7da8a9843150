"""The ordered key of a chunk: one moment of one stream is one range of keys."""

from __future__ import annotations

import struct
from typing import NamedTuple

_HEAD = struct.Struct(">IHHBI")


class ChunkKey(NamedTuple):
    """Address of a chunk, ordered as its 16 bytes are.

    Parameters
    ----------
    recording : int
        The recording's number, uint32.
    build : int
        Build, uint16.
    stream : int
        Stream number of the manifest, uint16.
    level : int
        Time level, uint8.
    chunk : int
        frame >> k, uint32.
    tile : int
        Tile number, 24 bits.
    """

    recording: int
    build: int
    stream: int
    level: int
    chunk: int
    tile: int

    def pack(self) -> bytes:
        """Return the 16 bytes of the key, big-endian.

        Examples
        --------
        >>> ChunkKey(1, 2, 3, 4, 5, 6).pack().hex()
        '00000001000200030400000005000006'
        """
        head = _HEAD.pack(self.recording, self.build, self.stream, self.level, self.chunk)
        return head + self.tile.to_bytes(3, "big")

    @classmethod
    def unpack(cls, data: bytes) -> ChunkKey:
        """Return the key of its 16 bytes."""
        recording, build, stream, level, chunk = _HEAD.unpack(data[:13])
        return cls(recording, build, stream, level, chunk, int.from_bytes(data[13:16], "big"))
