"""The stream with real connections: what is sent when, epochs, credit, errors."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from synaptarium.client import Client, Received, Stream
from synaptarium.client.stream import Event
from synaptarium.schemas.chunks import decode_spikes, decode_values
from synaptarium.schemas.errors import ErrorBody
from synaptarium.schemas.messages import Ack, Opened, Play, State, Window
from synaptarium.schemas.sealing import Sealed, unseal
from synaptarium.store.database import Store

from .conftest import SECONDS, Serve, add, everything

STOP_US = SECONDS * 1_000_000


@pytest.fixture
def url(store: Store, serve: Serve) -> str:
    """A server with one recording, ``small``."""
    add(store, everything())
    return serve()[1]


@pytest.fixture
def viewer(url: str) -> Iterator[Stream]:
    """A viewer of ``small``."""
    with Client(url).open_stream() as stream:
        stream.open("small", ("spikes", "weights", "v"))
        assert isinstance(stream.next(), Opened)
        yield stream


def until(stream: Stream, found: Callable[[Event], bool], timeout_s: float = 10.0) -> list[Event]:
    """Return the events up to the first that is found."""
    events: list[Event] = []
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        event = stream.next(0.2)
        if event is None:
            continue
        events.append(event)
        if found(event):
            return events
    raise AssertionError(
        f"not among {len(events)} events: {[e for e in events if not isinstance(e, Received)]}"
    )


def during(stream: Stream, seconds: float) -> list[Event]:
    """Return the events of some time."""
    events: list[Event] = []
    deadline = time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0:
        event = stream.next(left)
        if event is not None:
            events.append(event)
    return events


def addresses(events: list[Event]) -> list[tuple[int, int, int, int]]:
    return [(m.stream, m.level, m.tile, m.chunk) for m in messages(events)]


def messages(events: list[Event]) -> list[Any]:
    return [event.message for event in events if isinstance(event, Received)]


def ended(event: Event) -> bool:
    return isinstance(event, State) and event.status == "ended"


def test_opened_tells_span_and_levels(url: str) -> None:
    with Client(url).open_stream() as stream:
        stream.open("small", ("spikes",), Window(chunks=4, bytes=2**40))
        opened = stream.next()

    assert isinstance(opened, Opened)
    assert (opened.t_start_us, opened.t_stop_us, opened.open) == (0, STOP_US, False)
    assert [level.frames for level in opened.levels] == [4000, 250, 16]
    assert opened.window == Window(chunks=4, bytes=4 * 1024 * 1024)


def test_playing_sends_every_spike_once(viewer: Stream) -> None:
    viewer.play(0, speed=100.0, level=0)

    events = until(viewer, ended)

    spikes = [
        decode_spikes(unseal(Sealed(event.stored, event.message.checksum)))
        for event in events
        if isinstance(event, Received) and event.message.stream == 0
    ]
    total = sum(int(s.n.sum() if s.counts is None else s.counts.sum()) for s in spikes)
    assert total == (784 + 30) * 30 * SECONDS
    assert max(Counter(addresses(events)).values()) == 1


def test_chunks_come_ahead_of_the_playhead_and_not_far(viewer: Stream, url: str) -> None:
    grids = Client(url).manifest("small").grids
    k = {(grid.stream, tile): grid.k for grid in grids for tile in grid.tiles if grid.level == 0}
    viewer.play(0, speed=0.1, level=0)

    events = during(viewer, 1.2)

    # A look-ahead of 2 s at a tenth of the speed is 0.2 s of the run, and 0.12 s more pass while we look.
    starts_us = [(chunk << k[stream, tile]) * 1000 for stream, _, tile, chunk in addresses(events)]
    assert 0 <= max(starts_us) <= 330_000
    states = [event for event in events if isinstance(event, State)]
    assert [state.status for state in states] == ["playing"] * len(states)
    assert 20_000 < states[-1].t_us < 130_000


def test_level_follows_the_speed(viewer: Stream) -> None:
    for speed, level in ((0.5, 0), (1.0, 0), (4.0, 1), (-4.0, 1), (60.0, 2)):
        viewer.play(STOP_US // 2, speed=speed)
        state = next(e for e in until(viewer, lambda e: isinstance(e, State)) if isinstance(e, State))
        assert (state.level, state.status) == (level, "playing"), speed


def test_seek_while_paused_sends_what_the_moment_needs(viewer: Stream, url: str) -> None:
    manifest = Client(url).manifest("small")
    k = {(g.stream, g.level, g.tiles[0]): g.k for g in manifest.grids}
    t_us = 2_345_000

    viewer.seek(t_us, level=0)
    events = during(viewer, 0.7)

    found = addresses(events)
    assert found
    for stream, level, tile, chunk in found:
        here = (t_us // 1000) >> k[stream, level, tile]
        assert here - 1 <= chunk <= here or stream != 0
        assert chunk <= here
    assert {stream for stream, *_ in found} == {0, 3, 5}
    assert during(viewer, 0.5) == []


def test_seek_gives_the_same_weights_as_replay(viewer: Stream, url: str) -> None:
    client = Client(url)
    manifest = client.manifest("small")
    grid = next(g for g in manifest.grids if g.stream == 3 and g.level == 0)
    t_us = 3_456_000
    frame = t_us // 1000

    viewer.seek(t_us, level=0)
    events = during(viewer, 0.7)

    (received,) = (e for e in events if isinstance(e, Received) and e.message.stream == 3)
    frames = decode_values(unseal(Sealed(received.stored, received.message.checksum)))
    state = frames.keyframe.copy()
    upto = int(frames.n[: frame - frames.first_frame + 1].sum())
    for id, value in zip(frames.ids[:upto], frames.last[:upto], strict=True):
        state[id] = value
    assert grid.quantisation
    for batch_end, expected in replayed(t_us):
        assert batch_end
        np.testing.assert_allclose(state, expected, atol=grid.quantisation.max_error * 1.01)


def replayed(t_us: int) -> list[tuple[bool, np.ndarray]]:
    source = everything()
    weights = np.full(784 * 30, np.nan, np.float32)
    for batch in source.read("weights", "input/output", None, t_us + 1000):
        weights[batch.column("synapse").to_numpy()] = batch.column("value").to_numpy()
    return [(True, weights)]


def test_seek_while_playing_goes_on_from_there(viewer: Stream) -> None:
    viewer.play(0, speed=1.0)
    until(viewer, lambda e: isinstance(e, Received))

    epoch = viewer.seek(3_900_000)
    events = until(viewer, ended)

    assert {message.epoch for message in messages(events)} == {epoch}


def test_reverse_comes_backwards_and_ends_at_the_start(viewer: Stream) -> None:
    viewer.play(STOP_US, speed=-20.0, level=0)

    events = until(viewer, ended)

    spikes = [chunk for stream, _, tile, chunk in addresses(events) if stream == 0 and tile == 0]
    assert spikes == sorted(spikes, reverse=True)
    assert spikes[-1] == 0
    end = events[-1]
    assert isinstance(end, State)
    assert end.t_us == 0


def test_loop_repeats_its_chunks(viewer: Stream) -> None:
    viewer.play(500_000, speed=4.0, level=0, loop=(1_000_000, 1_200_000))

    events = during(viewer, 0.8)

    seen = Counter(addresses(events))
    assert min(count for (stream, *_), count in seen.items() if stream == 0) >= 2
    assert not any(ended(event) for event in events)
    states = [event for event in events if isinstance(event, State)]
    assert all(1_000_000 <= state.t_us < 1_200_000 for state in states)


def test_pause_sends_nothing_more(viewer: Stream) -> None:
    viewer.play(0, speed=1.0)
    until(viewer, lambda e: isinstance(e, Received))

    viewer.pause()
    events = during(viewer, 0.6)

    assert [e.status for e in events if isinstance(e, State) and e.epoch == viewer.epoch] == ["paused"]
    assert not messages(events)


def test_older_epoch_is_ignored(viewer: Stream) -> None:
    viewer.play(0, speed=1.0)
    viewer.pause()
    during(viewer, 0.3)

    viewer.send("play", Play(epoch=1, t_us=0))

    assert during(viewer, 0.4) == []


def test_select_limits_the_projections(viewer: Stream) -> None:
    viewer.select(("another",))
    viewer.play(0, speed=100.0, level=0)

    events = until(viewer, ended)

    assert {stream for stream, *_ in addresses(events)} == {0, 5}


def test_many_seeks_end_at_the_last(viewer: Stream) -> None:
    for number in range(200):
        viewer.seek((number * 7919) % 4000 * 1000, level=0)
    last = viewer.seek(1_000_000, level=0)

    events = during(viewer, 1.0)

    assert messages(events)
    assert {message.epoch for message in messages(events)} == {last}


def test_viewer_that_gives_no_credit_gets_one_window(url: str) -> None:
    with Stream(url, acknowledge=False) as stream:
        stream.open("small", ("spikes", "v", "weights"), Window(chunks=3, bytes=2**22))
        stream.play(0, speed=100.0, level=0, loop=(0, 1_000_000))
        events = during(stream, 1.5)

        assert len(messages(events)) == 3
        assert events[-1].status == "buffering"  # type: ignore[union-attr]

        stream.acknowledge = True
        assert len(messages(during(stream, 0.5))) > 3


def test_one_chunk_is_sent_however_small_the_window(url: str) -> None:
    with Client(url).open_stream() as stream:
        stream.open("small", ("weights",), Window(chunks=1, bytes=1))
        stream.play(0, speed=100.0, level=0)

        assert messages(until(stream, ended))


def test_unread_chunk_keeps_the_level_coarse_until_credit_comes(url: str) -> None:
    with Stream(url, acknowledge=False) as stream:
        stream.open("small", ("spikes",), Window(chunks=1, bytes=1))
        stream.play(0, speed=1.0)
        until(stream, lambda e: isinstance(e, State) and e.level == 0)

        # The playhead waits for the second chunk; that lasts, so a coarser level is tried.
        events = until(stream, lambda e: isinstance(e, State) and e.level > 0)

    last = events[-1]
    assert isinstance(last, State)
    assert last.dropped == 0


def test_viewer_that_takes_nothing_is_let_go(store: Store, serve: Serve) -> None:
    add(store, everything())
    app, url = serve(stall_s=0.5)
    with Stream(url, acknowledge=False) as stream:
        stream.open("small")
        stream.play(0, speed=10.0, level=0)
        deadline = time.monotonic() + 10
        while stream.connected and time.monotonic() < deadline:
            stream.next(0.1)

        assert not stream.connected
    assert app.site.hub.viewers() == []


ERRORS: list[tuple[str, Any, str]] = [
    ("open", {"recording": "nobody"}, "recording_not_found"),
    ("open", {"recording": "small", "streams": ["smells"]}, "invalid_input"),
    ("open", {"recording": "small", "window": {"chunks": 0}}, "invalid_input"),
    ("open", {"recording": 5}, "invalid_input"),
    ("open", None, "invalid_input"),
    ("open", "small", "invalid_input"),
    ("play", {"epoch": 1, "t_us": 0, "speed": 0}, "invalid_input"),
    ("play", {"epoch": 1, "t_us": 0, "speed": 1e300}, "invalid_input"),
    ("play", {"epoch": 1, "t_us": -1}, "invalid_time"),
    ("play", {"epoch": 1, "t_us": 10**15}, "invalid_time"),
    ("play", {"epoch": 1, "t_us": 0, "level": 9}, "invalid_input"),
    ("play", {"epoch": 1, "t_us": 0, "loop": {"t_start_us": 5, "t_stop_us": 5}}, "invalid_time"),
    ("play", {"epoch": -1, "t_us": 0}, "invalid_input"),
    ("play", {"epoch": 1, "t_us": 0, "surprise": 1}, "invalid_input"),
    ("seek", {"epoch": 1, "t_us": "soon"}, "invalid_input"),
    ("seek", {"t_us": 0}, "invalid_input"),
    ("pause", {}, "invalid_input"),
    ("ack", {"epoch": 1, "seq": 1000, "bytes": 5}, "invalid_input"),
    ("select", {"epoch": 1, "projections": "all"}, "invalid_input"),
    ("close", {"now": True}, "invalid_input"),
    ("dance", {}, "invalid_input"),
]


@pytest.mark.parametrize(("event", "data", "code"), ERRORS)
def test_bad_event_is_answered_in_our_shape(viewer: Stream, event: str, data: Any, code: str) -> None:
    viewer.send(event, data)

    error = next(e for e in until(viewer, lambda e: isinstance(e, ErrorBody)) if isinstance(e, ErrorBody))
    assert error.code == code
    assert error.message

    viewer.play(0)  # and the viewer goes on
    until(viewer, lambda e: isinstance(e, Received))


@pytest.mark.parametrize("event", ["play", "seek", "pause", "select"])
def test_event_before_open_is_told(url: str, event: str) -> None:
    data = {"play": {"t_us": 0}, "seek": {"t_us": 0}}.get(event, {})
    with Client(url).open_stream() as stream:
        stream.send(event, {"epoch": 1} | data)

        error = stream.next()

    assert isinstance(error, ErrorBody)
    assert (error.code, error.hint) == ("invalid_input", "Send 'open' first.")


def test_unbuilt_recording_is_told(store: Store, serve: Serve) -> None:
    from synaptarium.store.importing import import_source

    import_source(store, everything())
    with Client(serve()[1]).open_stream() as stream:
        stream.open("small")

        error = stream.next()

    assert isinstance(error, ErrorBody)
    assert error.code == "build_not_found"


def test_deleted_recording_is_told_to_who_watches(viewer: Stream, url: str) -> None:
    viewer.play(0, speed=0.1)
    until(viewer, lambda e: isinstance(e, State))

    Client(url).delete("small")

    error = next(e for e in until(viewer, lambda e: isinstance(e, ErrorBody)) if isinstance(e, ErrorBody))
    assert error.code == "recording_not_found"
    assert viewer.connected


def test_deletion_that_stopped_half_way_is_told_as_one(
    viewer: Stream, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its chunks are gone, its document is not."""
    from synaptarium.store import chunks, recordings

    def interrupted(store: Store, num: int) -> None:
        delete_all(store, num)
        raise KeyboardInterrupt

    delete_all = chunks.delete_all
    monkeypatch.setattr(chunks, "delete_all", interrupted)
    with pytest.raises(KeyboardInterrupt):
        recordings.delete(store, "small")

    viewer.play(0, speed=0.1)

    error = next(e for e in until(viewer, lambda e: isinstance(e, ErrorBody)) if isinstance(e, ErrorBody))
    assert error.code == "recording_not_found"


