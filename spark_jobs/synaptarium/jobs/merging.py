"""The tables of a build from the parts of its ranges, merged in the order of the ranges: the same bytes every time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, product
from typing import TypeAlias

import msgspec
import numpy as np
import pyarrow as pa

from synaptarium.jobs.plan import Plan
from synaptarium.jobs.stimuli import read_presentations
from synaptarium.jobs.summaries import part_items, part_name, rows_of
from synaptarium.kernels.presentations import time_by_class
from synaptarium.schemas.errors import CorruptData
from synaptarium.schemas.tables import Columns, TableGrid, Tables, decode_page, encode_page
from synaptarium.store import jobs, summaries, tables
from synaptarium.store.database import Store

#: Numbers of a column in memory at a time.
MERGE_CELLS = 2**24
#: Threads that write pages, and how many each is given: it packs some while the database takes those of another.
WRITERS = 4
PAGES_OF_A_WRITER = 512
PageOf: TypeAlias = Callable[[int, int], pa.RecordBatch]
#: Columns that the ranges' parts add to; all others tell of a moment.
_ADDS_UP = {"spikes": "n", "classes": "n", "weights": "changes", "weights.neurons": "changes"}


def merge_tables(store: Store, plan: Plan) -> Tables:
    """Merge what the ranges of a build added to its tables, write the pages and then the list of them.

    Parameters
    ----------
    store : Store
        Holds the parts; receives the pages.
    plan : Plan
        Whose ranges are all done.

    Raises
    ------
    CorruptData
        Parts of a range are missing, or a table does not sum to the recording's spikes; nothing is listed then.
    """
    _check_parts(store, plan)
    grids = tuple(_merged(store, plan, grid) for grid in plan.tables.grids)
    found = Tables(
        build=plan.build,
        revision=plan.revision,
        bin_us=plan.bin_us,
        t_start_us=plan.t_start_us,
        t_stop_us=plan.header.t_stop_us,
        classes=plan.tables.classes,
        grids=grids,
        absent=plan.tables.absent,
    )
    tables.write_tables(store, plan.num, found)
    return found


def _check_parts(store: Store, plan: Plan) -> None:
    """Raise CorruptData unless there are as many parts of each range as it wrote.

    Counts of spikes would not add up without them; weights would be carried on, and look whole.
    """
    names = {grid.table for grid in plan.tables.grids}
    found: Counter[int] = Counter()
    for name, key in summaries.names(store, plan.num):
        if name == tables.PART:
            build, table, *_, index = key.split("/")
            found[int(index)] += build == str(plan.build) and table in names
    wrote = {
        index: counts["table_parts"] for index, counts in jobs.done_parts(store, plan.num, plan.build).items()
    }
    short = [index for index, n in wrote.items() if found[index] != n]
    if short:
        raise CorruptData(
            f"Range {short[0]} of {plan.n_ranges} of {plan.recording!r} wrote {wrote[short[0]]} parts of summary "
            f"tables; {found[short[0]]} are there (so of {len(short)} ranges in all).",
            hint="Something else deleted them while it was precomputed. Precompute it again.",
            where=f"build {plan.build}",
        )


def _merged(store: Store, plan: Plan, grid: TableGrid) -> TableGrid:
    """Write the pages of a table; returns its grid with their sizes."""
    page_bytes: list[int] = []
    total = 0
    for first, columns in _columns(store, plan, grid):
        items = next(iter(columns.values())).shape[1] // grid.values

        def page_of(block: int, page: int, first: int = first, columns: Columns = columns) -> pa.RecordBatch:
            start = (block * grid.block_items - first) * grid.values
            cells = slice(start, start + grid.block_items * grid.values)
            rows = slice(page * grid.page_rows, (page + 1) * grid.page_rows)
            return encode_page(
                {name: column[rows, cells] for name, column in columns.items()}, items=grid.items
            )

        def write(places: Sequence[tuple[int, int]], page_of: PageOf = page_of) -> list[int]:
            pages = ((block, page, page_of(block, page)) for block, page in places)
            return tables.write_pages(store, plan.num, plan.build, grid, pages)

        blocks = range(first // grid.block_items, -(-(first + items) // grid.block_items))
        places = list(product(blocks, range(grid.n_pages)))
        cut = [places[at : at + PAGES_OF_A_WRITER] for at in range(0, len(places), PAGES_OF_A_WRITER)]
        with ThreadPoolExecutor(WRITERS, thread_name_prefix="pages") as pool:
            page_bytes += chain.from_iterable(pool.map(write, cut))
        if grid.table == "spikes":
            total += int(columns["n"][-1].sum(dtype=np.uint64))
    if grid.table == "spikes" and total != plan.counts.spikes.get(grid.target, 0):
        raise CorruptData(
            f"The summary table of {grid.target!r} holds {total} spikes; "
            f"the recording has {plan.counts.spikes.get(grid.target, 0)}.",
            hint="Changed while it was precomputed? Precompute it again.",
            where=f"build {plan.build}",
        )
    return msgspec.structs.replace(grid, page_bytes=tuple(page_bytes))


def _columns(store: Store, plan: Plan, grid: TableGrid) -> Iterator[tuple[int, Columns]]:
    """Yield all rows of some consecutive items of a table, and the first item."""
    if grid.table == "stimuli":
        yield 0, _stimuli(store, plan, grid)
        return
    fitting = max(1, MERGE_CELLS // (grid.n_rows * grid.values * grid.block_items)) * grid.block_items
    together = max(1, fitting // (piece := part_items(plan, grid))) * piece
    for first in range(0, grid.items, together):
        stop = min(first + together, grid.items)
        parts = [_merge(store, plan, grid, start) for start in range(first, stop, piece)]
        yield first, {name: np.concatenate([part[name] for part in parts], axis=1) for name in parts[0]}


def _merge(store: Store, plan: Plan, grid: TableGrid, first_item: int) -> Columns:
    """Return all rows of the items of one part: counts added up, states carried on until the next change."""
    items = min(part_items(plan, grid), grid.items - first_item)
    cells = items * grid.values
    adds_up = _ADDS_UP.get(grid.table)
    counts = plan.counts.weights if grid.table.startswith("weights") else plan.counts.spikes
    whole_type = np.uint32 if counts.get(grid.target, 0) < 2**32 else np.uint64
    whole: Columns = {adds_up: np.zeros((grid.n_rows, cells), whole_type)} if adds_up else {}
    known = np.zeros(grid.n_rows, np.bool_)
    for index, batch in tables.read_parts(store, plan.num, plan.build, part_name(grid, first_item)):
        first, stop = rows_of(plan, grid, index)
        known[first:stop] = True
        for name, rows in decode_page(batch).items():
            if name == adds_up:
                whole[name][first:stop] += rows
                continue
            if name not in whole:
                fresh = np.full((grid.n_rows, cells), np.nan, np.float32)
                whole[name] = np.zeros(fresh.shape, np.uint32) if rows.dtype.kind == "u" else fresh
            # A later range tells a later state of an interval that both touch.
            whole[name][first:stop] = rows
    for name, column in whole.items():
        if name == adds_up:
            np.cumsum(column, axis=0, out=column)
        elif known.any():
            latest = np.maximum.accumulate(np.where(known, np.arange(len(known)), -1))
            carried = np.flatnonzero(~known & (latest >= 0))
            column[carried] = column[latest[carried]]
    return whole


def _stimuli(store: Store, plan: Plan, grid: TableGrid) -> Columns:
    """Return, per class and boundary, the presentations that began before it and for how long they were on."""
    shown = read_presentations(store, plan.num, plan.tables.classes)
    width = grid.interval_bins * plan.bin_us
    edges_us = plan.t_start_us + np.arange(1, grid.n_rows + 1) * width
    began = np.searchsorted(shown.t_start_us, edges_us)
    n = np.zeros((grid.n_rows, grid.items), np.uint64)
    for number in range(grid.items):
        n[:, number] = np.concatenate(([0], np.cumsum(shown.classes == number)))[began]
    on_us = time_by_class(shown.spans, np.minimum(edges_us, plan.header.t_stop_us), n_classes=grid.items)
    return {"n": n, "on_us": on_us.astype(np.uint64)}
