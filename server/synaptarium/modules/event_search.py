"""Event search.

Moments of the window at which something happened, as a list; a click goes there and selects the neuron.

first_spike: of each stimulus (of the class) the first spike of the layer while it is on, with its latency. rate_above: the
population rate of the layer reaches rate_hz, having been below it in the bin before. silence: a neuron of the layer (a selected
one, else any) spikes after at least silence_ms without a spike. weight_crosses: the weight of a synapse (onto or from a selected
neuron, else any that is read) crosses threshold_weight between the ends of two frames. read_wrong: a stimulus (of the class) whose
prediction is not its label.

Source: none; these are definitions.
"""

from __future__ import annotations

import dataclasses
from typing import Literal

import numpy as np

from synaptarium.kernels.firing import population_rate_hz
from synaptarium.modules.base import (
    ClassName,
    LayerName,
    Module,
    ProjectionName,
    Selection,
)
from synaptarium.modules.reader import RecordingReader
from synaptarium.modules.stimuli import Presentations, presentations
from synaptarium.modules.weights import projection_weights
from synaptarium.modules.window import spikes_in, states_in
from synaptarium.modules.wording import chosen_layer, duration, outside, span
from synaptarium.schemas.errors import InvalidInput
from synaptarium.schemas.messages import TimeWindow
from synaptarium.schemas.panels import Column, Links, Panels, Table, TableColumn
from synaptarium.schemas.recording import Accounting

Query = Literal["first_spike", "rate_above", "silence", "weight_crosses", "read_wrong"]

MAX_ROWS = 500
_BUDGET_BYTES = 2 * 1024 * 1024
# So many states of a projection are compared; more take a coarser level.
_MAX_STATES = 4096


@dataclasses.dataclass(frozen=True)
class Params:
    """What is looked for.

    Parameters
    ----------
    query : str
        Which kind of moment.
    layer : str
        Empty takes that of the selection, else the last one that spiked.
    stimulus_class : str
        Only stimuli of this class; empty takes all.
    projection : str
        For weight_crosses; empty takes one onto the selection's layer, else the one whose weights changed most.
    rate_hz : float
        For rate_above.
    silence_ms : float
        For silence.
    threshold_weight : float
        For weight_crosses.
    """

    query: Query = "first_spike"
    layer: LayerName = ""
    stimulus_class: ClassName = ""
    projection: ProjectionName = ""
    rate_hz: float = 20.0
    silence_ms: float = 1000.0
    threshold_weight: float = 0.2

    def __post_init__(self) -> None:
        for name in ("rate_hz", "silence_ms"):
            if not 0 < getattr(self, name) < 1e9:
                hint = "It is a positive number."
                raise InvalidInput(f"{name} is {getattr(self, name)}.", hint=hint, where=name)
        if not np.isfinite(self.threshold_weight):
            hint = "A weight is a number."
            raise InvalidInput(
                f"threshold_weight is {self.threshold_weight}.", hint=hint, where="threshold_weight"
            )


@dataclasses.dataclass(frozen=True)
class _Hits:
    """Moments in the order of time: when, the neuron (NaN: none) and its layer, and what is told."""

    title: str
    words: str
    t_us: np.ndarray
    neuron: np.ndarray
    layer: str
    told: list[str]
    total: int
    accounting: tuple[Accounting, ...] = ()
    empty: str = ""


def compute(reader: RecordingReader, window: TimeWindow, selection: Selection, params: Params) -> Panels:
    """Return the table of moments."""
    hits = _SEARCHES[params.query](reader, window, selection, params)
    kept = len(hits.t_us)
    accounting = hits.accounting
    if kept < hits.total:
        why = "The first of them; choose a shorter window or a stricter query."
        accounting = (*accounting, Accounting(what="moments", kept=kept, total=hits.total, why=why))
    columns: dict[str, Column] = {
        "t_us": hits.t_us.astype(np.float64),
        "neuron": hits.neuron.astype(np.float64),
        "told": hits.told,
    }
    table = Table(
        id="moments",
        title=hits.title,
        subtitle=f"{span(window)}; {hits.words}; a click goes there",
        columns=(
            TableColumn(heading="Time", column="t_us", unit="us"),
            TableColumn(heading=f"Neuron of {hits.layer}" if hits.layer else "Neuron", column="neuron"),
            TableColumn(heading="What", column="told"),
        ),
        links=Links(time_us="t_us", neuron="neuron", layer=hits.layer),
        accounting=accounting,
        empty=outside(reader, window)
        or hits.empty
        or ("" if kept else "There is no such moment in the window."),
    )
    return Panels((table,), columns)


