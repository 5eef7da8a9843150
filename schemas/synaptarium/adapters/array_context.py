"""What the parts of a recording of plain arrays share: its network, its clock, and what there is to tell."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synaptarium.adapters import checks
from synaptarium.adapters.array_network import ArrayNetwork
from synaptarium.adapters.times import Rounding, microseconds
from synaptarium.schemas.recording import Accounting


@dataclass(kw_only=True)
class ArrayContext:
    """Turns times into microseconds and collects what is told of the whole recording.

    Parameters
    ----------
    network : ArrayNetwork
        Its layers and projections.
    scale_us : float
        Microseconds in a unit of time.
    t_start_us : int
        No time lies before it.
    notes, accounting : list
        Findings and reductions so far.
    """

    network: ArrayNetwork
    scale_us: float
    t_start_us: int
    notes: list[str]
    accounting: list[Accounting]
    rounding: Rounding = field(default_factory=Rounding)

    def times(self, times: Any, where: str) -> NDArray[np.int64]:
        """Return times in microseconds; raises InvalidTime where one is no number or lies before the start."""
        time_us = microseconds(times, self.scale_us, where, self.rounding)
        checks.not_before(time_us, self.t_start_us, where)
        return time_us

    def left_out(self, *, what: str, kept: int, total: int, why: str) -> None:
        """Tell what was not kept, where something was not."""
        if kept < total:
            self.accounting.append(Accounting(what=what, kept=kept, total=total, why=why))
