"""Brian2: monitors, or the arrays and state dicts taken from them, without importing Brian2.

Quantities lose their unit to SI base units (``numpy.asarray`` does that). Potentials come as [n_recorded, T],
turned against Nengo's and torch's order. Snapshots of weights are in synapse order; a pair may occur twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from synaptarium.adapters import checks
from synaptarium.adapters.array_inputs import (
    Array,
    LayerArrays,
    PotentialArrays,
    ProjectionArrays,
    SpikeArrays,
    StimulusArrays,
    WeightArrays,
)
from synaptarium.adapters.array_source import ArraySource
from synaptarium.adapters.arrays import arrays_source
from synaptarium.adapters.base import Adapter
from synaptarium.schemas.errors import InvalidInput
from synaptarium.schemas.recording import Accounting


@dataclass(frozen=True)
class Brian2State:
    """One variable of a StateMonitor.

    Parameters
    ----------
    monitor : StateMonitor, its ``get_states()`` dict, or None
        In place of the three arrays.
    t : (T,) array
        In seconds.
    values : (n_recorded, T) array
        As ``monitor.v``. An HDF5 data set is read in slices.
    record : (n_recorded,) array of int or None
        Neuron ids; all of the group where left out.
    unit : str
        Of the values after units are stripped: ``"V"`` for ``monitor.v`` of a voltage.
    """

    monitor: Any = None
    t: Array = None
    values: Array = None
    record: Array = None
    unit: str = "1"


@dataclass(frozen=True)
class Brian2Group:
    """A NeuronGroup, PoissonGroup or SpikeGeneratorGroup: a layer.

    Parameters
    ----------
    neurons, shape : int, tuple of int, or None
        One of them.
    spikes : SpikeMonitor, its ``get_states()`` dict, (t, i) arrays, or None
        Times in seconds.
    states : dict of variable to Brian2State or dict
        Recorded state variables.
    cell_type, neuron_type : str
        May be empty.
    positions : (n_neurons, 3) array or None
        In um.
    labels : (n_neurons,) array of int or None
        Index of each neuron's class in ``classes``, -1 for none; with ``labels_method``.
    """

    neurons: int | None = None
    shape: Sequence[int] | None = None
    spikes: Any = None
    states: Mapping[str, Brian2State | Mapping[str, Any]] = field(default_factory=dict[str, Any])
    cell_type: str = ""
    neuron_type: str = ""
    positions: Array = None
    labels: Array = None
    labels_method: str = ""


@dataclass(frozen=True)
class Brian2Synapses:
    """A Synapses object and the snapshots that the user took of its weights.

    Parameters
    ----------
    source, target : str
        Groups.
    synapses : Synapses, its ``get_states()`` dict, or None
        In place of ``i`` and ``j``; its ``w`` and ``delay`` are taken where it has them.
    i, j : (n_synapses,) arrays of int
        Pre- and postsynaptic neurons.
    w : (n_synapses,) array or (T, n_synapses) array or None
        Fixed weights, or one snapshot for each time in ``w_t``.
    w_t : (T,) array or None
        In seconds.
    delay : (n_synapses,) array or None
        In seconds.
    name, learning_rule : str
        ``"<source> -> <target>"`` where left out; ``"STDP"``, ...
    """

    source: str
    target: str
    synapses: Any = None
    i: Array = None
    j: Array = None
    w: Array = None
    w_t: Array = None
    delay: Array = None
    name: str = ""
    learning_rule: str = ""


def brian2_source(
    name: str,
    *,
    groups: Mapping[str, Brian2Group | Mapping[str, Any]],
    synapses: Sequence[Brian2Synapses | Mapping[str, Any]] = (),
    dt: float | None = None,
    duration: float | None = None,
    stimuli: StimulusArrays | Mapping[str, Any] | None = None,
    metrics: Mapping[str, tuple[Array, Array]] | None = None,
    images: Array = None,
    classes: Sequence[str | int] = (),
    details: Mapping[str, str] | None = None,
) -> ArraySource:
    """Return the source of a Brian2 simulation. All times are seconds, with or without their unit.

    Parameters
    ----------
    name : str
        Name shown to people.
    groups : dict of str to Brian2Group or dict
        Layers, in order.
    synapses : sequence of Brian2Synapses or dict
        Projections.
    dt : float or None
        ``defaultclock.dt``; None: guessed from the spikes' times, and told.
    duration : float or None
        What ``run`` was called with; None: up to the last event.
    stimuli, metrics, images, classes
        As for ``arrays_source``, in seconds.
    details : dict of str to str
        Facts worth keeping.

    Raises
    ------
    InvalidInput
        Shapes that do not fit, or neither a monitor nor its arrays.
    """
    notes: list[str] = []
    accounting: list[Accounting] = []
    layers: list[LayerArrays] = []
    spikes: dict[str, SpikeArrays] = {}
    potentials: list[PotentialArrays] = []
    for key, raw in groups.items():
        group = checks.fields_of(raw, Brian2Group, f"groups[{key!r}]")
        layers.append(
            LayerArrays(
                key,
                group.neurons,
                group.shape,
                group.cell_type,
                group.neuron_type,
                group.positions,
                group.labels,
                group.labels_method,
            )
        )
        if group.spikes is not None:
            t, i = _spike_arrays(group.spikes, f"groups[{key!r}].spikes")
            spikes[key] = SpikeArrays(t, i)
        for variable, state in group.states.items():
            where = f"groups[{key!r}].states[{variable!r}]"
            one = checks.fields_of(state, Brian2State, where)
            potentials.append(_potential(key, variable, one, where, notes))
    projections, weights = _projections(synapses, notes)
    bin_us = None if dt is None else _scalar(dt, "dt") * 1e6
    if bin_us is not None and (abs(bin_us - round(bin_us)) > 1e-6 or round(bin_us) < 1):
        notes.append(f"the simulator's step, {bin_us:g} us, is no whole number of microseconds")
        bin_us = None
    return arrays_source(
        name,
        layers=layers,
        time_unit="s",
        bin_us=None if bin_us is None else round(bin_us),
        t_stop_us=None if duration is None else round(_scalar(duration, "duration") * 1e6),
        projections=projections,
        spikes=spikes,
        potentials=potentials,
        weights=weights,
        stimuli=stimuli,
        metrics=metrics,
        images=images,
        classes=classes,
        format="brian2",
        details=details,
        notes=notes,
        accounting=accounting,
    )


def _projections(
    synapses: Sequence[Brian2Synapses | Mapping[str, Any]], notes: list[str]
) -> tuple[list[ProjectionArrays], dict[str, WeightArrays]]:
    projections: list[ProjectionArrays] = []
    weights: dict[str, WeightArrays] = {}
    for index, raw in enumerate(synapses):
        where = f"synapses[{index}]"
        one = checks.fields_of(raw, Brian2Synapses, where)
        name = one.name or f"{one.source} -> {one.target}"
        i, j, w, delay = (
            _plain(getattr(one, key)) if getattr(one, key) is not None else _taken(one.synapses, key)
            for key in ("i", "j", "w", "delay")
        )
        if i is None or j is None:
            raise InvalidInput(
                f"{where} ({name!r}) has no i and j.",
                hint="Give synapses=S, or i=S.i[:] and j=S.j[:].",
                where=where,
            )
        if delay is not None:
            delay = np.broadcast_to(np.asarray(delay, np.float64) * 1e3, np.shape(i))
        pairs = np.unique(np.column_stack([i, j]), axis=0) if len(i) == len(j) else i
        if len(pairs) < len(i):
            notes.append(f"{len(i) - len(pairs)} of {len(i)} synapses of {name!r} repeat a pair of neurons")
        projections.append(
            ProjectionArrays(
                one.source, one.target, name, pre=i, post=j, delays_ms=delay, learning_rule=one.learning_rule
            )
        )
        if w is None:
            continue
        if one.w_t is None:
            if len(w.shape) != 1:
                raise InvalidInput(
                    f"The weights of {name!r} have the shape {tuple(w.shape)} and no times.",
                    hint="Give w_t, one time in seconds for each snapshot.",
                    where=where,
                )
            weights[name] = WeightArrays(np.zeros(1), np.asarray(w)[None])
        else:
            weights[name] = WeightArrays(_plain(one.w_t), w)
    return projections, weights


def _spike_arrays(given: Any, where: str) -> tuple[Any, Any]:
    if isinstance(given, (tuple, list)):
        pair = cast("Sequence[Any]", given)
        if len(pair) != 2:
            raise InvalidInput(f"{where} is a sequence of {len(pair)}.", hint="Give (t, i).", where=where)
        return _plain(pair[0]), _plain(pair[1])
    t, i = _taken(given, "t"), _taken(given, "i")
    if t is None or i is None:
        raise InvalidInput(
            f"{where} is a {type(given).__name__} without t and i.",
            hint="Give a SpikeMonitor, its get_states() or (t, i) arrays.",
            where=where,
        )
    return t, i


def _potential(key: str, variable: str, one: Brian2State, where: str, notes: list[str]) -> PotentialArrays:
    t = _plain(one.t) if one.t is not None else _taken(one.monitor, "t")
    values = one.values if one.values is not None else _taken(one.monitor, variable)
    record = one.record if one.record is not None else _taken(one.monitor, "record")
    if t is None or values is None:
        raise InvalidInput(
            f"{where} has no {'t' if t is None else 'values'}.",
            hint="Give monitor=StateMonitor, or t=M.t[:] and values=M.v[:].",
            where=where,
        )
    values = checks.sliceable(values if hasattr(values, "shape") else _plain(values))
    axis, n_steps = 1, len(np.atleast_1d(t))
    if len(values.shape) == 2 and values.shape[1] != n_steps and values.shape[0] == n_steps:
        notes.append(f"{variable!r} of {key!r} came as [T, n]: it is read so, not in Brian2's own order")
        axis = 0
    # ``record=True`` records all neurons.
    ids = None if record is None or isinstance(record, bool) else _plain(record)
    return PotentialArrays(key, variable, values, unit=one.unit, times=t, ids=ids, time_axis=axis)


def _taken(given: Any, key: str) -> Any:
    """Return an array of a monitor, a Synapses object or a state dict; None where it has none."""
    if given is None:
        return None
    value = (
        cast("Mapping[str, Any]", given).get(key) if isinstance(given, Mapping) else getattr(given, key, None)
    )
    return value if value is None or isinstance(value, bool) else _plain(value)


def _plain(value: Any) -> Any:
    """Return an array without its unit; what can be sliced without loading it stays as it is."""
    if type(value).__module__.startswith("h5py") or isinstance(value, np.memmap):
        return value
    # Brian2's views have no usable shape before they are indexed.
    if hasattr(value, "get_item") or type(value).__name__ == "VariableView":
        value = value[:]
    return np.asarray(value)


def _scalar(value: Any, where: str) -> float:
    array: NDArray[Any] = np.asarray(value)
    if array.size != 1 or array.dtype.kind not in "iuf":
        raise InvalidInput(f"{where} is {value!r}.", hint="Give one number of seconds.", where=where)
    return float(array.reshape(()))


ADAPTER = Adapter("brian2", "Brian2's monitors or their arrays, handed over in Python")
