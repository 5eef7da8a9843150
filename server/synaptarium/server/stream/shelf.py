"""The chunks that were read last: what several viewers watch, a loop repeats or a zoom comes back to is read once."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Generic, TypeVar

from synaptarium.schemas.chunk_key import ChunkKey

Kept = TypeVar("Kept")


class Shelf(Generic[Kept]):
    """A bounded cache of chunks in some form, the least recently wanted going first; safe between threads.

    Parameters
    ----------
    read : callable
        Reads chunks from the store; those that are not stored are left out.
    size_of : callable
        Bytes that one takes.
    max_bytes : int
        Bytes that are kept; 0 keeps nothing.
    may_change : callable
        Tells whether a chunk may still be written again; such a chunk is never kept.
    """

    def __init__(
        self,
        read: Callable[[Sequence[ChunkKey]], Mapping[ChunkKey, Kept]],
        *,
        size_of: Callable[[Kept], int],
        max_bytes: int,
        may_change: Callable[[ChunkKey], bool],
    ) -> None:
        self._read = read
        self._size_of = size_of
        self._max_bytes = max_bytes
        self._may_change = may_change
        self._lock = threading.Lock()
        self._kept: OrderedDict[ChunkKey, Kept] = OrderedDict()
        self.bytes = 0

    def read(self, keys: Sequence[ChunkKey]) -> dict[ChunkKey, Kept]:
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

    def _look_up(self, keys: Iterable[ChunkKey]) -> dict[ChunkKey, Kept]:
        found: dict[ChunkKey, Kept] = {}
        with self._lock:
            for key in keys:
                kept = self._kept.get(key)
                if kept is not None:
                    self._kept.move_to_end(key)
                    found[key] = kept
        return found

    def _keep(self, read: Mapping[ChunkKey, Kept]) -> None:
        with self._lock:
            for key, kept in read.items():
                if self._size_of(kept) * 4 > self._max_bytes:
                    continue  # one giant chunk must not push everything else out
                if key not in self._kept:
                    self.bytes += self._size_of(kept)
                self._kept[key] = kept
            while self.bytes > self._max_bytes:
                self._drop(next(iter(self._kept)))

    def _drop(self, key: ChunkKey) -> None:
        self.bytes -= self._size_of(self._kept.pop(key))
