"""What tests share: a private data folder, one real mongod for the whole run, and a fresh database in it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from synaptarium.server.mongod import Mongod
from synaptarium.store.database import Store, connect, prepare

_numbers = itertools.count()


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


@pytest.fixture
def store(mongod: Mongod) -> Iterator[Store]:
    """A fresh, prepared database in the tests' mongod."""
    store = connect(mongod.uri, f"test-{next(_numbers)}")
    prepare(store)
    yield store
    store.client.drop_database(store.name)
    store.close()
