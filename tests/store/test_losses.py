"""Values that a run or a job appends and that are no numbers: left out, counted, told."""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pytest

from synaptarium.schemas.recording import Header, Layer, PotentialStream, Projection, Recording, Source
from synaptarium.store import closing, open_runs, recordings, staging
from synaptarium.store.database import Store
from synaptarium.store.recording_info import recording_info

NAN, INF = math.nan, math.inf


@pytest.fixture
def open_recording(store: Store) -> Recording:
    """An open recording of three neurons with a potential, and one projection."""
    header = Header(
        name="r",
        bin_us=1000,
        t_start_us=0,
        t_stop_us=1000,
        layers=(Layer(name="a", neurons=3, shape=(3,), offset=0),),
        projections=(
            Projection(name="p", source="a", target="a", kind="explicit", synapses=3, target_neurons=3),
        ),
        potentials=(PotentialStream(variable="v", layer="a", unit="mV", n_recorded=3),),
        source=Source(format="arrays"),
    )
    return recordings.create(store, header, status="open")


def values(first_us: int, *value: float) -> pa.RecordBatch:
    """Values of neuron 0, or weights of synapse 0, a microsecond apart."""
    n = len(value)
    return pa.record_batch(
        {
            "time_us": first_us + np.arange(n),
            "neuron": np.zeros(n, np.uint32),
            "value": np.array(value, np.float32),
        }
    )


def told(recording: Recording) -> list[tuple[str, int, int]]:
    """Return the accounting of a recording."""
    return [(one.what, one.kept, one.total) for one in recording.header.accounting]


def test_values_that_are_no_numbers_are_counted_as_a_run_goes_on(
    store: Store, open_recording: Recording
) -> None:
    def append(batch: pa.RecordBatch) -> list[tuple[str, int, int]]:
        return told(open_runs.append(store, open_recording.id, "potentials", "v", batch))

    assert append(values(0, -70.0, -69.0)) == []
    assert append(values(10, -68.0, NAN, INF)) == [("values of v", 3, 5)]
    assert append(values(20, NAN, NAN)) == [("values of v", 3, 7)]
    assert append(values(30, -67.0)) == [("values of v", 4, 8)]
    closed = closing.close(store, open_recording.id)
    assert told(closed) == [("values of v", 4, 8)]
    assert closed.counts.potentials == {"v/a": 4}
    assert recording_info(store, closed.id)["accounting"][0]["why"].startswith("The others are not a number")


def test_a_batch_of_nothing_but_bad_values_does_not_move_the_end(
    store: Store, open_recording: Recording
) -> None:
    grown = open_runs.append(store, open_recording.id, "potentials", "v", values(50_000, NAN))

    assert grown.header.t_stop_us == 1000
    assert told(grown) == [("values of v", 0, 1)]


def test_closing_counts_what_a_dead_writer_left_as_kept(store: Store, open_recording: Recording) -> None:
    open_runs.append(store, open_recording.id, "potentials", "v", values(0, -70.0, NAN))
    where = {"_id": open_recording.id}
    store.db.recordings.update_one(where, {"$set": {"header.accounting.0.kept": 0}})

    assert told(closing.close(store, open_recording.id)) == [("values of v", 1, 3)]


def test_infinite_weights_are_counted_apart_from_those_that_cease(
    store: Store, open_recording: Recording
) -> None:
    batch = values(0, 1.0, INF, NAN).rename_columns(["time_us", "synapse", "value"])

    grown = open_runs.append(store, open_recording.id, "weights", "p", batch)

    assert told(grown) == [("weights of p", 2, 3)]
    assert grown.counts.weights == {"p": 2}


def test_a_write_of_many_tasks_tells_their_losses_together_and_once(
    store: Store, open_recording: Recording
) -> None:
    open_runs.append(store, open_recording.id, "potentials", "v", values(0, -70.0))
    attempts = [
        staging.stage(store, open_recording, "potentials", "v", [batch], writer="w", attempt=str(place))
        for place, batch in enumerate((values(10, 1.0, NAN), values(20, 2.0, 3.0), values(30, INF)))
    ]

    for _ in range(2):  # a committer that asks again
        grown = staging.commit(store, open_recording.id, "potentials", attempts, writer="w")

    assert told(grown) == [("values of v", 4, 6)]
    assert grown.counts.potentials == {"v/a": 4}


def test_a_write_of_bad_values_alone_is_told_too(store: Store, open_recording: Recording) -> None:
    one = staging.stage(
        store, open_recording, "potentials", "v", [values(10, NAN, NAN)], writer="w", attempt="0"
    )

    grown = staging.commit(store, open_recording.id, "potentials", [one], writer="w")

    assert (one.blocks, told(grown)) == (0, [("values of v", 0, 2)])
