"""Which stimuli an answer counts: all, those of a class, those that the network read right or wrong."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from synaptarium.kernels.subsets import Choice
from synaptarium.schemas.errors import InvalidInput


@dataclasses.dataclass(frozen=True)
class Subset:
    """What ``window.stimuli`` says.

    Parameters
    ----------
    choice : {"all", "class", "correct", "wrong"}
        Which.
    name : str
        The class.
    """

    choice: Choice = "all"
    name: str = ""

    @classmethod
    def parse(cls, text: str) -> Subset:
        """Return what a text says: "" (all), "class:<name>", "correct", "wrong"; raises InvalidInput."""
        if text == "":
            return cls()
        if text in ("correct", "wrong"):
            return cls(text)
        kind, separator, name = text.partition(":")
        if kind == "class" and separator and name:
            return cls("class", name)
        raise InvalidInput(
            f"There are no stimuli {text[:80]!r}.",
            hint='Stimuli are "" (all), "class:<name>", "correct" or "wrong".',
            where="window",
        )

    @property
    def all(self) -> bool:
        """True where nothing is left out."""
        return self.choice == "all"

    def check(self, classes: Sequence[str]) -> None:
        """Raise InvalidInput where the subset's class is none of the recording's."""
        if self.choice == "class" and classes and self.name not in classes:
            raise InvalidInput(
                f"There is no class {self.name[:80]!r}.",
                hint="Classes: " + ", ".join(classes),
                where="window",
            )

    @property
    def words(self) -> str:
        """For a subtitle: ``stimuli of class 7 only``."""
        if self.choice == "class":
            return f"stimuli of class {self.name} only"
        return (
            ""
            if self.all
            else f"stimuli that were read {'right' if self.choice == 'correct' else 'wrong'} only"
        )
