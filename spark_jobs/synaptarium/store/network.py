"""Arrays of the network in blocks: positions, labels and recorded neurons of layers; pre, post and delay of synapses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from synaptarium.schemas.errors import CorruptData
from synaptarium.schemas.recording import Recording
from synaptarium.schemas.sealing import Sealed, open_payload, payload_of, seal, unseal
from synaptarium.store.database import Document, Store, call, key_of
from synaptarium.store.events import check_exists

#: 3 MiB of (pre, post, delay) or of positions.
BLOCK_ROWS = 262_144

F32 = NDArray[np.float32]
I32 = NDArray[np.int32]
U32 = NDArray[np.uint32]
Columns = Mapping[str, NDArray[Any]]


def write_positions(store: Store, num: int, layer: str, xyz_um: F32) -> None:
    """Write the (n_neurons, 3) positions of a layer, float32 in um."""
    xyz = np.asarray(xyz_um, np.float32)
    columns = {axis: np.ascontiguousarray(xyz[:, place]) for place, axis in enumerate("xyz")}
    _write(store, "neurons", {"recording": num, "layer": layer, "what": "positions", "variable": ""}, columns)


def read_positions(store: Store, num: int, layer: str) -> F32 | None:
    """Return the (n_neurons, 3) positions of a layer in um, None where it has none."""
    columns = _read(store, "neurons", {"recording": num, "layer": layer, "what": "positions", "variable": ""})
    return None if columns is None else np.stack([columns[axis] for axis in "xyz"], axis=1)


def write_recorded(store: Store, num: int, layer: str, variable: str, neuron_ids: U32) -> None:
    """Write which neurons (ids within the layer, sorted) have a variable recorded."""
    scope: Document = {"recording": num, "layer": layer, "what": "recorded", "variable": variable}
    _write(store, "neurons", scope, {"neuron": np.asarray(neuron_ids, np.uint32)})


def read_recorded(store: Store, num: int, layer: str, variable: str) -> U32:
    """Return the ids within the layer whose variable was recorded; empty where none was."""
    columns = _read(
        store, "neurons", {"recording": num, "layer": layer, "what": "recorded", "variable": variable}
    )
    return np.empty(0, np.uint32) if columns is None else columns["neuron"]


def write_labels(store: Store, num: int, layer: str, labels: I32, method: str) -> None:
    """Write each neuron's class (index into the header's classes, -1 for none) and how it was found."""
    scope: Document = {"recording": num, "layer": layer, "what": "labels", "variable": ""}
    _write(store, "neurons", scope, {"label": np.asarray(labels, np.int32)}, {"method": method})


def read_labels(store: Store, num: int, layer: str) -> tuple[I32, str] | None:
    """Return the classes of a layer's neurons and the method, None where they have none."""
    scope: Document = {"recording": num, "layer": layer, "what": "labels", "variable": ""}
    columns = _read(store, "neurons", scope)
    if columns is None:
        return None
    found = call(store, lambda: store.db.neurons.find_one({**scope, "block": 0}, {"method": 1}))
    return columns["label"], (found or {}).get("method", "")


def write_synapses(
    store: Store, num: int, projection: str, pre: U32, post: U32, delay_ms: F32 | None
) -> None:
    """Write a projection's synapses: ids within source and target layer, and each delay in ms or None."""
    columns: dict[str, NDArray[Any]] = {
        "pre": np.asarray(pre, np.uint32),
        "post": np.asarray(post, np.uint32),
    }
    if delay_ms is not None:
        columns["delay_ms"] = np.asarray(delay_ms, np.float32)
    _write(store, "synapses", {"recording": num, "projection": projection}, columns)


def read_synapses(store: Store, num: int, projection: str) -> tuple[U32, U32, F32 | None]:
    """Return (pre, post, delay in ms or None) of a projection, in synapse order.

    Raises
    ------
    RecordingNotFound
        The recording does not exist (any more). A projection that has no arrays gives empty ones.
    """
    columns = _read(store, "synapses", {"recording": num, "projection": projection})
    if columns is None:
        return np.empty(0, np.uint32), np.empty(0, np.uint32), None
    return columns["pre"], columns["post"], columns.get("delay_ms")


