"""The checks of foreign arrays: each failure is one sentence that says what was found, and a hint."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from synaptarium.schemas.errors import InvalidInput, InvalidTime, NeuronOutOfRange, UnknownLayer

T = TypeVar("T")

#: Ids are stored in 32 bits.
_ANY_ID = 2**32
#: A guessed layer of more neurons than this, and than so many for each of its spikes, is a stray id.
_LARGEST_GUESS, _SPARSEST_GUESS = 1 << 20, 1000


def fields_of(given: T | Mapping[str, Any], kind: type[T], where: str) -> T:
    """Return ``given`` as a ``kind``: itself, or made from a mapping of its fields."""
    if isinstance(given, kind):
        return given
    if isinstance(given, Mapping):
        mapping = cast("Mapping[str, Any]", given)
        fields = {field.name: field for field in dataclasses.fields(cast(Any, kind))}
        foreign = [str(name) for name in mapping if name not in fields]
        lacking = [name for name, field in fields.items() if name not in mapping and _is_needed(field)]
        if foreign or lacking:
            what = (
                f"has a field {foreign[0]!r}, which is none" if foreign else f"lacks the field {lacking[0]!r}"
            )
            raise InvalidInput(
                f"{where} {what} of {kind.__name__}.", hint=f"Its fields: {', '.join(fields)}.", where=where
            )
        return kind(**mapping)
    raise InvalidInput(
        f"{where} is a {type(given).__name__}.",
        hint=f"Give a {kind.__name__} or a dict with its fields.",
        where=where,
    )


def _is_needed(field: dataclasses.Field[Any]) -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def pair(given: Any, where: str) -> tuple[Any, Any]:
    """Return two arrays given as (times, values); raises InvalidInput."""
    try:
        times, values = given
    except (TypeError, ValueError) as error:
        raise InvalidInput(f"{where} is no pair.", hint="Give (times, values).", where=where) from error
    return times, values


def named(given: object, where: str, each: str) -> Mapping[str, Any]:
    """Return what is given by name, nothing as an empty mapping; raises InvalidInput for anything but a mapping."""
    if given is None:
        return {}
    if isinstance(given, Mapping):
        return cast("Mapping[str, Any]", given)
    raise InvalidInput(f"{where} is a {type(given).__name__}.", hint=f"Give a dict of {each}.", where=where)


def sliceable(values: Any) -> Any:
    """Return values that have a shape and can be sliced: as they are, or as an array.

    Arrays, memory maps and HDF5 data sets stay where they are and are read in slices.
    """
    if hasattr(values, "shape") and hasattr(values, "dtype") and hasattr(values, "__getitem__"):
        return values
    return np.asarray(values)


def numbers(values: Any, where: str) -> NDArray[Any]:
    """Return a one-dimensional array of real numbers or booleans; raises InvalidInput."""
    array = np.atleast_1d(np.asarray(values))
    if array.ndim != 1 or array.dtype.kind not in "biuf":
        raise InvalidInput(
            f"{where} has the shape {array.shape} and the type {array.dtype}.",
            hint="Give a one-dimensional array of numbers.",
            where=where,
        )
    return array


def same_length(columns: Mapping[str, NDArray[Any]], where: str) -> None:
    """Check that columns have one length; raises InvalidInput with all lengths."""
    lengths = {name: len(column) for name, column in columns.items()}
    if len(set(lengths.values())) > 1:
        found = ", ".join(f"{length} {name}" for name, length in lengths.items())
        raise InvalidInput(f"{where} has {found}.", hint="These arrays need the same length.", where=where)


def ids_below(values: Any, n: int, owner: str, noun: str, where: str) -> NDArray[np.uint32]:
    """Return ids as uint32.

    Parameters
    ----------
    values : (k,) array_like
        Integers, or floats that are whole (NEURON's vectors).
    n : int
        Ids are 0 .. n - 1.
    owner, noun : str
        ``"Layer 'exc'"`` and ``"neuron"``: named in the error.
    where : str
        The argument.

    Raises
    ------
    NeuronOutOfRange
        An id is negative, n or more, or not whole.
    """
    array = _whole_numbers(values, noun, where)
    # The extremes tell without a pass for each bound.
    if array.size and (array.min() < 0 or array.max() >= n):
        bad = np.flatnonzero((array < 0) | (array >= n))
        raise NeuronOutOfRange(
            f"{owner} has {n} {noun}s; {noun} {array[bad[0]]:.0f} was asked for "
            f"({bad.size} of {array.size} ids are out of range).",
            hint=f"{noun.capitalize()} ids start at 0 in each {owner.split(' ', 1)[0].lower()}.",
            where=where,
        )
    return array.astype(np.uint32, copy=False)


def any_ids(values: Any, noun: str, where: str) -> NDArray[np.uint32]:
    """Return ids as uint32 where nothing says yet how many there are.

    Parameters
    ----------
    values, noun, where
        As in :func:`ids_below`.

    Raises
    ------
    NeuronOutOfRange
        An id is negative, too large for 32 bits, or not whole.
    """
    array = _whole_numbers(values, noun, where)
    if array.size and (array.min() < 0 or array.max() >= _ANY_ID):
        bad = np.flatnonzero((array < 0) | (array >= _ANY_ID))
        raise NeuronOutOfRange(
            f"{where}[{bad[0]}] is {array[bad[0]]:.0f}, which is no {noun} id ({bad.size} of {array.size} are none).",
            hint=f"Ids are whole numbers from 0 to {_ANY_ID - 1}.",
            where=where,
        )
    return array.astype(np.uint32, copy=False)


def _whole_numbers(values: Any, noun: str, where: str) -> NDArray[Any]:
    array = numbers(values, where)
    if array.dtype.kind == "b":
        raise InvalidInput(
            f"{where} are booleans.", hint=f"Give the {noun} ids; numpy.nonzero finds them.", where=where
        )
    if array.dtype.kind == "f":
        odd = np.flatnonzero(array != np.rint(array))
        if odd.size:
            raise NeuronOutOfRange(
                f"{where}[{odd[0]}] is {array[odd[0]]}, which is no {noun} id.",
                hint="Ids are whole numbers.",
                where=where,
            )
    return array


def known(name: str, names: Iterable[str], noun: str, where: str) -> str:
    """Return the name if it is one of those that exist; raises UnknownLayer, naming them."""
    existing = list(names)
    if name in existing:
        return name
    listed = ", ".join(repr(one) for one in existing) or "none"
    raise UnknownLayer(f"There is no {noun} {name!r}.", hint=f"The {noun}s are: {listed}.", where=where)


def not_before(times_us: NDArray[np.int64], t_start_us: int, where: str) -> None:
    """Check that no time lies before the start of the span; raises InvalidTime."""
    if times_us.size and times_us.min() < t_start_us:
        early = np.flatnonzero(times_us < t_start_us)
        first = int(times_us[early[0]])
        what = "negative" if t_start_us == 0 else f"before the start of the span, {t_start_us} us"
        raise InvalidTime(
            f"{where}[{early[0]}] is {first} us, {what} ({early.size} of {times_us.size} times are).",
            hint="Shift all times so that the run starts at 0; a Python script can also give t_start_us.",
            where=where,
        )


def ascending(times_us: NDArray[np.int64], where: str) -> None:
    """Check that the times of snapshots or samples ascend; raises InvalidTime."""
    back = np.flatnonzero(np.diff(times_us) <= 0)
    if back.size:
        at = int(back[0]) + 1
        raise InvalidTime(
            f"{where}[{at}] is {int(times_us[at])} us, not after the {int(times_us[at - 1])} us before it.",
            hint="Times of snapshots and samples must ascend.",
            where=where,
        )


def guessed_size(neurons: int, n_spikes: int, layer: str, where: str, hint: str) -> int:
    """Return a size guessed from the highest id; raises NeuronOutOfRange where that id makes it absurdly large."""
    if neurons > max(_LARGEST_GUESS, _SPARSEST_GUESS * n_spikes):
        raise NeuronOutOfRange(
            f"{where} has a neuron {neurons - 1:,} in the layer {layer!r}, "
            f"which has {n_spikes:,} spikes: too few to guess that it has {neurons:,} neurons.",
            hint=hint,
            where=where,
        )
    return neurons
