"""Precomputed documents and tables of a recording, found by name and key: manifests, statistics, module tables."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from synaptarium.schemas.sealing import Sealed, open_payload, payload_of, seal, unseal
from synaptarium.store.database import Document, Store, call, edge, key_of

# Parts of tables are up to 8 MiB each.
SCAN_DOCUMENTS = 4


def write(store: Store, num: int, name: str, key: str, document: Any) -> None:
    """Write a JSON-like document (at most 16 MiB), replacing the one of the same name and key; durable.

    Parameters
    ----------
    num : int
        Recording number.
    name, key : str
        E.g. ``("manifest", "3")``.
    document : JSON-like
        Dicts with string keys, lists, strings, numbers, booleans, None, bytes.
    """
    _put(store, num, name, key, {"document": document})


def read(store: Store, num: int, name: str, key: str) -> Any:
    """Return the document of a name and key, None where there is none."""
    found = _get(store, num, name, key)
    return None if found is None else found.get("document")


def write_table(store: Store, num: int, name: str, key: str, batch: pa.RecordBatch) -> None:
    """Write a table as a sealed Arrow stream, replacing the one of the same name and key; durable."""
    sealed = seal(payload_of(batch))
    _put(store, num, name, key, {"checksum": sealed.checksum, "payload": sealed.stored})


def read_table(store: Store, num: int, name: str, key: str) -> pa.RecordBatch | None:
    """Return the table of a name and key, None where there is none; raises CorruptData."""
    found = _get(store, num, name, key)
    if found is None or "payload" not in found:
        return None
    return open_payload(unseal(Sealed(found["payload"], found["checksum"])))


def read_tables(store: Store, num: int, name: str, *, under: str) -> Iterator[tuple[str, pa.RecordBatch]]:
    """Yield the tables of a name whose key begins so, ordered by their keys; raises CorruptData."""
    where: Document = {"recording": num, "name": name, "key": _beginning(under)}
    with edge(store), store.db.summaries.find(where, batch_size=SCAN_DOCUMENTS) as cursor:
        for found in cursor.sort([("recording", 1), ("name", 1), ("key", 1)]):
            yield found["key"], open_payload(unseal(Sealed(found["payload"], found["checksum"])))


def names(store: Store, num: int) -> list[tuple[str, str]]:
    """Return every (name, key) of a recording, ordered."""
    found = call(
        store, lambda: list(store.db.summaries.find({"recording": num}, {"name": 1, "key": 1, "_id": 0}))
    )
    return sorted((document["name"], document["key"]) for document in found)


def delete(store: Store, num: int, name: str, key: str | None = None, *, under: str | None = None) -> None:
    """Delete one summary, or all of a name, or those whose key begins so; nothing where there is none."""
    where: Document = {"recording": num, "name": name}
    if key is not None:
        where["key"] = key
    elif under is not None:
        where["key"] = _beginning(under)
    call(store, lambda: store.durable("summaries").delete_many(where))


def _beginning(under: str) -> Document:
    return {"$gte": under, "$lt": under + "\U0010ffff"}


def _put(store: Store, num: int, name: str, key: str, fields: Document) -> None:
    document = {"_id": key_of(num, name, key), "recording": num, "name": name, "key": key, **fields}
    summaries = store.durable("summaries")
    call(store, lambda: summaries.replace_one({"_id": document["_id"]}, document, upsert=True))


def _get(store: Store, num: int, name: str, key: str) -> Document | None:
    return call(store, lambda: store.db.summaries.find_one({"_id": key_of(num, name, key)}))
