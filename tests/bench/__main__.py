"""Run the benchmarks: `python tests/bench/__main__.py [NAME ...]`, or `make bench ONLY=NAME`.

Each tests/bench/bench_<what>.py has `rows()`, which yields one dict per measurement; harness.py says what may stand in it.
NAME selects by a part of a file's or a row's name. The table goes to the terminal, the rows to build/bench.json.
"""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))  # a script: its neighbours are found by their file names

from harness import Row, collect, write  # noqa: E402

from synaptarium.kernels.processor import prefer_quick_sorts  # noqa: E402

prefer_quick_sorts()  # as every command does, before anything imports numpy


def main(only: list[str]) -> int:
    """Measure, print as the rows come, write the file; 1 where a benchmark failed."""
    print(f"{'benchmark':44} {'value':>12} {'unit':16} {'reference':>12} {'ratio':>8}  goal")
    rows: list[Row] = []
    failures = 0
    for result in collect(HERE, only):
        if isinstance(result, Row):
            rows.append(result)
            print(result.line(), flush=True)
        else:
            failures += 1
            print(result, file=sys.stderr, flush=True)
    path = write(rows, HERE.parents[1] / "build" / "bench.json")
    print(f"{len(rows)} rows in {path}" + (f", {failures} benchmarks failed" if failures else ""))
    return 1 if failures or not rows else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
