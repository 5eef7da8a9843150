"""Items made by a thread while their consumer still works on the ones before."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")

_DEPTH = 4


class _End:
    """Stands behind the last item."""


_END = _End()


def ahead(items: Iterator[T], depth: int = _DEPTH) -> Iterator[T]:
    """Yield the items of an iterator in their order; a thread makes up to ``depth`` of them in advance.

    It pays where making an item leaves the interpreter free (decoding, decompressing, waiting for a socket). An error
    comes in the place of the item that met it; a consumer that stops early stops the thread.

    Examples
    --------
    >>> list(ahead(iter(range(3))))
    [0, 1, 2]
    """
    waiting: deque[Future[T | _End]] = deque()
    with ThreadPoolExecutor(1, thread_name_prefix="ahead") as pool:
        try:
            waiting.extend(pool.submit(next, items, _END) for _ in range(depth))
            while not isinstance(item := waiting.popleft().result(), _End):
                waiting.append(pool.submit(next, items, _END))
                yield item
        finally:
            for one in waiting:
                one.cancel()