def _of_class(
    reader: RecordingReader, window: TimeWindow, params: Params
) -> tuple[Presentations, np.ndarray]:
    """Return the stimuli of the window, and which of them are of the class."""
    shown = presentations(reader, window)
    if params.stimulus_class and params.stimulus_class not in shown.classes:
        raise InvalidInput(
            f"There is no class {params.stimulus_class[:80]!r}.",
            hint="Classes: " + (", ".join(shown.classes) or "none; the stimuli have no labels"),
            where="stimulus_class",
        )
    wanted = [not params.stimulus_class or label == params.stimulus_class for label in shown.labels]
    return shown, np.flatnonzero(wanted)


def _first_spike(reader: RecordingReader, window: TimeWindow, selection: Selection, params: Params) -> _Hits:
    layer = chosen_layer(reader, selection, params.layer)
    shown, which = _of_class(reader, window, params)
    spikes = spikes_in(
        reader, layer.name, window.t_start_us, window.t_stop_us, budget_bytes=_BUDGET_BYTES, levels=(0,)
    )
    frames = spikes.frames
    order = np.argsort(spikes.frame, kind="stable")
    times = frames.first_us + spikes.frame[order] * frames.frame_us
    # A frame belongs to the stimulus that is on at its start.
    first = np.searchsorted(times, shown.t_start_us[which])
    there = first < len(times)
    there[there] = times[first[there]] < shown.t_stop_us[which[there]]
    hit, which = first[there], which[there]
    labels = [shown.labels[one] for one in which[:MAX_ROWS]]
    late = (times[hit] - shown.t_start_us[which])[:MAX_ROWS]
    told = [
        f"{delay / 1000:g} ms after {f'class {label}' if label else 'the stimulus'} began"
        for label, delay in zip(labels, late, strict=True)
    ]
    of = f"class {params.stimulus_class}" if params.stimulus_class else "any class"
    return _Hits(
        f"First spike of {layer.name} at each stimulus",
        f"stimuli of {of}, frames of {duration(frames.frame_us)}",
        times[hit][:MAX_ROWS],
        spikes.neuron[order][hit][:MAX_ROWS],
        layer.name,
        told,
        len(hit),
        frames.accounting,
        "" if reader.recording.counts.stimuli else "The recording has no stimuli.",
    )


def _rate_above(reader: RecordingReader, window: TimeWindow, selection: Selection, params: Params) -> _Hits:
    layer = chosen_layer(reader, selection, params.layer)
    found = reader.series("spikes.series", [layer.name], window.t_start_us, window.t_stop_us)
    rate = population_rate_hz(found.total[layer.name], bin_us=found.frame_us, n_neurons=layer.neurons)
    above = rate >= params.rate_hz
    starts = np.flatnonzero(above & ~np.concatenate(([False], above[:-1])))
    top = f"; its largest is {rate.max():.3g} Hz" if len(rate) else ""
    return _Hits(
        f"Rate of {layer.name} reaches {params.rate_hz:g} Hz",
        f"bin {duration(found.frame_us)}, spikes per neuron and second{top}",
        found.t_us[starts][:MAX_ROWS],
        np.full(min(len(starts), MAX_ROWS), np.nan),
        layer.name,
        [f"{rate[one]:.3g} Hz" for one in starts[:MAX_ROWS]],
        len(starts),
    )


def _silence(reader: RecordingReader, window: TimeWindow, selection: Selection, params: Params) -> _Hits:
    layer = chosen_layer(reader, selection, params.layer)
    chosen = selection.of(layer.name)
    spikes = spikes_in(
        reader,
        layer.name,
        window.t_start_us,
        window.t_stop_us,
        budget_bytes=_BUDGET_BYTES,
        levels=(0,),
        neurons=chosen if len(chosen) else None,
        only=True,
    )
    frames = spikes.frames
    order = np.argsort(spikes.neuron, kind="stable")
    neuron, frame = spikes.neuron[order], spikes.frame[order]
    gap_us = np.diff(frame) * frames.frame_us
    hit = (neuron[1:] == neuron[:-1]) & (gap_us >= params.silence_ms * 1000)
    # What was not read may hold spikes.
    unread = np.concatenate(([0], np.cumsum(~frames.covered)))
    hit &= unread[frame[1:]] == unread[frame[:-1]] if len(frame) else hit
    at = np.flatnonzero(hit)
    at = at[np.argsort(frame[at + 1], kind="stable")]
    who = "the selected neurons" if len(chosen) else "any neuron"
    return _Hits(
        f"Spikes of {layer.name} after a silence",
        f"{who}, {params.silence_ms:g} ms without a spike, frames of {duration(frames.frame_us)}",
        (frames.first_us + frame[at + 1] * frames.frame_us)[:MAX_ROWS],
        neuron[at + 1][:MAX_ROWS],
        layer.name,
        [f"after {duration(int(gap_us[one]))}" for one in at[:MAX_ROWS]],
        len(at),
        frames.accounting,
    )


