"""A stored recording as a source: what is in the store can be written as columns or an archive, and imported again."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from synaptarium.adapters.base import NeuronLabels, Synapses
from synaptarium.schemas.events import EventKind
from synaptarium.schemas.recording import Counts, Header, Recording
from synaptarium.store import events, network
from synaptarium.store.database import Store


class StoredSource:
    """An :class:`~synaptarium.adapters.base.EventSource` that reads what was imported, block by block.

    Parameters
    ----------
    store : Store
        The database.
    recording : Recording
        Its document; of one that still goes on, what has come so far.
    """

    def __init__(self, store: Store, recording: Recording) -> None:
        self._store = store
        self._recording = recording

    def describe(self) -> Header:
        return self._recording.header

    def counts(self) -> Counts:
        return self._recording.counts

    def read(
        self, kind: EventKind, stream: str = "", t_start_us: int | None = None, t_stop_us: int | None = None
    ) -> Iterator[pa.RecordBatch]:
        return events.read(self._store, self._recording.num, kind, stream, t_start_us, t_stop_us)

    def positions(self, layer: str) -> NDArray[np.float32] | None:
        return network.read_positions(self._store, self._recording.num, layer)

    def recorded(self, layer: str, variable: str) -> NDArray[np.uint32]:
        return network.read_recorded(self._store, self._recording.num, layer, variable)

    def labels(self, layer: str) -> NeuronLabels | None:
        return network.read_labels(self._store, self._recording.num, layer)

    def synapses(self, projection: str) -> Synapses:
        return network.read_synapses(self._store, self._recording.num, projection)

    def fingerprint(self) -> str:
        return self._recording.fingerprint
