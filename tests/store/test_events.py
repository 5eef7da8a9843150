"""Event blocks: what is read is what was written, in time order, whatever the blocks look like."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from synaptarium.schemas.errors import CorruptData, RecordingNotFound
from synaptarium.schemas.recording import Header, Layer, Recording, Source
from synaptarium.store import events, recordings
from synaptarium.store.database import Store

HEADER = Header(
    name="a run",
    bin_us=1000,
    t_start_us=0,
    t_stop_us=1_000_000,
    layers=(Layer(name="L", neurons=100, shape=(100,), offset=0),),
    source=Source(format="test"),
    image_shape=(1, 2),
)


@pytest.fixture
def recording(store: Store) -> Recording:
    return recordings.create(store, HEADER)


def spikes(
    times_us: list[int], neurons: list[int] | None = None, counts: list[int] | None = None
) -> pa.RecordBatch:
    columns = {
        "time_us": pa.array(times_us, pa.int64()),
        "neuron": pa.array(neurons if neurons is not None else range(len(times_us)), pa.uint32()),
    }
    if counts is not None:
        columns["count"] = pa.array(counts, pa.uint16())
    return pa.record_batch(columns)


def rows(batches: list[pa.RecordBatch]) -> list[tuple[int, ...]]:
    return [
        (row["time_us"], row["neuron"], row.get("count", 1)) for batch in batches for row in batch.to_pylist()
    ]


BLOCKS = st.lists(
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 99)), min_size=1, max_size=12).map(sorted),
    max_size=6,
)
EDGE = st.none() | st.integers(-5, 70)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(blocks=BLOCKS, start=EDGE, stop=EDGE)
def test_read_gives_every_event_of_the_range_once_and_in_order(
    store: Store, blocks: list[list[tuple[int, int]]], start: int | None, stop: int | None
) -> None:
    recording = recordings.create(store, HEADER)
    for seq, block in enumerate(blocks):
        batch = spikes([time_us for time_us, _ in block], [neuron for _, neuron in block])
        events.write_block(store, recording.num, "spikes", "", seq, batch)

    found = rows(list(events.read(store, recording.num, "spikes", "", start, stop)))

    low, high = -1 if start is None else start, 99 if stop is None else stop
    wanted = [(time_us, neuron, 1) for block in blocks for time_us, neuron in block if low <= time_us < high]
    assert [time_us for time_us, *_ in found] == sorted(time_us for time_us, *_ in found)
    assert sorted(found) == sorted(wanted)


def test_blocks_in_order_are_not_copied_together(store: Store, recording: Recording) -> None:
    events.write_block(store, recording.num, "spikes", "", 0, spikes([0, 5]))
    events.write_block(store, recording.num, "spikes", "", 1, spikes([5, 9]))

    found = list(events.read(store, recording.num, "spikes"))

    assert [batch.num_rows for batch in found] == [2, 2]


def test_overlapping_blocks_with_and_without_counts_are_merged(store: Store, recording: Recording) -> None:
    events.write_block(store, recording.num, "spikes", "", 0, spikes([0, 7], [1, 2]))
    events.write_block(store, recording.num, "spikes", "", 1, spikes([3, 9], [3, 4], [5, 6]))

    found = list(events.read(store, recording.num, "spikes"))

    assert rows(found) == [(0, 1, 1), (3, 3, 5), (7, 2, 1), (9, 4, 6)]


def test_writing_a_block_again_changes_nothing(store: Store, recording: Recording) -> None:
    first = events.write_block(store, recording.num, "spikes", "", 0, spikes([1, 2]))
    before = store.db.events.find_one()

    assert events.write_block(store, recording.num, "spikes", "", 0, spikes([1, 2])) == first
    assert store.db.events.find_one() == before
    assert events.blocks(store, recording.num, "spikes") == [first]


def test_blocks_are_listed_by_time_and_by_number(store: Store, recording: Recording) -> None:
    times_us = ([0, 9], [5, 20], [21, 30])
    written = [
        events.write_block(store, recording.num, "spikes", "", seq, spikes(times))
        for seq, times in enumerate(times_us)
    ]

    assert events.blocks(store, recording.num, "spikes", t_start_us=9, t_stop_us=21) == written[:2]
    assert events.blocks(store, recording.num, "spikes", "", t_start_us=21) == written[2:]
    assert events.blocks_from(store, recording.num, "spikes", "", 1) == written[1:]


def test_listing_blocks_reads_no_payload(store: Store, recording: Recording) -> None:
    events.write_block(store, recording.num, "spikes", "", 0, spikes([1, 2]))
    store.db.command("profile", 2)
    try:
        events.blocks(store, recording.num, "spikes", "")
        profile = store.db["system.profile"].find_one({"op": "query", "ns": f"{store.name}.events"})
    finally:
        store.db.command("profile", 0)

    assert profile is not None
    assert profile["docsExamined"] == 0


def test_images_are_found_by_their_index(store: Store, recording: Recording) -> None:
    for seq, first in enumerate([0, 3]):
        pixels = [bytes([first + place, 0]) for place in range(3)]
        batch = pa.record_batch({"pixels": pa.array(pixels, pa.binary())})
        events.write_block(store, recording.num, "images", "", seq, batch, first=first)

    found = list(events.read(store, recording.num, "images", "", 2, 5))

    assert [pixels[0] for batch in found for pixels in batch.column("pixels").to_pylist()] == [2, 3, 4]


def test_a_damaged_block_is_told(store: Store, recording: Recording) -> None:
    events.write_block(store, recording.num, "spikes", "", 0, spikes([1, 2]))
    payload = bytearray(store.db.events.find_one()["payload"])
    payload[-1] ^= 1
    store.db.events.update_one({}, {"$set": {"payload": bytes(payload)}})

    with pytest.raises(CorruptData, match="checksum"):
        list(events.read(store, recording.num, "spikes"))


def test_a_recording_deleted_while_it_is_read_is_not_found(store: Store, recording: Recording) -> None:
    for seq in range(3):
        events.write_block(store, recording.num, "spikes", "", seq, spikes([seq]))
    reader = events.read(store, recording.num, "spikes")
    next(reader)

    recordings.delete(store, recording.id)

    with pytest.raises(RecordingNotFound):
        list(reader)
    with pytest.raises(RecordingNotFound):
        list(events.read(store, recording.num, "spikes"))


def test_time_sorted_keeps_the_order_of_equal_times() -> None:
    batch = spikes([3, 1, 3, 1], [0, 1, 2, 3])

    assert np.array_equal(events.time_sorted(batch, "time_us").column("neuron").to_numpy(), [1, 3, 0, 2])