def _weight_crosses(
    reader: RecordingReader, window: TimeWindow, selection: Selection, params: Params
) -> _Hits:
    weights = projection_weights(reader, selection, params.projection)
    title, level = "Weights cross", f"{params.threshold_weight:g}"
    none = np.empty(0)
    if weights is None:
        return _Hits(title, level, none, none, "", [], 0, (), "The recording has no weights.")
    name, target = weights.projection.name, weights.projection.target
    n = sum(tile.n for tile in weights.tiles)
    mask = np.ones(n, np.bool_)
    posts = selection.of(target)
    pres = selection.of(weights.projection.source)
    if len(posts) and len(weights.post) == n:
        mask &= np.isin(weights.post, posts)
    if len(pres) and len(weights.pre) == n:
        mask &= np.isin(weights.pre, pres)
    watched = np.flatnonzero(mask)
    length_us = max(0, window.t_stop_us - window.t_start_us)
    manifest = reader.manifest
    fine = [one.level for one in manifest.levels[:3] if length_us <= _MAX_STATES * one.bins * manifest.bin_us]
    frames, states = states_in(
        reader,
        "weights",
        name,
        weights.tiles,
        window.t_start_us,
        window.t_stop_us,
        budget_bytes=_BUDGET_BYTES,
        levels=fine or (2,),
    )
    times: list[int] = []
    synapses: list[int] = []
    told: list[str] = []
    total = 0
    before = None
    for frame, state in states:
        now = state[watched]
        if before is not None:
            up = (before < params.threshold_weight) & (now >= params.threshold_weight)
            down = (before >= params.threshold_weight) & (now < params.threshold_weight)
            hit = np.flatnonzero(up | down)
            total += len(hit)
            for one in hit[: MAX_ROWS - len(times)]:
                synapse = int(watched[one])
                pre = f"from {weights.pre[synapse]}" if synapse < len(weights.pre) else f"synapse {synapse}"
                times.append(int(frames.t_us[frame]) + frames.frame_us)
                synapses.append(synapse)
                told.append(f"{pre}: {before[one]:.4g} to {now[one]:.4g}, {'up' if up[one] else 'down'}")
        before = now.copy()
    post = np.array(
        [weights.post[one] if one < len(weights.post) else np.nan for one in synapses], np.float64
    )
    who = f"{len(watched):,} synapses of {name}" + (
        " at the selected neurons" if len(posts) or len(pres) else ""
    )
    return _Hits(
        f"Weights of {name} cross {level}",
        f"{who}, at the ends of frames of {duration(frames.frame_us)}",
        np.array(times, np.float64),
        post,
        target,
        told,
        total,
        (*weights.accounting, *frames.accounting),
    )


def _read_wrong(reader: RecordingReader, window: TimeWindow, selection: Selection, params: Params) -> _Hits:
    shown, which = _of_class(reader, window, params)
    label, read = np.array(shown.labels, object), np.array(shown.predictions, object)
    known = np.array([bool(label[one]) and bool(read[one]) for one in which], np.bool_)
    which = which[known]
    wrong = which[label[which] != read[which]]
    return _Hits(
        "Stimuli that were read wrong",
        f"of {len(which):,} with label and prediction",
        shown.t_start_us[wrong][:MAX_ROWS],
        np.full(min(len(wrong), MAX_ROWS), np.nan),
        "",
        [f"class {label[one]} read as {read[one]}" for one in wrong[:MAX_ROWS]],
        len(wrong),
        (),
        "" if len(which) else "No stimulus of the window has both a label and a prediction.",
    )


_SEARCHES = {
    "first_spike": _first_spike,
    "rate_above": _rate_above,
    "silence": _silence,
    "weight_crosses": _weight_crosses,
    "read_wrong": _read_wrong,
}

MODULE = Module(compute=compute, params=Params, needs=("spikes",), order=41)
