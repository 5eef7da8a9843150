"""From what users hand over to columns of one type: each function checks what it converts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from synaptarium.adapters import checks
from synaptarium.adapters.array_source import Samples, SpikeColumns, ValueColumns, changes
from synaptarium.schemas.errors import InvalidInput

_LARGEST_COUNT = 65_535


def whole_number(value: Any, where: str) -> int:
    """Return an integer, or a float without a fraction, as int; raises InvalidInput."""
    if isinstance(value, (int, np.integer)) and not isinstance(value, bool):
        return int(value)
    if isinstance(value, (float, np.floating)) and float(value).is_integer():
        return int(value)
    raise InvalidInput(
        f"{where} is {value!r}.",
        hint="Give a whole number (of microseconds where it is a time).",
        where=where,
    )


def record_of(given: Any, kind: type[Any], where: str) -> Any:
    """Return an input record made from a tuple of its fields, a dict of them, or itself."""
    if isinstance(given, (tuple, list)):
        most = len(kind.__annotations__)
        if not 2 <= len(cast("Sequence[Any]", given)) <= most:
            raise InvalidInput(
                f"{where} is a sequence of {len(cast('Sequence[Any]', given))}.",
                hint=f"Give ({', '.join(kind.__annotations__)}); the first two are needed.",
                where=where,
            )
        return kind(*given)
    return checks.fields_of(given, kind, where)


def positions_of(given: Any, neurons: int, where: str) -> NDArray[np.float32]:
    """Return (neurons, 3) float32 positions in um; a missing z is 0. Raises InvalidInput."""
    positions = np.asarray(given)
    if positions.shape == (neurons, 2):
        positions = np.column_stack([positions, np.zeros(neurons)])
    if positions.shape != (neurons, 3) or positions.dtype.kind not in "iuf":
        turned = (
            ", turned on its side: use positions.T" if positions.shape in ((3, neurons), (2, neurons)) else ""
        )
        raise InvalidInput(
            f"The positions of {where} have the shape {positions.shape}{turned}.",
            hint=f"Give a ({neurons}, 3) or ({neurons}, 2) array in um.",
            where=f"{where}.positions",
        )
    if not np.isfinite(positions).all():
        raise InvalidInput(
            f"A position of {where} is not a number.", hint="Every neuron needs one.", where=where
        )
    return positions.astype(np.float32)


def spike_counts(given: Any, where: str) -> NDArray[np.uint16]:
    """Return multiplicities as uint16; raises InvalidInput for fractions and what does not fit."""
    counts = checks.numbers(given, where)
    wrong = np.flatnonzero(~((counts >= 0) & (counts <= _LARGEST_COUNT) & (counts == np.rint(counts))))
    if wrong.size:
        raise InvalidInput(
            f"{where}[{wrong[0]}] is {counts[wrong[0]]}.",
            hint=f"Counts are whole numbers from 0 to {_LARGEST_COUNT}; the values of graded spikes go into payload.",
            where=where,
        )
    return counts.astype(np.uint16)


def weight_values(given: Any, where: str) -> NDArray[np.float32]:
    """Return weights as float32; None and NaN stand for a synapse that does not exist."""
    array = np.asarray(given)
    if array.dtype == object:
        values = cast("list[float | None]", array.tolist())
        array = np.array([np.nan if value is None else value for value in values], np.float64)
    return checks.numbers(array, where).astype(np.float32)


def class_names(given: Any, where: str) -> list[str | None]:
    """Return class names as text: 5 and 5.0 are "5", None and NaN are none."""
    names: list[str | None] = []
    values = cast("list[Any]", given.tolist() if isinstance(given, np.ndarray) else list(given))
    for value in values:
        if value is None or (isinstance(value, float) and np.isnan(value)):
            names.append(None)
        elif isinstance(value, (float, np.floating)) and not float(value).is_integer():
            raise InvalidInput(
                f"{where} holds {value}.", hint="A label is the name or the number of a class.", where=where
            )
        else:
            names.append(str(int(value)) if isinstance(value, (int, float, np.number)) else str(value))
    return names


def sorted_spikes(parts: Sequence[tuple[NDArray[np.int64], NDArray[np.uint32], Any, Any]]) -> SpikeColumns:
    """Return the spikes of all layers as columns sorted by (time, global neuron)."""
    if not parts:
        return SpikeColumns(np.zeros(0, np.int64), np.zeros(0, np.uint32))
    time_us = np.concatenate([part[0] for part in parts])
    neuron = np.concatenate([part[1] for part in parts])
    count = payload = None
    if any(part[2] is not None for part in parts):
        count = np.concatenate([np.ones(len(p[0]), np.uint16) if p[2] is None else p[2] for p in parts])
        if (count == 1).all():
            count = None
    if any(part[3] is not None for part in parts):
        payload = np.concatenate([np.ones(len(p[0]), np.float32) if p[3] is None else p[3] for p in parts])
    order = np.lexsort((neuron, time_us))
    return SpikeColumns(
        time_us[order],
        neuron[order],
        None if count is None else count[order],
        None if payload is None else payload[order],
    )


def sorted_values(parts: Sequence[ValueColumns]) -> ValueColumns:
    """Return changes as columns sorted by time."""
    time_us = np.concatenate([part.time_us for part in parts])
    item = np.concatenate([part.item for part in parts])
    value = np.concatenate([part.value for part in parts])
    # Stable: of two changes at one time, the one listed later stays the later.
    order = np.argsort(time_us, kind="stable")
    return ValueColumns(time_us[order], item[order], value[order])


def dense_steps(values: Any, time_axis: int, n: int, where: str, wanted: str) -> int:
    """Return the number of samples of a dense array; raises InvalidInput where its shape does not fit."""
    shape = tuple(int(side) for side in values.shape)
    if time_axis in (0, 1) and len(shape) >= 2 and np.dtype(values.dtype).kind in "biuf":
        rest = shape[:time_axis] + shape[time_axis + 1 :]
        if int(np.prod(rest)) == n and (time_axis == 0 or len(shape) == 2):
            return shape[time_axis]
    raise InvalidInput(
        f"{where} has the shape {shape} and the type {values.dtype}.",
        hint=f"Give real numbers of the shape {wanted}.",
        where=where,
    )


def n_finite(piece: Samples | ValueColumns) -> int:
    """Return how many values are finite numbers, reading a dense array in slices."""
    if isinstance(piece, ValueColumns):
        return len(piece.value)
    return sum(int(np.isfinite(block).sum()) for _, block in piece.slices(0, len(piece.time_us)))


def n_changes(samples: Samples, name: str, where: str) -> int:
    """Return how many values differ from the snapshot before; the first snapshot counts whole."""
    total, before = 0, None
    for _, block in samples.slices(0, len(samples.time_us)):
        if np.isinf(block).any():
            raise infinite_weight(name, where)
        for now in block:
            total += len(changes(before, now))
            before = now
    return total


def infinite_weight(name: str, where: str) -> InvalidInput:
    """Return the error for a weight that is no finite float32."""
    return InvalidInput(
        f"A weight of {name!r} is infinite or too large for float32.",
        hint="Give finite numbers; NaN stands for a synapse that does not exist.",
        where=where,
    )


def period_of(times_us: NDArray[np.int64]) -> int | None:
    """Return the step of evenly spaced times, None where they are not."""
    steps = np.unique(np.diff(times_us))
    return int(steps[0]) if len(steps) == 1 else None
