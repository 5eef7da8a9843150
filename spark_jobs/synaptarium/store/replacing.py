"""Many documents written as one request, each in the place of the one that has its ``_id``."""

from __future__ import annotations

from collections.abc import Sequence

from pymongo import ReplaceOne
from pymongo.errors import BulkWriteError

from synaptarium.store.database import Document, Store, call

_DUPLICATE_KEY = 11000


def replace_all(store: Store, collection: str, documents: Sequence[Document]) -> int:
    """Write documents, replacing those of the same ``_id``; returns how many. All are on disk when this returns."""
    if not documents:
        return 0
    written = store.durable(collection)
    batch = [ReplaceOne({"_id": document["_id"]}, document, upsert=True) for document in documents]

    def send() -> None:
        try:
            written.bulk_write(batch, ordered=False)
        except BulkWriteError as error:
            # Two writers of the same new key: one upsert may lose the race, and finds the document the second time.
            if any(problem["code"] != _DUPLICATE_KEY for problem in error.details["writeErrors"]):
                raise
            written.bulk_write(batch, ordered=False)

    call(store, send)
    return len(batch)
