"""The connection and its edge: what the user is told when MongoDB is away, foreign or refuses."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

import pymongo.errors
import pytest

from synaptarium.schemas.documents import COLLECTIONS
from synaptarium.schemas.errors import Internal, InvalidInput, StoreUnavailable
from synaptarium.store import database
from synaptarium.store.database import Store, call, connect, edge, key_of, passes, prepare, without_password


def test_connect_unreachable_says_where_and_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "SELECTION_TIMEOUT_S", 0.2)
    nowhere = tmp_path / "nothing.sock"

    with pytest.raises(StoreUnavailable, match="does not answer") as caught:
        connect(f"mongodb://{quote(str(nowhere), safe='')}/")

    assert str(nowhere) in caught.value.message
    assert "SYNAPTARIUM_MONGO_URI" in caught.value.hint


@pytest.mark.parametrize("uri", ["http://localhost", "mongodb://", "mongodb://host:notaport/", "nonsense"])
def test_connect_to_no_address_is_invalid_input(uri: str) -> None:
    with pytest.raises(InvalidInput, match="is not a MongoDB address"):
        connect(uri)


def test_passwords_are_never_shown() -> None:
    assert without_password("mongodb://me:s3cret@h:1,g:2/?a=b") == "mongodb://me:***@h:1,g:2/?a=b"
    assert without_password("mongodb+srv://me:s3c/ret@h/") == "mongodb+srv://me:***@h/"
    assert without_password("mongodb://%2Ftmp%2Fa%2Fmongod.sock/") == "/tmp/a/mongod.sock"


def test_prepare_twice_changes_nothing(store: Store) -> None:
    before = {name: store.db[name].index_information() for name in COLLECTIONS}

    prepare(store)

    assert {name: store.db[name].index_information() for name in COLLECTIONS} == before
    options = store.db.chunks.options()
    assert options["clusteredIndex"]["key"] == {"_id": 1}
    assert all("validator" in store.db[name].options() for name in COLLECTIONS)


def test_prepare_keeps_collections_of_an_earlier_release(store: Store) -> None:
    for name in ("sessions", "session_snapshots"):
        store.db.drop_collection(name)
        store.db.create_collection(name)
    store.db.sessions.create_index([("num", 1)], unique=True)
    before = store.db.sessions.index_information()

    prepare(store)

    assert store.db.sessions.index_information() == before
    assert "validator" in store.db.sessions.options()
    assert "session_1_at_ms_1_seq_1" in store.db.session_snapshots.index_information()


def test_documents_that_do_not_fit_are_refused(store: Store) -> None:
    with pytest.raises(Internal, match="does not fit its schema"), edge(store):
        store.db.events.insert_one({"_id": "x", "recording": "one"})


def test_documents_beyond_16_mib_are_refused(store: Store) -> None:
    with pytest.raises(Internal, match="larger than MongoDB's 16 MiB"), edge(store):
        store.db.summaries.insert_one(
            {"_id": "x", "recording": 1, "name": "n", "key": "k", "b": bytes(17 << 20)}
        )


def test_a_patient_store_waits_for_a_database_that_comes_back(store: Store) -> None:
    patient = Store(store.client, store.db, store.uri, store.name, patience_s=5.0)
    failures = [pymongo.errors.AutoReconnect("gone"), pymongo.errors.AutoReconnect("gone")]

    def operation() -> str:
        if failures:
            raise failures.pop()
        return "done"

    assert call(patient, operation) == "done"


def test_an_impatient_store_says_at_once_that_the_database_is_away(store: Store) -> None:
    def operation() -> None:
        raise pymongo.errors.AutoReconnect("gone")

    began = time.monotonic()
    with pytest.raises(StoreUnavailable, match="does not answer: gone"):
        call(store, operation)
    assert time.monotonic() - began < 1.0


def bulk_error(*, writes: Sequence[int] = (), concerns: Sequence[int] = ()) -> pymongo.errors.BulkWriteError:
    """Make the error of a bulk write in which some writes failed, or were not acknowledged by enough members."""
    return pymongo.errors.BulkWriteError(
        {
            "writeErrors": [{"code": code, "errmsg": "x"} for code in writes],
            "writeConcernErrors": [{"code": code, "errmsg": "x"} for code in concerns],
        }
    )


@pytest.mark.parametrize(
    ("error", "passing"),
    [
        (pymongo.errors.NotPrimaryError("stepped down"), True),
        (pymongo.errors.WTimeoutError("waiting for replication timed out", 64), True),
        (pymongo.errors.OperationFailure("interrupted", 11602), True),
        (bulk_error(concerns=[91]), True),
        (bulk_error(writes=[189, 10107]), True),
        (bulk_error(writes=[189, 121]), False),
        (pymongo.errors.OperationFailure("no access", 13), False),
        (pymongo.errors.DuplicateKeyError("twice", 11000), False),
    ],
)
def test_an_election_passes_and_a_refusal_does_not(error: Exception, passing: bool) -> None:
    assert passes(error) is passing


def test_writes_of_a_replica_set_wait_for_a_majority(store: Store) -> None:
    replicated = dataclasses.replace(store, replicated=True)

    assert store.durable("jobs").write_concern.document == {"w": 1, "j": True}
    assert store.quick("jobs").write_concern.document == {"w": 1}
    durable, quick = replicated.durable("jobs").write_concern, replicated.quick("jobs").write_concern
    assert durable.document["w"] == quick.document["w"] == "majority" and durable.document["j"]
    assert durable.document["wtimeout"] > 0


def test_keys_of_different_parts_differ() -> None:
    assert key_of(1, "a/b", "c") != key_of(1, "a", "b/c")
    assert key_of(1, "a%2Fb") != key_of(1, "a/b")
