"""In which unit VS2N's times are: doubles are seconds, integers microseconds, checked against each other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synaptarium.adapters.findings import Findings
from synaptarium.adapters.times import unit_us
from synaptarium.schemas.errors import InvalidTime

#: Collections whose ends differ by more than this factor are not in one unit.
_IMPLAUSIBLE = 1_000
#: A run of more than 11 days of simulated time whose times are all whole was rather written in microseconds.
_LONGEST_S = 1e6


def decide_units(times: Mapping[str, NDArray[Any]], asked: str, findings: Findings) -> dict[str, float]:
    """Return the microseconds per unit of each collection.

    Parameters
    ----------
    times : mapping of str to (n,) array
        Collection -> its times as they came; ``"spikes"`` is among them.
    asked : str
        ``"s"``, ``"ms"`` or ``"us"`` for all of them; empty: decided by type.
    findings : Findings
        Receives what was decided.

    Raises
    ------
    InvalidTime
        A collection ends a thousand times later than the spikes, and no other unit mends that.
    """
    if asked:
        findings.notes.append(f"times are read in {asked}, as asked")
        return dict.fromkeys(times, unit_us(asked))
    units = {name: "us" if time.dtype.kind == "i" and time.size else "s" for name, time in times.items()}
    ends = {name: float(np.nanmax(time, initial=0)) for name, time in times.items()}
    # A fraction proves seconds; whole numbers may be either, whatever their type.
    whole = [name for name, time in times.items() if time.dtype.kind == "i" or (time == np.rint(time)).all()]
    proven = [name for name in times if name not in whole]
    turned: list[str] = []
    if not proven and units["spikes"] == "s" and ends["spikes"] > _LONGEST_S:
        turned = [name for name in whole if units[name] == "s" and ends[name] > _LONGEST_S]
    else:
        reference = max(proven or ["spikes"], key=lambda name: ends[name])
        end_us = ends[reference] * unit_us(units[reference])
        turned = [
            name
            for name in whole
            if name != reference
            and not _plausible(ends[name] * unit_us(units[name]), end_us)
            and _plausible(ends[name] * unit_us(_other(units[name])), end_us)
        ]
    for name in turned:
        findings.notes.append(
            f"times of {name} are whole numbers that end at {ends[name]:g}: a guess, by the other collections and the "
            f"length of the run, that they are {_other(units[name])} and not {units[name]}"
        )
        units[name] = _other(units[name])
    _tell(units, times, turned, findings)
    _check_ends({name: ends[name] * unit_us(units[name]) for name in times}, units, findings)
    return {name: unit_us(unit) for name, unit in units.items()}


def _other(unit: str) -> str:
    return "us" if unit == "s" else "s"


def _plausible(end_us: float, reference_us: float) -> bool:
    if not end_us or not reference_us:
        return True
    return 1 / _IMPLAUSIBLE < end_us / reference_us < _IMPLAUSIBLE


def _tell(units: Mapping[str, str], times: Mapping[str, Any], turned: list[str], findings: Findings) -> None:
    used = {units[name] for name, time in times.items() if time.size}
    by_type = {"s": "seconds, for they are doubles", "us": "microseconds, for they are integers"}
    if len(used) == 1 and not turned:
        findings.notes.append(f"times are {by_type[used.pop()]}: a guess that all collections agree with")
    elif len(used) > 1:
        listed = ", ".join(f"{name} in {units[name]}" for name, time in times.items() if time.size)
        findings.notes.append(f"the collections differ in their unit of time, a guess by type: {listed}")


def _check_ends(ends_us: Mapping[str, float], units: Mapping[str, str], findings: Findings) -> None:
    latest = max(ends_us, key=lambda name: ends_us[name])
    spikes_us = ends_us["spikes"]
    if spikes_us and ends_us[latest] > _IMPLAUSIBLE * spikes_us:
        raise InvalidTime(
            f"The times of {latest!r} (read in {units[latest]}) end at {ends_us[latest] / 1e6:.6g} s, those of "
            f"'spikes' (read in {units['spikes']}) at {spikes_us / 1e6:.6g} s.",
            hint="Say which unit is right with the option time_unit=s, ms or us.",
            where=findings.where,
        )
