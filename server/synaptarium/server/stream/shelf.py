"""The chunks that were read last, as stored: what several viewers watch, or a loop repeats, is read once."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence

from synaptarium.schemas.chunk_key import ChunkKey
from synaptarium.schemas.sealing import Sealed

ReadMany = Callable[[Sequence[ChunkKey]], Mapping[ChunkKey, Sealed]]


class Shelf:
    """A bounded cache of sealed chunks, the least recently wanted going first; safe between threads.

    Parameters
    ----------
    max_bytes : int
        Stored bytes that are kept; 0 keeps nothing.
    read : callable
        Reads chunks from the store; those that are not stored are left out.
    may_change : callable
        Tells whether a chunk may still be written again; such a chunk is never kept.
    """

    def __init__(self, read: ReadMany, *, max_bytes: int, may_change: Callable[[ChunkKey], bool]) -> None:
        self._read = read
        self._max_bytes = max_bytes
        self._may_change = may_change
        self._lock = threading.Lock()
        self._kept: OrderedDict[ChunkKey, Sealed] = OrderedDict()
        self.bytes = 0

    def read(self, keys: Sequence[ChunkKey]) -> dict[ChunkKey, Sealed]:
        """Return those of the chunks that are stored."""
        found = self._look_up(keys)
        missing = [key for key in keys if key not in found]
        if missing:
            # Asked before reading: what closes meanwhile may have been read as it was before.
            lasting = {key for key in missing if not self._may_change(key)}
            read = self._read(missing)
            found |= read
            self._keep({key: read[key] for key in lasting & read.keys()})
        return found

    def has(self, keys: Iterable[ChunkKey]) -> bool:
        """Tell whether all of the chunks are kept."""
        with self._lock:
            return all(key in self._kept for key in keys)

    def forget(self, num: int) -> None:
        """Let go of a recording's chunks."""
        with self._lock:
            for key in [key for key in self._kept if key.recording == num]:
                self._drop(key)

    def _look_up(self, keys: Iterable[ChunkKey]) -> dict[ChunkKey, Sealed]:
        found: dict[ChunkKey, Sealed] = {}
        with self._lock:
            for key in keys:
                sealed = self._kept.get(key)
                if sealed is not None:
                    self._kept.move_to_end(key)
                    found[key] = sealed
        return found

    def _keep(self, read: Mapping[ChunkKey, Sealed]) -> None:
        with self._lock:
            for key, sealed in read.items():
                if len(sealed.stored) * 4 > self._max_bytes:
                    continue  # one giant chunk must not push everything else out
                if key not in self._kept:
                    self.bytes += len(sealed.stored)
                self._kept[key] = sealed
            while self.bytes > self._max_bytes:
                self._drop(next(iter(self._kept)))

    def _drop(self, key: ChunkKey) -> None:
        self.bytes -= len(self._kept.pop(key).stored)
