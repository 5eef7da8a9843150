"""Event blocks: immutable, compressed, checksummed columns of what happened."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from synaptarium.schemas.errors import CorruptData, RecordingNotFound
from synaptarium.schemas.events import TIME_COLUMN, EventKind, conform, decode_block, encode_block
from synaptarium.schemas.sealing import Sealed
from synaptarium.store.database import Document, Store, call

#: Raw bytes of a block.
BLOCK_BYTES = 4 * 1024 * 1024


class BlockInfo(NamedTuple):
    """A block without its payload.

    Parameters
    ----------
    seq : int
        Its number in (recording, kind, stream).
    stream : str
        Variable, projection or empty.
    t0_us, t1_us : int
        Times of its first and last event, both inclusive; for images the indices of its first and last image.
    n : int
        Events.
    size_bytes : int
        Stored bytes.
    """

    seq: int
    stream: str
    t0_us: int
    t1_us: int
    n: int
    size_bytes: int


def write_block(
    store: Store,
    num: int,
    kind: EventKind,
    stream: str,
    seq: int,
    batch: pa.RecordBatch,
    *,
    first: int = 0,
    stopped: Callable[[], bool] | None = None,
) -> BlockInfo:
    """Write one block; on disk when this returns, and the same whenever it is repeated.

    Parameters
    ----------
    num : int
        Recording number.
    kind, stream : str
        See :mod:`synaptarium.schemas.events`.
    seq : int
        Block number.
    batch : pyarrow.RecordBatch
        At least one row, sorted by time.
    first : int
        Images only: index of the first image of the block.
    stopped : callable or None
        Asked while the database is away: True gives up before the store's patience does.
    """
    document = block_document(num, kind, stream, seq, batch, first)
    events = store.durable("events")
    call(store, lambda: events.replace_one({"_id": document["_id"]}, document, upsert=True), stopped)
    return _info(document)


def add_block(
    store: Store, num: int, kind: EventKind, stream: str, seq: int, batch: pa.RecordBatch, *, first: int = 0
) -> BlockInfo:
    """Write one block that must not exist yet; raises pymongo's DuplicateKeyError through the edge's caller."""
    document = block_document(num, kind, stream, seq, batch, first)
    store.durable("events").insert_one(document)
    return _info(document)


def blocks(
    store: Store,
    num: int,
    kind: EventKind,
    stream: str | None = None,
    *,
    t_start_us: int | None = None,
    t_stop_us: int | None = None,
) -> list[BlockInfo]:
    """Return the blocks of a kind, ordered by stream, time and number; no payload is read.

    Parameters
    ----------
    num : int
        Recording number.
    kind, stream : str
        Of one stream, or of all where None.
    t_start_us, t_stop_us : int or None
        Only blocks with events in this half-open range; None leaves a side open.
    """
    where: Document = {"recording": num, "kind": kind}
    if stream is not None:
        where["stream"] = stream
    if t_stop_us is not None:
        where["t0_us"] = {"$lt": t_stop_us}
    if t_start_us is not None:
        where["t1_us"] = {"$gte": t_start_us}
    order = [("recording", 1), ("kind", 1), ("stream", 1), ("t0_us", 1), ("t1_us", 1), ("seq", 1)]
    return _listed(store, where, order)


def blocks_from(store: Store, num: int, kind: EventKind, stream: str, seq: int) -> list[BlockInfo]:
    """Return the blocks of a stream from a number on, in the order in which they were written."""
    where: Document = {"recording": num, "kind": kind, "stream": stream, "seq": {"$gte": seq}}
    return _listed(store, where, [("recording", 1), ("kind", 1), ("stream", 1), ("seq", 1)])


def n_rows(store: Store, num: int, kind: EventKind, stream: str) -> int:
    """Return how many events of a stream are stored; no payload is read."""
    return sum(block.n for block in blocks(store, num, kind, stream))


def _listed(store: Store, where: Document, order: list[tuple[str, int]]) -> list[BlockInfo]:
    fields: Document = {"_id": 0, **dict.fromkeys(BlockInfo._fields, 1)}
    found = call(store, lambda: list(store.db.events.find(where, fields).sort(order)))
    return [_info(document) for document in found]


def read(
    store: Store,
    num: int,
    kind: EventKind,
    stream: str = "",
    t_start_us: int | None = None,
    t_stop_us: int | None = None,
) -> Iterator[pa.RecordBatch]:
    """Yield the events of a half-open range in time order, about one block at a time.

    Blocks that overlap in time are merged; events at the same time keep the order in which they were written.

    Parameters
    ----------
    num : int
        Recording number.
    kind, stream : str
        See :mod:`synaptarium.schemas.events`.
    t_start_us, t_stop_us : int or None
        Half-open range of the kind's time column; of image indices for images. None leaves a side open.

    Raises
    ------
    RecordingNotFound
        The recording does not exist, or was deleted meanwhile.
    CorruptData
        A block fails its checksum.
    """
    listed = blocks(store, num, kind, stream, t_start_us=t_start_us, t_stop_us=t_stop_us)
    if not listed:
        check_exists(store, num)
    column = TIME_COLUMN[kind]
    waiting: pa.RecordBatch | None = None  # rows that a later block may still precede
    for place, block in enumerate(listed):
        batch = _clipped(load(store, num, kind, block), column, block, t_start_us, t_stop_us)
        following = listed[place + 1].t0_us if place + 1 < len(listed) else None
        if column is None or (waiting is None and (following is None or block.t1_us <= following)):
            if batch.num_rows:
                yield batch
            continue
        merged = batch if waiting is None else time_sorted(joined([waiting, batch]), column)
        ready = merged.num_rows
        if following is not None:
            ready = int(np.searchsorted(merged.column(column).to_numpy(), following, side="left"))
        if ready:
            yield merged.slice(0, ready)
        waiting = merged.slice(ready) if ready < merged.num_rows else None


def check_exists(store: Store, num: int) -> None:
    """Raise RecordingNotFound when there is no recording of that number."""
    if call(store, lambda: store.db.recordings.find_one({"num": num}, {"_id": 1})) is None:
        raise RecordingNotFound(
            f"There is no recording with the number {num}; it may have been deleted.",
            hint="synaptarium list shows those that there are.",
        )


def load(store: Store, num: int, kind: EventKind, block: BlockInfo) -> pa.RecordBatch:
    """Return the events of one block.

    Parameters
    ----------
    num, kind : int, str
        Recording number and kind.
    block : BlockInfo
        From :func:`blocks`.

    Raises
    ------
    RecordingNotFound
        The recording was deleted meanwhile.
    CorruptData
        The block has vanished, fails its checksum, or holds other times than it is filed under.
    """
    name = block_id(num, kind, block.stream, block.seq)
    found = call(store, lambda: store.db.events.find_one({"_id": name}))
    if found is None:
        check_exists(store, num)
        raise CorruptData(
            f"Block {name} of recording {num} has vanished.", hint="Delete the recording and import it again."
        )
    try:
        batch = decode_block(Sealed(found["payload"], found["checksum"]))
    except CorruptData as error:
        raise CorruptData(
            f"Block {name} of recording {num} is damaged. {error.message}",
            hint="The data on disk changed. Delete the recording and import it again.",
            where=name,
        ) from error
    _check_times(name, kind, batch, block)
    return batch


def _check_times(name: str, kind: EventKind, batch: pa.RecordBatch, block: BlockInfo) -> None:
    """Raise CorruptData unless a block's times ascend from its first to its last: they are searched, not scanned."""
    column = TIME_COLUMN[kind]
    if column is None:
        return
    times_us = batch.column(column).to_numpy()
    if batch.num_rows == block.n and times_us[0] == block.t0_us and times_us[-1] == block.t1_us:
        if bool(np.all(times_us[1:] >= times_us[:-1])):
            return
    within = f"{times_us.min()} to {times_us.max()} us" if len(times_us) else "no time at all"
    raise CorruptData(
        f"Block {name} has {batch.num_rows} events of {within}, or out of order; it is filed as {block.n} events "
        f"in order from {block.t0_us} to {block.t1_us} us.",
        hint="Something other than Synaptarium wrote it, or the data on disk changed. Delete the recording and import it again.",
        where=name,
    )


