"""Precomputed documents and tables."""

from __future__ import annotations

import pyarrow as pa

from synaptarium.store import summaries
from synaptarium.store.database import Store


def test_documents_come_back_as_they_were(store: Store) -> None:
    document = {"a.b": [1, 2.5, None, True], "$c": {"text": "é", "big": 2**40}, "bytes": b"\0\1"}

    summaries.write(store, 1, "manifest", "3", {"old": 1})
    summaries.write(store, 1, "manifest", "3", document)

    assert summaries.read(store, 1, "manifest", "3") == document
    assert type(summaries.read(store, 1, "manifest", "3")["$c"]["big"]) is int
    assert summaries.read(store, 1, "manifest", "4") is None
    assert summaries.read(store, 2, "manifest", "3") is None


def test_tables_come_back_as_they_were(store: Store) -> None:
    table = pa.record_batch({"n": pa.array([1, 2, 3], pa.uint32()), "label": pa.array(["a", None, "c"])})

    summaries.write_table(store, 1, "classes", "L/1", table)

    assert summaries.read_table(store, 1, "classes", "L/1") == table
    assert summaries.read_table(store, 1, "classes", "L") is None
    assert summaries.read(store, 1, "classes", "L/1") is None


def test_names_and_deletion(store: Store) -> None:
    for name, key in [("b", "2"), ("a", "x/y"), ("a/x", "y"), ("b", "1")]:
        summaries.write(store, 1, name, key, [name, key])
    summaries.write(store, 2, "b", "1", [])

    assert summaries.names(store, 1) == [("a", "x/y"), ("a/x", "y"), ("b", "1"), ("b", "2")]
    assert summaries.read(store, 1, "a", "x/y") == ["a", "x/y"]

    summaries.delete(store, 1, "b", "1")
    summaries.delete(store, 1, "a")

    assert summaries.names(store, 1) == [("a/x", "y"), ("b", "2")]
    assert summaries.names(store, 2) == [("b", "1")]
