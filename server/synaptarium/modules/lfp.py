"""LFP proxy.

A proxy of the local field potential that a layer would give, not a field potential: the reference weighted sum,
|E|(t - 6 ms) + 1.65 |I|(t), less its mean and by its standard deviation in the window. E and I are the excitatory and the
inhibitory synaptic current into the layer.

Where the currents were recorded (variables named I_syn_ex and I_syn_in, or as the parameters say) they are the sums over the
recorded neurons. Elsewhere the spikes of every layer that projects onto this one are filtered with a biexponential kernel (rise
and decay 0.4 and 2 ms of E, 0.25 and 5 ms of I), each times the projection's synapses per presynaptic neuron and their mean
|weight| in the run, 1 where no weights were recorded. A projection is inhibitory where its mean weight is negative, or its source
is of the cell type "inhibitory" or the layer that the parameter names.

Source: Mazzoni et al., PLoS Comput. Biol. 2015, doi:10.1371/journal.pcbi.1004584; the kernels of its network: Mazzoni et al.,
PLoS Comput. Biol. 2008, doi:10.1371/journal.pcbi.1000239.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from synaptarium.kernels.lfp import synaptic_current, weighted_sum_lfp
from synaptarium.modules.base import LayerName, Module, Selection, VariableName
from synaptarium.modules.chunk_choice import tiles_of
from synaptarium.modules.polarity import inhibits
from synaptarium.modules.reader import MAX_POINTS, RecordingReader
from synaptarium.modules.spectrum import LEAST_SAMPLES, add_spectrum
from synaptarium.modules.window import states_in
from synaptarium.modules.wording import chosen_layer, duration, outside, span
from synaptarium.schemas.errors import InvalidInput
from synaptarium.schemas.messages import TimeWindow
from synaptarium.schemas.panels import Axis, Column, Line, Panels, Series, Table, TableColumn
from synaptarium.schemas.recording import Accounting, Layer, Projection

F64 = NDArray[np.float64]

RISE_DECAY_US = {"E": (400.0, 2000.0), "I": (250.0, 5000.0)}
RECORDED = ("I_syn_ex", "I_syn_in")
FORMULA = "|E|(t - 6 ms) + 1.65 |I|(t), z-scored"
MAX_FRAMES = 131_072
# A longer frame cannot show a delay of 6 ms.
MAX_FRAME_US = 3_000
_BUDGET_BYTES = 3 * 1024 * 1024


@dataclasses.dataclass(frozen=True)
class Params:
    """Which layer, and what is inhibitory.

    Parameters
    ----------
    layer : str
        Layer that would give the field; empty takes the selection's, else the one with the most synapses onto it.
    inhibitory_layer : str
        A source whose synapses are inhibitory although nothing recorded says so.
    excitatory_variable : str
        A recorded current of the layer; empty takes I_syn_ex where both currents have their usual names.
    inhibitory_variable : str
        The other one; empty takes I_syn_in.
    """

    layer: LayerName = ""
    inhibitory_layer: LayerName = ""
    excitatory_variable: VariableName = ""
    inhibitory_variable: VariableName = ""


@dataclasses.dataclass(frozen=True)
class _Currents:
    """Sizes of both currents in every frame, and how they were made."""

    t_us: NDArray[np.int64]
    frame_us: int
    excitatory: F64
    inhibitory: F64
    words: str
    accounting: tuple[Accounting, ...] = ()
    empty: str = ""


def compute(reader: RecordingReader, window: TimeWindow, selection: Selection, params: Params) -> Panels:
    """Return the proxy, its two currents, its spectrum, and what it is made of."""
    layer = _layer(reader, selection, params.layer)
    columns: dict[str, Column] = {}
    onto = [one for one in reader.recording.header.projections if one.target == layer.name]
    recorded = _variables(reader, layer, params)
    if recorded:
        found = _recorded(reader, window, layer, recorded)
    else:
        found = _filtered(reader, window, layer, onto, params)
    why = outside(reader, window) or found.empty
    lfp = np.full(len(found.t_us), np.nan)
    if not why:
        lfp = weighted_sum_lfp(found.excitatory, found.inhibitory, bin_us=found.frame_us)
        if not np.isfinite(lfp).any():
            why = f"No synaptic current into {layer.name} varies in the window: there is no proxy of a field."
    panels = [
        _proxy(layer, window, found, lfp, why, columns),
        _currents(layer, window, found, why, columns),
        _spectrum(layer, window, found, lfp, why, columns),
    ]
    return Panels(
        (*panels, *(() if recorded else (_sources(reader, layer, onto, params, columns),))), columns
    )


def _layer(reader: RecordingReader, selection: Selection, name: str) -> Layer:
    if name or selection:
        return chosen_layer(reader, selection, name)
    layers = {layer.name: layer for layer in reader.recording.header.layers}
    onto = {one: 0 for one in layers}
    for projection in reader.recording.header.projections:
        if projection.target in onto:
            onto[projection.target] += projection.synapses
    best = max(onto, key=lambda one: onto[one])
    return layers[best] if onto[best] else chosen_layer(reader, selection, name)


def _variables(reader: RecordingReader, layer: Layer, params: Params) -> tuple[str, str] | None:
    known = [one.variable for one in reader.recording.header.potentials if one.layer == layer.name]
    wanted = (params.excitatory_variable, params.inhibitory_variable)
    for name, field in zip(wanted, ("excitatory_variable", "inhibitory_variable"), strict=True):
        if name and name not in known:
            raise InvalidInput(
                f"No variable {name[:80]!r} of {layer.name!r} was recorded.",
                hint="Recorded: " + (", ".join(known) or "none"),
                where=field,
            )
    chosen = (wanted[0] or RECORDED[0], wanted[1] or RECORDED[1])
    return chosen if all(one in known for one in chosen) else None


def _recorded(
    reader: RecordingReader, window: TimeWindow, layer: Layer, variables: tuple[str, str]
) -> _Currents:
    """Sum the recorded currents over the recorded neurons."""
    sums: list[F64] = []
    frames = None
    for variable in variables:
        frames, states = states_in(
            reader,
            variable,
            layer.name,
            tiles_of(reader, layer.name, "layer"),
            window.t_start_us,
            window.t_stop_us,
            budget_bytes=_BUDGET_BYTES // len(variables),
            levels=(0,),
        )
        total = np.full(frames.n, np.nan)
        for frame, state in states:
            known = state[np.isfinite(state)]
            total[frame] = np.abs(known.sum(dtype=np.float64)) if len(known) else np.nan
        sums.append(total)
    assert frames is not None
    n = next(one.n_recorded for one in reader.recording.header.potentials if one.variable == variables[0])
    told = Accounting(what="neurons", kept=n, total=layer.neurons, why="Of those the currents were recorded.")
    gaps = not (np.isfinite(sums[0]) & np.isfinite(sums[1])).all()
    return _Currents(
        frames.t_us,
        frames.frame_us,
        sums[0],
        sums[1],
        f"recorded {variables[0]} and {variables[1]}",
        (told,) if n < layer.neurons else (),
        "The recorded currents have gaps in what was read of the window; choose a shorter one."
        if gaps
        else "",
    )


def _filtered(
    reader: RecordingReader, window: TimeWindow, layer: Layer, onto: list[Projection], params: Params
) -> _Currents:
    """Filter the spikes of the layers that project onto this one."""
    sources = list(dict.fromkeys(one.source for one in onto))
    series = reader.series("spikes.series", sources, window.t_start_us, window.t_stop_us, points=MAX_FRAMES)
    totals = {"E": np.zeros(len(series.t_us)), "I": np.zeros(len(series.t_us))}
    empty = "" if onto else f"No synapses onto {layer.name} are known; choose another layer."
    if not empty and series.frame_us > MAX_FRAME_US:
        empty = (
            f"A window of this length is read in frames of {duration(series.frame_us)}, which cannot show a delay of 6 ms; "
            f"choose a shorter one."
        )
    for projection in onto if not empty else ():
        kind, gain = _gain(reader, projection, params)
        totals[kind] += gain * series.total[projection.source]
    currents = {
        kind: synaptic_current(total, bin_us=series.frame_us, rise_us=rise, decay_us=decay)
        for (kind, (rise, decay)), total in zip(RISE_DECAY_US.items(), totals.values(), strict=True)
    }
    return _Currents(
        series.t_us,
        series.frame_us,
        currents["E"],
        currents["I"],
        "spikes filtered with synaptic kernels",
        (),
        empty,
    )


def _gain(reader: RecordingReader, projection: Projection, params: Params) -> tuple[str, float]:
    """Return "E" or "I", and the |weight| that a presynaptic spike brings to the layer."""
    source = next(one for one in reader.recording.header.layers if one.name == projection.source)
    weights = reader.recording.weights.get(projection.name)
    mean = weights.last.mean if weights and np.isfinite(weights.last.mean) else None
    inhibitory = source.name == params.inhibitory_layer or inhibits(reader, projection)
    size = 1.0 if mean is None else abs(mean)
    return ("I" if inhibitory else "E"), size * projection.synapses / source.neurons


def _subtitle(layer: Layer, window: TimeWindow, found: _Currents) -> str:
    return f"{layer.name}, {span(window)}, bin {duration(found.frame_us)}; {found.words}"


def _reduced(found: _Currents, values: F64) -> F64:
    """Return the means over as many frames as one point of a line stands for."""
    step = -(-len(values) // MAX_POINTS) or 1
    starts = np.arange(0, len(values), step)
    return (
        np.add.reduceat(values, starts) / np.diff(np.append(starts, len(values))) if len(values) else values
    )


def _proxy(
    layer: Layer, window: TimeWindow, found: _Currents, lfp: F64, why: str, columns: dict[str, Column]
) -> Series:
    step = -(-len(lfp) // MAX_POINTS) or 1
    columns["t_us"] = found.t_us[::step]
    columns["lfp"] = _reduced(found, lfp)
    return Series(
        id="lfp",
        title=f"LFP proxy of {layer.name}",
        subtitle=f"{_subtitle(layer, window, found)}; {FORMULA} (Mazzoni et al. 2015): a proxy, in standard deviations",
        x="t_us",
        x_axis=Axis(label="Time", unit="us"),
        y_axis=Axis(label="LFP proxy", unit="SD"),
        lines=(Line(name="LFP proxy", y="lfp", layer=layer.name),),
        accounting=found.accounting,
        empty=why,
    )


def _currents(
    layer: Layer, window: TimeWindow, found: _Currents, why: str, columns: dict[str, Column]
) -> Series:
    columns["excitatory"] = _reduced(found, found.excitatory)
    columns["inhibitory"] = _reduced(found, found.inhibitory)
    return Series(
        id="currents",
        title=f"Synaptic currents into {layer.name}",
        subtitle=f"{_subtitle(layer, window, found)}; sizes, in the unit of the weights per bin",
        x="t_us",
        x_axis=Axis(label="Time", unit="us"),
        y_axis=Axis(label="|Current|", unit="weight per bin"),
        lines=(Line(name="excitatory", y="excitatory"), Line(name="inhibitory", y="inhibitory")),
        accounting=found.accounting,
        empty=why,
    )


def _spectrum(
    layer: Layer, window: TimeWindow, found: _Currents, lfp: F64, why: str, columns: dict[str, Column]
) -> Series:
    known = lfp[np.isfinite(lfp)]
    segment = add_spectrum(columns, known, sampling_period_us=found.frame_us)
    enough = segment >= LEAST_SAMPLES
    return Series(
        id="spectrum",
        title="Power spectrum of the LFP proxy",
        subtitle=f"{_subtitle(layer, window, found)}; Welch, segments of {segment:,} bins, SD² per Hz",
        x="spectrum.hz",
        x_axis=Axis(label="Frequency", unit="Hz"),
        y_axis=Axis(label="Power", unit="SD²/Hz"),
        lines=(Line(name="LFP proxy", y="spectrum.psd", layer=layer.name),),
        time=False,
        accounting=found.accounting,
        empty=why
        or (
            ""
            if enough
            else f"A spectrum needs {LEAST_SAMPLES} bins at least; the window holds {len(known)}."
        ),
    )


def _sources(
    reader: RecordingReader, layer: Layer, onto: list[Projection], params: Params, columns: dict[str, Column]
) -> Table:
    gains = [_gain(reader, one, params) for one in onto]
    columns["source.name"] = [one.name for one in onto]
    columns["source.kind"] = ["excitatory" if kind == "E" else "inhibitory" for kind, _ in gains]
    columns["source.gain"] = np.array([gain for _, gain in gains], np.float64)
    columns["source.weights"] = [
        "mean of the last weights" if one.name in reader.recording.weights else "no weights: 1 a synapse"
        for one in onto
    ]
    return Table(
        id="sources",
        title="What the proxy is made of",
        subtitle=f"projections onto {layer.name}; gain = synapses per presynaptic neuron x mean |weight|",
        columns=(
            TableColumn(heading="Projection", column="source.name"),
            TableColumn(heading="Taken as", column="source.kind"),
            TableColumn(heading="Gain", column="source.gain"),
            TableColumn(heading="Weight from", column="source.weights"),
        ),
        empty="" if onto else f"No synapses onto {layer.name} are known.",
    )


MODULE = Module(compute=compute, params=Params, needs=("spikes.series",), order=36)
