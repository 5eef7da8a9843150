"""Damaged event blocks: named, never built from, and the build goes on once they are whole again."""

from __future__ import annotations

import pytest

from synaptarium.jobs.build import precompute
from synaptarium.schemas.errors import CorruptData
from synaptarium.schemas.events import decode_block, encode_block
from synaptarium.schemas.sealing import Sealed
from synaptarium.store import recordings


def flipped(block):
    payload = bytearray(block["payload"])
    payload[len(payload) // 2] ^= 1
    return {"payload": bytes(payload)}


def moved(block):
    return {"t0_us": block["t0_us"] + 700_000}


def reversed_times(block):
    batch = decode_block(Sealed(block["payload"], block["checksum"]))
    sealed = encode_block("spikes", batch.take(list(range(batch.num_rows))[::-1]))
    return {"payload": sealed.stored, "checksum": sealed.checksum}


def foreign_neuron(block):
    batch = decode_block(Sealed(block["payload"], block["checksum"]))
    columns = batch.to_pydict() | {"neuron": [9999] * batch.num_rows}
    sealed = encode_block("spikes", batch.from_pydict(columns, schema=batch.schema))
    return {"payload": sealed.stored, "checksum": sealed.checksum}


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (flipped, "is damaged. Stored bytes have the checksum"),
        (moved, "filed as"),
        (reversed_times, "out of order"),
        (foreign_neuron, "is of neuron 9999"),
    ],
)
def test_a_damaged_block_is_named_and_the_old_build_stays(
    store, learning_run, bytes_of, damage, told
) -> None:
    recording = learning_run().stored(store)
    before = precompute(store, recording.id, engine="local")
    whole = bytes_of(recording, before)
    block = store.db.events.find_one({"recording": recording.num, "kind": "spikes"})
    store.db.events.update_one({"_id": block["_id"]}, {"$set": damage(block)})

    with pytest.raises(CorruptData, match=told) as error:
        precompute(store, recording.id, engine="local")

    assert "mport" in error.value.hint
    assert recordings.get(store, recording.id).build == before
    assert bytes_of(recording, before) == whole
    store.db.events.replace_one({"_id": block["_id"]}, block)
    assert bytes_of(recording, precompute(store, recording.id, engine="local")) == whole
