"""The connection: one :class:`Store` is a database with our collections, and the edge at which its errors are ours."""

from __future__ import annotations

import logging
import re
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote, unquote

from bson.codec_options import TypeDecoder, TypeRegistry
from bson.errors import BSONError
from bson.int64 import Int64
from pymongo import MongoClient, WriteConcern
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import (
    BulkWriteError,
    CollectionInvalid,
    ConfigurationError,
    ConnectionFailure,
    DocumentTooLarge,
    InvalidOperation,
    InvalidURI,
    OperationFailure,
    PyMongoError,
    WTimeoutError,
)

from synaptarium.schemas.documents import COLLECTIONS, validator
from synaptarium.schemas.errors import Internal, InvalidInput, StoreUnavailable, SynaptariumError

Document = dict[str, Any]
T = TypeVar("T")

SELECTION_TIMEOUT_S = 3.0
HEARTBEAT_MS = 2000
RETRY_PAUSE_S = 0.1
# Acknowledged means on disk: with w=1 alone a killed mongod lost 68 of 15,413 acknowledged writes, with j none.
DURABLE = WriteConcern(w=1, j=True)
QUICK = WriteConcern(w=1)
# Of a replica set, what one member alone has acknowledged is rolled back when that member dies. This holds for what can
# be made again, too: the note that a part is done may reach the next primary when the part's chunks did not.
MAJORITY_TIMEOUT_MS = 30_000
DURABLE_MAJORITY = WriteConcern(w="majority", j=True, wtimeout=MAJORITY_TIMEOUT_MS)
QUICK_MAJORITY = WriteConcern(w="majority", wtimeout=MAJORITY_TIMEOUT_MS)

#: What an election leaves behind, and passes: HostUnreachable, HostNotFound, NetworkTimeout, WriteConcernFailed,
#: ShutdownInProgress, PrimarySteppedDown, SocketException, NotWritablePrimary, Interrupted...
_PASSING = {6, 7, 89, 64, 91, 189, 9001, 10107, 11600, 11602, 13435, 13436}
# A single server that has just come back refuses what several threads repeat to it as to a replica set: the driver does
# not know yet that it is none, and does the next time.
_NO_REPLICA_SET = 20
#: A private database cannot go on with less: it writes its journal in files of 100 MiB, one ahead.
FULL_BYTES = 160 * 1024 * 1024
#: An election or a restart is over before anybody need hear of it.
TELL_AFTER_S = 3.0
_LOG = logging.getLogger("synaptarium.store")
_telling = threading.Lock()
_told_until: dict[str, float] = {}
#: How long one whose disk is full is waited for: it stays away until somebody makes room.
FULL_PATIENCE_S = 10.0
_UNAUTHORISED = {13, 18, 8000}
_DISK_FULL = {14031}
_INVALID_DOCUMENT = 121


class _PlainIntegers(TypeDecoder):
    """Decodes 64-bit numbers as ``int``: the class that BSON gives them is refused by message encoders."""

    @property
    def bson_type(self) -> type[Int64]:
        return Int64

    def transform_bson(self, value: Any) -> int:
        return int(value)


@dataclass(frozen=True)
class Store:
    """A database of recordings.

    Parameters
    ----------
    client : pymongo.MongoClient
        Safe to share between threads, not between processes: others :func:`connect` with ``uri`` and ``name``.
    db : pymongo.database.Database
        The database.
    uri, name : str
        Its address and name.
    patience_s : float
        How long a repeatable operation waits for a database that is away before it gives up.
    replicated : bool
        A replica set or a sharded cluster: writes wait for a majority of its members.
    """

    client: MongoClient[Document]
    db: Database[Document]
    uri: str
    name: str
    patience_s: float = 0.0
    replicated: bool = False

    def durable(self, collection: str) -> Collection[Document]:
        """Return a collection whose acknowledged writes survive a killed database."""
        return self.db.get_collection(
            collection, write_concern=DURABLE_MAJORITY if self.replicated else DURABLE
        )

    def quick(self, collection: str) -> Collection[Document]:
        """Return a collection for what can be made again; a later durable write makes it durable too."""
        return self.db.get_collection(collection, write_concern=QUICK_MAJORITY if self.replicated else QUICK)

    def close(self) -> None:
        """Close the connections."""
        self.client.close()


