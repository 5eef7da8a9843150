"""Causes of a spike.

The walk back from a spike: of the neuron that was selected last, its last spike at or before the playhead, and the presynaptic
spikes that led to it, ranked and lit in the scene. A click on one goes to it and selects its neuron: one step further back.
"Back" and "forward" above the panels, or Backspace and Shift with it, walk the steps.

Contribution of a presynaptic spike at s to a spike at t over a synapse of weight w and delay d: w exp(-(t - s - d) / tau) where
s + d <= t, with the weight at t. Where no delay was recorded it is one bin: a spike in the same bin is no cause. Where no weight
was recorded it is 1. Weights of a projection that inhibits (its source is of the cell type inhibitory, or of none and named inh...)
count as negative. Spikes further back than 5 tau are left out: 0.7 % of them is left. Part is of the sum of all |contributions|.
It tells what drove the neuron in such a model, not what a simulator's equations did with it.

Source: the input term of the spike response model with an exponential kernel, Gerstner, Phys. Rev. E 1995,
doi:10.1103/PhysRevE.51.738.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from synaptarium.kernels.causes import contributions, drive
from synaptarium.modules.base import Module, Selection
from synaptarium.modules.chunk_choice import tiles_of
from synaptarium.modules.polarity import inhibits
from synaptarium.modules.reader import BUDGET_BYTES, RecordingReader
from synaptarium.modules.window import Spikes, spikes_in, state_at
from synaptarium.modules.wording import clock, duration, playhead_us
from synaptarium.schemas.errors import InvalidInput
from synaptarium.schemas.messages import TimeWindow
from synaptarium.schemas.panels import Axis, Column, Line, Links, Panels, Series, Table, TableColumn
from synaptarium.schemas.recording import Accounting, Projection
from synaptarium.schemas.view_state import NeuronRef

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

MAX_ROWS = 100
MAX_POINTS = 512
#: So many time constants back.
REACH = 5
# The spike is looked for in windows of these lengths before the playhead.
_LOOK_US = (100_000, 1_000_000, 10_000_000)
_WEIGHT_BYTES = 320 * 1024
_SPIKE_BYTES = BUDGET_BYTES // 2


@dataclasses.dataclass(frozen=True)
class Params:
    """How quickly a cause fades.

    Parameters
    ----------
    tau_ms : float
        Time constant of a postsynaptic potential, e.g. the membrane's.
    """

    tau_ms: float = 20.0

    def __post_init__(self) -> None:
        if not 0 < self.tau_ms <= 10_000:
            hint = "It is a number of ms above 0, 10,000 at most."
            raise InvalidInput(f"tau_ms is {self.tau_ms}.", hint=hint, where="tau_ms")


@dataclasses.dataclass
class _Causes:
    """Presynaptic spikes, one entry each: layer and neuron, when it was sent and when it arrived, weight."""

    layer: list[str] = dataclasses.field(default_factory=list)
    neuron: list[I64] = dataclasses.field(default_factory=list)
    sent_us: list[I64] = dataclasses.field(default_factory=list)
    arrival_us: list[I64] = dataclasses.field(default_factory=list)
    weight: list[F64] = dataclasses.field(default_factory=list)
    notes: list[str] = dataclasses.field(default_factory=list)
    accounting: list[Accounting] = dataclasses.field(default_factory=list)
    n_synapses: int = 0


def compute(reader: RecordingReader, window: TimeWindow, selection: Selection, params: Params) -> Panels:
    """Return the presynaptic spikes of the spike, and the drive that they make before it."""
    now_us = playhead_us(reader, window)
    if not selection:
        why = "Select a neuron, in the scene or in a panel: its last spike before the playhead is explained."
        return _empty("Causes of a spike", clock(now_us), why)
    ref = selection[-1]
    spike_us = _last_spike(reader, ref, now_us)
    name = f"{ref.layer} {ref.neuron}"
    if spike_us is None:
        why = f"{name} did not spike in the {duration(_LOOK_US[-1])} before the playhead. Go to a later moment, or select another."
        return _empty(f"Causes of a spike of {name}", clock(now_us), why)
    title = f"Causes of the spike of {name} at {clock(spike_us)}"
    onto = [one for one in reader.recording.header.projections if one.target == ref.layer]
    if not onto:
        why = f"No synapses onto {ref.layer} are known: the walk back ends here."
        return _empty(title, name, why)
    tau_us = params.tau_ms * 1000
    found = _Causes()
    for place, projection in enumerate(onto):
        _collect(reader, projection, ref.neuron, spike_us, tau_us, len(onto) - place, found)
    if not found.n_synapses:
        return _empty(title, name, f"{name} has no synapses onto it: the walk back ends here.", found)
    return _panels(reader, title, spike_us, tau_us, found)


def _last_spike(reader: RecordingReader, ref: NeuronRef, now_us: int) -> int | None:
    """Return the start of the frame of the neuron's last spike at or before a moment."""
    manifest = reader.manifest
    for look_us in _LOOK_US:
        spikes = spikes_in(
            reader,
            ref.layer,
            now_us - look_us,
            now_us + 1,
            budget_bytes=BUDGET_BYTES // 16,
            levels=(0,),
            neurons=(ref.neuron,),
            only=True,
        )
        own = spikes.frame
        if len(own):
            return int(spikes.frames.first_us + own.max() * spikes.frames.frame_us)
        if now_us - look_us <= manifest.t_start_us:
            break
    return None


