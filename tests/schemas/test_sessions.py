"""Sessions as data: what operations lead to, at any moment; files that round-trip, and those that are refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synaptarium.schemas.errors import ForeignFile, InvalidInput, TruncatedFile
from synaptarium.schemas.session_file import lines_of, read_lines
from synaptarium.schemas.session_state import camera_at, moment_at, notes_after, playhead_us, reduce
from synaptarium.schemas.sessions import (
    ClockOp,
    LayerRef,
    NoteOp,
    Operation,
    PointerOp,
    PoseOp,
    RecordingRef,
    Segment,
    Session,
    SessionState,
    UnnoteOp,
    ViewChanges,
    ViewOp,
    check_operation,
)
from synaptarium.schemas.view_state import NeuronRef

GOLDEN = Path(__file__).parents[1] / "data" / "session_moments.json"

finite = st.floats(-1e6, 1e6, allow_nan=False)
place = st.tuples(finite, finite, finite)
clocks = st.builds(
    ClockOp,
    at_ms=st.integers(0, 60_000),
    t_us=st.floats(0, 1e9),
    speed=st.sampled_from([-2.0, -0.1, 0.05, 1.0, 10.0]),
    playing=st.booleans(),
    loop=st.none() | st.tuples(st.integers(0, 10_000), st.integers(20_000, 90_000_000)),
)
views = st.builds(
    ViewOp,
    at_ms=st.integers(0, 60_000),
    changes=st.builds(
        ViewChanges,
        colour=st.sampled_from(["spikes", "rate"]),
        hidden=st.lists(st.sampled_from(["in", "out"]), max_size=2).map(tuple),
        selection=st.lists(
            st.builds(NeuronRef, layer=st.sampled_from(["in", "ö\n"]), neuron=st.integers(0, 9)), max_size=3
        ).map(tuple),
    ),
)
states = st.one_of(
    st.builds(PoseOp, at_ms=st.integers(0, 60_000), position=place, target=place),
    clocks,
    views,
    st.builds(PointerOp, at_ms=st.integers(0, 60_000), position=st.none() | place),
)
notes = st.builds(
    NoteOp,
    at_ms=st.integers(0, 60_000),
    id=st.sampled_from("abc"),
    text=st.text(min_size=1, max_size=40).filter(str.strip),
    position=st.none() | place,
)
logs = st.tuples(
    st.lists(states, max_size=30).map(lambda ops: sorted(ops, key=lambda op: op.at_ms)),
    st.lists(notes, max_size=3),
).map(lambda found: [*found[0], *found[1]])


def session(**changes: Any) -> Session:
    made = Session(
        id="tour",
        num=1,
        name="A tour, mit Ümlaut",
        author="Ada",
        state="done",
        created_us=1_700_000_000_000_000,
        duration_ms=60_000,
        recording=RecordingRef(
            id="small",
            name="small",
            num=3,
            fingerprint="f",
            build=1,
            t_start_us=0,
            t_stop_us=4_000_000,
            layers=(LayerRef(name="in", neurons=9),),
        ),
    )
    return msgspec.structs.replace(made, **changes)


def exported(operations: list[Operation], **changes: Any) -> bytes:
    return b"".join(lines_of(session(**changes), operations))


@given(logs, st.none() | st.tuples(st.integers(0, 100), st.integers(101, 60_000)))
@settings(max_examples=60, deadline=None)
def test_a_file_gives_back_what_was_written(operations: list[Operation], trim: Any) -> None:
    header, read = read_lines(exported(operations, trim=trim))

    assert read == operations
    assert (header.name, header.author, header.trim) == ("A tour, mit Ümlaut", "Ada", trim)
    assert header.recording == session().recording


@given(logs, st.data())
@settings(max_examples=80, deadline=None)
def test_a_damaged_file_is_refused_in_one_sentence(operations: list[Operation], data: st.DataObject) -> None:
    whole = exported(operations)
    place = data.draw(st.integers(0, len(whole) - 1))
    changed = bytearray(whole)
    changed[place] ^= data.draw(st.integers(1, 255))

    for damaged in (bytes(changed), whole[:place], whole[place + 1 :]):
        with pytest.raises(InvalidInput) as caught:
            read_lines(damaged, "x.jsonl")
        assert "x.jsonl" in caught.value.message
        assert "\n" not in caught.value.message


@pytest.mark.parametrize(
    ("data", "kind", "words"),
    [
        (b"", ForeignFile, "is no session"),
        (exported([])[:-4] + b'\xff"}\n', TruncatedFile, "is cut off"),
        (b"\x00\xff\xfe", ForeignFile, "is no session"),
        (b'{"a": 1}\n', ForeignFile, "first line does not say"),
        (b"[1, 2]\n", ForeignFile, "first line does not say"),
        (b'{"a":' * 20_000 + b"\n", ForeignFile, "is no session"),
        (b'{"format": "synaptarium.session", "version": 9}\n', ForeignFile, "version 9; this program reads"),
        (b'{"format": "synaptarium.session", "version": 1}\n', InvalidInput, "Line 1 of x cannot be used"),
        (exported([])[:-20], TruncatedFile, "is cut off"),
    ],
)
def test_a_foreign_file_is_named(data: bytes, kind: type[InvalidInput], words: str) -> None:
    with pytest.raises(kind, match=words):
        read_lines(data, "x")


def test_operations_out_of_order_or_range_name_their_line() -> None:
    back: list[Operation] = [PointerOp(at_ms=500), PointerOp(at_ms=400)]
    with pytest.raises(InvalidInput, match=r"Line 3 of x goes back in time, from 500 to 400 ms"):
        read_lines(exported(back), "x")
    with pytest.raises(InvalidInput, match=r"Line 2 of x lies after the session's end"):
        read_lines(exported([PointerOp(at_ms=60_001)]), "x")
    with pytest.raises(InvalidInput, match=r"Line 2 of x: .* shows nothing"):
        read_lines(exported([NoteOp(at_ms=1, id="a")]), "x")


@pytest.mark.parametrize(
    "op",
    [
        PoseOp(at_ms=0, position=(0, float("nan"), 0), target=(0, 0, 0)),
        PoseOp(at_ms=-1, position=(0, 0, 0), target=(0, 0, 0)),
        ClockOp(at_ms=0, t_us=float("inf"), speed=1, playing=True),
        ClockOp(at_ms=0, t_us=0, speed=1, playing=True, loop=(5, 5)),
        NoteOp(at_ms=0, id="a", text="x" * 501),
        NoteOp(at_ms=0, id="", text="x"),
    ],
)
def test_numbers_that_are_no_place_or_time_are_refused(op: Operation) -> None:
    with pytest.raises(InvalidInput):
        check_operation(op)


def test_the_playhead_is_a_formula() -> None:
    still = ClockOp(at_ms=100, t_us=7, speed=1, playing=False)
    forward = ClockOp(at_ms=1000, t_us=900, speed=0.001, playing=True, loop=(0, 1000))
    backward = ClockOp(at_ms=0, t_us=50, speed=-0.001, playing=True, loop=(0, 100))

    assert playhead_us(still, 5000) == 7
    assert playhead_us(forward, 1050) == 950
    assert playhead_us(forward, 1100) == 0
    assert playhead_us(forward, 3150) == 50
    assert playhead_us(backward, 30) == 20
    assert playhead_us(backward, 60) == 89


def test_the_camera_stands_and_then_moves_to_the_next_pose() -> None:
    first = PoseOp(at_ms=0, position=(0, 0, 0), target=(0, 0, 0))
    near = PoseOp(at_ms=100, position=(10, 0, 0), target=(0, 2, 0))
    far = PoseOp(at_ms=10_000, position=(10, 0, 0), target=(0, 2, 0))

    def x(after: PoseOp | None, at_ms: float) -> float:
        camera = camera_at(first, after, at_ms)
        assert camera
        return camera.position[0]

    assert [x(near, at) for at in (0, 50, 100)] == [0, 5, 10]
    assert [x(far, at) for at in (0, 9000, 9850, 9925, 10_000)] == [0, 0, 0, 5, 10]
    assert x(None, 5) == 0
    assert camera_at(None, near, 5) is None


def test_the_last_of_a_note_counts_and_one_can_be_taken_back() -> None:
    kept: tuple[NoteOp, ...] = ()
    for op in (
        NoteOp(at_ms=900, id="b", text="late"),
        NoteOp(at_ms=100, id="a", text="wrong"),
        NoteOp(at_ms=200, id="a", text="right"),
        NoteOp(at_ms=300, id="c", text="gone"),
        UnnoteOp(at_ms=300, id="c"),
    ):
        kept = notes_after(kept, op)

    assert [(note.at_ms, note.text) for note in kept] == [(200, "right"), (900, "late")]


@given(logs, st.integers(0, 60_000), st.integers(0, 30))
@settings(max_examples=60, deadline=None)
def test_a_moment_is_the_same_from_any_snapshot(operations: list[Operation], at_ms: int, cut: int) -> None:
    """Replaying from the start and from a snapshot in between shows the same: replay is deterministic."""
    log = [op for op in operations if not isinstance(op, NoteOp)]
    before = [op for op in log[:cut] if op.at_ms <= at_ms]
    state = SessionState()
    for op in before:
        state = reduce(state, op)
    whole = Segment(t_start_ms=0, t_stop_ms=60_001, state=SessionState(), operations=tuple(log))
    rest = Segment(
        t_start_ms=before[-1].at_ms if before else 0,
        t_stop_ms=60_001,
        state=state,
        operations=tuple(log[len(before) :]),
    )

    assert moment_at(whole, "r", (), at_ms) == moment_at(rest, "r", (), at_ms)


def golden_log() -> tuple[tuple[Operation, ...], tuple[NoteOp, ...]]:
    operations: tuple[Operation, ...] = (
        ClockOp(at_ms=0, t_us=250_000, speed=0.5, playing=False),
        PoseOp(at_ms=0, position=(1.5, 2.0, 30.25), target=(0.0, 0.5, 0.0)),
        ViewOp(at_ms=0, changes=ViewChanges(colour="spikes", hidden=(), selection=())),
        ClockOp(at_ms=400, t_us=250_000, speed=0.5, playing=True),
        PoseOp(at_ms=1000, position=(2.5, 2.0, 30.0), target=(0.0, 0.5, 0.0)),
        PoseOp(at_ms=1100, position=(4.5, 2.25, 29.0), target=(0.25, 0.5, 0.0)),
        ViewOp(at_ms=1200, changes=ViewChanges(selection=(NeuronRef(layer="in", neuron=3),))),
        ClockOp(at_ms=2000, t_us=1_050_000, speed=2.0, playing=True, loop=(1_000_000, 1_500_000)),
        PointerOp(at_ms=2100, position=(0.5, 0.25, 0.125)),
        ViewOp(at_ms=2600, changes=ViewChanges(colour="rate", hidden=("in",))),
        PointerOp(at_ms=3000, position=None),
        ClockOp(at_ms=3500, t_us=1_400_000, speed=-1.0, playing=True, loop=(1_000_000, 1_500_000)),
        ClockOp(at_ms=4500, t_us=1_300_000.5, speed=-1.0, playing=False),
    )
    kept = (
        NoteOp(at_ms=1500, id="n1", text="look here", position=(1.0, 2.0, 3.0), duration_ms=1000),
        NoteOp(at_ms=2200, id="n2", text="and now", duration_ms=5000),
    )
    return operations, kept


def golden() -> dict[str, Any]:
    """What the page must show of the log above, at many moments; read by the front end's tests too."""
    operations, kept = golden_log()
    segment = Segment(t_start_ms=0, t_stop_ms=5001, state=SessionState(), operations=operations)
    moments: list[dict[str, Any]] = []
    for at_ms in [*range(0, 5000, 125), 999, 1050.5, 1099.25, 2349, 4499]:
        found = moment_at(segment, "small", kept, at_ms)
        view = msgspec.to_builtins(found.view)
        moments.append(
            {
                "at_ms": at_ms,
                "t_us": view.get("t_us", 0),
                "speed": view.get("speed", 1.0),
                "loop": view.get("loop"),
                "playing": found.playing,
                "camera": view["camera"],
                "colour": view.get("colour", "spikes"),
                "hidden": view.get("hidden", []),
                "selection": view.get("selection", []),
                "pointer": found.pointer,
                "notes": [note.id for note in found.notes],
            }
        )
    return {
        "segment": msgspec.to_builtins(segment),
        "notes": msgspec.to_builtins(kept),
        "moments": json.loads(msgspec.json.encode(moments)),
    }


def test_golden_moments_are_current() -> None:
    assert json.loads(GOLDEN.read_text()) == json.loads(json.dumps(golden())), (
        "write tests/data/session_moments.json again from golden()"
    )
