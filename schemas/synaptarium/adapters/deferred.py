"""A source that is read when it is first described: opening it costs nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from synaptarium.adapters.base import EventSource, NeuronLabels, Synapses
from synaptarium.schemas.events import EventKind
from synaptarium.schemas.recording import Counts, Header


class DeferredSource:
    """An :class:`~synaptarium.adapters.base.EventSource` made on first use.

    Parameters
    ----------
    make : callable
        Returns the source; called once.
    """

    def __init__(self, make: Callable[[], EventSource]) -> None:
        self._make = make

    @cached_property
    def _source(self) -> EventSource:
        return self._make()

    def describe(self) -> Header:
        return self._source.describe()

    def counts(self) -> Counts:
        return self._source.counts()

    def read(
        self, kind: EventKind, stream: str = "", t_start_us: int | None = None, t_stop_us: int | None = None
    ) -> Iterator[pa.RecordBatch]:
        return self._source.read(kind, stream, t_start_us, t_stop_us)

    def positions(self, layer: str) -> NDArray[np.float32] | None:
        return self._source.positions(layer)

    def recorded(self, layer: str, variable: str) -> NDArray[np.uint32]:
        return self._source.recorded(layer, variable)

    def labels(self, layer: str) -> NeuronLabels | None:
        return self._source.labels(layer)

    def synapses(self, projection: str) -> Synapses:
        return self._source.synapses(projection)

    def fingerprint(self) -> str:
        return self._source.fingerprint()