def _collect(
    reader: RecordingReader,
    projection: Projection,
    neuron: int,
    spike_us: int,
    tau_us: float,
    n_left: int,
    found: _Causes,
) -> None:
    """Add what came over one projection."""
    pre, post, delay_ms = reader.wiring(projection.name, projection.synapses)
    if not len(pre):
        found.notes.append(f"{projection.name} does not list its synapses")
        return
    if len(pre) < projection.synapses:
        why = "An answer reads at most 4 MiB; the first synapses of the projection are looked at."
        found.accounting.append(
            Accounting(
                what=f"synapses of {projection.name}", kept=len(pre), total=projection.synapses, why=why
            )
        )
    own = np.flatnonzero(post == neuron)
    found.n_synapses += len(own)
    if not len(own):
        return
    manifest = reader.manifest
    if delay_ms is None:
        delay_us = np.full(len(own), manifest.bin_us, np.int64)
        found.notes.append(f"no delays of {projection.name}: one bin")
    else:
        delay_us = np.round(delay_ms[own].astype(np.float64) * 1000).astype(np.int64)
    weight = _weights(reader, projection, own, spike_us, found)
    fade_us = round(REACH * tau_us)
    spikes = spikes_in(
        reader,
        projection.source,
        spike_us - fade_us - int(delay_us.max()),
        spike_us + 1,
        budget_bytes=min(_SPIKE_BYTES, BUDGET_BYTES - reader.bytes_read) // n_left,
        levels=(0,),
        neurons=np.unique(pre[own]).tolist() if len(own) < 64 else None,
    )
    found.accounting += spikes.frames.accounting
    _pair(projection, pre[own].astype(np.int64), delay_us, weight, spikes, spike_us, fade_us, found)


def _weights(reader: RecordingReader, projection: Projection, own: I64, spike_us: int, found: _Causes) -> F64:
    """Return the weights of synapses at the spike; 1 where none is known."""
    weight = np.full(len(own), np.nan)
    if reader.recording.counts.weights.get(projection.name) and reader.has("weights"):
        for tile in tiles_of(reader, projection.name, "projection"):
            inside = (own >= tile.first) & (own < tile.first + tile.n)
            if not inside.any():
                continue
            if BUDGET_BYTES - reader.bytes_read < _SPIKE_BYTES + _WEIGHT_BYTES:
                break
            state = state_at(reader, "weights", projection.name, tile, spike_us + reader.manifest.bin_us)
            weight[inside] = state[own[inside] - tile.first]
    if inhibits(reader, projection) and not (weight < 0).any():
        weight = -weight
        found.notes.append(f"{projection.name} inhibits")
    known = np.isfinite(weight)
    if not known.all():
        n = int((~known).sum())
        found.notes.append(f"{n:,} of {len(own):,} weights of {projection.name} unknown: 1")
    return np.where(known, weight, -1.0 if inhibits(reader, projection) else 1.0)


def _pair(
    projection: Projection,
    pre: I64,
    delay_us: I64,
    weight: F64,
    spikes: Spikes,
    spike_us: int,
    fade_us: int,
    found: _Causes,
) -> None:
    """Add an entry for each presynaptic spike and synapse that it went over, if it arrived in time."""
    order = np.argsort(pre, kind="stable")
    sorted_pre = pre[order]
    sender = spikes.neuron.astype(np.int64)
    first, last = np.searchsorted(sorted_pre, sender), np.searchsorted(sorted_pre, sender, side="right")
    n = last - first
    spike = np.repeat(np.arange(len(sender)), n)
    synapse = order[np.repeat(first - np.concatenate(([0], np.cumsum(n)[:-1])), n) + np.arange(n.sum())]
    sent_us = spikes.frames.first_us + spikes.frame[spike] * spikes.frames.frame_us
    arrival_us = sent_us + delay_us[synapse]
    kept = (arrival_us <= spike_us) & (arrival_us > spike_us - fade_us)
    found.layer += [projection.source] * int(kept.sum())
    found.neuron.append(sender[spike][kept])
    found.sent_us.append(sent_us[kept])
    found.arrival_us.append(arrival_us[kept])
    found.weight.append((weight[synapse] * spikes.count[spike])[kept])


