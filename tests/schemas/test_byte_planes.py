import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synaptarium.schemas import events
from synaptarium.schemas.byte_planes import from_planes, to_planes
from synaptarium.schemas.errors import CorruptData
from synaptarium.schemas.sealing import payload_of, seal

I64 = st.integers(-(2**63), 2**63 - 1)


@given(
    st.lists(st.tuples(I64, st.integers(0, 2**32 - 1), st.integers(0, 2**16 - 1)), max_size=50), st.booleans()
)
def test_planes_round_trip_whatever_the_numbers(rows: list[tuple[int, int, int]], ordered: bool) -> None:
    times, neurons, counts = zip(*rows, strict=True) if rows else ((), (), ())
    batch = pa.record_batch(
        {
            "time_us": pa.array(sorted(times) if ordered else times, pa.int64()),
            "neuron": pa.array(neurons, pa.uint32()),
            "count": pa.array(counts, pa.uint16()),
            "payload": pa.array([0.5] * len(rows), pa.float32()),
        }
    )

    found = from_planes(to_planes(batch, ascending="time_us"))

    assert found.equals(batch, check_metadata=True)


def test_planes_are_as_many_as_the_numbers_need() -> None:
    batch = pa.record_batch(
        {
            "time_us": pa.array([10**15, 10**15 + 3, 10**15 + 260], pa.int64()),
            "neuron": pa.array([0, 65_536, 1], pa.uint32()),
        }
    )

    planes = to_planes(batch, ascending="time_us")

    assert planes.schema.names == ["time_us.0", "time_us.1", "neuron.0", "neuron.1", "neuron.2"]
    assert planes.column("time_us.0").to_pylist() == [0, 3, 1]
    assert planes.schema.field("time_us.0").metadata[b"first"] == b"1000000000000000"


def test_columns_with_nulls_negative_or_not_ascending_numbers_stay_whole() -> None:
    batch = pa.record_batch(
        {"time_us": pa.array([5, 4]), "other": pa.array([-1, 1]), "image": pa.array([None, 1], pa.uint32())}
    )

    planes = to_planes(batch, ascending="time_us")

    assert planes.schema.names == ["time_us", "other", "image"]
    assert from_planes(planes).equals(batch)


def test_blocks_from_before_the_planes_are_still_read() -> None:
    batch = events.conform(
        "spikes", pa.record_batch({"time_us": pa.array([1, 5]), "neuron": pa.array([0, 3], pa.uint32())})
    )
    whole = seal(payload_of(batch))
    planes = events.encode_block("spikes", batch)

    assert events.decode_block(whole).equals(batch)
    assert events.decode_block(planes).schema == batch.schema


def test_times_and_neurons_take_a_quarter_less_than_whole_columns() -> None:
    random = np.random.default_rng(0)
    times = np.sort(random.integers(0, 200_000, 100_000))
    neurons = random.integers(0, 100_000, 100_000).astype(np.uint32)
    batch = pa.record_batch({"time_us": times, "neuron": neurons})

    whole, planes = seal(payload_of(batch), level=1), events.encode_block("spikes", batch)

    assert len(planes.stored) < 0.75 * len(whole.stored)


@pytest.mark.parametrize(
    "columns",
    [["time_us.1", "neuron.0"], ["time_us.0", "time_us.1", "neuron.1"]],
)
def test_planes_without_their_lowest_are_damage(columns: list[str]) -> None:
    batch = pa.record_batch({"time_us": pa.array([0, 300]), "neuron": pa.array([0, 300], pa.uint32())})
    planes = to_planes(batch, ascending="time_us")

    with pytest.raises(CorruptData, match="planes of bytes"):
        from_planes(planes.select(columns))


def test_planes_of_an_unknown_type_are_damage() -> None:
    field = pa.field("neuron.0", pa.uint8(), metadata={"of": "neuron", "type": "int7"})

    with pytest.raises(CorruptData, match="'int7'"):
        from_planes(pa.record_batch([pa.array([1], pa.uint8())], schema=pa.schema([field])))
