"""Times of any unit as int64 microseconds, by rounding, and the bin that they suggest."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from synaptarium.schemas.errors import InvalidInput, InvalidTime

MICROSECONDS_PER: dict[str, float] = {"ns": 1e-3, "us": 1.0, "ms": 1e3, "s": 1e6}

#: Moves of at most a nanosecond are the noise of floats (22.900000000100004 ms), not a loss.
_NOISE_US = 1e-3
#: 2^62 us are 146,000 years: anything beyond is a wrong unit, and int64 stays safe in sums.
_LARGEST_US = float(2**62)

#: Taken where the times suggest nothing.
DEFAULT_BIN_US = 1_000
_SMALLEST_BIN_US, _LARGEST_BIN_US = 10, 10_000


@dataclass
class Rounding:
    """What rounding to whole microseconds moved, summed over calls."""

    moved: int = 0
    total: int = 0
    largest_us: float = 0.0


def whole_us(name: str, text: str) -> int:
    """Return the microseconds that an option gives as text; raises InvalidInput where that is no whole number."""
    try:
        return int(text)
    except ValueError as error:
        raise InvalidInput(
            f"{name} is {text!r}.", hint="Give a whole number of microseconds.", where=name
        ) from error


def unit_us(time_unit: str | float, where: str = "time_unit") -> float:
    """Return how many microseconds a unit has.

    Parameters
    ----------
    time_unit : str or float
        ``"ns"``, ``"us"``, ``"ms"``, ``"s"``, or the microseconds of one step as a number, also in text.
    where : str
        Named in the error.

    Raises
    ------
    InvalidInput
        An unknown unit or a step that is not positive.

    Examples
    --------
    >>> unit_us("ms"), unit_us(500), unit_us("500")
    (1000.0, 500.0, 500.0)
    """
    if isinstance(time_unit, str):
        if time_unit in MICROSECONDS_PER:
            return MICROSECONDS_PER[time_unit]
        step = float(time_unit) if re.fullmatch(r"\d+(\.\d+)?", time_unit) else 0.0
    else:
        step = float(time_unit)
    if np.isfinite(step) and step > 0:
        return step
    raise InvalidInput(
        f"{time_unit!r} is no unit of time.",
        hint="Give 'ns', 'us', 'ms' or 's', or the microseconds of one step as a positive number.",
        where=where,
    )


def microseconds(
    times: ArrayLike | Any, scale_us: float, where: str, rounding: Rounding | None = None
) -> NDArray[np.int64]:
    """Return times as int64 microseconds, rounded to the nearest.

    Parameters
    ----------
    times : (n,) array_like
        Numbers in units of ``scale_us`` microseconds; a scalar becomes (1,).
    scale_us : float
        Microseconds per unit.
    where : str
        Named in errors.
    rounding : Rounding or None
        Receives what was moved.

    Returns
    -------
    (n,) int64
        In the given order.

    Raises
    ------
    InvalidTime
        A time is not a number, infinite, or too large for its unit.
    InvalidInput
        Not numbers, or not one-dimensional.

    Examples
    --------
    >>> microseconds([0.0, 22.900000000100004], 1000.0, "t").tolist()
    [0, 22900]
    """
    array = np.atleast_1d(np.asarray(times))
    if array.ndim != 1 or array.dtype.kind not in "iuf":
        raise InvalidInput(
            f"{where} has the shape {array.shape} and the type {array.dtype}.",
            hint="Times are one-dimensional arrays of integers or floats.",
            where=where,
        )
    if rounding is not None:
        rounding.total += array.size
    if array.dtype.kind in "iu" and scale_us == 1.0 and array.dtype != np.uint64:
        return array.astype(np.int64, copy=False)
    if array.dtype.kind == "i" and array.size and float(scale_us).is_integer():
        largest = max(abs(int(array.min())), abs(int(array.max())))
        if largest * scale_us <= _LARGEST_US:
            return array.astype(np.int64) * int(scale_us)
    exact = array.astype(np.float64) * scale_us
    # NaN and infinity show in the extremes, whatever is between them.
    low, high = (float(exact.min()), float(exact.max())) if array.size else (0.0, 0.0)
    if not (np.isfinite(low) and np.isfinite(high)):
        bad = np.flatnonzero(~np.isfinite(exact))
        raise InvalidTime(
            f"{where}[{bad[0]}] is {array[bad[0]]}; {bad.size} of {array.size} times are not finite numbers.",
            hint="Remove the rows whose time is unknown before handing them over.",
            where=where,
        )
    if max(-low, high) > _LARGEST_US:
        raise InvalidTime(
            f"{where} reaches {array[int(np.abs(exact).argmax())]}, more than 100,000 years in the unit given.",
            hint="Check time_unit.",
            where=where,
        )
    rounded = np.rint(exact)
    if rounding is not None:
        exact -= rounded
        np.abs(exact, out=exact)
        largest_us = float(exact.max(initial=0.0))
        rounding.moved += int(np.count_nonzero(exact > _NOISE_US)) if largest_us > _NOISE_US else 0
        rounding.largest_us = max(rounding.largest_us, largest_us)
    return rounded.astype(np.int64)


def suggest_bin_us(times_us: NDArray[np.int64], t_start_us: int) -> tuple[int, str]:
    """Return a bin that the times lie on, and the sentence that says how sure that is.

    Parameters
    ----------
    times_us : (n,) int64
        Times of the events that decide (spikes where there are any).
    t_start_us : int
        Start of the span.

    Returns
    -------
    bin_us : int
        The greatest common divisor of the times where it is between 10 us and 10 ms, else 1 ms.
    why : str
        For the report.

    Examples
    --------
    >>> suggest_bin_us(np.array([0, 500, 1500], np.int64), 0)[0]
    500
    """
    grid = TimeGrid(t_start_us)
    grid.add(times_us)
    return grid.suggest()


class TimeGrid:
    """The grid that times lie on, told batch by batch.

    Parameters
    ----------
    t_start_us : int
        Where the grid begins.
    """

    def __init__(self, t_start_us: int) -> None:
        self._t_start_us = t_start_us
        self._step_us = 0
        #: The latest time, None before there is any.
        self.last_us: int | None = None

    def add(self, times_us: NDArray[np.int64]) -> None:
        """Take times in any order."""
        if not times_us.size:
            return
        latest = int(times_us.max())
        self.last_us = latest if self.last_us is None else max(self.last_us, latest)
        # Below the smallest bin nothing is left to find; else most batches only confirm the step.
        if self._step_us and self._step_us < _SMALLEST_BIN_US:
            return
        since_us = times_us - self._t_start_us
        if not self._step_us or bool((since_us % self._step_us).any()):
            self._step_us = int(np.gcd.reduce(since_us, initial=self._step_us))

    def suggest(self) -> tuple[int, str]:
        """Return a bin and the sentence that says how sure it is; see :func:`suggest_bin_us`."""
        step = self._step_us
        if step > _LARGEST_BIN_US and step % DEFAULT_BIN_US == 0:
            return DEFAULT_BIN_US, (
                f"bin_us = {DEFAULT_BIN_US} is a guess: all times are multiples of {step} us, too coarse for a bin"
            )
        if _SMALLEST_BIN_US <= step <= _LARGEST_BIN_US:
            return step, f"bin_us = {step} is a guess: the largest step that all times are multiples of"
        return DEFAULT_BIN_US, (
            f"bin_us = {DEFAULT_BIN_US} is a guess: the times lie on no common grid of 10 us or more"
        )
