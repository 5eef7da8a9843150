"""The shelf: what was read a moment ago is not read again, and never more than its bound is kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from synaptarium.schemas.chunk_key import ChunkKey
from synaptarium.schemas.sealing import Sealed
from synaptarium.server.stream.shelf import Shelf


def key(chunk: int, recording: int = 1) -> ChunkKey:
    return ChunkKey(recording, 1, 0, 0, chunk, 0)


def shelf_of(
    read: Callable[[Sequence[ChunkKey]], Mapping[ChunkKey, Sealed]],
    max_bytes: int,
    may_change: Callable[[ChunkKey], bool],
) -> Shelf[Sealed]:
    return Shelf(read, size_of=lambda sealed: len(sealed.stored), max_bytes=max_bytes, may_change=may_change)


class Store:
    """Chunks of ten bytes, and which were asked for."""

    def __init__(self) -> None:
        self.asked: list[list[int]] = []
        self.missing: set[int] = set()

    def read(self, keys: Sequence[ChunkKey]) -> dict[ChunkKey, Sealed]:
        self.asked.append([key.chunk for key in keys])
        return {key: Sealed(bytes(10), 0) for key in keys if key.chunk not in self.missing}


def test_second_reader_gets_what_the_first_read() -> None:
    store = Store()
    shelf = shelf_of(store.read, 100, lambda key: False)

    assert shelf.read([key(1), key(2)]).keys() == {key(1), key(2)}
    assert shelf.read([key(2), key(3)]).keys() == {key(2), key(3)}
    assert store.asked == [[1, 2], [3]]
    assert shelf.has([key(1), key(3)])
    assert not shelf.has([key(4)])


def test_least_recently_wanted_goes_first() -> None:
    store = Store()
    shelf = shelf_of(store.read, 40, lambda key: False)
    shelf.read([key(n) for n in range(4)])
    shelf.read([key(0)])

    shelf.read([key(4)])

    assert shelf.bytes == 40
    assert shelf.has([key(0), key(2), key(3), key(4)])
    assert not shelf.has([key(1)])


def test_chunk_that_may_change_is_read_every_time() -> None:
    store = Store()
    shelf = shelf_of(store.read, 100, lambda key: key.chunk == 2)

    for _ in range(2):
        shelf.read([key(1), key(2)])

    assert store.asked == [[1, 2], [2]]


def test_chunk_that_closed_while_it_was_read_is_not_kept() -> None:
    open_chunks = {1}
    store = Store()

    def read(keys: Sequence[ChunkKey]) -> dict[ChunkKey, Sealed]:
        open_chunks.clear()
        return store.read(keys)

    shelf = shelf_of(read, 100, lambda key: key.chunk in open_chunks)
    shelf.read([key(1)])

    assert not shelf.has([key(1)])


def test_what_is_not_stored_is_left_out_and_asked_again() -> None:
    store = Store()
    store.missing = {1}
    shelf = shelf_of(store.read, 100, lambda key: False)

    assert shelf.read([key(1)]) == {}
    store.missing = set()
    assert shelf.read([key(1)]).keys() == {key(1)}


def test_large_chunk_pushes_nothing_out_and_a_recording_is_forgotten() -> None:
    store = Store()
    shelf = shelf_of(store.read, 39, lambda key: False)
    shelf.read([key(1)])
    assert shelf.bytes == 0  # ten bytes are more than a quarter

    shelf = shelf_of(store.read, 100, lambda key: False)
    shelf.read([key(1), key(1, recording=2)])
    shelf.forget(1)

    assert shelf.bytes == 10
    assert shelf.has([key(1, recording=2)])
