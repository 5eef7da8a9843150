"""Pin what is installed in this environment into requirements/*.lock: `make lock`.

Each lock file holds the closure of some of the project's extras as `name==version` lines, nothing of where they were
downloaded from. A package stands in the first file that needs it. A file for what this machine has without a package (see
needed.py) keeps its pins.
"""

from __future__ import annotations

import sys
import tomllib
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

HERE = Path(__file__).parent
# file -> the extras it pins; "" is the product itself
FILES = {
    "run": ("", "demo", "build"),
    "mongod": ("mongod",),
    "java": ("java",),
    "node": ("node",),
    "dev": ("dev",),
}
# Not installed where the machine has its own; see needed.py.
OPTIONAL = ("mongod", "java", "node")


def closure(requirements: list[Requirement]) -> dict[str, str]:
    """Return {package: its pinned line} for requirements and all that they need on this machine."""
    pins: dict[str, str] = {}
    queue = [requirement for requirement in requirements if needed(requirement)]
    for other in requirements:
        if other not in queue:  # another system's package, pinned by hand
            pins[canonicalize_name(other.name)] = (
                f"{canonicalize_name(other.name)}{other.specifier} ; {other.marker}"
            )
    seen: set[tuple[str, str]] = set()
    while queue:
        wanted = queue.pop()
        name = canonicalize_name(wanted.name)
        installed = distribution(name)
        line = f"{name}=={installed.version}{platform_marker(wanted)}"
        if len(line) < len(pins.get(name, line + " ")):  # someone needs it without a condition
            pins[name] = line
        for extra in {"", *wanted.extras}:
            if (name, extra) not in seen:
                seen.add((name, extra))
                queue += [r for text in installed.requires or [] if needed(r := Requirement(text), extra)]
    return pins


def needed(requirement: Requirement, extra: str = "") -> bool:
    """Tell whether this machine needs a requirement."""
    return requirement.marker is None or requirement.marker.evaluate({"extra": extra})


def platform_marker(requirement: Requirement) -> str:
    """Return the part of a lock line that names the systems; a package for some Pythons is pinned for all."""
    marker = str(requirement.marker or "")
    return f" ; {marker}" if marker and "extra" not in marker and "python_" not in marker else ""


def main() -> None:
    """Write every lock file."""
    project = tomllib.loads((HERE.parent / "pyproject.toml").read_text())["project"]
    extras = {"": project["dependencies"], **project["optional-dependencies"]}
    pinned: set[str] = set()
    for file, names in FILES.items():
        path = HERE / f"{file}.lock"
        try:
            pins = closure([Requirement(text) for name in names for text in extras[name]])
        except PackageNotFoundError as error:
            if file not in OPTIONAL:
                sys.exit(
                    f"{error.name} is not installed in this environment: `make lock` pins what is. Try `make test` first."
                )
            kept = [line for line in path.read_text().splitlines() if not line.startswith("#")]
            pinned |= {canonicalize_name(Requirement(line).name) for line in kept}
            print(f"{path.relative_to(HERE.parent)}: kept, for {error.name} is not installed here")
            continue
        lines = [line for name, line in sorted(pins.items()) if name not in pinned]
        pinned |= set(pins)
        path.write_text("# Written by `make lock`.\n" + "\n".join(lines) + "\n")
        print(f"{path.relative_to(HERE.parent)}: {len(lines)} packages")


if __name__ == "__main__":
    main()
