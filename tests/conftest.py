"""What tests share: a private data folder, one real mongod for the whole run, and a fresh database in it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from synaptarium.schemas.documents import COLLECTIONS
from synaptarium.server.mongod import Mongod
from synaptarium.store.database import Store, connect, prepare

_numbers = itertools.count()

# How long an example takes says more about what else the machine does than about us.
settings.register_profile("synaptarium", deadline=None)
settings.load_profile("synaptarium")


@pytest.fixture
def data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty data folder, named in the environment; no MongoDB of the user's is in reach."""
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    monkeypatch.setenv("SYNAPTARIUM_DATA", str(folder))
    monkeypatch.delenv("SYNAPTARIUM_MONGO_URI", raising=False)
    return folder


@pytest.fixture(scope="session")
def mongod(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mongod]:
    """One real, private mongod for all tests."""
    with Mongod(tmp_path_factory.mktemp("mongod"), purpose="test") as mongod:
        yield mongod


@pytest.fixture(scope="session")
def emptied() -> list[str]:
    """Names of prepared databases that hold nothing any more: making one costs more than most tests."""
    return []


@pytest.fixture
def store(mongod: Mongod, emptied: list[str]) -> Iterator[Store]:
    """A prepared database in the tests' mongod with nothing in it."""
    store = connect(mongod.uri, emptied.pop() if emptied else f"test-{next(_numbers)}")
    prepare(store)
    yield store
    for name in store.db.list_collection_names():
        if name in COLLECTIONS:
            store.db[name].delete_many({})
        else:
            store.db.drop_collection(name)
    emptied.append(store.name)
    store.close()