def test_recording_deleted_by_another_process_is_told(viewer: Stream, store: Store) -> None:
    from synaptarium.store import recordings

    recordings.delete(store, "small")

    error = next(e for e in until(viewer, lambda e: isinstance(e, ErrorBody)) if isinstance(e, ErrorBody))
    assert error.code == "recording_not_found"


def test_recording_precomputed_again_goes_on_with_the_new_build(viewer: Stream, store: Store) -> None:
    from synaptarium.jobs.build import precompute

    viewer.play(0, speed=0.5, level=0, loop=(0, 500_000))
    until(viewer, lambda e: isinstance(e, Received))

    build = precompute(store, "small", engine="local")

    events = until(viewer, lambda e: isinstance(e, Received) and e.message.build == build)
    assert any(isinstance(e, Opened) and e.build == build for e in events)
    assert not any(isinstance(e, ErrorBody) for e in events)


def test_acknowledging_twice_is_harmless(viewer: Stream) -> None:
    viewer.play(0, speed=10.0, level=0)
    until(viewer, lambda e: isinstance(e, Received))

    viewer.send("ack", Ack(epoch=0, seq=1, bytes=1))
    viewer.send("ack", Ack(epoch=0, seq=1, bytes=1))
    viewer.send("ack", Ack(epoch=0, seq=0, bytes=0))

    assert not any(isinstance(e, ErrorBody) for e in until(viewer, ended))
