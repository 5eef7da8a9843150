"""Membrane potentials and other variables from plain arrays."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synaptarium.adapters import checks
from synaptarium.adapters.array_context import ArrayContext
from synaptarium.adapters.array_inputs import PotentialArrays
from synaptarium.adapters.array_source import Samples, ValueColumns
from synaptarium.adapters.conversions import dense_steps, n_finite, period_of, sorted_values
from synaptarium.schemas.errors import InvalidInput, InvalidTime
from synaptarium.schemas.recording import Layer, PotentialStream


@dataclass
class Potentials:
    """What was recorded of neurons.

    Parameters
    ----------
    pieces : dict
        Values by variable.
    streams : list of PotentialStream
        By layer and variable.
    counts : dict
        Values by ``"variable/layer"``.
    recorded : dict
        Neurons by (layer, variable).
    """

    pieces: dict[str, list[Samples | ValueColumns]] = field(
        default_factory=dict[str, list[Samples | ValueColumns]]
    )
    streams: list[PotentialStream] = field(default_factory=list[PotentialStream])
    counts: dict[str, int] = field(default_factory=dict[str, int])
    recorded: dict[tuple[str, str], NDArray[np.uint32]] = field(
        default_factory=dict[tuple[str, str], NDArray[np.uint32]]
    )


def potentials_of(
    context: ArrayContext, potentials: Iterable[PotentialArrays | Mapping[str, Any]]
) -> Potentials:
    """Return the recorded variables; raises as ``arrays_source``."""
    found = Potentials()
    for index, given in enumerate(potentials):
        one = checks.fields_of(given, PotentialArrays, f"potentials[{index}]")
        where = f"potential {one.variable!r} of {one.layer!r}"
        layer = context.network.layer(one.layer, where)
        if (one.layer, one.variable) in found.recorded:
            raise InvalidInput(
                f"The variable {one.variable!r} of layer {one.layer!r} was given twice.",
                hint="Put all its neurons into one array.",
                where=where,
            )
        if not one.variable or not one.unit:
            raise InvalidInput(
                f"The variable {one.variable!r} of layer {one.layer!r} has the unit {one.unit!r}.",
                hint="Name both; the unit of dimensionless values is '1'.",
                where=where,
            )
        piece, ids, total = _potential(context, one, layer, where)
        kept = n_finite(piece)
        context.left_out(
            what=f"values of {where}", kept=kept, total=total, why="the others are not finite numbers"
        )
        pieces = found.pieces.setdefault(one.variable, [])
        if isinstance(piece, ValueColumns):
            # One sorted block of changes per variable, whatever the number of layers.
            before = [p for p in pieces if isinstance(p, ValueColumns)]
            pieces[:] = [p for p in pieces if isinstance(p, Samples)]
            piece = sorted_values([*before, piece])
        pieces.append(piece)
        found.counts[f"{one.variable}/{one.layer}"] = kept
        found.recorded[(one.layer, one.variable)] = np.unique(ids)
        period = period_of(piece.time_us) if isinstance(piece, Samples) else None
        found.streams.append(
            PotentialStream(
                variable=one.variable,
                layer=one.layer,
                unit=one.unit,
                n_recorded=len(found.recorded[(one.layer, one.variable)]),
                sampling_period_us=period,
            )
        )
    return found


def _potential(
    context: ArrayContext, one: PotentialArrays, layer: Layer, where: str
) -> tuple[Samples | ValueColumns, NDArray[np.uint32], int]:
    owner, offset = f"Layer {layer.name!r}", np.uint32(layer.offset)
    if one.neurons is not None:
        ids = checks.ids_below(one.neurons, layer.neurons, owner, "neuron", f"{where}.neurons")
        time_us = context.times(one.times, f"{where}.times")
        value = checks.numbers(one.values, f"{where}.values").astype(np.float32)
        checks.same_length({"times": time_us, "neurons": ids, "values": value}, where)
        good = np.isfinite(value)
        columns = ValueColumns(time_us[good], ids[good] + offset, value[good])
        return sorted_values([columns]), ids[good], len(value)
    ids = np.arange(layer.neurons, dtype=np.uint32)
    if one.ids is not None:
        ids = checks.ids_below(one.ids, layer.neurons, owner, "neuron", f"{where}.ids")
        if len(np.unique(ids)) != len(ids):
            raise InvalidInput(
                f"{where} names a neuron twice in its ids.", hint="One column per neuron.", where=where
            )
    values = checks.sliceable(one.values)
    axis = one.time_axis
    n_steps = dense_steps(
        values, axis, len(ids), where, f"(T, {len(ids)})" if axis == 0 else f"({len(ids)}, T)"
    )
    time_us = _sample_times(context, one, n_steps, where)
    return Samples(time_us, ids + offset, values, axis), ids, n_steps * len(ids)


def _sample_times(context: ArrayContext, one: PotentialArrays, n_steps: int, where: str) -> NDArray[np.int64]:
    if (one.times is None) == (one.period is None):
        raise InvalidInput(
            f"{where} has {'neither times nor' if one.times is None else 'both times and'} a period.",
            hint="Give one of them.",
            where=where,
        )
    if one.period is not None:
        if not np.isfinite(one.period) or one.period <= 0:
            raise InvalidTime(
                f"{where} has the period {one.period}.", hint="A period is positive.", where=where
            )
        times: Any = one.t_first + np.arange(n_steps) * one.period
    else:
        times = one.times
    time_us = context.times(times, f"{where}.times")
    if len(time_us) != n_steps:
        raise InvalidInput(
            f"{where} has {len(time_us)} times and {n_steps} samples.",
            hint="One time per sample.",
            where=where,
        )
    checks.ascending(time_us, f"{where}.times")
    return time_us