def _panels(reader: RecordingReader, title: str, spike_us: int, tau_us: float, found: _Causes) -> Panels:
    none = np.empty(0, np.int64)
    neuron, sent_us, arrival_us = (
        np.concatenate([none, *parts]) for parts in (found.neuron, found.sent_us, found.arrival_us)
    )
    weight = np.concatenate([np.empty(0), *found.weight])
    value = contributions(spike_us, arrival_us, weight, tau_us=tau_us)
    order = np.argsort(-np.abs(value), kind="stable")[:MAX_ROWS]
    told = list(found.accounting)
    if len(order) < len(value):
        why = "Those that contributed most."
        told.append(Accounting(what="presynaptic spikes", kept=len(order), total=len(value), why=why))
    total = float(np.abs(value).sum())
    reach_us = round(REACH * tau_us)
    words = "; ".join(
        [
            f"weight x exp(-age / {duration(tau_us)}), age from arrival, {duration(reach_us)} back",
            *found.notes,
        ]
    )
    why = ""
    if not len(value):
        why = f"No presynaptic spike arrived in the {duration(reach_us)} before: what drove it was not recorded."
    size = np.abs(value[order])
    columns: dict[str, Column] = {
        "layer": [found.layer[one] for one in order],
        "neuron": neuron[order].astype(np.float64),
        "sent_us": sent_us[order].astype(np.float64),
        "age_ms": (spike_us - arrival_us[order]) / 1000,
        "weight": weight[order],
        "contribution": value[order],
        "part": 100 * value[order] / total if total else value[order],
        "lit": size / size.max() if len(size) and size.max() else size,
    }
    table = Table(
        id="causes",
        title=title,
        subtitle=f"{words}; a click goes one step further back",
        columns=(
            TableColumn(heading="From", column="layer"),
            TableColumn(heading="Neuron", column="neuron"),
            TableColumn(heading="Age", column="age_ms", unit="ms"),
            TableColumn(heading="Part", column="part", unit="%"),
            TableColumn(heading="Contribution", column="contribution"),
            TableColumn(heading="Weight", column="weight"),
            TableColumn(heading="Sent", column="sent_us", unit="us"),
        ),
        links=Links(time_us="sent_us", neuron="neuron", layers="layer"),
        lit="lit",
        accounting=tuple(told),
        empty=why,
    )
    return Panels((table, _drive(reader, spike_us, tau_us, arrival_us, weight, told, why, columns)), columns)


def _drive(
    reader: RecordingReader,
    spike_us: int,
    tau_us: float,
    arrival_us: I64,
    weight: F64,
    told: list[Accounting],
    why: str,
    columns: dict[str, Column],
) -> Series:
    bin_us = reader.manifest.bin_us
    span_us = round(REACH * tau_us)
    step_us = max(bin_us, -(-span_us // (MAX_POINTS * bin_us)) * bin_us)
    moments = np.arange(spike_us - span_us // step_us * step_us, spike_us + 1, step_us, dtype=np.int64)
    columns["drive.t_us"] = moments
    lines: list[Line] = []
    for name, kept in (("excitation", weight > 0), ("inhibition", weight < 0)):
        if kept.any() or name == "excitation":
            columns[f"drive.{name}"] = drive(moments, arrival_us[kept], weight[kept], tau_us=tau_us)
            lines.append(Line(name=name, y=f"drive.{name}"))
    return Series(
        id="drive",
        title="Drive before the spike",
        subtitle=f"sum of the contributions of what arrived, every {duration(step_us)}, in the unit of the weights; the spike is at the end",
        x="drive.t_us",
        x_axis=Axis(label="Time", unit="us"),
        y_axis=Axis(label="Drive"),
        lines=tuple(lines),
        span_us=(int(moments[0]), spike_us + bin_us),
        accounting=tuple(one for one in told if one.what != "presynaptic spikes"),
        empty=why,
    )


def _empty(title: str, subtitle: str, why: str, found: _Causes | None = None) -> Panels:
    told = tuple(found.accounting) if found else ()
    return Panels(
        (Table(id="causes", title=title, subtitle=subtitle, columns=(), accounting=told, empty=why),)
    )


MODULE = Module(compute=compute, params=Params, needs=("spikes",), order=43, playhead=True, picks=True)
