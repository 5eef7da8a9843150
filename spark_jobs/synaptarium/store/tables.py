"""Summary tables of a build: what a module reads to answer for any window in the same time.

>>> tables = read_tables(store, recording.num, recording.build)        # doctest: +SKIP
>>> counts = spikes_between(store, recording.num, tables, "L2", 0, 60_000_000)  # doctest: +SKIP

A window is answered by two rows, whatever its length, and by the chunks of what lies between its edges and the
nearest boundaries (``Between.t_start_us`` and ``t_stop_us`` say which they are).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from synaptarium.schemas.errors import CorruptData
from synaptarium.schemas.sealing import ZSTD_LEVEL, Sealed, open_payload, payload_of, seal, unseal
from synaptarium.schemas.tables import Columns, TableGrid, TableName, Tables, decode_page
from synaptarium.store import summaries
from synaptarium.store.database import Document, Store, call, key_of
from synaptarium.store.replacing import replace_all

I64 = NDArray[np.int64]

TABLES, PAGE, PART = "tables", "tables.page", "tables.part"
#: Parts are read once and deleted.
PART_ZSTD_LEVEL = 1
#: Pages are sent to the database together: it has thousands of them, each of a few kilobytes.
BATCH_BYTES = 4 * 2**20


@dataclass(frozen=True)
class Rows:
    """Some rows of a table.

    Parameters
    ----------
    columns : dict of str to (n_rows, n_items, values) array
        In the order in which rows and items were asked for.
    bytes_read : int
        Stored bytes that were read for it.
    """

    columns: dict[str, NDArray[Any]]
    bytes_read: int


@dataclass(frozen=True)
class Between:
    """What happened between two boundaries inside a window.

    Parameters
    ----------
    t_start_us, t_stop_us : int
        The boundaries; the window's rest lies before the first and after the second. Equal where no whole interval
        lies in the window.
    columns : dict of str to (n_items, values) int64
        Differences of the two rows.
    bytes_read : int
        Stored bytes that were read for it.
    """

    t_start_us: int
    t_stop_us: int
    columns: dict[str, I64] = field(default_factory=dict)
    bytes_read: int = 0


def read_tables(store: Store, num: int, build: int | None) -> Tables | None:
    """Return the list of a build's tables.

    Returns
    -------
    Tables or None
        None where the build has none: it belongs to a recording whose run still goes on, or was made by a program
        that knew no tables. What single tables are left out stands in ``Tables.absent``.
    """
    if build is None:
        return None
    document = summaries.read(store, num, TABLES, str(build))
    return None if document is None else msgspec.convert(document, Tables)


def page_bytes(
    grid: TableGrid, rows: Sequence[int], *, first_item: int = 0, n_items: int | None = None
) -> int:
    """Return how many stored bytes :func:`read_rows` would read."""
    return sum(grid.page_bytes[place] for place in _places(grid, rows, *_blocks(grid, first_item, n_items)))


def read_rows(
    store: Store,
    num: int,
    tables: Tables,
    grid: TableGrid,
    rows: Sequence[int],
    *,
    first_item: int = 0,
    n_items: int | None = None,
    columns: Sequence[str] | None = None,
) -> Rows:
    """Read some rows of a table, of all its items or of consecutive ones.

    Parameters
    ----------
    store, num : Store, int
        Where, and the recording's number.
    tables, grid : Tables, TableGrid
        From :func:`read_tables` and ``tables.find``.
    rows : sequence of int
        Boundaries, 1 to ``grid.n_rows``, or 0: the start, where all counts are 0 and no weight is known (NaN).
    first_item, n_items : int, int or None
        Items ``first_item .. first_item + n_items - 1``; None takes all that follow.
    columns : sequence of str or None
        Only these.

    Raises
    ------
    CorruptData
        A page is missing or damaged.
    """
    stop_item = grid.items if n_items is None else min(grid.items, first_item + n_items)
    blocks = _blocks(grid, first_item, n_items)
    places = _places(grid, rows, *blocks)
    pages = _read_pages(store, num, tables.build, grid, places)
    found: dict[str, NDArray[Any]] = {}
    wanted = np.asarray(rows, np.int64)
    page_of = (wanted - 1) // grid.page_rows
    for place, page in sorted(pages.items()):
        block, number = divmod(place, grid.n_pages)
        items = slice(max(first_item - block * grid.block_items, 0), stop_item - block * grid.block_items)
        start = max(block * grid.block_items, first_item) - first_item
        mine = np.flatnonzero((page_of == number) & (wanted > 0))
        for name, stored in page.items():
            if columns is None or name in columns:
                part = stored[wanted[mine] - 1 - number * grid.page_rows]
                part = part.reshape(len(mine), -1, grid.values)[:, items]
                if name not in found:
                    found[name] = _blank(len(rows), stop_item - first_item, grid.values, part.dtype)
                found[name][mine, start : start + part.shape[1]] = part
    return Rows(found, sum(grid.page_bytes[place] for place in places))


def between(
    store: Store,
    num: int,
    tables: Tables,
    grid: TableGrid,
    t_start_us: int,
    t_stop_us: int,
    *,
    first_item: int = 0,
    n_items: int | None = None,
) -> Between:
    """Count what happened between the outermost boundaries inside a half-open window.

    Parameters
    ----------
    grid : TableGrid
        Of ``spikes``, ``classes`` or ``stimuli``, or a table of weights, whose integer columns that add up
        (``changes``) are meant.
    t_start_us, t_stop_us : int
        The window; the other parameters as for :func:`read_rows`.
    """
    first, last = tables.rows_inside(grid, t_start_us, t_stop_us)
    if first >= last:
        edge_us = min(max(t_start_us, tables.t_start_us), tables.t_stop_us)
        return Between(edge_us, edge_us)
    wanted = ("changes",) if grid.table.startswith("weights") else None
    found = read_rows(
        store, num, tables, grid, (first, last), first_item=first_item, n_items=n_items, columns=wanted
    )
    return Between(
        tables.boundary_us(grid, first),
        tables.boundary_us(grid, last),
        {name: np.diff(both.astype(np.int64), axis=0)[0] for name, both in found.columns.items()},
        found.bytes_read,
    )


def spikes_between(
    store: Store,
    num: int,
    tables: Tables,
    layer: str,
    t_start_us: int,
    t_stop_us: int,
    *,
    by_class: bool = False,
) -> Between | None:
    """Count the spikes of every neuron of a layer, or of every neuron and class, between boundaries in a window.

    Returns
    -------
    Between or None
        Column ``n``, (n_neurons, 1) or (n_neurons, n_classes); None where the table is absent.
    """
    name: TableName = "classes" if by_class else "spikes"
    grid = tables.find(name, layer)
    return None if grid is None else between(store, num, tables, grid, t_start_us, t_stop_us)


def write_pages(
    store: Store, num: int, build: int, grid: TableGrid, pages: Iterable[tuple[int, int, pa.RecordBatch]]
) -> list[int]:
    """Write pages, each given as its block, its number and what it holds.

    Returns
    -------
    list of int
        Their stored bytes, in the same order. All are on disk when this returns.
    """
    sizes: list[int] = []
    waiting: list[Document] = []
    waiting_bytes = 0
    for block, page, batch in pages:
        document = _document(num, PAGE, _page_key(build, grid, block, page), batch, ZSTD_LEVEL)
        sizes.append(len(document["payload"]))
        waiting.append(document)
        waiting_bytes += sizes[-1]
        if waiting_bytes >= BATCH_BYTES:
            replace_all(store, "summaries", waiting)
            waiting, waiting_bytes = [], 0
    replace_all(store, "summaries", waiting)
    return sizes


def write_tables(store: Store, num: int, tables: Tables) -> None:
    """Write the list of a build's tables, after all pages: from then on they are found. Durable."""
    summaries.write(store, num, TABLES, str(tables.build), msgspec.to_builtins(tables))


