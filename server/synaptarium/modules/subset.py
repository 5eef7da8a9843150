"""Which stimuli an answer counts: all, those of a class, those that the network read right or wrong."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from synaptarium.kernels.presentations import class_of_times, presentation_spans
from synaptarium.kernels.subsets import Choice, chosen_presentations
from synaptarium.schemas.errors import InvalidInput

if TYPE_CHECKING:
    from synaptarium.modules.reader import RecordingReader

I64 = NDArray[np.int64]


@dataclasses.dataclass(frozen=True)
class Subset:
    """What ``window.stimuli`` says.

    Parameters
    ----------
    choice : {"all", "class", "correct", "wrong"}
        Which.
    name : str
        The class.
    """

    choice: Choice = "all"
    name: str = ""

    @classmethod
    def parse(cls, text: str) -> Subset:
        """Return what a text says: "" (all), "class:<name>", "correct", "wrong"; raises InvalidInput."""
        if text == "":
            return cls()
        if text in ("correct", "wrong"):
            return cls(text)
        kind, separator, name = text.partition(":")
        if kind == "class" and separator and name:
            return cls("class", name)
        raise InvalidInput(
            f"There are no stimuli {text[:80]!r}.",
            hint='Stimuli are "" (all), "class:<name>", "correct" or "wrong".',
            where="window",
        )

    @property
    def all(self) -> bool:
        """True where nothing is left out."""
        return self.choice == "all"

    def check(self, classes: Sequence[str]) -> None:
        """Raise InvalidInput where the subset's class is none of the recording's."""
        if self.choice == "class" and classes and self.name not in classes:
            raise InvalidInput(
                f"There is no class {self.name[:80]!r}.",
                hint="Classes: " + ", ".join(classes),
                where="window",
            )

    @property
    def words(self) -> str:
        """For a subtitle: ``stimuli of class 7 only``."""
        if self.choice == "class":
            return f"stimuli of class {self.name} only"
        return (
            ""
            if self.all
            else f"stimuli that were read {'right' if self.choice == 'correct' else 'wrong'} only"
        )


@dataclasses.dataclass(frozen=True)
class StimulusRows:
    """Stimuli as they are stored, sorted by their start; texts are empty and images -1 where there is none."""

    t_start_us: I64
    t_stop_us: I64
    labels: list[str]
    predictions: list[str]
    images: I64


def stimulus_rows(reader: RecordingReader, t_start_us: int, t_stop_us: int) -> StimulusRows:
    """Return the stimuli that begin in a half-open window, those of the reader's subset; raises InvalidInput.

    Raises
    ------
    InvalidInput
        Right or wrong was asked for, and no stimulus of the window has both a label and a prediction; or the class is
        none of the recording's.
    """
    starts, stops, images = [np.empty(0, np.int64)], [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    labels: list[str] = []
    predictions: list[str] = []
    if reader.recording.counts.stimuli:
        for batch in reader.events("stimuli", "", t_start_us, t_stop_us):
            names = batch.schema.names
            starts.append(batch.column("t_start_us").to_numpy())
            stops.append(batch.column("t_stop_us").to_numpy())
            for name, texts in (("label", labels), ("prediction", predictions)):
                given = batch.column(name).to_pylist() if name in names else [None] * batch.num_rows
                texts += [text or "" for text in given]
            given = batch.column("image").to_pylist() if "image" in names else [None] * batch.num_rows
            images.append(np.array([-1 if number is None else number for number in given], np.int64))
    rows = StimulusRows(
        np.concatenate(starts), np.concatenate(stops), labels, predictions, np.concatenate(images)
    )
    return rows if reader.subset.all else _kept(reader, rows)


def chosen_frames(reader: RecordingReader, starts_us: I64) -> NDArray[np.bool_] | None:
    """Return in which frames, by their ascending starts, a stimulus of the subset is on; None where all are counted."""
    if reader.subset.all:
        return None
    stop_us = int(starts_us[-1]) + 1 if len(starts_us) else reader.manifest.t_start_us
    # A stimulus that is on at the first frame began before it.
    rows = stimulus_rows(reader, reader.manifest.t_start_us, stop_us)
    spans = presentation_spans(rows.t_start_us, rows.t_stop_us, np.zeros(len(rows.t_start_us), np.int64))
    return class_of_times(starts_us, spans) == 0


def _kept(reader: RecordingReader, rows: StimulusRows) -> StimulusRows:
    subset = reader.subset
    known = list(reader.recording.header.classes) or list(reader.tables.classes if reader.tables else ())
    subset.check(known)
    if subset.choice != "class" and not any(
        label and read for label, read in zip(rows.labels, rows.predictions, strict=True)
    ):
        raise InvalidInput(
            "No stimulus up to here has both a label and a prediction, so that none was read right or wrong.",
            hint="The run may not have stored what it read; choose a class, or all stimuli.",
            where="window",
        )
    mask = chosen_presentations(rows.labels, rows.predictions, choice=subset.choice, name=subset.name)
    kept = np.flatnonzero(mask)
    return StimulusRows(
        rows.t_start_us[kept],
        rows.t_stop_us[kept],
        [rows.labels[at] for at in kept],
        [rows.predictions[at] for at in kept],
        rows.images[kept],
    )
