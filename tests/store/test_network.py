"""Arrays of the network: stored in blocks, read as they were."""

from __future__ import annotations

import numpy as np
import pytest

from synaptarium.schemas.errors import CorruptData, RecordingNotFound
from synaptarium.schemas.recording import Header, Layer, Recording, Source
from synaptarium.store import network, recordings
from synaptarium.store.database import Store


@pytest.fixture
def recording(store: Store) -> Recording:
    layers = (Layer(name="a/b.c $", neurons=10, shape=(10,), offset=0),)
    header = Header(
        name="n", bin_us=1, t_start_us=0, t_stop_us=1, layers=layers, source=Source(format="test")
    )
    return recordings.create(store, header)


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "BLOCK_ROWS", 4)


def test_layer_arrays_come_back_as_they_were(store: Store, recording: Recording) -> None:
    num, layer = recording.num, "a/b.c $"
    xyz = np.arange(30, dtype=np.float32).reshape(10, 3)
    labels = np.arange(-1, 9, dtype=np.int32)

    network.write_positions(store, num, layer, xyz)
    network.write_labels(store, num, layer, labels, "maximal response over 10 s")
    network.write_recorded(store, num, layer, "v", np.array([1, 5], np.uint32))
    network.write_recorded(store, num, layer, "theta", np.array([], np.uint32))

    assert np.array_equal(network.read_positions(store, num, layer), xyz)
    found = network.read_labels(store, num, layer)
    assert found is not None
    assert np.array_equal(found[0], labels)
    assert found[1] == "maximal response over 10 s"
    assert network.read_recorded(store, num, layer, "v").tolist() == [1, 5]
    assert network.read_recorded(store, num, layer, "theta").tolist() == []


def test_arrays_that_were_never_written_are_none(store: Store, recording: Recording) -> None:
    assert network.read_positions(store, recording.num, "x") is None
    assert network.read_labels(store, recording.num, "x") is None
    assert network.read_recorded(store, recording.num, "x", "v").tolist() == []


@pytest.mark.parametrize("delays", [True, False])
def test_synapses_come_back_as_they_were(store: Store, recording: Recording, delays: bool) -> None:
    pre, post = np.arange(11, dtype=np.uint32), np.arange(11, dtype=np.uint32)[::-1].copy()
    delay_ms = np.linspace(0.1, 5, 11, dtype=np.float32) if delays else None

    network.write_synapses(store, recording.num, "p", pre, post, delay_ms)
    found = network.read_synapses(store, recording.num, "p")

    assert np.array_equal(found[0], pre)
    assert np.array_equal(found[1], post)
    assert (found[2] is None) if delay_ms is None else np.array_equal(found[2], delay_ms)
    blocks = [network.read_synapse_block(store, recording.num, "p", block) for block in range(4)]
    assert [len(pre) for pre, _, _, _ in blocks] == [4, 4, 3, 0]


def test_writing_fewer_synapses_leaves_none_of_the_old_ones(store: Store, recording: Recording) -> None:
    many, few = np.arange(11, dtype=np.uint32), np.arange(3, dtype=np.uint32)

    network.write_synapses(store, recording.num, "p", many, many, None)
    network.write_synapses(store, recording.num, "p", few, few, None)

    assert network.read_synapses(store, recording.num, "p")[0].tolist() == [0, 1, 2]


def test_a_missing_block_is_told(store: Store, recording: Recording) -> None:
    ids = np.arange(11, dtype=np.uint32)
    network.write_synapses(store, recording.num, "p", ids, ids, None)
    store.db.synapses.delete_one({"block": 1})

    with pytest.raises(CorruptData, match="Block 1 of"):
        network.read_synapses(store, recording.num, "p")


def test_arrays_of_a_deleted_recording_are_not_found(store: Store, recording: Recording) -> None:
    ids = np.arange(11, dtype=np.uint32)
    network.write_synapses(store, recording.num, "p", ids, ids, None)

    recordings.delete(store, recording.id)

    with pytest.raises(RecordingNotFound):
        network.read_synapses(store, recording.num, "p")
    with pytest.raises(RecordingNotFound):
        network.read_synapse_block(store, recording.num, "p", 0)
