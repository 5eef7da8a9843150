"""What comes in is checked, cleaned, sorted and counted."""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synaptarium.schemas.errors import (
    InvalidInput,
    InvalidTime,
    NeuronOutOfRange,
    SynaptariumError,
    UnknownLayer,
)
from synaptarium.schemas.events import EventKind
from synaptarium.schemas.recording import Accounting, Header, Layer, PotentialStream, Projection, Source
from synaptarium.store.intake import Intake

HEADER = Header(
    name="run",
    bin_us=1000,
    t_start_us=0,
    t_stop_us=1000,
    layers=(
        Layer(name="in", neurons=4, shape=(2, 2), offset=0),
        Layer(name="out", neurons=3, shape=(3,), offset=4),
    ),
    projections=(
        Projection(name="p", source="in", target="out", kind="explicit", synapses=3, target_neurons=3),
        Projection(name="silent", source="in", target="out", kind="explicit", synapses=1, target_neurons=3),
    ),
    potentials=(PotentialStream(variable="v", layer="out", unit="mV", n_recorded=2),),
    source=Source(format="test"),
    image_shape=(2, 2),
)


def spikes(times_us: list[int], neurons: list[int], counts: list[int] | None = None) -> pa.RecordBatch:
    columns = {"time_us": pa.array(times_us, pa.int64()), "neuron": pa.array(neurons, pa.uint32())}
    if counts is not None:
        columns["count"] = pa.array(counts, pa.uint16())
    return pa.record_batch(columns)


def values(
    times_us: list[int], items: list[int], value: list[float | None], item: str = "neuron"
) -> pa.RecordBatch:
    return pa.record_batch(
        {
            "time_us": pa.array(times_us, pa.int64()),
            item: pa.array(items, pa.uint32()),
            "value": pa.array(value, pa.float32()),
        }
    )


def weights(times_us: list[int], synapses: list[int], value: list[float | None]) -> pa.RecordBatch:
    return values(times_us, synapses, value, "synapse")


def stimuli(start_us: int, stop_us: int, image: int | None = None) -> pa.RecordBatch:
    return pa.record_batch(
        {
            "t_start_us": pa.array([start_us], pa.int64()),
            "t_stop_us": pa.array([stop_us], pa.int64()),
            "image": pa.array([image], pa.uint32()),
        }
    )


def images(*pixels: bytes) -> pa.RecordBatch:
    return pa.record_batch({"pixels": pa.array(pixels, pa.binary())})


def test_spikes_are_counted_per_layer_with_their_multiplicity() -> None:
    intake = Intake(HEADER)

    intake.take("spikes", "", spikes([0, 1, 2], [0, 3, 4]))
    taken = intake.take("spikes", "", spikes([5, 6, 7], [6, 6, 0], [2, 0, 1]))

    assert intake.counts().spikes == {"in": 3, "out": 3}
    assert taken.column("neuron").to_pylist() == [6, 0]
    assert intake.accounting() == (
        Accounting(what="spikes", kept=2, total=3, why="Entries with a count of 0 were left out."),
    )


@settings(max_examples=50, deadline=None)
@given(
    rows=st.lists(st.tuples(st.integers(0, 999), st.integers(0, 6), st.integers(1, 9)), max_size=40),
    cuts=st.lists(st.integers(0, 40), max_size=4).map(sorted),
)
def test_counts_do_not_depend_on_order_or_batches(rows: list[tuple[int, int, int]], cuts: list[int]) -> None:
    intake = Intake(HEADER)
    for start, stop in zip([0, *cuts], [*cuts, len(rows)], strict=True):
        part = rows[start:stop]
        batch = intake.take(
            "spikes", "", spikes(*([list(c) for c in zip(*part, strict=True)] if part else [[], [], []]))
        )
        times_us = batch.column("time_us").to_numpy()
        assert np.all(np.diff(times_us) >= 0)

    assert intake.counts().spikes == {
        "in": sum(count for _, neuron, count in rows if neuron < 4),
        "out": sum(count for _, neuron, count in rows if neuron >= 4),
    }


def test_what_came_out_of_order_is_sorted_and_told() -> None:
    intake = Intake(HEADER)

    taken = intake.take("spikes", "", spikes([10, 30, 20, 30], [0, 1, 2, 3]))
    intake.take("spikes", "", spikes([25, 40], [0, 1]))  # 25 lies before the 30 of the batch before

    assert taken.column("time_us").to_pylist() == [10, 20, 30, 30]
    assert taken.column("neuron").to_pylist() == [0, 2, 1, 3]
    assert intake.accounting() == (
        Accounting(what="spikes in time order", kept=4, total=6, why="The others were sorted by time."),
    )


def test_weights_are_summed_up_over_first_and_last_values() -> None:
    intake = Intake(HEADER)

    intake.take("weights", "p", weights([0, 0, 7], [0, 1, 0], [1.0, 2.0, 5.0]))
    intake.take("weights", "p", weights([9, 8, 9], [1, 1, 2], [4.0, -3.0, 0.0]))  # 1: -3 at 8, then 4

    span = intake.weights()["p"]
    assert (span.first.min, span.first.mean, span.first.max) == (0.0, 1.0, 2.0)
    assert (span.last.min, span.last.mean, span.last.max) == (0.0, 3.0, 5.0)
    assert intake.counts().weights == {"p": 6, "silent": 0}
    assert set(intake.weights()) == {"p"}