def read_synapse_block(
    store: Store, num: int, projection: str, block: int
) -> tuple[U32, U32, F32 | None, int]:
    """Return (pre, post, delay in ms or None, stored bytes) of the ``BLOCK_ROWS`` synapses from ``block * BLOCK_ROWS``; empty
    past the end."""
    where: Document = {"recording": num, "projection": projection, "block": block}
    found = call(store, lambda: store.db.synapses.find_one(where))
    if found is None:
        check_exists(store, num)
        return np.empty(0, np.uint32), np.empty(0, np.uint32), None, 0
    batch = open_payload(unseal(Sealed(found["payload"], found["checksum"])))
    delay_ms = batch.column("delay_ms").to_numpy() if "delay_ms" in batch.schema.names else None
    return batch.column("pre").to_numpy(), batch.column("post").to_numpy(), delay_ms, len(found["payload"])


def copy(store: Store, source: Recording, target: Recording) -> None:
    """Give a recording the network of another: positions, labels, recorded neurons, synapses and stimulus images.

    Parameters
    ----------
    source, target : Recording
        Of the same layers and projections. Copied inside the database.
    """
    for collection, where in (("neurons", {}), ("synapses", {}), ("events", {"kind": "images"})):
        # A key begins with the recording's number.
        rest = {"$substrBytes": ["$_id", len(str(source.num)), -1]}
        pipeline: list[Document] = [
            {"$match": {"recording": source.num, **where}},
            {"$set": {"recording": target.num, "_id": {"$concat": [str(target.num), rest]}}},
            {"$merge": {"into": collection, "on": "_id", "whenMatched": "replace"}},
        ]
        documents = store.durable(collection)
        call(store, lambda documents=documents, pipeline=pipeline: list(documents.aggregate(pipeline)))


def _write(
    store: Store, collection: str, scope: Document, columns: Columns, extra: Document | None = None
) -> None:
    n_rows = len(next(iter(columns.values())))
    documents = store.durable(collection)
    n_blocks = max(1, -(-n_rows // BLOCK_ROWS))  # an empty array is written too: known to be empty
    for block in range(n_blocks):
        rows = slice(block * BLOCK_ROWS, (block + 1) * BLOCK_ROWS)
        batch = pa.record_batch({name: pa.array(values[rows]) for name, values in columns.items()})
        sealed = seal(payload_of(batch))
        document: Document = {
            "_id": key_of(*scope.values(), block),
            **scope,
            **(extra or {}),
            "block": block,
            "n": batch.num_rows,
            "checksum": sealed.checksum,
            "payload": sealed.stored,
        }
        where = {**scope, "block": block}
        call(
            store, lambda where=where, document=document: documents.replace_one(where, document, upsert=True)
        )
    call(store, lambda: documents.delete_many({**scope, "block": {"$gte": n_blocks}}))


def _batches(store: Store, collection: str, scope: Document) -> Iterator[pa.RecordBatch]:
    block = 0
    while True:
        where = {**scope, "block": block}
        found = call(store, lambda where=where: store.db[collection].find_one(where))
        if found is None:
            break
        yield open_payload(unseal(Sealed(found["payload"], found["checksum"])))
        block += 1
    # The end of the blocks may also be a recording that is being deleted under us.
    check_exists(store, scope["recording"])
    left = call(store, lambda: store.db[collection].find_one({**scope, "block": {"$gt": block}}, {"_id": 1}))
    if left is not None:
        raise CorruptData(
            f"Block {block} of {list(scope.values())[1:]} is missing.",
            hint="Delete the recording and import it again.",
        )


def _read(store: Store, collection: str, scope: Document) -> dict[str, NDArray[Any]] | None:
    batches = list(_batches(store, collection, scope))
    if not batches:
        return None
    table = pa.Table.from_batches(batches)
    return {name: table[name].to_numpy() for name in table.schema.names}