def _clipped(
    batch: pa.RecordBatch, column: str | None, block: BlockInfo, t_start_us: int | None, t_stop_us: int | None
) -> pa.RecordBatch:
    if column is None:
        start = 0 if t_start_us is None else max(0, t_start_us - block.t0_us)
        stop = batch.num_rows if t_stop_us is None else min(batch.num_rows, t_stop_us - block.t0_us)
        return batch.slice(start, max(0, stop - start))
    inside_left = t_start_us is None or t_start_us <= block.t0_us
    if inside_left and (t_stop_us is None or t_stop_us > block.t1_us):
        return batch
    times_us = batch.column(column).to_numpy()
    start = (
        0 if inside_left or t_start_us is None else int(np.searchsorted(times_us, t_start_us, side="left"))
    )
    stop = batch.num_rows if t_stop_us is None else int(np.searchsorted(times_us, t_stop_us, side="left"))
    return batch.slice(start, max(0, stop - start))


def joined(batches: list[pa.RecordBatch]) -> pa.RecordBatch:
    """Return batches of one kind as one; columns that only some of them have are filled in (a count with 1)."""
    if len(batches) == 1:
        return batches[0]
    table = pa.concat_tables([pa.Table.from_batches([batch]) for batch in batches], promote_options="default")
    if "count" in table.schema.names and table["count"].null_count:
        field = pa.field("count", pa.uint16(), nullable=False)
        table = table.set_column(
            table.schema.get_field_index("count"), field, pc.fill_null(table["count"], 1)
        )
    return table.combine_chunks().to_batches()[0]


def time_sorted(batch: pa.RecordBatch, column: str) -> pa.RecordBatch:
    """Return the rows in time order; those of the same time stay in theirs."""
    times_us = batch.column(column).to_numpy()
    if bool(np.all(times_us[1:] >= times_us[:-1])):
        return batch
    return batch.take(pa.array(np.argsort(times_us, kind="stable")))


def block_document(
    num: int, kind: EventKind, stream: str, seq: int, batch: pa.RecordBatch, first: int = 0
) -> Document:
    """Return the document of a block; arguments as for :func:`write_block`."""
    batch = conform(kind, batch)
    sealed = encode_block(kind, batch)
    column = TIME_COLUMN[kind]
    t0_us, t1_us = first, first + batch.num_rows - 1
    if column is not None:
        times_us = batch.column(column)
        t0_us, t1_us = times_us[0].as_py(), times_us[-1].as_py()
    return {
        "_id": block_id(num, kind, stream, seq),
        "recording": num,
        "kind": kind,
        "stream": stream,
        "seq": seq,
        "t0_us": t0_us,
        "t1_us": t1_us,
        "n": batch.num_rows,
        "size_bytes": len(sealed.stored),
        "checksum": sealed.checksum,
        "payload": sealed.stored,
    }


def block_id(num: int, kind: str, stream: str, seq: int) -> str:
    """Return the ``_id`` of a block."""
    return f"{num}/{kind}/{seq:08d}/{stream}"


def _info(document: Document) -> BlockInfo:
    return BlockInfo(**{field: document[field] for field in BlockInfo._fields})
