"""Derived chunks: one document each, found and ordered by its 16-byte key, its payload passed on as stored."""

from __future__ import annotations

import bisect
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import google_crc32c

from synaptarium.schemas.chunk_key import ChunkKey
from synaptarium.schemas.errors import ChunkNotFound, CorruptData
from synaptarium.schemas.sealing import Sealed
from synaptarium.store.database import Document, Store, call
from synaptarium.store.replacing import replace_all

BATCH_BYTES = 8 * 1024 * 1024
# About 4 MiB at the planner's 256 KiB: bounds what a cursor holds in memory.
SCAN_DOCUMENTS = 16
# Reading over so many chunks that nobody asked for costs less than another request.
MAX_BETWEEN = 4


class ChunkSizes(NamedTuple):
    """Number of chunks of a build, the events or changes inside, and their stored bytes."""

    chunks: int
    n: int
    size_bytes: int


def write(store: Store, rows: Iterable[tuple[ChunkKey, Sealed, int]]) -> int:
    """Write chunks, replacing those of the same key; returns how many.

    Parameters
    ----------
    rows : iterable of (ChunkKey, Sealed, int)
        Key, sealed payload, and the number of events or changes inside. Sent in batches of at most 8 MiB.

    Notes
    -----
    On disk when this returns. The durable write that notes a range as done would carry these along; but a job outlives a
    database that is killed, and would go on without what that had acknowledged from memory.
    """
    written = 0
    batch: list[Document] = []
    size = 0
    for key, sealed, n in rows:
        packed = key.pack()
        if batch and size + len(sealed.stored) > BATCH_BYTES:
            written += replace_all(store, "chunks", batch)
            batch, size = [], 0
        document: Document = {"_id": packed, "n": n, "checksum": sealed.checksum, "payload": sealed.stored}
        batch.append(document)
        size += len(sealed.stored)
    return written + replace_all(store, "chunks", batch)


def read(store: Store, key: ChunkKey) -> Sealed:
    """Return one chunk as stored, its checksum verified.

    Raises
    ------
    ChunkNotFound
        Nothing is stored under that key: an empty chunk, or a recording or build that is gone.
    CorruptData
        The stored bytes fail their checksum.
    """
    packed = key.pack()
    found = call(store, lambda: store.db.chunks.find_one({"_id": packed}))
    if found is None:
        raise ChunkNotFound(
            f"There is no chunk {key.chunk} of stream {key.stream}, level {key.level}, tile {key.tile} "
            f"in build {key.build}.",
            hint="Empty chunks are not stored; the manifest says which exist. The recording may have been deleted.",
        )
    return _sealed(found)


def read_many(
    store: Store, keys: Sequence[ChunkKey], tiles: Mapping[tuple[int, int], Sequence[int]] | None = None
) -> dict[ChunkKey, Sealed]:
    """Return those of the chunks that are stored, in as few requests as their places allow.

    Parameters
    ----------
    keys : sequence of ChunkKey
        For a moment's tiles or the next few moments, not for a whole run.
    tiles : mapping of (stream, level) to sequence of int, or None
        All tiles that have chunks there, ascending: tells what lies between two keys. Without it, one request reads
        neighbouring tiles of one moment.
    """
    found: list[Document] = []
    for run in _runs(keys, tiles or {}):
        found += call(store, lambda run=run: list(store.db.chunks.find({"_id": _among(run)})))
    return {ChunkKey.unpack(document["_id"]): _sealed(document) for document in found}


def stored_bytes(store: Store, keys: Sequence[ChunkKey]) -> dict[ChunkKey, int]:
    """Return how many bytes each of the chunks takes; those that are not stored are left out.

    The database walks through all chunks of a stream and level between the first key and the last.
    """
    streams: dict[tuple[int, ...], list[ChunkKey]] = {}
    for key in sorted(keys):
        streams.setdefault(key[:4], []).append(key)
    found: list[Document] = []
    for run in streams.values():
        pipeline: list[Document] = [
            {"$match": {"_id": _among(run)}},
            {"$project": {"size_bytes": {"$binarySize": "$payload"}}},
        ]
        found += call(store, lambda pipeline=pipeline: list(store.db.chunks.aggregate(pipeline)))
    return {ChunkKey.unpack(document["_id"]): document["size_bytes"] for document in found}


def scan(store: Store, first_key: ChunkKey, last_key: ChunkKey) -> Iterator[tuple[ChunkKey, Sealed]]:
    """Yield the chunks between two keys, both included, in the order of their keys."""
    after: Document = {"$gte": first_key.pack(), "$lte": last_key.pack()}
    while True:
        # One batch a request: a cursor would end with the primary that holds it.
        request = {"_id": after}
        found = call(
            store,
            lambda request=request: list(store.db.chunks.find(request).sort("_id", 1).limit(SCAN_DOCUMENTS)),
        )
        for document in found:
            yield ChunkKey.unpack(document["_id"]), _sealed(document)
        if len(found) < SCAN_DOCUMENTS:
            return
        after = {"$gt": found[-1]["_id"], "$lte": last_key.pack()}


