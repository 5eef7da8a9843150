"""What an adapter has to tell of a source: notes (guesses among them) and reductions."""

from __future__ import annotations

from dataclasses import dataclass, field

from synaptarium.schemas.recording import Accounting


@dataclass
class Findings:
    """Collected while a source is read; ends up in its header.

    Parameters
    ----------
    where : str
        The source, for errors.
    notes : list of str
        Findings; those with the word "guess" in them are listed as guesses.
    accounting : list of Accounting
        "x of y, because".
    """

    where: str
    notes: list[str] = field(default_factory=list[str])
    accounting: list[Accounting] = field(default_factory=list[Accounting])

    def reduced(self, what: str, kept: int, total: int, why: str) -> None:
        """Add "kept of total", unless nothing is left out."""
        if kept < total:
            self.accounting.append(Accounting(what=what, kept=kept, total=total, why=why))
