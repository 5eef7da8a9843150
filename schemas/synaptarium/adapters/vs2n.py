"""VS2N databases as they are: a MongoDB database or a folder with one file of JSON lines per collection.

Read, never written to. Both schemas are understood: times in seconds (doubles) and in microseconds (integers).

Source: the VS2N wiki, "VS2N MongoDB schemas", and databases made by its Nengo collector.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from synaptarium.adapters.ahead import ahead
from synaptarium.adapters.base import Adapter, EventSource
from synaptarium.adapters.deferred import DeferredSource
from synaptarium.adapters.vs2n_documents import REQUIRED, Columns, FolderDocuments
from synaptarium.adapters.vs2n_mapping import Vs2nOptions, vs2n_source
from synaptarium.adapters.vs2n_raw import columns_of
from synaptarium.schemas.errors import (
    ForeignFile,
    InvalidInput,
    MissingDependency,
    StoreUnavailable,
)

_SERVER_TIMEOUT_MS = 3_000
#: Documents turned into columns at once: while one batch is, the database makes the next.
_BATCH_DOCUMENTS = 25_000


@dataclass(frozen=True)
class MongoDocuments:
    """A VS2N database in MongoDB.

    Parameters
    ----------
    uri : str
        ``mongodb://host[:port]/database``, or with the percent-encoded path of a Unix socket as host.
    """

    uri: str

    @property
    def where(self) -> str:
        return re.sub(r"//[^@/]*@", "//", self.uri)

    def collections(self) -> tuple[str, ...]:
        with self.database() as database:
            return tuple(sorted(database.list_collection_names()))

    def small(self, collection: str) -> list[dict[str, Any]]:
        with self.database() as database:
            return list(database[collection].find({}, {"_id": 0}))

    def columns(self, collection: str) -> Iterator[Columns]:
        # Whole documents: leaving out fields costs the database more than sending them.
        with self.database() as database:
            batches = database[collection].find_raw_batches({}, batch_size=_BATCH_DOCUMENTS)
            for raw in ahead(batches):
                if raw:
                    yield columns_of(collection, raw, self.where)

    @contextmanager
    def database(self) -> Iterator[Any]:
        """Open the database; every failure of MongoDB becomes one of our errors."""
        try:
            import pymongo
            import pymongo.errors
            from pymongo.uri_parser import parse_uri
        except ImportError as error:
            raise MissingDependency("pymongo is not installed.", hint="pip install pymongo") from error
        try:
            name = parse_uri(self.uri)["database"]
            client: Any = pymongo.MongoClient(self.uri, serverSelectionTimeoutMS=_SERVER_TIMEOUT_MS)
        except (pymongo.errors.PyMongoError, ValueError) as error:
            raise InvalidInput(
                f"{self.where!r} is no address of a MongoDB: {error}.",
                hint="Write mongodb://host:port/database; percent-encode a socket's path (%2Ftmp%2Fmongodb.sock).",
                where=self.where,
            ) from error
        with client:
            try:
                if not name:
                    raise InvalidInput(
                        f"{self.where!r} names no database.",
                        hint=f"Add one: mongodb://.../NAME. {_candidates(client)}",
                        where=self.where,
                    )
                yield client[name]
            except pymongo.errors.PyMongoError as error:
                raise StoreUnavailable(
                    f"MongoDB at {self.where!r} does not answer: {_first_sentence(error)}.",
                    hint="Is it running, and may you read this database?",
                    where=self.where,
                ) from error


def _candidates(client: Any) -> str:
    names = [name for name in client.list_database_names() if name not in {"admin", "config", "local"}]
    return f"Its databases: {', '.join(names) or 'none'}."


def _first_sentence(error: Exception) -> str:
    return str(error).split(", Timeout", maxsplit=1)[0].split("(configured", maxsplit=1)[0].strip(" .,")


def _is_vs2n(address: str) -> bool:
    if address.startswith(("mongodb://", "mongodb+srv://")):
        return True
    path = Path(address)
    return path.is_dir() and bool(set(REQUIRED) & set(FolderDocuments(path).collections()))


def _open(address: str, options: Mapping[str, str]) -> EventSource:
    if address.startswith(("mongodb://", "mongodb+srv://")):
        documents: MongoDocuments | FolderDocuments = MongoDocuments(address)
    else:
        if not Path(address).is_dir():
            raise ForeignFile(
                f"{address!r} is no folder and no mongodb:// address.",
                hint="A VS2N database is a folder with info.jsonl, spikes.jsonl, ... or an address.",
                where=address,
            )
        documents = FolderDocuments(Path(address))
    understood = Vs2nOptions(
        time_unit=options.get("time_unit", ""), layer_names=_pairs(options.get("layer_names", "").split(","))
    )
    return DeferredSource(lambda: vs2n_source(documents, understood))


def _pairs(texts: Iterable[str]) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for text in texts:
        if not text.strip():
            continue
        found, equals, wanted = text.partition("=")
        if not equals:
            raise InvalidInput(
                f"layer_names holds {text!r}.", hint="Write layer_names=FOUND=WANTED[,FOUND=WANTED...]."
            )
        pairs[found.strip()] = wanted.strip()
    return pairs


ADAPTER = Adapter(
    "vs2n",
    "a VS2N database: mongodb://host/database, or a folder with info.jsonl, spikes.jsonl, ...",
    sniff=_is_vs2n,
    open=_open,
    options=("time_unit", "layer_names"),
)
