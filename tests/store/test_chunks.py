"""Chunks by their ordered keys."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from synaptarium.schemas.chunk_key import ChunkKey
from synaptarium.schemas.errors import ChunkNotFound, CorruptData
from synaptarium.schemas.sealing import Sealed, seal, unseal
from synaptarium.store import chunks
from synaptarium.store.database import Store

KEYS = st.builds(
    ChunkKey,
    recording=st.integers(0, 2**32 - 1),
    build=st.integers(0, 2**16 - 1),
    stream=st.integers(0, 2**16 - 1),
    level=st.integers(0, 255),
    chunk=st.integers(0, 2**32 - 1),
    tile=st.integers(0, 2**24 - 1),
)


def row(key: ChunkKey, text: str = "payload") -> tuple[ChunkKey, Sealed, int]:
    return key, seal(text.encode()), len(text)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(keys=st.lists(KEYS, min_size=1, max_size=20, unique=True))
def test_a_scan_gives_the_chunks_between_two_keys_in_their_order(store: Store, keys: list[ChunkKey]) -> None:
    store.db.chunks.delete_many({})
    assert chunks.write(store, [row(key, str(key)) for key in keys]) == len(keys)
    ordered = sorted(keys)
    first, last = ordered[0], ordered[-1 - len(keys) // 3]

    found = list(chunks.scan(store, first, last))

    wanted = [key for key in ordered if first <= key <= last]
    assert [key for key, _ in found] == wanted
    assert [unseal(sealed).decode() for _, sealed in found] == [str(key) for key in wanted]
    assert [key for key, _ in chunks.keys(store, first, last)] == wanted


def test_the_key_is_sixteen_plain_bytes(store: Store) -> None:
    key = ChunkKey(1, 2, 3, 4, 5, 6)
    chunks.write(store, [row(key)])

    assert [document["_id"] for document in store.db.chunks.find()] == [key.pack()]


def test_writing_again_replaces(store: Store) -> None:
    key = ChunkKey(1, 1, 0, 0, 0, 0)

    chunks.write(store, [row(key, "old")])
    chunks.write(store, [row(key, "new")])

    assert unseal(chunks.read(store, key)) == b"new"
    assert store.db.chunks.count_documents({}) == 1


def test_writing_in_several_batches(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "BATCH_BYTES", 64)
    keys = [ChunkKey(1, 1, 0, 0, chunk, 0) for chunk in range(20)]

    assert chunks.write(store, (row(key) for key in keys)) == 20
    assert chunks.read_many(store, [*keys, ChunkKey(9, 9, 9, 9, 9, 9)]).keys() == set(keys)


def test_deleting_a_build_leaves_the_others(store: Store) -> None:
    keys = [ChunkKey(num, build, 0xFFFF, 0xFF, 0xFFFFFFFF, 0xFFFFFF) for num in (1, 2) for build in (1, 2)]
    chunks.write(store, [row(key, "abc") for key in keys])

    assert chunks.sizes(store, 1, 1) == (1, 3, len(seal(b"abc").stored))
    assert chunks.delete_build(store, 1, 1) == 1
    assert chunks.sizes(store, 1, 1) == (0, 0, 0)
    assert sorted(ChunkKey.unpack(document["_id"])[:2] for document in store.db.chunks.find()) == [
        (1, 2),
        (2, 1),
        (2, 2),
    ]
    assert chunks.delete_all(store, 2) == 2


def test_a_chunk_that_is_not_there_is_not_found(store: Store) -> None:
    with pytest.raises(ChunkNotFound, match="no chunk 5 of stream 3, level 4, tile 6 in build 2"):
        chunks.read(store, ChunkKey(1, 2, 3, 4, 5, 6))


def test_a_damaged_chunk_is_told(store: Store) -> None:
    key = ChunkKey(1, 1, 0, 0, 0, 0)
    chunks.write(store, [row(key)])
    store.db.chunks.update_one({"_id": key.pack()}, {"$set": {"payload": b"something else"}})

    with pytest.raises(CorruptData, match="checksum"):
        chunks.read(store, key)
    with pytest.raises(CorruptData, match="checksum"):
        list(chunks.scan(store, key, key))


def test_reading_some_chunks_does_not_walk_through_all(store: Store) -> None:
    store.db.chunks.delete_many({})
    keys = [ChunkKey(1, 1, 3, 0, chunk, tile) for chunk in range(40) for tile in range(10)]
    chunks.write(store, [row(key, str(key)) for key in keys])
    wanted = [keys[57], keys[51], keys[390], keys[120], ChunkKey(1, 1, 3, 0, 39, 99)]

    found = chunks.read_many(store, wanted)
    sizes = chunks.stored_bytes(store, wanted)

    assert {key: unseal(sealed).decode() for key, sealed in found.items()} == {
        key: str(key) for key in wanted[:4]
    }
    assert sizes == {key: len(sealed.stored) for key, sealed in found.items()}
    # MongoDB 6 knows no bounds for a bare $in on a clustered collection.
    run = [key.pack() for key in keys[20:25]]
    for filter, examined in (({"$in": run}, 400), ({"$gte": run[0], "$lte": run[-1], "$in": run}, 6)):
        told = store.db.command("explain", {"find": "chunks", "filter": {"_id": filter}})
        assert told["executionStats"]["totalDocsExamined"] <= examined
    assert told["queryPlanner"]["winningPlan"]["stage"] == "CLUSTERED_IXSCAN"
