"""Event blocks sealed and written by threads, while whoever reads the source reads on."""

from __future__ import annotations

import os
import threading
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from types import TracebackType
from typing import Self

import pyarrow as pa

from synaptarium.schemas.events import EventKind
from synaptarium.store import events
from synaptarium.store.database import Store

# Compressing leaves the interpreter free, and so does waiting for the journal, during which a thread has nothing to do:
# one more thread than cores keeps these busy. Each holds a block and its compressed form, about 8 MiB.
_MOST_THREADS = 5


class BlockWriter:
    """Writes blocks in any order; every one is acknowledged to the journal before :meth:`flush` returns.

    Parameters
    ----------
    store : Store
        Where to.
    num : int
        Recording number.

    Notes
    -----
    One document a request: several blocks in one bulk write took 1.6 times as long and twice the database's time, for
    messages of many MB are copied about. The threads' waits for the journal overlap, and the database answers them
    with one write to the disk.
    """

    def __init__(self, store: Store, num: int) -> None:
        self._store, self._num = store, num
        n_threads = min(_MOST_THREADS, (os.cpu_count() or 1) + 1)
        self._pool = ThreadPoolExecutor(n_threads, thread_name_prefix="blocks")
        self._limit = n_threads + 1
        self._under_way: set[Future[None]] = set()
        self._stopped = threading.Event()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._stopped.set()  # whoever waits for a database that is away gives up
        self._pool.shutdown(wait=True, cancel_futures=True)

    def put(self, kind: EventKind, stream: str, seq: int, batch: pa.RecordBatch, *, first: int = 0) -> None:
        """Have a block written; see :func:`synaptarium.store.events.write_block`.

        Waits while as many blocks are under way as there are threads and one more. Raises what an earlier one met.
        """
        while len(self._under_way) >= self._limit:
            done, self._under_way = wait(self._under_way, return_when=FIRST_COMPLETED)
            for one in done:
                one.result()
        self._under_way.add(self._pool.submit(self._write, kind, stream, seq, batch, first))

    def flush(self) -> None:
        """Return when all blocks are on disk; raises what one of them met."""
        under_way, self._under_way = self._under_way, set()
        for one in under_way:
            one.result()

    def _write(self, kind: EventKind, stream: str, seq: int, batch: pa.RecordBatch, first: int) -> None:
        events.write_block(
            self._store, self._num, kind, stream, seq, batch, first=first, stopped=self._stopped.is_set
        )
