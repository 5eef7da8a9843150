"""The bench harness: rows completed, goals judged, broken files told."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path

import pytest

spec = importlib.util.spec_from_file_location("bench_harness", Path(__file__).with_name("harness.py"))
assert spec is not None and spec.loader is not None
harness = importlib.util.module_from_spec(spec)
sys.modules["bench_harness"] = harness  # dataclasses look their module up
spec.loader.exec_module(harness)


def test_ratio_goal_is_judged_by_the_ratio() -> None:
    row = harness.Row.read(
        {
            "name": "a",
            "value": 30,
            "unit": "M/s",
            "reference": "numpy",
            "reference_value": 60,
            "goal": ">= 0.5",
        }
    )

    assert row.ratio == 0.5
    assert row.met is True


def test_goal_without_reference_is_judged_by_the_value() -> None:
    row = harness.Row.read({"name": "a", "value": 120, "unit": "ms", "goal": "<= 100"})

    assert row.ratio is None
    assert row.met is False
    assert "MISSED" in row.line()


def test_goal_in_words_is_refused() -> None:
    with pytest.raises(ValueError, match="A goal reads"):
        harness.Row.read({"name": "a", "value": 1, "unit": "s", "goal": "fast"})


def test_unknown_key_is_refused() -> None:
    with pytest.raises(ValueError, match="no 'speed'"):
        harness.Row.read({"name": "a", "value": 1, "unit": "s", "speed": 2})


def test_broken_benchmark_does_not_stop_the_others(tmp_path: Path) -> None:
    (tmp_path / "bench_a.py").write_text("def rows():\n    raise RuntimeError('no luck')\n")
    (tmp_path / "bench_b.py").write_text("def rows():\n    yield {'name': 'b.x', 'value': 1, 'unit': 's'}\n")

    first, second = list(harness.collect(tmp_path))

    assert "no luck" in first
    assert second.name == "b.x"


def test_only_selects_files_and_rows(tmp_path: Path) -> None:
    source = (
        "def rows():\n    for what in 'xy':\n        yield {'name': f'%s.{what}', 'value': 1, 'unit': 's'}\n"
    )
    (tmp_path / "bench_first.py").write_text(source % "first")
    (tmp_path / "bench_second.py").write_text(source % "second")

    names = [row.name for row in harness.collect(tmp_path, ["first", "second.y"])]

    assert names == ["first.x", "first.y", "second.y"]


def test_file_holds_the_rows(tmp_path: Path) -> None:
    row = harness.Row.read({"name": "a", "value": 1, "unit": "s"})

    path = harness.write([row], tmp_path / "build" / "bench.json")

    assert json.loads(path.read_text()) == [
        {
            "name": "a",
            "value": 1.0,
            "unit": "s",
            "reference": "",
            "reference_value": None,
            "ratio": None,
            "goal": "",
            "met": None,
        }
    ]