def test_a_weight_that_is_no_number_says_that_its_synapse_ceased() -> None:
    intake = Intake(HEADER)

    taken = intake.take("weights", "p", weights([0, 0, 5, 6], [0, 1, 0, 1], [1.0, 2.0, math.nan, None]))
    more = intake.take("weights", "p", weights([7, 8], [2, 1], [math.inf, 3.0]))

    assert taken.column("value").to_pylist() == [1.0, 2.0, None, None]
    assert more.column("value").to_pylist() == [3.0]
    assert (intake.weights()["p"].first.max, intake.weights()["p"].last.mean) == (2.0, 3.0)
    assert intake.accounting()[-1] == Accounting(
        what="weights of p", kept=5, total=6, why="The others are infinite."
    )


def test_potentials_that_are_no_numbers_are_left_out_and_told() -> None:
    intake = Intake(HEADER)

    taken = intake.take("potentials", "v", values([0, 1, 2], [4, 5, 4], [-65.0, math.nan, math.inf]))

    assert taken.num_rows == 1
    assert intake.counts().potentials == {"v/out": 1}
    assert intake.accounting() == (
        Accounting(what="values of v", kept=1, total=3, why="The others are not a number or infinite."),
    )


def test_stimuli_metrics_and_images_are_counted() -> None:
    intake = Intake(HEADER)
    metrics = {
        "time_us": pa.array([1, 2, 3]),
        "name": pa.array(["a.b", "c", "a.b"]),
        "value": pa.array([0.1, 0.2, 0.3]),
    }

    intake.take("images", "", images(b"abcd", b"efgh"))
    intake.take("stimuli", "", stimuli(0, 10, 1))
    intake.take("stimuli", "", stimuli(10, 5000))  # shown beyond the end of the run
    intake.take("metrics", "", pa.record_batch(metrics))
    intake.finish()

    counts = intake.counts()
    assert (counts.stimuli, counts.images, counts.metrics) == (2, 2, {"a.b": 2, "c": 1})


RECORDED = {"v": np.array([False] * 4 + [True, True, False])}


@pytest.mark.parametrize(
    ("kind", "stream", "batch", "error", "says"),
    [
        (
            "spikes",
            "",
            spikes([-1], [0]),
            InvalidTime,
            r"A spike is at -1 us; the span of 'run' is \[0, 1000\) us",
        ),
        ("spikes", "", spikes([0, 1000], [0, 0]), InvalidTime, "A spike is at 1000 us"),
        ("spikes", "", spikes([0], [7]), NeuronOutOfRange, "Layer 'out' has 3 neurons; spikes name neuron 3"),
        ("spikes", "x", spikes([0], [0]), InvalidInput, "one stream without a name"),
        ("potentials", "v", values([0], [9], [1.0]), NeuronOutOfRange, "Layer 'out' has 3 neurons"),
        (
            "potentials",
            "v",
            values([0], [6], [1.0]),
            InvalidInput,
            "neuron 2 of layer 'out', which is not among",
        ),
        ("potentials", "v", values([0], [3], [1.0]), UnknownLayer, "a value of 'v' in layer 'in', of which"),
        ("potentials", "u", values([0], [4], [1.0]), UnknownLayer, "no variable 'u'"),
        ("potentials", "v", spikes([0], [4]), InvalidInput, "potentials need the column 'value'"),
        (
            "weights",
            "p",
            weights([0], [3], [1.0]),
            NeuronOutOfRange,
            "Projection 'p' has 3 synapses; .* synapse 3",
        ),
        ("weights", "q", weights([0], [0], [1.0]), UnknownLayer, "no projection 'q'"),
        ("weights", "p", values([0], [0], [1.0]), InvalidInput, "no weights columns"),
        ("stimuli", "", stimuli(9, 3), InvalidTime, "starts at 9 us and ends at 3 us"),
        ("stimuli", "", stimuli(1000, 1001), InvalidTime, "A stimulus is at 1000 us"),
        ("images", "", images(b"abc"), InvalidInput, "has 3 pixels; the header says 2 x 2"),
    ],
)
def test_what_contradicts_the_header_is_refused(
    kind: EventKind, stream: str, batch: pa.RecordBatch, error: type[SynaptariumError], says: str
) -> None:
    with pytest.raises(error, match=says):
        Intake(HEADER, recorded=RECORDED).take(kind, stream, batch)


def test_a_stimulus_must_show_an_image_that_is_there() -> None:
    intake = Intake(HEADER)
    intake.take("images", "", images(b"abcd"))
    intake.take("stimuli", "", stimuli(0, 10, 1))

    with pytest.raises(InvalidInput, match="shows image 1; there are 1 images"):
        intake.finish()


def test_an_open_run_has_no_end_yet() -> None:
    intake = Intake(HEADER, open_ended=True)

    assert intake.take("spikes", "", spikes([5000], [0])).num_rows == 1
    with pytest.raises(InvalidTime):
        intake.take("spikes", "", spikes([-5], [0]))
    with pytest.raises(InvalidTime, match="beyond the 4,294,967,296 bins of 1,000 us"):
        intake.take("spikes", "", spikes([2**32 * 1000], [0]))
