"""Similar moments.

The window is the stretch that is looked for: draw it, with Shift and a drag in a panel over time or on the strip above the
panels. The moments of the run at which the network did most nearly the same are listed; a click goes there.

Similarity: spikes of every neuron in 8 bins of the stretch as one vector x, of another moment as y, u the mean of each neuron in
the whole run: the cosine (x - u).(y - u) / (|x - u| |y - u|), 1 for the same, 0 for nothing in common. The run is searched in steps
of a bin at the time level that fits; of large layers the channels are groups of 64 neurons, and of what does not fit the budget
an even sample is searched, as the panel says. The best moments are then placed to an eighth of a bin by the same measure. Moments that overlap the stretch, or a more similar moment, are left out.

Source: template matching of population activity, Tatsuno, Lipa, McNaughton, J. Neurosci. 2006,
doi:10.1523/JNEUROSCI.3317-06.2006; the cosine of centred vectors and the 8 bins are our choice.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from synaptarium.kernels.similarity import Template, best_matches, template_similarity
from synaptarium.modules.activity import Resolution, fitting_resolution
from synaptarium.modules.base import LayerName, Module, Selection
from synaptarium.modules.joint_activity import JointActivity, joint_activity
from synaptarium.modules.reader import BUDGET_BYTES, MAX_POINTS, RecordingReader
from synaptarium.modules.stimuli import Presentations, presentations
from synaptarium.modules.wording import clock, duration, outside, span
from synaptarium.schemas.errors import InvalidInput
from synaptarium.schemas.messages import TimeWindow
from synaptarium.schemas.panels import Axis, Column, Line, Links, Panels, Series, Table, TableColumn
from synaptarium.schemas.recording import Accounting, Layer

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

BINS = 8
MAX_ROWS = 20
MAX_LAYERS = 8
#: A stretch longer than this part of the run has nowhere to be found again.
LONGEST_PART = 4
# Moments are placed to such a part of a bin, where frames are as short.
_FINER = 8


@dataclasses.dataclass(frozen=True)
class Params:
    """Which layer.

    Parameters
    ----------
    layer : str
        Empty takes all layers that spiked together.
    """

    layer: LayerName = ""


def compute(reader: RecordingReader, window: TimeWindow, selection: Selection, params: Params) -> Panels:
    """Return the list of similar moments, and the similarity over the run."""
    manifest = reader.manifest
    layers = _layers(reader, params.layer)
    start_us = max(window.t_start_us, manifest.t_start_us)
    length_us = min(window.t_stop_us, manifest.t_stop_us) - start_us
    why = outside(reader, window)
    if not why and length_us * LONGEST_PART > manifest.t_stop_us - manifest.t_start_us:
        why = (
            "The window is the stretch that is looked for. Draw a shorter one, with Shift and a drag in a panel over "
            "time or a drag on the strip above: at most a quarter of the run."
        )
    if not why and length_us < 2 * manifest.bin_us:
        why = f"A stretch needs two bins of {duration(manifest.bin_us)} at least."
    if not why and not any(reader.recording.counts.spikes.get(layer.name) for layer in layers):
        why = "No neuron of these layers spiked in the run."
    if why:
        return Panels((_table(window, layers, "", (), why),), _columns(_Search.nothing()))
    found = _search(reader, layers, start_us, length_us)
    columns = _columns(found)
    columns["run.t_us"], columns["run.similarity"] = _course(found)
    return Panels(
        (
            _table(window, layers, found.words, found.accounting, found.empty),
            Series(
                id="course",
                title="Similarity over the run",
                subtitle=f"with {', '.join(filter(None, (span(window), found.words)))}; the largest of each interval",
                x="run.t_us",
                x_axis=Axis(label="Time", unit="us"),
                y_axis=Axis(label="Similarity"),
                lines=(Line(name="similarity", y="run.similarity"),),
                span_us=(manifest.t_start_us, manifest.t_stop_us),
                accounting=found.accounting,
                empty=found.empty,
            ),
        ),
        columns,
    )


@dataclasses.dataclass
class _Search:
    """What was found: the moments, and the similarity from each bin on."""

    t_us: I64
    score: F64
    labels: list[str]
    similarity: F64
    first_us: int
    bin_us: int
    words: str
    accounting: tuple[Accounting, ...] = ()
    empty: str = ""

    @staticmethod
    def nothing() -> _Search:
        none = np.empty(0, np.int64)
        return _Search(none, np.empty(0), [], np.empty(0), 0, 1, "")


def _layers(reader: RecordingReader, name: str) -> list[Layer]:
    layers = list(reader.recording.header.layers)
    if name:
        if name not in (known := [layer.name for layer in layers]):
            raise InvalidInput(
                f"There is no layer {name[:80]!r}.", hint="Layers: " + ", ".join(known), where="layer"
            )
        return [layer for layer in layers if layer.name == name]
    n_spikes = reader.recording.counts.spikes
    return [layer for layer in layers if n_spikes.get(layer.name)][:MAX_LAYERS]


def _search(reader: RecordingReader, layers: list[Layer], start_us: int, length_us: int) -> _Search:
    manifest = reader.manifest
    shown = presentations(reader, TimeWindow(t_start_us=manifest.t_start_us, t_stop_us=manifest.t_stop_us))
    each = (BUDGET_BYTES - reader.bytes_read) * 3 // 4 // len(layers)
    wishes = (length_us // (BINS * _FINER), length_us // BINS)
    ways = [fitting_resolution(reader, layer, wishes, budget_bytes=each) for layer in layers]
    run = joint_activity(reader, layers, ways, manifest.t_start_us, manifest.t_stop_us, budget_bytes=each)
    per_bin = max(1, length_us // (BINS * run.frame_us))
    m = max(1, length_us // (per_bin * run.frame_us))
    n_bins = -(-run.n // per_bin)
    found = _Search.nothing()
    found.first_us, found.bin_us = run.first_us, per_bin * run.frame_us
    found.words = _words(ways, m, found.bin_us)
    found.accounting = _told(reader, layers, run)
    stretch = _stretch(reader, layers, ways, run, start_us, per_bin, m)
    if stretch is None:
        found.empty = "The stretch takes too much to read at this level; choose a shorter one, or one layer."
        return found
    per_frame = np.bincount(run.channel, run.count, run.n_channels).astype(np.float64)
    mean = per_frame * np.float64(per_bin / max(1, int(run.covered.sum())))
    template = Template.of(stretch, mean)
    scores = template_similarity(*run.binned(0, per_bin, n_bins), template=template, n_bins=n_bins)
    gaps = np.concatenate(([0], np.cumsum(~run.covered)))
    first = np.arange(len(scores)) * per_bin
    scores[gaps[np.minimum(first + m * per_bin, run.n)] > gaps[first]] = np.nan
    own = (start_us - run.first_us) // found.bin_us
    places = best_matches(scores, n=MAX_ROWS, apart=m, leave_out=(max(0, own - m + 1), own + m))
    found.similarity = scores
    places = places[scores[places] > 0]
    starts, found.score = _placed(run, places, scores[places], template, per_bin, gaps)
    found.t_us = run.first_us + starts * run.frame_us
    found.labels = _labels(shown, found.t_us + length_us // 2)
    if not len(places):
        found.empty = (
            "Nothing departs from the usual: the stretch is like the mean, or nothing else was read."
        )
    return found


def _words(ways: list[Resolution], m: int, bin_us: int) -> str:
    level = ", ".join(str(one) for one in sorted({way.level for way in ways}))
    grouped = sum(way.grouped for way in ways)
    groups = f", groups of 64 neurons in {grouped} of {len(ways)} layers" if grouped else ""
    return f"{m} bins of {duration(bin_us)}, read at time level {level}{groups}"


def _labels(shown: Presentations, t_us: I64) -> list[str]:
    """Return the class of the stimulus that is on at each moment, empty where there is none."""
    at = np.searchsorted(shown.t_start_us, t_us, side="right") - 1
    return [
        shown.labels[one] if one >= 0 and moment < shown.t_stop_us[one] else ""
        for one, moment in zip(at, t_us, strict=True)
    ]


def _stretch(
    reader: RecordingReader,
    layers: list[Layer],
    ways: list[Resolution],
    run: JointActivity,
    start_us: int,
    per_bin: int,
    m: int,
) -> F64 | None:
    """Return the (m, n_channels) spikes of the stretch; None where it could not be read whole."""
    source = run
    first = (start_us - run.first_us) // run.frame_us
    if not run.covered[first : first + m * per_bin].all():
        left = (BUDGET_BYTES - reader.bytes_read) // len(layers)
        stop_us = start_us + (m * per_bin + 1) * run.frame_us
        source = joint_activity(reader, layers, ways, start_us, stop_us, budget_bytes=left)
        first = (start_us - source.first_us) // source.frame_us
        if not source.covered[first : first + m * per_bin].all():
            return None
    bins, channels, counts = source.binned(first, per_bin, m)
    stretch = np.zeros((m, run.n_channels))
    stretch[bins, channels] = counts
    return stretch


def _placed(
    run: JointActivity, places: I64, scores: F64, template: Template, per_bin: int, gaps: I64
) -> tuple[I64, F64]:
    """Place moments to the frame, or an eighth of a bin: return the frame and the similarity of each, the most similar first."""
    m, step = len(template.away), -(-per_bin // _FINER)
    starts, best = places * per_bin, scores.copy()
    for row, place in enumerate(places * per_bin):
        for start in range(max(0, place - per_bin + step), place + per_bin, step):
            if start + m * per_bin > run.n or gaps[start + m * per_bin] > gaps[start]:
                continue
            (score,) = template_similarity(*run.binned(start, per_bin, m), template=template, n_bins=m)
            if score > best[row]:
                starts[row], best[row] = start, score
    order = np.argsort(-best, kind="stable")
    return starts[order], best[order]


def _told(reader: RecordingReader, layers: list[Layer], run: JointActivity) -> tuple[Accounting, ...]:
    told: list[Accounting] = []
    spiking = sum(bool(n) for n in reader.recording.counts.spikes.values())
    if len(layers) == MAX_LAYERS < spiking:
        told.append(
            Accounting(what="layers", kept=MAX_LAYERS, total=spiking, why="Choose a layer to see another.")
        )
    kept = int(run.covered.sum())
    if kept < run.n:
        why = "An answer reads at most 4 MiB; an even sample of the run was searched. A longer stretch, or one layer, needs less."
        told.append(Accounting(what="frames of the run", kept=kept, total=run.n, why=why))
    return tuple(told)


def _course(found: _Search) -> tuple[I64, F64]:
    """Return the similarity over the run, the largest of as many bins as a point stands for."""
    n = len(found.similarity)
    step = -(-n // MAX_POINTS) or 1
    starts = np.arange(0, n, step)
    values = np.fmax.reduceat(found.similarity, starts) if n else found.similarity
    return found.first_us + starts * found.bin_us, values


def _columns(found: _Search) -> dict[str, Column]:
    return {
        "t_us": found.t_us.astype(np.float64),
        "similarity": found.score,
        "class": found.labels,
    }


def _table(
    window: TimeWindow, layers: list[Layer], words: str, told: tuple[Accounting, ...], why: str
) -> Table:
    names = ", ".join(layer.name for layer in layers)
    return Table(
        id="moments",
        title=f"Moments like {clock(window.t_start_us)} to {clock(window.t_stop_us)}",
        subtitle=f"{'; '.join(filter(None, (names, words)))}; cosine of the spikes beyond each neuron's mean; a click goes there",
        columns=(
            TableColumn(heading="Time", column="t_us", unit="us"),
            TableColumn(heading="Similarity", column="similarity"),
            TableColumn(heading="Class then", column="class"),
        ),
        links=Links(time_us="t_us"),
        accounting=told,
        empty=why,
    )


MODULE = Module(compute=compute, params=Params, needs=("spikes",), order=42)
