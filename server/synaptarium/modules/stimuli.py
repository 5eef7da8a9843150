"""Which stimulus was on when: the presentations of a window, their classes, and the class of every frame."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from synaptarium.kernels.presentations import class_of_times, presentation_spans
from synaptarium.kernels.rates import counts_by_class
from synaptarium.modules.chunk_choice import Frames
from synaptarium.modules.reader import RecordingReader
from synaptarium.modules.stimulus_rows import stimulus_rows
from synaptarium.modules.window import Spikes
from synaptarium.schemas.messages import TimeWindow
from synaptarium.schemas.recording import Accounting, class_names

I64 = NDArray[np.int64]


@dataclasses.dataclass(frozen=True)
class Presentations:
    """Stimuli that begin in a window, sorted by their start.

    Parameters
    ----------
    t_start_us, t_stop_us : (n,) int64
        Half-open.
    labels, predictions : list of str
        Empty where there is none.
    images : (n,) int64
        Number of the image, -1 for none.
    classes : list of str
        The recording's classes, or what labels there are, in order.
    """

    t_start_us: I64
    t_stop_us: I64
    labels: list[str]
    predictions: list[str]
    images: I64
    classes: list[str]

    @property
    def of(self) -> I64:
        """Class of each, by number; -1 for none."""
        return self.numbers(self.labels)

    def numbers(self, names: list[str]) -> I64:
        """Return the class of each name, -1 where it is none."""
        number = {name: place for place, name in enumerate(self.classes)}
        return np.array([number.get(name, -1) for name in names], np.int64)

    def of_frames(self, frames: Frames) -> I64:
        """Return the class that is on at the start of each frame, -1 where none is or the frame was not read."""
        starts_us = frames.first_us + np.arange(frames.n, dtype=np.int64) * frames.frame_us
        spans = presentation_spans(self.t_start_us, self.t_stop_us, self.of)
        of = class_of_times(starts_us, spans).astype(np.int64)
        of[~frames.covered] = -1
        return of


@dataclasses.dataclass(frozen=True)
class ByClass:
    """Spikes of every neuron (n_neurons, n_classes), and for how long each class was on."""

    classes: list[str]
    counts: I64
    duration_us: I64
    accounting: tuple[Accounting, ...]

    @property
    def empty(self) -> str:
        """Why there is nothing to see."""
        if not self.classes:
            return "The recording's stimuli have no classes."
        return "" if self.duration_us.any() else "No stimulus of a class was on in the window."


def presentations(reader: RecordingReader, window: TimeWindow) -> Presentations:
    """Return the stimuli of the reader's subset that begin in a window; none where the recording has none."""
    rows = stimulus_rows(reader, window.t_start_us, window.t_stop_us)
    known = list(reader.recording.header.classes) or list(reader.tables.classes if reader.tables else ())
    return Presentations(
        rows.t_start_us,
        rows.t_stop_us,
        rows.labels,
        rows.predictions,
        rows.images,
        known or list(class_names(rows.labels)),
    )


def by_class(spikes: Spikes, shown: Presentations, n_neurons: int) -> ByClass:
    """Return the spikes of every neuron by class of the stimulus that was on."""
    frames = spikes.frames
    of = shown.of_frames(frames)
    n_classes = len(shown.classes)
    counts = counts_by_class(
        spikes.frame, spikes.neuron, spikes.count, classes=of, n_neurons=n_neurons, n_classes=n_classes
    )
    duration_us = np.bincount(of[of >= 0], minlength=n_classes).astype(np.int64) * frames.frame_us
    return ByClass(shown.classes, counts, duration_us, frames.accounting)


def class_durations_us(reader: RecordingReader, edges_us: I64, n_classes: int) -> I64:
    """Return for how long each class was on in each interval between sorted edges, (n_intervals, n_classes)."""
    n = max(0, len(edges_us) - 1)
    on_us = np.zeros((n, n_classes), np.int64)
    if not n:
        return on_us
    # A stimulus that is on at the first edge began before it.
    whole = TimeWindow(t_start_us=reader.manifest.t_start_us, t_stop_us=int(edges_us[-1]))
    shown = presentations(reader, whole)
    known = shown.of >= 0
    starts, stops, of = shown.t_start_us[known], shown.t_stop_us[known], shown.of[known]
    for number in range(n):
        within = np.minimum(stops, edges_us[number + 1]) - np.maximum(starts, edges_us[number])
        on_us[number] = np.bincount(of, np.maximum(within, 0), n_classes).astype(np.int64)
    return on_us
