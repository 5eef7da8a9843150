"""A database that goes away during a build: the build waits for it, or ends with a clear word and goes on later."""

from __future__ import annotations

import os
import shutil
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from synaptarium.jobs.build import precompute
from synaptarium.schemas.chunk_key import ChunkKey
from synaptarium.schemas.errors import StoreUnavailable
from synaptarium.schemas.messages import Job
from synaptarium.schemas.recording import Recording
from synaptarium.schemas.sealing import seal
from synaptarium.schemas.tables import encode_page
from synaptarium.server.mongod import Mongod
from synaptarium.store import chunks, jobs, recordings, tables
from synaptarium.store.database import Store, connect, prepare

AWAY_S = 1.0


class Outage:
    """A database that leaves when the build has done two ranges, and comes back after a while or when told."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.mongod = Mongod(folder, purpose="test").start()
        self.left = threading.Event()
        self.timer: threading.Timer | None = None

    def leave(self, back_in_s: float | None) -> Callable[[Job], None]:
        """Return a progress callback that stops the database once."""

        def progress(job: Job) -> None:
            if job.done >= 2 and not self.left.is_set():
                self.left.set()
                self.mongod.stop()
                if back_in_s is not None:
                    self.timer = threading.Timer(back_in_s, self.come_back)
                    self.timer.start()

        return progress

    def come_back(self) -> None:
        """Start the database again, at the same address."""
        self.mongod = Mongod(self.folder, purpose="test").start()

    def close(self) -> None:
        """End what runs."""
        if self.timer is not None:
            self.timer.join()
        self.mongod.stop()


@pytest.fixture
def outage(tmp_path) -> Iterator[Outage]:
    """A database of one's own."""
    found = Outage(tmp_path / "data")
    yield found
    found.close()


@pytest.fixture
def recorded(outage, learning_run, monkeypatch) -> Iterator[tuple[Store, Recording]]:
    """A recording of many ranges in it."""
    monkeypatch.setattr("synaptarium.jobs.planning.MAX_RANGE_BITS", 11)
    monkeypatch.setattr("synaptarium.store.database.SELECTION_TIMEOUT_S", 0.3)  # as long as one attempt waits
    store = connect(outage.mongod.uri, "outage")
    prepare(store)
    yield store, learning_run(seconds=40.0).stored(store)
    store.close()


def stored_bytes(store: Store, recording: Recording, build: int) -> dict[tuple[int, ...], bytes]:
    first = ChunkKey(recording.num, build, 0, 0, 0, 0)
    last = ChunkKey(recording.num, build, 0xFFFF, 0xFF, 0xFFFFFFFF, 0xFFFFFF)
    return {key[2:]: sealed.stored for key, sealed in chunks.scan(store, first, last)}


def test_a_build_waits_for_a_database_that_is_away_for_seconds(outage, recorded, monkeypatch, caplog) -> None:
    store, recording = recorded
    monkeypatch.setattr("synaptarium.store.database.TELL_AFTER_S", 0.1)
    undisturbed = stored_bytes(store, recording, precompute(store, recording.id, engine="local"))

    build = precompute(store, recording.id, engine="local", progress=outage.leave(AWAY_S))

    assert outage.left.is_set()
    [told] = [record.getMessage() for record in caplog.records if record.name == "synaptarium.store"]
    assert "does not answer" in told and "It is waited for, 60 s at most." in told
    assert stored_bytes(store, recording, build) == undisturbed
    assert recordings.get(store, recording.id).build == build


def test_a_build_whose_database_stays_away_says_so_and_goes_on_later(outage, recorded, monkeypatch) -> None:
    store, recording = recorded
    monkeypatch.setattr("synaptarium.jobs.build.PATIENCE_S", 0.3)

    with pytest.raises(StoreUnavailable, match="does not answer") as told:
        precompute(store, recording.id, engine="local", progress=outage.leave(None))
    outage.come_back()

    assert told.value.hint
    assert recordings.get(store, recording.id).build is None  # nothing half-made is shown
    done = jobs.done_parts(store, recording.num, 1)
    assert len(done) >= 2
    build = precompute(store, recording.id, engine="local")
    assert build == 1 and recordings.get(store, recording.id).build == build
    again = precompute(store, recording.id, engine="local")
    assert stored_bytes(store, recording, again)


def test_a_build_whose_disk_fills_up_says_so_at_once_and_goes_on_with_room(
    outage, recorded, monkeypatch
) -> None:
    store, recording = recorded
    undisturbed = stored_bytes(store, recording, precompute(store, recording.id, engine="local"))
    full = shutil.disk_usage(outage.folder)._replace(free=3 << 20)
    monkeypatch.setattr("synaptarium.store.database.FULL_PATIENCE_S", 0.3)

    with monkeypatch.context() as patched:
        patched.setattr(shutil, "disk_usage", lambda path: full)
        with pytest.raises(StoreUnavailable, match="its disk is full: 3 MiB are left") as told:
            precompute(store, recording.id, engine="local", progress=outage.leave(None))
    outage.come_back()

    assert "Make room; then start the same again" in told.value.hint
    assert recordings.get(store, recording.id).build == 1  # what was there before, whole
    assert len(jobs.done_parts(store, recording.num, 2)) >= 2
    assert precompute(store, recording.id, engine="local") == 2
    assert stored_bytes(store, recording, 2) == undisturbed


def test_what_was_written_outlives_a_database_that_is_killed_at_once(outage) -> None:
    store = connect(outage.mongod.uri, "outage", patience_s=30.0)
    prepare(store)
    key, sealed, part = ChunkKey(1, 1, 0, 0, 0, 0), seal(b"a chunk"), "spikes/0/0"
    batch = encode_page({"n": np.ones((1, 3), np.uint32)}, items=3)
    killed = outage.mongod.status().pid

    chunks.write(store, [(key, sealed, 1)])
    tables.write_part(store, 1, 1, 7, part, batch)
    os.kill(killed, signal.SIGKILL)

    assert chunks.read(store, key) == sealed
    assert [index for index, _ in tables.read_parts(store, 1, 1, part)] == [7]
    assert outage.mongod.status().pid != killed
    store.close()
