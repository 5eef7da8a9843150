"""Open recordings are followed, and a database that stops and returns is survived."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import requests

from synaptarium.client import Client, Received
from synaptarium.jobs import live
from synaptarium.schemas.chunks import decode_spikes
from synaptarium.schemas.errors import ErrorBody, StoreUnavailable
from synaptarium.schemas.messages import State
from synaptarium.schemas.recording import Header, Layer, Source
from synaptarium.schemas.sealing import Sealed, unseal
from synaptarium.server.app import serving
from synaptarium.server.config import Config
from synaptarium.server.library import Library, open_library
from synaptarium.server.mongod import Mongod
from synaptarium.server.private_socket import private_folder
from synaptarium.store import closing, open_runs, recordings
from synaptarium.store.database import Store, connect, prepare

from .conftest import Serve, add, everything
from .test_stream import during, messages, until

HEADER = Header(
    name="live",
    bin_us=1000,
    t_start_us=0,
    t_stop_us=1000,
    layers=(Layer(name="a", neurons=50, shape=(50,), offset=0),),
    source=Source(format="test"),
)


def append(store: Store, start_us: int, stop_us: int) -> int:
    """Append a spike a millisecond; returns how many."""
    times = np.arange(start_us, stop_us, 1000)
    batch = pa.record_batch(
        {"time_us": pa.array(times), "neuron": pa.array((times // 1000 % 50).astype(np.uint32))}
    )
    open_runs.append(store, "live", "spikes", "", batch)
    return len(times)


def spikes_of(events: list[object]) -> dict[int, int]:
    """Return the spikes of the newest version of every level-0 chunk."""
    newest: dict[int, int] = {}
    for event in events:
        if isinstance(event, Received) and (event.message.stream, event.message.level) == (0, 0):
            frames = decode_spikes(unseal(Sealed(event.stored, event.message.checksum)))
            newest[event.message.chunk] = int(frames.n.sum())
    return newest


def wait_for_manifest(client: Client) -> None:
    for _ in range(100):
        try:
            client.manifest("live")
            return
        except Exception:
            time.sleep(0.05)
    raise AssertionError("the follower made no manifest")


def test_growing_recording_is_followed(store: Store, serve: Serve) -> None:
    recordings.create(store, HEADER, id="live", status="open")
    sent = append(store, 0, 500_000)
    _, url = serve()
    client = Client(url)
    wait_for_manifest(client)
    with client.open_stream() as viewer:
        viewer.open("live", ("spikes",))
        opened = viewer.next()
        assert opened.open  # type: ignore[union-attr]
        viewer.play(opened.t_start_us, follow=True, level=0)  # type: ignore[union-attr]
        events: list[object] = list(during(viewer, 0.5))
        for start_us in range(500_000, 3_000_000, 250_000):
            sent += append(store, start_us, start_us + 250_000)
            events += during(viewer, 0.15)
        events += until(viewer, lambda e: isinstance(e, State) and e.t_stop_us == 3_000_000)
        events += during(viewer, 0.5)

        assert sum(spikes_of(events).values()) == sent
        states = [e for e in events if isinstance(e, State)]
        assert states[-1].status == "live"
        assert [s.t_stop_us for s in states] == sorted(s.t_stop_us for s in states)
        assert len({s.revision for s in states}) > 3
        assert any(m.revision > 0 for m in messages(events))  # type: ignore[arg-type]

        # The general module reads it live.
        answer, columns = client.module("live", "general")
        assert answer.t_stop_us == 3_000_000
        assert columns["spikes.0"].sum() == sent  # type: ignore[union-attr]

        closing.close(store, "live")
        events = list(until(viewer, lambda e: isinstance(e, State) and e.status == "ended"))
    manifest = client.manifest("live")
    assert not manifest.open


def test_playing_goes_on_where_an_open_recording_grew(store: Store, serve: Serve) -> None:
    recordings.create(store, HEADER, id="live", status="open")
    append(store, 0, 300_000)
    _, url = serve()
    client = Client(url)
    wait_for_manifest(client)
    with client.open_stream() as viewer:
        viewer.open("live", ("spikes",))
        viewer.play(0, speed=1.0, level=0)
        until(viewer, lambda e: isinstance(e, State) and e.status == "live")

        append(store, 300_000, 900_000)
        events = until(viewer, lambda e: isinstance(e, State) and e.status == "playing")
        events += until(viewer, lambda e: isinstance(e, State) and e.status == "live")

    assert messages(events)
    assert events[-1].t_us == pytest.approx(900_000, abs=1000)  # type: ignore[union-attr]


def test_open_chunk_is_not_cached_and_a_closed_one_is(store: Store, serve: Serve) -> None:
    recordings.create(store, HEADER, id="live", status="open")
    append(store, 0, 10_000_000)
    _, url = serve()
    client = Client(url)
    wait_for_manifest(client)
    time.sleep(2.5)  # ranges close a second after the run passed them
    append(store, 10_000_000, 10_100_000)
    time.sleep(0.5)
    manifest = client.manifest("live")
    grid = next(g for g in manifest.grids if (g.stream, g.level) == (0, 0))
    last = (manifest.levels[0].frames - 1) >> grid.k

    def control(chunk: int) -> str:
        address = f"{url}/api/recordings/live/builds/{manifest.build}/chunks/0/0/0/{chunk}"
        return requests.get(address).headers["Cache-Control"]

    assert manifest.closed_us > 0
    assert "immutable" in control(0)
    assert control(last) == "no-cache"


def test_recording_closed_while_no_server_ran_is_completed(store: Store, serve: Serve) -> None:
    recordings.create(store, HEADER, id="live", status="open")
    append(store, 0, 500_000)
    assert live.extend(store, "live").open
    closing.close(store, "live")

    client = Client(serve()[1])

    deadline = time.monotonic() + 5
    while client.manifest("live").open:
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture
def own_library(data_folder: Path) -> Iterator[Library]:
    """A library with a mongod of its own, which a test may kill."""
    with open_library(data_folder, purpose="serve") as library:
        yield library


def test_database_that_is_killed_and_comes_back_is_survived(own_library: Library) -> None:
    add(own_library.store, everything())
    mongod = own_library.mongod
    assert mongod
    with serving(own_library, Config(port=0, follow_ms=50)) as (_, server):
        client = Client(f"http://127.0.0.1:{server.port}")
        with client.open_stream() as viewer:
            viewer.open("small", ("spikes", "weights", "v"))
            viewer.play(0, speed=1.0, level=0, loop=(0, 1_000_000))
            until(viewer, lambda e: isinstance(e, Received))
            pid = mongod.status().pid
            assert pid

            os.kill(pid, signal.SIGKILL)

            during(viewer, 0.3)
            found = until(viewer, lambda e: isinstance(e, Received), timeout_s=20)
            assert messages(found)
            assert viewer.connected
        assert client.health().status == "ok"


def test_database_that_is_away_is_told(tmp_path: Path) -> None:
    folder = private_folder(tmp_path / "data")
    mongod = Mongod(folder, purpose="test").start()
    store = connect(mongod.uri)
    prepare(store)
    add(store, everything())
    with serving(Library(store, folder, None), Config(port=0, follow_ms=50)) as (_, server):
        url = f"http://127.0.0.1:{server.port}"
        client = Client(url)
        with client.open_stream() as viewer, client.open_stream() as idle:
            idle.open("small", ("spikes",))
            idle.next()
            viewer.open("small", ("spikes",))
            viewer.play(0, speed=1.0, level=0, loop=(0, 1_000_000))
            until(viewer, lambda e: isinstance(e, Received))

            mongod.stop()

            for stream in (viewer, idle):
                events = until(stream, lambda e: isinstance(e, State) and e.status == "unavailable", 20)
                errors = [e for e in events if isinstance(e, ErrorBody)]
                assert [e.code for e in errors] == ["store_unavailable"]
                assert errors[0].hint
            assert not messages(during(viewer, 1.0))
            answer = requests.get(f"{url}/api/recordings")
            assert (answer.status_code, answer.json()["code"]) == (503, "store_unavailable")
            with pytest.raises(StoreUnavailable):
                client.manifest("small")
            health = client.health()
            assert (health.status, health.database.state) == ("degraded", "unavailable")

            mongod = Mongod(folder, purpose="test").start()

            events = until(viewer, lambda e: isinstance(e, Received), 20)
            assert any(isinstance(e, State) and e.status == "playing" for e in events)
            until(idle, lambda e: isinstance(e, State) and e.status == "paused", 20)
            assert viewer.connected
            assert client.health().status == "ok"
    mongod.stop()
    store.close()
