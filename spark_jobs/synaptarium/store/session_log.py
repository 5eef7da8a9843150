"""The log of a session: appended to, read by places, deleted.

A document holds what was written at once, as the lines that the exported file has: the numbers in them take a third of
the room that they take as fields of one document an operation, and neighbours compress together.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec
from pymongo.errors import BulkWriteError

from synaptarium.schemas.sessions import Operation
from synaptarium.store.database import Document, Store, call, edge

#: What one document holds at most, but always one operation: a seek reads 200 of them, MongoDB's documents end at 16 MiB.
MOST_OPERATIONS, MOST_BYTES = 200, 1024 * 1024
_SHIFT = 32
_LAST = 2**_SHIFT - 1
_DUPLICATE_KEY = 11000

_decode = msgspec.json.Decoder(Operation).decode


class PlaceTaken(Exception):
    """Another operation has the place in the log that one was to have."""


def append(store: Store, num: int, seq: int, operations: Sequence[Operation]) -> None:
    """Write operations from a place on; on disk when this returns.

    Parameters
    ----------
    num : int
        The session's number.
    seq : int
        Place of the first, which is the number of operations that are there.
    operations : sequence of Operation
        May be empty.

    Raises
    ------
    PlaceTaken
        Another writer was quicker; of these operations none or the first documents are written.
    """
    documents = list(_documents(num, seq, operations))
    if not documents:
        return
    with edge(store):
        try:
            store.durable("session_log").insert_many(documents)
        except BulkWriteError as error:
            if any(one.get("code") == _DUPLICATE_KEY for one in (error.details or {}).get("writeErrors", [])):
                raise PlaceTaken from error
            raise


def read(store: Store, num: int, first: int = 0, last: int = _LAST) -> Iterator[Operation]:
    """Yield the operations at the places ``first`` to ``last``, both included, in order."""
    if last < first:
        return
    log = store.db.session_log
    # Every writer begins where another ended: the document that holds a place is the last that begins at or before it.
    before: Document = {"_id": {"$gte": _key(num, 0), "$lte": _key(num, first)}}
    holds = call(store, lambda: log.find_one(before, {"_id": 1}, sort=[("_id", -1)]))
    begin = _key(num, first) if holds is None else holds["_id"]
    with edge(store):
        for document in log.find({"_id": {"$gte": begin, "$lte": _key(num, last)}}).sort("_id", 1):
            seq = document["_id"] - _key(num, 0)
            for line in document["lines"].split(b"\n")[max(0, first - seq) : last + 1 - seq]:
                yield _decode(line)


def delete(store: Store, num: int) -> None:
    """Delete a session's log."""
    between: Document = {"_id": {"$gte": _key(num, 0), "$lte": _key(num, _LAST)}}
    call(store, lambda: store.durable("session_log").delete_many(between))


def _documents(num: int, seq: int, operations: Sequence[Operation]) -> Iterator[Document]:
    lines: list[bytes] = []
    size = 0
    for op in operations:
        line = msgspec.json.encode(op)
        if lines and (len(lines) == MOST_OPERATIONS or size + len(line) > MOST_BYTES):
            yield _document(num, seq, lines)
            seq, lines, size = seq + len(lines), [], 0
        lines.append(line)
        size += len(line)
    if lines:
        yield _document(num, seq, lines)


def _document(num: int, seq: int, lines: list[bytes]) -> Document:
    return {"_id": _key(num, seq), "n": len(lines), "lines": b"\n".join(lines)}


def _key(num: int, seq: int) -> int:
    return (num << _SHIFT) + seq
