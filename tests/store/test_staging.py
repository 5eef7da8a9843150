"""Writes of many tasks: nothing before the commit, everything once after it, whoever dies in between."""

from __future__ import annotations

import threading

import numpy as np
import pyarrow as pa
import pytest

from synaptarium.schemas.errors import Conflict, CorruptData, InvalidInput
from synaptarium.schemas.recording import Header, Layer, Recording, Source
from synaptarium.store import closing, events, open_runs, recordings, staging
from synaptarium.store.database import Store


@pytest.fixture
def recording(store: Store) -> Recording:
    """An open recording of ten neurons that has one spike."""
    layer = Layer(name="a", neurons=10, shape=(10,), offset=0)
    header = Header(
        name="r", bin_us=1000, t_start_us=0, t_stop_us=1000, layers=(layer,), source=Source(format="arrays")
    )
    recording = recordings.create(store, header, status="open")
    return open_runs.append(store, recording.id, "spikes", "", spikes([5]))


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two spikes a block."""
    monkeypatch.setattr(events, "BLOCK_BYTES", 24)


def spikes(times_us: list[int], neuron: int = 3) -> pa.RecordBatch:
    """Spikes of one neuron."""
    return pa.record_batch(
        {"time_us": np.array(times_us, np.int64), "neuron": np.full(len(times_us), neuron, np.uint32)}
    )


def staged(store: Store, recording: Recording, times_us: list[int], attempt: str = "0") -> staging.Staged:
    """Stage spikes as one attempt of the writer ``w``."""
    return staging.stage(store, recording, "spikes", "", [spikes(times_us)], writer="w", attempt=attempt)


def times_of(store: Store, recording: Recording) -> list[int]:
    """Return the times of all spikes that a reader finds."""
    batches = events.read(store, recording.num, "spikes")
    return [time for batch in batches for time in batch.column("time_us").to_pylist()]


def n_staged(store: Store) -> int:
    """Return how many blocks wait."""
    return store.db.staged.count_documents({})


def test_what_is_staged_is_seen_after_the_commit_alone(store: Store, recording: Recording) -> None:
    first = staged(store, recording, [90, 70, 80, 60, 100])
    second = staged(store, recording, [9_000, 20], "1")
    staged(store, recording, [1, 2, 3], "lost")
    assert first.blocks == 3 and times_of(store, recording) == [5]

    grown = staging.commit(store, recording.id, "spikes", [first, second], writer="w")

    assert times_of(store, recording) == [5, 20, 60, 70, 80, 90, 100, 9_000]
    assert grown.counts.spikes == {"a": 8} and grown.header.t_stop_us == 10_000
    assert [block.seq for block in events.blocks_from(store, recording.num, "spikes", "", 0)] == [
        0,
        1,
        2,
        3,
        4,
    ]
    assert n_staged(store) == 0


def test_what_is_discarded_leaves_nothing(store: Store, recording: Recording) -> None:
    staged(store, recording, [10, 20, 30])

    assert staging.discard(store, "w") == 2

    assert n_staged(store) == 0 and times_of(store, recording) == [5]


def test_a_batch_counts_once_and_the_next_one_too(store: Store, recording: Recording) -> None:
    for batch in (0, 0, 1, 0, 1):
        part = staged(store, recording, [100 + batch], f"attempt {batch}")
        staging.commit(store, recording.id, "spikes", [part], writer="w", batch=batch)

    assert times_of(store, recording) == [5, 100, 101]
    assert recordings.get(store, recording.id).counts.spikes == {"a": 3}
    assert n_staged(store) == 0


@pytest.mark.parametrize("steps", [0, 1, 2, 3, 4, 5])
@pytest.mark.parametrize("after", [True, False], ids=["after", "before"])
def test_a_commit_that_was_killed_is_finished_by_whoever_comes_next(
    store: Store, recording: Recording, monkeypatch: pytest.MonkeyPatch, steps: int, after: bool
) -> None:
    part = staged(store, recording, [10, 20, 30, 40, 50])
    left = [steps]

    def dying(function):
        def run(*arguments, **named):
            if not after and not left[0]:
                raise KeyboardInterrupt
            left[0] -= 1
            result = function(*arguments, **named)
            if after and left[0] < 0:
                raise KeyboardInterrupt
            return result

        return run

    with monkeypatch.context() as patched:
        patched.setattr(staging, "_copy", dying(staging._copy))
        patched.setattr(open_runs, "grow", dying(open_runs.grow))
        try:
            staging.commit(store, recording.id, "spikes", [part], writer="w")
        except KeyboardInterrupt:
            pass
        else:
            assert steps > 3

    closed = closing.close(store, recording.id)

    assert times_of(store, recording) == [5, 10, 20, 30, 40, 50]
    assert closed.counts.spikes == {"a": 6}
    assert n_staged(store) == 0
    again = staging.is_committed(store, recording.id, "w")
    assert again and not staging.is_committed(store, recording.id, "w", 1)


def test_counts_are_added_once_though_the_committer_died_after_adding_them(
    store: Store, recording: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = staged(store, recording, [10, 20, 30])
    grow = open_runs.grow

    def die(*arguments, **named):
        grow(*arguments, **named)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(open_runs, "grow", die)
        with pytest.raises(KeyboardInterrupt):
            staging.commit(store, recording.id, "spikes", [part], writer="w")

    staging.settle(store, recording.id)

    assert recordings.get(store, recording.id).counts.spikes == {"a": 4}


def test_several_may_finish_the_same_commit_while_others_append(store: Store, recording: Recording) -> None:
    part = staged(store, recording, list(range(100, 140)))
    with pytest.MonkeyPatch.context() as patched:
        for name in ("settle", "discard"):
            patched.setattr(staging, name, lambda *_: None)
        staging.commit(store, recording.id, "spikes", [part], writer="w")
    assert times_of(store, recording) == [5]  # listed, and left there

    threads = [threading.Thread(target=staging.settle, args=(store, recording.id)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for time_us in range(1000, 1010):
        open_runs.append(store, recording.id, "spikes", "", spikes([time_us]))
    for thread in threads:
        thread.join()

    assert sorted(times_of(store, recording)) == [5, *range(100, 140), *range(1000, 1010)]
    blocks = events.blocks_from(store, recording.num, "spikes", "", 0)
    assert [block.seq for block in blocks] == list(range(len(blocks)))
    assert recordings.get(store, recording.id).counts.spikes == {"a": 51}


def test_a_staged_block_that_is_gone_is_told_and_nothing_is_committed(
    store: Store, recording: Recording
) -> None:
    part = staged(store, recording, [10, 20, 30])
    store.db.staged.delete_one({"attempt": "0"})

    with pytest.raises(CorruptData, match="1 of 2 blocks"):
        staging.commit(store, recording.id, "spikes", [part], writer="w")

    assert times_of(store, recording) == [5]


def test_nothing_is_added_to_a_closed_recording(store: Store, recording: Recording) -> None:
    part = staged(store, recording, [10])
    closing.close(store, recording.id)

    with pytest.raises(Conflict, match="not open"):
        staging.commit(store, recording.id, "spikes", [part], writer="w")

    assert times_of(store, recording) == [5]


def test_events_that_do_not_fit_are_refused(store: Store, recording: Recording) -> None:
    with pytest.raises(InvalidInput, match="has 10 neurons"):
        staging.stage(store, recording, "spikes", "", [spikes([1], 10)], writer="w", attempt="0")


def test_what_nobody_commits_is_swept_away_after_a_day(
    store: Store, recording: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    staged(store, recording, [10, 20, 30])
    staging.sweep(store)
    assert n_staged(store) == 2

    monkeypatch.setattr(staging, "SWEEP_AFTER_S", -1)
    staging.sweep(store)

    assert n_staged(store) == 0


def test_deleting_a_recording_deletes_what_was_staged_for_it(store: Store, recording: Recording) -> None:
    staged(store, recording, [10, 20, 30])

    recordings.delete(store, recording.id)

    assert n_staged(store) == 0 and store.db.commits.count_documents({}) == 0
