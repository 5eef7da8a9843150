"""The library: a data folder with its database, opened by whatever process wants to work on it."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from synaptarium.adapters.arrays import arrays_source
from synaptarium.adapters.base import EventSource
from synaptarium.schemas.errors import DataFolderInUse, InvalidInput, StoreUnavailable
from synaptarium.server.folder_lock import FolderLock, Holder
from synaptarium.server.mongod import Mongod
from synaptarium.server.private_socket import private_folder
from synaptarium.store.database import Store, connect, prepare
from synaptarium.store.importing import Progress, import_source

SERVE = "serve"
LOCK_ATTEMPTS = 10
LOCK_PAUSE_S = 0.05
#: A database that ends breaks our connections a moment before its end is noticed.
NOTICE_S = 1.0


@dataclass(frozen=True)
class Library:
    """An open data folder.

    Parameters
    ----------
    store : Store
        Its recordings.
    data : pathlib.Path
        The folder: for the embedded database, and for what else is kept per user.
    mongod : Mongod or None
        The embedded database; None where SYNAPTARIUM_MONGO_URI names another.
    """

    store: Store
    data: Path
    mongod: Mongod | None
    _serving: FolderLock | None = None

    def announce(self, url: str) -> None:
        """Tell other processes where this one serves the data folder."""
        if self._serving is not None:
            self._serving.announce(url)


def data_folder(data: str | Path | None = None) -> Path:
    """Return the data folder: the one given, SYNAPTARIUM_DATA, or where this platform keeps a user's data."""
    if data is not None:
        return Path(data).expanduser().absolute()
    named = os.environ.get("SYNAPTARIUM_DATA")
    if named:
        return Path(named).expanduser().absolute()
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "synaptarium"
    shared = os.environ.get("XDG_DATA_HOME")
    return (Path(shared) if shared else Path.home() / ".local" / "share") / "synaptarium"


def served_by(data: Path | None = None) -> Holder | None:
    """Return the process that serves a data folder now, None where none does."""
    path = data_folder(data) / "serve.lock"
    if not path.exists():
        return None
    lock = FolderLock(path, "look")
    if lock.acquire():
        lock.release()
        return None
    return lock.holder() or Holder(pid=0, since=0.0, purpose=SERVE)


@contextmanager
def open_library(
    data: str | Path | None = None, uri: str | None = None, *, purpose: str
) -> Iterator[Library]:
    """Open a data folder for the duration of a ``with`` block.

    The database is ``uri``, else SYNAPTARIUM_MONGO_URI, else the embedded one: that of the process which works on
    the folder already, or one of our own, stopped at the end.

    Parameters
    ----------
    data : str, pathlib.Path or None
        See :func:`data_folder`.
    uri : str or None
        Address of a MongoDB.
    purpose : str
        ``"serve"`` for the one process that serves the folder; else the command's name.

    Raises
    ------
    DataFolderInUse
        Another process serves the folder already.
    MissingDependency
        There is no MongoDB on this machine.
    StoreUnavailable
        The database does not answer or does not start.
    """
    folder = data_folder(data)
    private_folder(folder)
    address = uri or os.environ.get("SYNAPTARIUM_MONGO_URI")
    with ExitStack() as cleanup:
        serving = None
        if purpose == SERVE and not address:
            serving = _serve_alone(folder)
            cleanup.callback(serving.release)
        mongod = None
        if not address:
            mongod = cleanup.enter_context(Mongod(folder, purpose=purpose))
            address = mongod.uri
        store = connect(address)
        cleanup.callback(store.close)
        prepare(store)
        try:
            yield Library(store, folder, mongod, serving)
        except StoreUnavailable as error:
            if mongod is None:
                raise
            status = mongod.status()
            deadline = time.monotonic() + NOTICE_S
            while status.state == "ready" and time.monotonic() < deadline:
                time.sleep(LOCK_PAUSE_S)
                status = mongod.status()
            if status.state != "down" or not status.message:
                raise
            raise StoreUnavailable(
                f"The database in {folder} is down: {status.message}",
                hint=f"What was acknowledged is kept. If the disk is full, make room; its log is {mongod.log}.",
                where=str(folder),
            ) from error


def write_recording(
    name: str,
    *,
    layers: Any,
    data: str | Path | None = None,
    uri: str | None = None,
    progress: Progress | None = None,
    **arrays: Any,
) -> str:
    """Write a recording from plain arrays and return its id.

    Parameters
    ----------
    name : str
        Name shown to people.
    layers : iterable of LayerArrays or dict
        In order, at least one.
    data, uri : see :func:`open_library`
        Where to; by default the user's data folder. A server that runs on it shows the recording at once.
    progress : callable or None
        ``progress(done, total, what)``.
    **arrays
        Spikes, potentials, weights, stimuli, metrics, images, ...: as :func:`synaptarium.adapters.arrays.arrays_source`.

    Raises
    ------
    InvalidInput
        The arrays contradict each other; nothing was written.
    RecordingExists
        The same arrays were written under that name before.

    Examples
    --------
    >>> write_recording(
    ...     "two neurons", time_unit="ms", layers=[{"name": "a", "neurons": 2}], spikes={"a": ([1.0, 2.5], [0, 1])}
    ... )  # doctest: +SKIP
    'two-neurons'
    """
    named: Mapping[str, Any] = {"layers": layers, **arrays}
    return write_source(arrays_source(name, **named), data=data, uri=uri, progress=progress)


def write_source(
    source: EventSource,
    name: str | None = None,
    *,
    data: str | Path | None = None,
    uri: str | None = None,
    progress: Progress | None = None,
) -> str:
    """Write what an adapter gives and return the recording's id.

    Parameters
    ----------
    source : EventSource
        From ``nengo_source``, ``brian2_source``, ``arrays_source``, ...
    name : str or None
        Name shown to people; the source's own where left out.
    data, uri, progress : see :func:`write_recording`

    Raises
    ------
    InvalidInput
        The source contradicts itself; nothing was written.
    RecordingExists
        The same source was written under that name before.
    """
    given = cast("object", source)
    if not isinstance(given, EventSource):
        raise InvalidInput(
            f"A {type(given).__name__} is no source of events.",
            hint="Make one with nengo_source, brian2_source or arrays_source; "
            "synaptarium.adapters.base.open_source(path) makes one of a file.",
            where="source",
        )
    with open_library(data, uri, purpose="import") as library:
        return import_source(library.store, source, name=name, progress=progress).id


def _serve_alone(folder: Path) -> FolderLock:
    lock = FolderLock(folder / "serve.lock", SERVE)
    holder = None
    for _ in range(LOCK_ATTEMPTS):
        if lock.acquire():
            return lock
        holder = lock.holder()
        if holder is not None and holder.purpose == SERVE:
            break
        time.sleep(LOCK_PAUSE_S)  # somebody only looks whether the folder is served, see served_by
    who = str(holder) if holder else "another process"
    see = f"Open {holder.url} in the browser" if holder and holder.url else "Use that server"
    stop = f"stop it with: kill {holder.pid}" if holder else "stop it"
    raise DataFolderInUse(
        f"The data folder {folder} is served by {who} already.",
        hint=f"{see}; or {stop}; or serve another folder with --data.",
        where=str(folder),
    )
