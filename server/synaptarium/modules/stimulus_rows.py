"""The stimuli of a window as they are stored, those of the reader's subset, and the frames in which one is on."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from synaptarium.kernels.presentations import class_of_times, presentation_spans
from synaptarium.kernels.subsets import chosen_presentations
from synaptarium.modules.reader import RecordingReader
from synaptarium.schemas.errors import InvalidInput

I64 = NDArray[np.int64]


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
