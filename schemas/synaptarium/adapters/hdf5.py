"""HDF5 files of other tools, opened for reading; h5py is imported when one is met."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, TypedDict

import numpy as np
from numpy.typing import NDArray

from synaptarium.adapters.times import whole_us
from synaptarium.schemas.errors import ForeignFile, InvalidInput, TruncatedFile

_MAGIC = b"\x89HDF\r\n\x1a\n"
#: What ``span_of`` reads from the options of an adapter.
SPAN_OPTIONS: tuple[Literal["bin_us", "t_start_us", "t_stop_us"], ...] = ("bin_us", "t_start_us", "t_stop_us")


class Span(TypedDict, total=False):
    """Arguments of ``arrays_source`` that options give."""

    bin_us: int
    t_start_us: int
    t_stop_us: int


@contextmanager
def hdf5(path: Path) -> Iterator[Any]:
    """Open a file as ``h5py.File``.

    Raises
    ------
    ForeignFile
        It is not there, or no HDF5 file.
    TruncatedFile
        It is cut short or damaged.
    """
    if not path.is_file() or not is_hdf5(path):
        raise ForeignFile(
            f"{str(path)!r} is {'no HDF5 file' if path.exists() else 'not there'}.",
            hint="SONATA (.h5) and NWB (.nwb) files are HDF5 files.",
            where=str(path),
        )
    import h5py

    try:
        with h5py.File(path, "r") as file:
            yield file
    except OSError as error:
        raise TruncatedFile(
            f"{path.name} cannot be read: {str(error).splitlines()[0]}.",
            hint="Write or copy it again.",
            where=str(path),
        ) from error


def is_hdf5(path: Path) -> bool:
    """Return whether a file starts as HDF5 does."""
    with path.open("rb") as file:
        return file.read(len(_MAGIC)) == _MAGIC


def sniffed(address: str, fits: Callable[[Any], bool]) -> bool:
    """Return whether a path is an HDF5 file that fits, or one that is cut short, which opening it tells."""
    path = Path(address)
    if "://" in address or not path.is_file() or not is_hdf5(path):
        return False
    try:
        with hdf5(path) as file:
            return fits(file)
    except TruncatedFile:
        return True


def text(value: Any) -> str:
    """Return a value or an attribute as text."""
    if isinstance(value, np.ndarray) and value.size == 1:
        value = value.reshape(-1)[0]
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def column(group: Any, name: str, where: str) -> NDArray[Any]:
    """Return a one-dimensional data set whole; raises InvalidInput where there is none."""
    found = group.get(name)
    if found is None or len(getattr(found, "shape", ())) != 1:
        raise InvalidInput(
            f"{where} has no column {name!r} in {group.name!r}: there are {', '.join(group) or 'none'}.",
            hint="Was it written to its end?",
            where=where,
        )
    return found[:]


def span_of(options: Mapping[str, str]) -> Span:
    """Return ``bin_us``, ``t_start_us`` and ``t_stop_us`` where options give them; raises InvalidInput."""
    found: Span = {}
    for name in SPAN_OPTIONS:
        if name in options:
            found[name] = whole_us(name, options[name])
    return found
