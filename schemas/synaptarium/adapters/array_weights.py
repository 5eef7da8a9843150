"""Weights from plain arrays: snapshots or changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from synaptarium.adapters import checks
from synaptarium.adapters.array_context import ArrayContext
from synaptarium.adapters.array_inputs import WeightArrays
from synaptarium.adapters.array_source import Samples, ValueColumns
from synaptarium.adapters.conversions import (
    dense_steps,
    infinite_weight,
    n_changes,
    record_of,
    sorted_values,
    weight_values,
)
from synaptarium.schemas.errors import InvalidInput


def weights_of(
    context: ArrayContext, weights: Mapping[str, WeightArrays | Mapping[str, Any] | Sequence[Any]]
) -> tuple[dict[str, Samples | ValueColumns], dict[str, int]]:
    """Return the weights of each projection, and how many values that are; raises as ``arrays_source``."""
    found: dict[str, Samples | ValueColumns] = {}
    counts: dict[str, int] = {}
    for name, given in weights.items():
        where = f"weights[{name!r}]"
        checks.known(name, context.network.projections, "projection", where)
        one = record_of(given, WeightArrays, where)
        n = context.network.projections[name].synapses
        time_us = context.times(one.times, f"{where}.times")
        if one.synapses is not None:
            item = checks.ids_below(one.synapses, n, f"Projection {name!r}", "synapse", f"{where}.synapses")
            value = weight_values(one.values, f"{where}.values")
            checks.same_length({"times": time_us, "synapses": item, "values": value}, where)
            if np.isinf(value).any():
                raise infinite_weight(name, where)
            found[name] = sorted_values([ValueColumns(time_us, item, value)])
            counts[name] = len(value)
            continue
        values = checks.sliceable(one.values)
        n_steps = dense_steps(values, 0, n, where, f"(T, {n}), one value per synapse")
        if len(time_us) != n_steps:
            raise InvalidInput(
                f"{where} has {len(time_us)} times and {n_steps} snapshots.",
                hint="One time each.",
                where=where,
            )
        checks.ascending(time_us, f"{where}.times")
        samples = Samples(time_us, np.arange(n, dtype=np.uint32), values)
        kept = n_changes(samples, name, where)
        found[name] = samples
        counts[name] = kept
        context.left_out(
            what=f"values in {n_steps} weight snapshots of {name!r}",
            kept=kept,
            total=n_steps * n,
            why="kept as the first snapshot and then the changes; the others equal the value before",
        )
        if np.dtype(values.dtype).itemsize > 4 and np.dtype(values.dtype).kind == "f":
            context.notes.append(f"the weights of {name!r} came as {values.dtype} and are kept as float32")
    return found, counts