def keys(store: Store, first_key: ChunkKey, last_key: ChunkKey) -> list[tuple[ChunkKey, int]]:
    """Return the keys between two keys, both included, with each chunk's count; payloads stay in the database."""
    where: Document = {"_id": {"$gte": first_key.pack(), "$lte": last_key.pack()}}
    found = call(store, lambda: list(store.db.chunks.find(where, {"_id": 1, "n": 1}).sort("_id", 1)))
    return [(ChunkKey.unpack(document["_id"]), document["n"]) for document in found]


def delete_build(store: Store, num: int, build: int) -> int:
    """Delete all chunks of a build; returns how many there were."""
    deleted = call(store, lambda: store.durable("chunks").delete_many({"_id": _range(num, build, build)}))
    return deleted.deleted_count


def delete_all(store: Store, num: int) -> int:
    """Delete all chunks of a recording; returns how many there were."""
    deleted = call(store, lambda: store.durable("chunks").delete_many({"_id": _range(num, 0, 0xFFFF)}))
    return deleted.deleted_count


def sizes(store: Store, num: int, build: int) -> ChunkSizes:
    """Return how much a build holds. Reads every document inside the database: ask once, keep the answer."""
    return _sizes(store, _range(num, build, build))


def sizes_between(store: Store, first_key: ChunkKey, last_key: ChunkKey) -> ChunkSizes:
    """Return how much the chunks between two keys hold, both included; as costly as :func:`sizes`."""
    return _sizes(store, {"$gte": first_key.pack(), "$lte": last_key.pack()})


def _sizes(store: Store, keys: Document) -> ChunkSizes:
    pipeline: list[Document] = [
        {"$match": {"_id": keys}},
        {
            "$group": {
                "_id": None,
                "chunks": {"$sum": 1},
                "n": {"$sum": "$n"},
                "size_bytes": {"$sum": {"$binarySize": "$payload"}},
            }
        },
    ]
    found = call(store, lambda: list(store.db.chunks.aggregate(pipeline)))
    if not found:
        return ChunkSizes(0, 0, 0)
    return ChunkSizes(found[0]["chunks"], found[0]["n"], found[0]["size_bytes"])


def _runs(keys: Sequence[ChunkKey], tiles: Mapping[tuple[int, int], Sequence[int]]) -> list[list[ChunkKey]]:
    """Return keys in runs with at most ``MAX_BETWEEN`` other chunks between two of them."""
    runs: list[list[ChunkKey]] = []
    for key in sorted(keys):
        if runs and _between(runs[-1][-1], key, tiles) <= MAX_BETWEEN:
            runs[-1].append(key)
        else:
            runs.append([key])
    return runs


def _between(first: ChunkKey, second: ChunkKey, tiles: Mapping[tuple[int, int], Sequence[int]]) -> float:
    """Return how many chunks may lie between two keys."""
    if first[:4] != second[:4]:
        return math.inf
    known = tiles.get((first.stream, first.level))
    if known is None:
        return second.tile - first.tile - 1 if first.chunk == second.chunk else math.inf
    places = (bisect.bisect_left(known, key.tile) for key in (first, second))
    moments = (second.chunk - first.chunk) * len(known)
    return moments - next(places) + next(places) - 1


def _among(run: Sequence[ChunkKey]) -> Document:
    """Return the filter of the keys of an ordered run.

    Without the bounds, MongoDB 6 answers ``$in`` on a clustered collection by reading the whole collection.
    """
    packed = [key.pack() for key in run]
    return {"$gte": packed[0], "$lte": packed[-1], "$in": packed}


def _range(num: int, first_build: int, last_build: int) -> Document:
    first = ChunkKey(num, first_build, 0, 0, 0, 0).pack()
    last = ChunkKey(num, last_build, 0xFFFF, 0xFF, 0xFFFFFFFF, 0xFFFFFF).pack()
    return {"$gte": first, "$lte": last}


def _sealed(document: Document) -> Sealed:
    sealed = Sealed(document["payload"], int(document["checksum"]))
    found = google_crc32c.value(sealed.stored)
    if found != sealed.checksum:
        raise CorruptData(
            f"Chunk {ChunkKey.unpack(document['_id'])} has the checksum {found:08x}; {sealed.checksum:08x} was written.",
            hint="The data on disk changed. Precompute the recording again.",
        )
    return sealed
