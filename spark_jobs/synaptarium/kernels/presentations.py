"""Which stimulus is on at a moment: presentations as a sequence of spans without gaps."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

I32 = NDArray[np.int32]
I64 = NDArray[np.int64]


class Spans(NamedTuple):
    """The class at every moment: ``classes[i]`` from ``start_us[i]`` until ``start_us[i + 1]``; before the first, none.

    Parameters
    ----------
    start_us : (n,) int64
        Strictly ascending.
    classes : (n,) int32
        Class, -1 where no stimulus of a class is on.
    """

    start_us: I64
    classes: I32


def presentation_spans(t_start_us: I64, t_stop_us: I64, classes: I64) -> Spans:
    """Return the class that is on at every moment.

    Presentations are half-open; of those that overlap the one that began last counts, until it ends.

    Parameters
    ----------
    t_start_us, t_stop_us : (n,) int64
        Presentations, sorted by their start.
    classes : (n,) int64
        Class of each, -1 for none.

    Examples
    --------
    >>> spans = presentation_spans(np.array([0, 20]), np.array([15, 30]), np.array([1, 0]))
    >>> spans.start_us.tolist(), spans.classes.tolist()
    ([0, 15, 20, 30], [1, -1, 0, -1])
    """
    n = len(t_start_us)
    if not n:
        return Spans(np.empty(0, np.int64), np.empty(0, np.int32))
    following = np.append(t_start_us[1:], np.iinfo(np.int64).max)
    ends = np.maximum(np.minimum(t_stop_us, following), t_start_us)
    start_us = np.stack([t_start_us, ends], axis=1).reshape(-1)
    of = np.stack([classes, np.full(n, -1)], axis=1).reshape(-1)
    # An empty presentation, or the pause after one that another follows at once.
    kept = np.append(start_us[1:] > start_us[:-1], True)
    return Spans(start_us[kept].astype(np.int64), of[kept].astype(np.int32))


def class_of_times(time_us: I64, spans: Spans) -> I32:
    """Return the class that is on at each of some ascending times; -1 for none.

    Parameters
    ----------
    time_us : (n,) int64
        Ascending.
    spans : Spans
        From :func:`presentation_spans`.

    Examples
    --------
    >>> class_of_times(np.array([-1, 0, 9, 10]), Spans(np.array([0, 10]), np.array([3, -1], np.int32)))
    array([-1,  3,  3, -1], dtype=int32)
    """
    # Far fewer spans than times: searching the spans' starts and repeating costs a tenth of searching every time.
    edges = np.searchsorted(time_us, spans.start_us)
    return np.repeat(np.append(np.int32(-1), spans.classes), np.diff(edges, prepend=0, append=len(time_us)))


def time_by_class(spans: Spans, edges_us: I64, *, n_classes: int) -> I64:
    """Return for how long stimuli of each class were on before each of some moments.

    Parameters
    ----------
    spans : Spans
        From :func:`presentation_spans`.
    edges_us : (n_edges,) int64
        Moments.
    n_classes : int
        Classes.

    Returns
    -------
    (n_edges, n_classes) int64
        Microseconds.

    Examples
    --------
    >>> time_by_class(Spans(np.array([0, 10]), np.array([1, -1], np.int32)), np.array([0, 4, 99]), n_classes=2)
    array([[ 0,  0],
           [ 0,  4],
           [ 0, 10]])
    """
    found = np.zeros((len(edges_us), n_classes), np.int64)
    for number in range(n_classes):
        on = np.flatnonzero(spans.classes[:-1] == number)
        starts, stops = spans.start_us[on], spans.start_us[on + 1]
        whole = np.concatenate(([0], np.cumsum(stops - starts)))
        begun = np.searchsorted(starts, edges_us, side="right")
        found[:, number] = whole[begun]
        # The last one that began may still be on.
        last = np.maximum(begun - 1, 0)
        if len(on):
            found[:, number] -= np.where(begun > 0, np.maximum(stops[last] - edges_us, 0), 0)
    return found
