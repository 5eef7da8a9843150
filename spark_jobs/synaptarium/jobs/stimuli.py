"""Presentations of stimuli by class, for the tables that count by class."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from synaptarium.kernels.presentations import Spans, presentation_spans
from synaptarium.schemas.recording import Recording, class_names
from synaptarium.store import events, tables
from synaptarium.store.database import Store

I64 = NDArray[np.int64]

#: Spans are stored among the parts of tables, so many together: 3 MiB.
_PART, _PIECE = "presentations", 2**18


class Presentations(NamedTuple):
    """When stimuli began and ended (us, in the order of their start), and their classes; -1 for none."""

    t_start_us: I64
    t_stop_us: I64
    classes: I64

    @property
    def spans(self) -> Spans:
        """Which class is on when."""
        return presentation_spans(*self)


def classes_of(store: Store, recording: Recording) -> tuple[str, ...]:
    """Return the classes of a recording's stimuli: those of its header, else the labels that occur, in order."""
    if not recording.counts.stimuli:
        return ()
    if recording.header.classes:
        return recording.header.classes
    labels: set[str | None] = set()
    for batch in events.read(store, recording.num, "stimuli"):
        if "label" in batch.schema.names:
            labels.update(batch.column("label").unique().to_pylist())
    return class_names(labels)


def read_presentations(store: Store, num: int, classes: tuple[str, ...]) -> Presentations:
    """Read all presentations of a recording."""
    number = {name: place for place, name in enumerate(classes)}
    parts: list[Presentations] = []
    for batch in events.read(store, num, "stimuli"):
        of = np.full(batch.num_rows, -1, np.int64)
        if "label" in batch.schema.names:
            coded = batch.column("label").dictionary_encode()
            names = [number.get(label, -1) for label in coded.dictionary.to_pylist()]
            code = coded.indices.fill_null(len(names)).to_numpy(zero_copy_only=False)
            of = np.array([*names, -1], np.int64)[code]
        starts, stops = (batch.column(name).to_numpy() for name in ("t_start_us", "t_stop_us"))
        parts.append(Presentations(starts, stops, of))
    if not parts:
        return Presentations(*(np.empty(0, np.int64) for _ in range(3)))
    return Presentations(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def write_spans(store: Store, num: int, build: int, spans: Spans) -> None:
    """Store which class is on when, for the tasks that count spikes by class."""
    for piece, first in enumerate(range(0, max(1, len(spans.start_us)), _PIECE)):
        rows = slice(first, first + _PIECE)
        batch = pa.record_batch({"start_us": spans.start_us[rows], "class": spans.classes[rows]})
        tables.write_part(store, num, build, piece, _PART, batch)


def read_spans(store: Store, num: int, build: int) -> Spans:
    """Return which class is on when, as :func:`write_spans` stored it."""
    parts = [batch for _, batch in tables.read_parts(store, num, build, _PART)]
    return Spans(
        np.concatenate([part.column("start_us").to_numpy() for part in parts]),
        np.concatenate([part.column("class").to_numpy() for part in parts]),
    )