def connect(uri: str, name: str = "synaptarium", *, patience_s: float = 0.0) -> Store:
    """Connect to a MongoDB and check that it answers.

    Parameters
    ----------
    uri : str
        ``mongodb://...``; a Unix socket is percent-encoded. Of a replica set, all its hosts and ``?replicaSet=``.
    name : str
        Database name.
    patience_s : float
        See :class:`Store`.

    Raises
    ------
    StoreUnavailable
        Nothing answers within 3 s, or the credentials are refused.
    InvalidInput
        The address is no MongoDB address.
    """
    try:
        if not uri.startswith(("mongodb://", "mongodb+srv://")):  # the driver takes any word as a host
            raise InvalidURI("it must begin with mongodb:// or mongodb+srv://")
        client: MongoClient[Document] = MongoClient(
            uri,
            serverSelectionTimeoutMS=int(SELECTION_TIMEOUT_S * 1000),
            # A database that hangs is noticed after both together, and what waits for it is told.
            connectTimeoutMS=int(SELECTION_TIMEOUT_S * 1000),
            heartbeatFrequencyMS=HEARTBEAT_MS,
            # The driver itself repeats once, and a repeated write is done once; `call` waits for longer elections.
            retryWrites=True,
            retryReads=True,
            appname="synaptarium",
            type_registry=TypeRegistry([_PlainIntegers()]),
        )
    except (InvalidURI, ConfigurationError, ValueError) as error:
        raise InvalidInput(
            f"{without_password(uri)!r} is not a MongoDB address: {error}.",
            hint="It looks like mongodb://user:password@host:27017/?authSource=admin.",
            where="SYNAPTARIUM_MONGO_URI",
        ) from error
    store = Store(client, client[name], uri, name, patience_s)
    try:
        said = call(store, lambda: client[name].command("hello"))
    except BaseException:
        client.close()
        raise
    return replace(store, replicated="setName" in said or said.get("msg") == "isdbgrid")


def prepare(store: Store) -> None:
    """Create what is missing of our collections, and bring validators and indexes up to date."""
    with edge(store):
        existing = set(store.db.list_collection_names())
        for name, collection in COLLECTIONS.items():
            rule = validator(collection.document)
            if name not in existing:
                options: Document = {"validator": rule}
                if collection.clustered:
                    options["clusteredIndex"] = {"key": {"_id": 1}, "unique": True}
                try:
                    store.db.create_collection(name, **options, **collection.storage)
                except CollectionInvalid:  # another process made it in between
                    existing.add(name)
            if name in existing:
                store.db.command("collMod", name, validator=rule)
            # One that an earlier release made stays as it is: how its file grows cannot be changed.
            made = {
                (tuple(key for key, _ in found["key"]), found.get("unique", False))
                for found in store.db[name].index_information().values()
            }
            for index in collection.indexes:
                if (index.keys, index.unique) not in made:
                    keys = [(key, 1) for key in index.keys]
                    store.db[name].create_index(keys, unique=index.unique, **collection.index_storage)


def call(store: Store, operation: Callable[[], T], stopped: Callable[[], bool] | None = None) -> T:
    """Run an operation that may be repeated, waiting ``patience_s`` for a database that is away, 10 s where its disk is full.

    Parameters
    ----------
    store : Store
        Has the patience.
    operation : callable
        May run more than once.
    stopped : callable or None
        True ends the waiting.

    Raises
    ------
    StoreUnavailable
        The database is away, full or refuses us.
    """
    started = time.monotonic()
    while True:
        try:
            return operation()
        except (PyMongoError, BSONError) as error:
            given_up = stopped is not None and stopped()
            patience_s = _patience_s(store)
            if not passes(error) or given_up or time.monotonic() >= started + patience_s:
                raise translated(store, error) from error
            if time.monotonic() >= started + TELL_AFTER_S:
                _tell(store, error, patience_s)
            time.sleep(RETRY_PAUSE_S)


def _tell(store: Store, error: PyMongoError | BSONError, patience_s: float) -> None:
    """Say that a database is waited for: once, whatever number of threads wait."""
    now = time.monotonic()
    with _telling:
        if now < _told_until.get(store.uri, 0.0):
            return
        _told_until[store.uri] = now + max(patience_s, TELL_AFTER_S)
    _LOG.warning("%s It is waited for, %.0f s at most.", translated(store, error).message, patience_s)


def _patience_s(store: Store) -> float:
    left = _room_left(store.uri)
    return store.patience_s if left is None or left >= FULL_BYTES else min(store.patience_s, FULL_PATIENCE_S)


