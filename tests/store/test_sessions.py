"""Sessions in MongoDB: appended, retried, read by segments, forked, brought in, deleted."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import msgspec
import numpy as np
import pytest

from synaptarium.schemas.errors import Conflict, InvalidInput, SessionNotFound
from synaptarium.schemas.recording import Header, Layer, Recording, Source
from synaptarium.schemas.session_file import lines_of, read_lines
from synaptarium.schemas.session_messages import SessionChange
from synaptarium.schemas.session_state import moment_at
from synaptarium.schemas.sessions import ClockOp, NoteOp, Operation, PoseOp, Segment, SessionState, UnnoteOp
from synaptarium.server.mongod import Mongod
from synaptarium.store import recordings, session_log, sessions
from synaptarium.store.database import Store, connect, prepare


@pytest.fixture
def recording(store: Store) -> Recording:
    layers = (Layer(name="L", neurons=9, shape=(3, 3), offset=0),)
    header = Header(
        name="run", bin_us=1, t_start_us=0, t_stop_us=9, layers=layers, source=Source(format="test")
    )
    made = recordings.create(store, header, fingerprint="abc", status="ready")
    recordings.set_build(store, made.id, 1)
    return recordings.get(store, made.id)


def used(store: Store) -> int:
    """Bytes that the files of sessions take, checkpointed."""
    store.db.client.admin.command("fsync")
    sizes = [
        store.db.command("collStats", name, indexDetails=True)
        for name in ("sessions", "session_log", "session_snapshots")
    ]
    files = [part for size in sizes for part in (size, *size["indexDetails"].values())]
    return sum(int(part.get("wiredTiger", part)["block-manager"]["file size in bytes"]) for part in files)


def test_first_minute_of_an_empty_database_takes_at_most_60_kb(mongod: Mongod, recording: Recording) -> None:
    # The other tests' databases hold files that have grown already.
    fresh = connect(mongod.uri, "test-first-minute")
    prepare(fresh)
    before = used(fresh)
    session = sessions.create(fresh, recording)
    for start in range(0, 600, 20):
        sessions.append(fresh, session.id, start, 100 * (start + 20) - 1, crooked(20, first=start))
    taken = used(fresh) - before
    fresh.client.drop_database("test-first-minute")
    fresh.close()

    assert taken <= 60_000


def crooked(n: int, *, first: int) -> list[Operation]:
    """Poses whose numbers have six digits, as those of a camera that is moved by hand."""
    rng = np.random.default_rng(first)
    return [
        PoseOp(
            at_ms=100 * place,
            position=tuple(float(f"{value:.6g}") for value in rng.uniform(-200, 200, 3)),  # type: ignore[arg-type]
            target=(0, 0, 0),
        )
        for place in range(first, first + n)
    ]


def poses(n: int, *, first: int = 0, every_ms: int = 100) -> list[Operation]:
    return [
        PoseOp(at_ms=place * every_ms, position=(place, 0.5, 1), target=(0, 0, 0))
        for place in range(first, first + n)
    ]


def test_a_log_is_read_back_by_segments_from_any_moment(store: Store, recording: Recording) -> None:
    session = sessions.create(store, recording, name="tour", author="Ada")
    log: list[Operation] = [ClockOp(at_ms=0, t_us=5, speed=1, playing=True), *poses(700)]
    for start in range(0, len(log), 20):
        batch = log[start : start + 20]
        sessions.append(store, session.id, start, batch[-1].at_ms, batch)

    whole = Segment(t_start_ms=0, t_stop_ms=70_000, state=SessionState(), operations=tuple(log))
    seen: set[int] = set()
    for at_ms in range(0, 69_900, 1310):
        part = sessions.segment(store, session.id, at_ms)
        seen.add(part.t_start_ms)
        assert part.t_start_ms <= at_ms < part.t_stop_ms
        assert len(part.operations) <= 201
        assert moment_at(part, "run", (), at_ms) == moment_at(whole, "run", (), at_ms)
    assert len(seen) == 4, "a snapshot after 200 operations"
    assert list(sessions.operations_of(store, sessions.get(store, session.id))) == log


def test_a_quiet_session_has_a_snapshot_every_half_minute(store: Store, recording: Recording) -> None:
    session = sessions.create(store, recording)
    sessions.append(store, session.id, 0, 100_000, poses(11, every_ms=10_000))

    starts = [sessions.segment(store, session.id, at_ms).t_start_ms for at_ms in (0, 29_999, 30_000, 95_000)]

    assert starts == [0, 0, 30_000, 90_000]


def test_the_log_is_read_from_any_place_to_any_other(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_log, "MOST_OPERATIONS", 4)
    monkeypatch.setattr(session_log, "MOST_BYTES", 300)
    log = poses(15)
    for start, stop in ((0, 9), (9, 10), (10, 15)):
        session_log.append(store, 7, start, log[start:stop])
    session_log.append(store, 8, 0, poses(3))

    for first in range(16):
        for last in range(first - 1, 15):
            assert list(session_log.read(store, 7, first, last)) == log[first : last + 1]
    assert list(session_log.read(store, 7, 12)) == log[12:]
    assert list(session_log.read(store, 6)) == []
    with pytest.raises(session_log.PlaceTaken):
        session_log.append(store, 7, 9, poses(1))


def test_a_batch_that_comes_twice_is_stored_once(store: Store, recording: Recording) -> None:
    session = sessions.create(store, recording)
    sessions.append(store, session.id, 0, 400, poses(5))
    sessions.append(store, session.id, 0, 900, poses(10))
    found = sessions.append(store, session.id, 0, 900, poses(10))

    assert (found.n_operations, found.n_recorded, found.duration_ms) == (10, 10, 900)
    assert list(sessions.operations_of(store, found)) == poses(10)
    with pytest.raises(Conflict, match="Operations 10 to 11"):
        sessions.append(store, session.id, 12, 2000, poses(2, first=12))


def test_what_died_between_log_and_session_is_counted_again(store: Store, recording: Recording) -> None:
    session = sessions.create(store, recording)
    before = sessions.append(store, session.id, 0, 100, poses(2))
    sessions.append(store, session.id, 2, 400, poses(3, first=2))
    counts = {name: getattr(before, name) for name in ("n_operations", "n_recorded", "duration_ms")}
    store.db.sessions.update_one({"_id": session.id}, {"$set": counts})

    found = sessions.append(store, session.id, 2, 700, poses(6, first=2))

    assert (found.n_operations, found.n_recorded) == (8, 8)
    assert list(sessions.operations_of(store, found)) == poses(8)


def test_notes_of_many_at_once_are_all_kept(store: Store, recording: Recording) -> None:
    session = sessions.create(store, recording)
    sessions.append(store, session.id, 0, 5000, poses(5))

    def leave(place: int) -> None:
        sessions.note(store, session.id, NoteOp(at_ms=place * 10, id=f"n{place}", text=f"note {place}"))

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(leave, range(24)))
    found = sessions.append(store, session.id, 5, 6000, poses(3, first=55))

    assert [note.id for note in found.notes] == [f"n{place}" for place in range(24)]
    assert (found.n_operations, found.n_recorded) == (32, 8)
    assert sessions.note(store, session.id, UnnoteOp(at_ms=0, id="n0")).notes[0].id == "n1"


def test_a_stopped_session_takes_notes_and_nothing_else(store: Store, recording: Recording) -> None:
    session = sessions.create(store, recording, name="  a   tour ")
    sessions.append(store, session.id, 0, 400, poses(5))
    found = sessions.change(store, session.id, SessionChange(state="done", duration_ms=1000))

    assert (found.name, found.state, found.duration_ms) == ("a tour", "done", 1000)
    sessions.note(store, session.id, NoteOp(at_ms=1000, id="n", text="end"))
    with pytest.raises(Conflict, match="was stopped"):
        sessions.append(store, session.id, 5, 2000, poses(1, first=20))
    with pytest.raises(InvalidInput, match=r"at 1\.1 s; the session ends at 1\.0 s"):
        sessions.note(store, session.id, NoteOp(at_ms=1100, id="n", text="after"))


def test_trimming_is_taken_back_and_checked(store: Store, recording: Recording) -> None:
    session = sessions.create(store, recording)
    sessions.append(store, session.id, 0, 9000, poses(5))

    assert sessions.change(store, session.id, SessionChange(trim=(1000, 8000))).trim == (1000, 8000)
    assert sessions.change(store, session.id, SessionChange(name="x")).trim == (1000, 8000)
    assert sessions.change(store, session.id, SessionChange(trim=None)).trim is None
    for trim in ((5, 5), (-1, 5), (0, 9001)):
        with pytest.raises(InvalidInput, match=r"lasts 9\.0 s"):
            sessions.change(store, session.id, SessionChange(trim=trim))
    with pytest.raises(InvalidInput, match="has 0 letters"):
        sessions.change(store, session.id, SessionChange(name="   "))


def test_a_fork_has_all_up_to_its_moment_and_goes_on(store: Store, recording: Recording) -> None:
    origin = sessions.create(store, recording, name="tour")
    sessions.append(store, origin.id, 0, 1900, poses(20))
    sessions.note(store, origin.id, NoteOp(at_ms=300, id="early", text="early"))
    sessions.note(store, origin.id, NoteOp(at_ms=1500, id="late", text="late"))

    made = sessions.fork(store, origin.id, 1000, author="Bo")
    made = sessions.append(store, made.id, made.n_recorded, 1300, poses(2, first=12))

    assert made.forked_from and (made.forked_from.session, made.forked_from.at_ms) == ("tour", 1000)
    assert (made.name, made.state, made.duration_ms) == ("tour, from 1.0 s", "recording", 1300)
    assert [note.id for note in made.notes] == ["early"]
    kept = [op for op in sessions.operations_of(store, made) if isinstance(op, PoseOp)]
    assert kept == [*poses(11), *poses(2, first=12)]
    assert sessions.get(store, origin.id).n_operations == 22


def test_a_file_brings_a_session_in_with_an_id_of_its_own(store: Store, recording: Recording) -> None:
    origin = sessions.create(store, recording, name="tour", author="Ada")
    sessions.append(store, origin.id, 0, 69_900, poses(700))
    sessions.note(store, origin.id, NoteOp(at_ms=300, id="n", text="hm"))
    origin = sessions.change(store, origin.id, SessionChange(state="done", trim=(100, 200)))
    file = b"".join(lines_of(origin, sessions.operations_of(store, origin)))

    made = sessions.bring_in(store, *read_lines(file))

    assert made.id == "tour-2"
    same = ("name", "author", "recording", "state", "duration_ms", "trim", "notes", "created_us")
    assert all(getattr(made, name) == getattr(origin, name) for name in same)
    assert list(sessions.operations_of(store, made)) == list(sessions.operations_of(store, origin))
    assert sessions.segment(store, made.id, 50_000) == sessions.segment(store, origin.id, 50_000)


def test_a_session_knows_whether_it_can_be_replayed(store: Store, recording: Recording) -> None:
    session = sessions.create(store, recording)

    def fit() -> tuple[str, str]:
        found = sessions.summary(store, sessions.get(store, session.id))
        return found.fit, found.replays_on

    assert fit() == ("ready", "run")
    recordings.set_build(store, "run", 2)
    assert fit() == ("rebuilt", "run")
    recordings.set_build(store, "run", None)
    assert fit() == ("unbuilt", "")
    recordings.delete(store, "run")
    assert fit() == ("missing", "")
    again = recordings.create(store, recording.header, fingerprint="abc", id="elsewhere", status="ready")
    recordings.set_build(store, again.id, 1)
    assert fit() == ("rebuilt", "elsewhere")
    other = msgspec.structs.replace(
        recording.header, layers=(Layer(name="L", neurons=4, shape=(2, 2), offset=0),)
    )
    recordings.create(store, other, id="run", status="ready")
    assert fit() == ("other", "")


def test_a_recorder_that_fell_silent_is_told(store: Store, recording: Recording) -> None:
    session = sessions.create(store, recording)
    assert not sessions.summary(store, session).interrupted

    quiet = msgspec.structs.replace(session, updated_us=session.updated_us - sessions.SILENT_US - 1)

    assert sessions.summary(store, quiet).interrupted


def test_deleting_takes_the_log_and_leaves_the_neighbours(store: Store, recording: Recording) -> None:
    made = [sessions.create(store, recording, name=name) for name in ("a", "b", "c")]
    for session in made:
        sessions.append(store, session.id, 0, 400, poses(5))

    sessions.delete(store, "b")

    assert [one.id for one in sessions.all_sessions(store)] == ["c", "a"]
    assert list(sessions.operations_of(store, sessions.get(store, "a"))) == poses(5)
    assert store.db.session_log.count_documents({}) == 2
    assert store.db.session_snapshots.count_documents({"session": made[1].num}) == 0
    with pytest.raises(SessionNotFound, match="no session 'b'"):
        sessions.get(store, "b")


def test_backwards_late_and_endless_batches_are_refused(store: Store, recording: Recording) -> None:
    session = sessions.create(store, recording)
    sessions.append(store, session.id, 0, 400, poses(5))

    with pytest.raises(InvalidInput, match="goes back in time"):
        sessions.append(store, session.id, 5, 900, poses(1, first=3))
    with pytest.raises(InvalidInput, match="does not belong"):
        sessions.append(store, session.id, 5, 900, poses(1, first=10))
    with pytest.raises(InvalidInput, match="does not belong"):
        sessions.append(store, session.id, 5, 900, [NoteOp(at_ms=500, id="n", text="x")])
    with pytest.raises(InvalidInput, match="24 hours"):
        sessions.append(store, session.id, 5, 10**9, [])
    assert sessions.get(store, session.id).n_operations == 5
