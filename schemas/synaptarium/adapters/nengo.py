"""Nengo: the arrays of ``sim.data[probe]`` and ``sim.trange()``, without importing Nengo.

A spike probe is dense, (T, n_neurons) float64, with amplitude / dt at a spike; ``trange`` starts at dt. A probed
PES connection gives decoders, (T, dimensions, n_pre); a connection between neurons gives (T, n_post, n_pre). A Node
has no neurons: what it stands for is told, not drawn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

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
from synaptarium.adapters.array_source import SLICE_VALUES, ArraySource
from synaptarium.adapters.arrays import arrays_source
from synaptarium.adapters.base import Adapter
from synaptarium.schemas.errors import InvalidInput, InvalidTime
from synaptarium.schemas.recording import Accounting


@dataclass(frozen=True)
class NengoEnsemble:
    """One ensemble (or the concatenated ensembles of an EnsembleArray): a layer.

    Parameters
    ----------
    spikes : (T, n_neurons) array or None
        ``sim.data[Probe(ens.neurons)]``; memory maps and HDF5 data sets are read in slices.
    spikes_t : (T,) array or None
        ``sim.trange()`` of that probe; where left out, the one given to ``nengo_source``.
    neurons, shape : int, tuple of int, or None
        Needed where there are no spikes; the shape otherwise is (n_neurons,).
    amplitude : float or None
        The neuron type's ``amplitude``; None: the smallest spike's, which is told where it is not 1.
    neuron_type, cell_type : str
        ``"LIF"``, ``"excitatory"``, ...
    voltage : (T, n_recorded) array or None
        ``sim.data[Probe(ens.neurons, "voltage")]``, dimensionless.
    voltage_t : (T,) array or None
        ``sim.trange(sample_every=...)`` of that probe.
    voltage_ids : (n_recorded,) array of int or None
        Which neurons, where the probe had a slice.
    positions : (n_neurons, 3) array or None
        In um.
    """

    spikes: Array = None
    spikes_t: Array = None
    neurons: int | None = None
    shape: Sequence[int] | None = None
    amplitude: float | None = None
    neuron_type: str = ""
    cell_type: str = ""
    voltage: Array = None
    voltage_t: Array = None
    voltage_ids: Array = None
    positions: Array = None


@dataclass(frozen=True)
class NengoConnection:
    """One probed connection.

    Parameters
    ----------
    source : str
        Ensemble, or a Node.
    target : str
        Ensemble for weights between neurons; anything else is what the decoders decode.
    weights : (T, dimensions, n_pre) or (T, n_post, n_pre) array or None
        ``sim.data[Probe(connection, "weights", sample_every=...)]``.
    weights_t : (T,) array or None
        ``sim.trange(sample_every=...)`` of that probe.
    name, learning_rule : str
        ``"<source> -> <target>"`` where left out; ``"PES"``, ...
    pre, post : (n_synapses,) arrays of int, or None
        Of a sparse connection between neurons; ``weights`` is then (T, n_synapses).
    """

    source: str
    target: str
    weights: Array = None
    weights_t: Array = None
    name: str = ""
    learning_rule: str = ""
    pre: Array = None
    post: Array = None


def nengo_source(
    name: str,
    *,
    ensembles: Mapping[str, NengoEnsemble | Mapping[str, Any]],
    trange: Array,
    dt: float | None = None,
    nodes: Mapping[str, int] | None = None,
    connections: Sequence[NengoConnection | Mapping[str, Any]] = (),
    stimuli: StimulusArrays | Mapping[str, Any] | None = None,
    metrics: Mapping[str, tuple[Array, Array]] | None = None,
    images: Array = None,
    classes: Sequence[str | int] = (),
    details: Mapping[str, str] | None = None,
) -> ArraySource:
    """Return the source of a Nengo simulation. All times are seconds, as Nengo gives them.

    Parameters
    ----------
    name : str
        Name shown to people.
    ensembles : dict of str to NengoEnsemble or dict
        Layers, in order.
    trange : (T,) array
        ``sim.trange()``: starts at dt.
    dt : float or None
        The simulator's step; None: the first difference of ``trange``.
    nodes : dict of str to int or None
        Nodes and their dimensions: named in the findings.
    connections : sequence of NengoConnection or dict
        From an ensemble to neurons (explicit) or to anything else (decoder); those from a Node are told.
    stimuli, metrics, images, classes
        As for ``arrays_source``, in seconds.
    details : dict of str to str
        Facts worth keeping.

    Returns
    -------
    ArraySource
        The span is that of ``trange``; bin_us is the simulator's step.

    Raises
    ------
    InvalidInput
        Values that are no spikes (rates, negative values), or shapes that do not fit.
    """
    step_s = _step(trange, dt)
    reading = _Reading(step_s, [], [])
    given = {
        key: checks.fields_of(one, NengoEnsemble, f"ensembles[{key!r}]") for key, one in ensembles.items()
    }
    layers: list[LayerArrays] = []
    spikes: dict[str, SpikeArrays] = {}
    potentials: list[PotentialArrays] = []
    for key, one in given.items():
        probed = None if one.spikes is None else checks.sliceable(one.spikes)
        neurons = one.neurons
        if neurons is None and one.shape is None and probed is not None and len(probed.shape) == 2:
            neurons = int(probed.shape[1])
        if probed is not None:
            spikes[key] = reading.spikes(key, one, probed, trange)
        layers.append(
            LayerArrays(key, neurons, one.shape, one.cell_type, one.neuron_type, positions=one.positions)
        )
        if one.voltage is not None:
            potentials.append(
                PotentialArrays(
                    key,
                    "v",
                    one.voltage,
                    times=trange if one.voltage_t is None else one.voltage_t,
                    ids=one.voltage_ids,
                )
            )
    projections, weights = reading.connections(connections, given, nodes or {}, trange)
    for node, dimensions in (nodes or {}).items():
        reading.notes.append(f"the Node {node!r} ({dimensions} dimensions) has no neurons: it is no layer")
    bin_us = step_s * 1e6
    whole = bool(abs(bin_us - round(bin_us)) < 1e-6 and round(bin_us) >= 1)
    if not whole:
        reading.notes.append(f"the simulator's step, {bin_us:g} us, is no whole number of microseconds")
    end_us = round(float(np.asarray(trange[-1:])[0]) * 1e6)
    return arrays_source(
        name,
        layers=layers,
        time_unit="s",
        bin_us=round(bin_us) if whole else None,
        t_stop_us=end_us + (round(bin_us) if whole else 1),
        projections=projections,
        spikes=spikes,
        potentials=potentials,
        weights=weights,
        stimuli=stimuli,
        metrics=metrics,
        images=images,
        classes=classes,
        format="nengo",
        details={"dt_s": f"{step_s:g}", **(details or {})},
        notes=reading.notes,
        accounting=reading.accounting,
    )


@dataclass
class _Reading:
    step_s: float
    notes: list[str]
    accounting: list[Accounting]

    def spikes(self, key: str, one: NengoEnsemble, values: Any, trange: Array) -> SpikeArrays:
        """Return the spikes of a dense probe, read in slices of time."""
        where = f"ensembles[{key!r}].spikes"
        times = np.asarray(trange if one.spikes_t is None else one.spikes_t, np.float64)
        shape = tuple(int(side) for side in values.shape)
        if len(shape) != 2 or shape[0] != len(times) or np.dtype(values.dtype).kind not in "biuf":
            raise InvalidInput(
                f"{where} has the shape {shape} and the type {values.dtype}; there are {len(times)} times.",
                hint="Give sim.data[probe], a (T, n_neurons) array of numbers, and its sim.trange().",
                where=where,
            )
        self._tell_sampling(key, times)
        rows: list[NDArray[np.intp]] = []
        ids: list[NDArray[np.intp]] = []
        sizes: list[NDArray[np.float64]] = []
        step = max(1, SLICE_VALUES // max(1, shape[1]))
        for start in range(0, shape[0], step):
            part = np.asarray(values[start : start + step])
            row, neuron = np.nonzero(part)
            rows.append(row + start)
            ids.append(neuron)
            sizes.append(part[row, neuron].astype(np.float64))
        size = np.concatenate(sizes) * self.step_s if sizes else np.zeros(0)
        count = self._counts(key, one, size, where)
        return SpikeArrays(
            times[np.concatenate(rows)] if rows else times[:0], np.concatenate(ids) if ids else [], count
        )

    def _counts(self, key: str, one: NengoEnsemble, size: NDArray[np.float64], where: str) -> Any:
        """Return the spikes per step: amplitude / dt times their number is what the probe holds."""
        if not size.size:
            return None
        if not np.isfinite(size).all() or (size < 0).any():
            raise InvalidInput(
                f"{where} holds {'values that are no numbers' if not np.isfinite(size).all() else 'negative values'}.",
                hint="A probe of spiking neurons is 0 or amplitude / dt.",
                where=where,
            )
        amplitude = float(size.min()) if one.amplitude is None else float(one.amplitude)
        ratio = size / amplitude
        count = np.rint(ratio)
        if (np.abs(ratio - count) > 1e-3).any() or (count < 1).any():
            off = int(np.count_nonzero(np.abs(ratio - count) > 1e-3))
            raise InvalidInput(
                f"{where} holds values that are no whole number of spikes of amplitude {amplitude:g} "
                f"({off} of {size.size}, at a step of {self.step_s:g} s).",
                hint="Is it a probe of rate neurons, or of another dt? Give dt or amplitude where they are not 1/dt's.",
                where=where,
            )
        if one.amplitude is None and abs(amplitude - 1.0) > 1e-3:
            self.notes.append(
                f"the spikes of {key!r} have the amplitude {amplitude:g}: a guess, by the smallest one"
            )
        return None if (count == 1).all() else count

    def _tell_sampling(self, key: str, times: NDArray[np.float64]) -> None:
        if len(times) < 2:
            return
        period = float(times[1] - times[0])
        every = round(period / self.step_s)
        if every > 1:
            self.accounting.append(
                Accounting(
                    what=f"steps of which the spikes of {key!r} were probed",
                    kept=len(times),
                    total=len(times) * every,
                    why=f"the probe has sample_every={period:g}: spikes of the steps between were never recorded",
                )
            )

    def connections(
        self,
        connections: Sequence[NengoConnection | Mapping[str, Any]],
        ensembles: Mapping[str, NengoEnsemble],
        nodes: Mapping[str, int],
        trange: Array,
    ) -> tuple[list[ProjectionArrays], dict[str, WeightArrays]]:
        projections: list[ProjectionArrays] = []
        weights: dict[str, WeightArrays] = {}
        dropped: list[str] = []
        for index, raw in enumerate(connections):
            one = checks.fields_of(raw, NengoConnection, f"connections[{index}]")
            where = f"connections[{index}]"
            name = one.name or f"{one.source} -> {one.target}"
            if one.source in nodes:
                dropped.append(f"{name} (its source has no neurons)")
                continue
            checks.known(one.source, ensembles, "ensemble", where)
            if one.weights is None:
                dropped.append(f"{name} (its weights were not probed)")
                continue
            values = checks.sliceable(one.weights)
            neural = one.target in ensembles
            sparse = neural and one.pre is not None and one.post is not None
            if len(values.shape) != (2 if sparse else 3):
                raise InvalidInput(
                    f"The weights of {name!r} have the shape {tuple(values.shape)}.",
                    hint="Give sim.data[Probe(connection, 'weights')]: (T, dimensions or n_post, n_pre), "
                    "or with pre and post (T, n_synapses).",
                    where=where,
                )
            projections.append(
                ProjectionArrays(
                    one.source,
                    one.target,
                    name,
                    pre=one.pre if sparse else None,
                    post=one.post if sparse else None,
                    learning_rule=one.learning_rule,
                    dimensions=None if neural else int(values.shape[1]),
                )
            )
            weights[name] = WeightArrays(trange if one.weights_t is None else one.weights_t, values)
        if dropped:
            self.accounting.append(
                Accounting(
                    what="connections",
                    kept=len(connections) - len(dropped),
                    total=len(connections),
                    why=f"the others cannot be shown: {'; '.join(dropped)}",
                )
            )
        return projections, weights


def _step(trange: Array, dt: float | None) -> float:
    times = np.asarray(trange, np.float64)
    if dt is None:
        if times.ndim != 1 or len(times) < 2:
            raise InvalidTime(
                f"trange has {times.size} times; the step is unknown.",
                hint="Give dt, the simulator's step in seconds.",
            )
        dt = float(times[1] - times[0])
    if times.ndim != 1 or not times.size:
        raise InvalidTime(f"trange has the shape {times.shape}.", hint="Give sim.trange().", where="trange")
    if not np.isfinite(dt) or dt <= 0:
        raise InvalidTime(f"The simulator's step is {dt} s.", hint="dt is positive.", where="dt")
    # Differences of long runs carry the rounding of floats: 0.0009999999999999787 is 0.001.
    return float(f"{dt:.9g}")


ADAPTER = Adapter("nengo", "arrays of Nengo's sim.data and sim.trange(), handed over in Python")
