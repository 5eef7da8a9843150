"""What a benchmark's row is, and how the rows of all files are collected."""

from __future__ import annotations

import importlib.util
import json
import re
import traceback
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

GOAL = re.compile(r"(>=|<=)\s*([-+.\deE]+)")


@dataclass(frozen=True)
class Row:
    """One measurement.

    Parameters
    ----------
    name : str
        `<part>.<what>`, e.g. `kernels.bin_spikes`.
    value : float
        What was measured, in `unit`.
    unit : str
    reference : str
        What it is compared with, in words; empty where with nothing.
    reference_value : float or None
        In the same unit.
    ratio : float or None
        value / reference_value.
    goal : str
        `>= x` or `<= x`: of the ratio where there is a reference, else of the value.
    met : bool or None
        None without a goal.
    """

    name: str
    value: float
    unit: str
    reference: str = ""
    reference_value: float | None = None
    ratio: float | None = None
    goal: str = ""
    met: bool | None = None

    @classmethod
    def read(cls, given: Mapping[str, Any]) -> Row:
        """Complete what a benchmark yields; a ValueError says what is wrong with it."""
        unknown = set(given) - set(cls.__dataclass_fields__)
        if unknown:
            raise ValueError(f"A row has no {sorted(unknown)[0]!r}: {dict(given)}")
        row = dict(given)
        value, reference = float(row["value"]), row.get("reference_value")
        if row.get("ratio") is None and reference:
            row["ratio"] = value / float(reference)
        if row.get("met") is None and row.get("goal"):
            goal = GOAL.fullmatch(str(row["goal"]).strip())
            if goal is None:
                raise ValueError(f"A goal reads '>= x' or '<= x', not {row['goal']!r}.")
            measured = row["ratio"] if row.get("ratio") is not None else value
            row["met"] = measured >= float(goal[2]) if goal[1] == ">=" else measured <= float(goal[2])
        return cls(**(row | {"value": value}))

    def line(self) -> str:
        """Return the row as a line of the table."""
        reference = "" if self.reference_value is None else f"{self.reference_value:.4g}"
        ratio = "" if self.ratio is None else f"{self.ratio:.3g}"
        goal = {None: "", True: f"{self.goal} met", False: f"{self.goal} MISSED"}[self.met]
        line = f"{self.name:44} {self.value:12.4g} {self.unit:16} {reference:>12} {ratio:>8}  {goal}"
        return f"{line}  ({self.reference})" if self.reference else line


def collect(folder: Path, only: Iterable[str] = ()) -> Iterator[Row | str]:
    """Yield the rows of every bench_*.py of a folder, and the traceback of each that fails."""
    wanted = tuple(only)
    for file in sorted(folder.glob("bench_*.py")):
        by_file = not wanted or any(word in file.stem for word in wanted)
        try:
            module = load(file)
            names: tuple[str, ...] = getattr(module, "NAMES", ())
            if not by_file and names and not any(word in name for word in wanted for name in names):
                continue
            for given in module.rows():
                row = Row.read(given)
                if by_file or any(word in row.name for word in wanted):
                    yield row
        except Exception:
            yield f"{file.name} failed:\n{traceback.format_exc()}"


def load(file: Path) -> ModuleType:
    """Import a benchmark from its file."""
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def write(rows: Iterable[Row], path: Path) -> Path:
    """Write rows as a JSON list, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".part")
    unfinished.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n")
    unfinished.replace(path)
    return path