def write_part(
    store: Store, num: int, build: int, range_index: int, name: str, batch: pa.RecordBatch
) -> None:
    """Write what one range adds to a table; on disk when this returns: a job outlives a database that is killed."""
    replace_all(
        store,
        "summaries",
        [_document(num, PART, f"{build}/{name}/{range_index:010}", batch, PART_ZSTD_LEVEL)],
    )


def read_parts(store: Store, num: int, build: int, name: str) -> Iterator[tuple[int, pa.RecordBatch]]:
    """Yield what each range adds to a table, in the order of the ranges; those that add nothing are left out."""
    for key, batch in summaries.read_tables(store, num, PART, under=f"{build}/{name}/"):
        yield int(key.rsplit("/", 1)[1]), batch


def delete_parts(store: Store, num: int) -> None:
    """Delete what the ranges added, once it is merged."""
    summaries.delete(store, num, PART)


def delete_build(store: Store, num: int, build: int) -> None:
    """Delete the tables of a build; its list first, so that no reader finds half of them."""
    summaries.delete(store, num, TABLES, str(build))
    summaries.delete(store, num, PAGE, under=f"{build}/")


def _document(num: int, name: str, key: str, batch: pa.RecordBatch, zstd_level: int) -> Document:
    sealed = seal(payload_of(batch), level=zstd_level)
    return {
        "_id": key_of(num, name, key),
        "recording": num,
        "name": name,
        "key": key,
        "checksum": sealed.checksum,
        "payload": sealed.stored,
    }


def _read_pages(store: Store, num: int, build: int, grid: TableGrid, places: list[int]) -> dict[int, Columns]:
    ids = {key_of(num, PAGE, _page_key(build, grid, *divmod(place, grid.n_pages))): place for place in places}
    found = call(store, lambda: list(store.db.summaries.find({"_id": {"$in": list(ids)}})))
    if len(found) < len(ids):
        raise CorruptData(
            f"{len(ids) - len(found)} pages of the table {grid.table} of {grid.target!r} are missing.",
            hint="Precompute the recording again; it may have been precomputed anew a moment ago.",
        )
    return {
        ids[page["_id"]]: decode_page(open_payload(unseal(Sealed(page["payload"], page["checksum"]))))
        for page in found
    }


def _page_key(build: int, grid: TableGrid, block: int, page: int) -> str:
    return f"{build}/{grid.table}/{grid.number}/{block}/{page}"


def _blocks(grid: TableGrid, first_item: int, n_items: int | None) -> tuple[int, int]:
    stop = grid.items if n_items is None else min(grid.items, first_item + n_items)
    return first_item // grid.block_items, -(-stop // grid.block_items)


def _places(grid: TableGrid, rows: Sequence[int], first_block: int, stop_block: int) -> list[int]:
    """Return the places of the pages that hold some rows: block by block, as in ``page_bytes``."""
    # Row 0 is not stored; a page is read even for it alone, as that tells the columns.
    pages = sorted({(row - 1) // grid.page_rows for row in rows if row > 0}) or [0]
    return [block * grid.n_pages + page for block in range(first_block, stop_block) for page in pages]


def _blank(rows: int, items: int, values: int, dtype: np.dtype[Any]) -> NDArray[Any]:
    # Pages narrow their integers each to what it holds.
    if dtype.kind == "u":
        return np.zeros((rows, items, values), np.uint64)
    return np.full((rows, items, values), np.nan, dtype)