def passes(error: BaseException) -> bool:
    """Return whether an error is one of a database that is away for now: not reachable, or choosing a new primary."""
    if isinstance(error, ConnectionFailure | WTimeoutError):
        return True
    if isinstance(error, BulkWriteError):
        problems = [*error.details["writeErrors"], *error.details["writeConcernErrors"]]
        return bool(problems) and all(problem["code"] in _PASSING for problem in problems)
    return isinstance(error, OperationFailure) and (
        error.code in _PASSING
        or error.has_error_label("RetryableWriteError")
        or (error.code == _NO_REPLICA_SET and "retryable writes" in str(error))
    )


def _room_left(uri: str) -> int | None:
    """Return the bytes left on the disk of a private database, None for one of which that cannot be known."""
    path = re.match(r"mongodb://(%2F[^/]*)", uri)
    if path is None:
        return None
    data = Path(unquote(path.group(1))).parent.parent
    # A full disk ends mongod without a word to its clients, and again each time that it starts.
    return shutil.disk_usage(data).free if (data / "mongo").is_dir() else None


@contextmanager
def edge(store: Store) -> Iterator[None]:
    """Turn the driver's errors inside the block into ours; nothing is repeated."""
    try:
        yield
    except (PyMongoError, BSONError) as error:
        raise translated(store, error) from error


def translated(store: Store, error: PyMongoError | BSONError) -> SynaptariumError:
    """Return the error of ours that tells a driver's error to the user."""
    address = without_password(store.uri)
    code = error.code if isinstance(error, OperationFailure) else None
    if code in _UNAUTHORISED:
        return StoreUnavailable(
            f"MongoDB at {address} refuses access to the database {store.name!r}: {_first_sentence(error)}.",
            hint="Check the user, the password and authSource in SYNAPTARIUM_MONGO_URI.",
        )
    if code in _DISK_FULL or "No space left" in str(error):
        return StoreUnavailable(
            f"MongoDB at {address} has no room left on its disk.",
            hint="Delete recordings (synaptarium delete ID) or make room; what was acknowledged is safe.",
        )
    if isinstance(error, DocumentTooLarge):
        return Internal(f"A document is larger than MongoDB's 16 MiB: {_first_sentence(error)}.")
    if isinstance(error, BSONError):
        return Internal(f"A document cannot be stored: {_first_sentence(error)}.")
    if isinstance(error, OperationFailure) and code == _INVALID_DOCUMENT:
        return Internal(f"MongoDB refuses a document that does not fit its schema: {error.details}.")
    left = _room_left(store.uri) if passes(error) else None
    if left is not None and left < FULL_BYTES:
        return StoreUnavailable(
            f"MongoDB at {address} went away, and its disk is full: {left >> 20} MiB are left.",
            hint="Make room; then start the same again: it goes on, for what was acknowledged is kept. "
            "synaptarium drop-chunks ID and delete ID leave room inside the database only.",
        )
    if passes(error) or isinstance(error, InvalidOperation):
        return StoreUnavailable(
            f"MongoDB at {address} does not answer: {_first_sentence(error)}.",
            hint="An embedded database comes back by itself; for one of your own, check that it runs and that "
            "SYNAPTARIUM_MONGO_URI names it.",
        )
    return StoreUnavailable(
        f"MongoDB at {address} failed: {_first_sentence(error)}.", hint="MongoDB's log has the details."
    )


def without_password(uri: str) -> str:
    """Return an address that may be shown: no password, and a Unix socket as its path.

    Examples
    --------
    >>> without_password("mongodb://me:secret@host:27017/")
    'mongodb://me:***@host:27017/'
    """
    shown = re.sub(r"(://[^:/@]*):[^@]*@", r"\1:***@", uri)
    return re.sub(r"mongodb://%2F([^/]*)/.*", lambda found: "/" + found.group(1).replace("%2F", "/"), shown)


def _first_sentence(error: BaseException) -> str:
    text = str(error).split(", full error:")[0].split(", Timeout:")[0].split(" (configured timeouts")[0]
    return text.strip().rstrip(".") or type(error).__name__


def key_of(*parts: str | int) -> str:
    """Return an ``_id`` of parts, unambiguous whatever the names in it.

    Examples
    --------
    >>> key_of(3, "a/b", "v")
    '3/a%2Fb/v'
    """
    return "/".join(quote(str(part), safe=" ") for part in parts)
