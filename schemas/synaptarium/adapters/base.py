"""What every adapter gives, and how the one that fits a file, folder or address is found.

An adapter maps one foreign shape to the event columns of :mod:`synaptarium.schemas.events`. It never writes.
Its module names itself in a module-level ``ADAPTER``; lying in this folder registers it. Other packages register
theirs with an entry point of the group ``synaptarium.adapters`` that leads to an :class:`Adapter`.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import Protocol, TypeAlias, runtime_checkable

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from synaptarium.schemas.errors import ForeignFile, Internal, InvalidInput
from synaptarium.schemas.events import EventKind
from synaptarium.schemas.recording import Counts, Header

#: Most rows of one batch that ``read`` yields: about 2 MiB of spikes, half of the largest event block.
BATCH_ROWS = 131_072

Synapses: TypeAlias = tuple[NDArray[np.uint32], NDArray[np.uint32], NDArray[np.float32] | None]
NeuronLabels: TypeAlias = tuple[NDArray[np.int32], str]


@runtime_checkable
class EventSource(Protocol):
    """A recording before it is stored: its header, its arrays and its events."""

    def describe(self) -> Header:
        """Return the header. May be slow, is called first, and costs nothing the second time."""
        ...

    def counts(self) -> Counts:
        """Return how many events ``read`` yields in all, per layer, stream and projection."""
        ...

    def read(
        self, kind: EventKind, stream: str = "", t_start_us: int | None = None, t_stop_us: int | None = None
    ) -> Iterator[pa.RecordBatch]:
        """Yield the events of a kind in [t_start_us, t_stop_us), sorted by time, at most BATCH_ROWS per batch.

        Parameters
        ----------
        kind : EventKind
            ``"spikes"``, ``"potentials"``, ``"weights"``, ``"stimuli"``, ``"metrics"`` or ``"images"``.
        stream : str
            The variable for potentials, the projection's name for weights, else empty.
        t_start_us, t_stop_us : int or None
            Half-open range of the kind's time column; None leaves that side open. Images have no time.

        Raises
        ------
        UnknownLayer
            The projection or variable does not exist.
        """
        ...

    def positions(self, layer: str) -> NDArray[np.float32] | None:
        """Return the (n_neurons, 3) positions of a layer in um, or None where the source has none."""
        ...

    def recorded(self, layer: str, variable: str) -> NDArray[np.uint32]:
        """Return the ids (0-based in the layer, sorted) of the neurons whose variable was recorded."""
        ...

    def labels(self, layer: str) -> NeuronLabels | None:
        """Return each neuron's class as an index in ``Header.classes`` (-1: none) and the method, or None."""
        ...

    def synapses(self, projection: str) -> Synapses:
        """Return (pre ids, post ids, delays in ms or None), 0-based in their layers, in synapse order."""
        ...

    def fingerprint(self) -> str:
        """Return a digest of everything the source yields: equal for equal data, wherever it lies."""
        ...


def streams(header: Header, counts: Counts) -> list[tuple[EventKind, str]]:
    """Return every (kind, stream) of a source that holds events, in a fixed order.

    Parameters
    ----------
    header : Header
        Names the variables and projections.
    counts : Counts
        Says which of them hold any.
    """
    found: list[tuple[EventKind, str]] = []
    if any(counts.spikes.values()):
        found.append(("spikes", ""))
    for variable in dict.fromkeys(stream.variable for stream in header.potentials):
        if any(n for key, n in counts.potentials.items() if key.startswith(f"{variable}/")):
            found.append(("potentials", variable))
    for projection in header.projections:
        if counts.weights.get(projection.name):
            found.append(("weights", projection.name))
    if counts.stimuli:
        found.append(("stimuli", ""))
    if any(counts.metrics.values()):
        found.append(("metrics", ""))
    if counts.images:
        found.append(("images", ""))
    return found


@dataclass(frozen=True)
class Adapter:
    """One entry of the registry.

    Parameters
    ----------
    name : str
        What ``--format`` takes and ``Source.format`` says.
    title : str
        One line for people: what it reads.
    sniff : callable or None
        ``sniff(path_or_uri) -> bool``, cheap and without side effects; None where arrays are handed over in
        Python and there is nothing to open.
    open : callable or None
        ``open(path_or_uri, options) -> EventSource``; None likewise.
    options : tuple of str
        Names that ``options`` may hold.
    """

    name: str
    title: str
    sniff: Callable[[str], bool] | None = None
    open: Callable[[str, Mapping[str, str]], EventSource] | None = None
    options: tuple[str, ...] = ()


def adapters() -> dict[str, Adapter]:
    """Return every adapter by name: those of this folder, then those of installed entry points.

    Raises
    ------
    Internal
        Two adapters have the same name; the message says where.
    """
    found: dict[str, Adapter] = {}
    origin: dict[str, str] = {}
    package = importlib.import_module("synaptarium.adapters")
    offered: list[tuple[str, object]] = []
    for module in sorted(pkgutil.iter_modules(package.__path__), key=lambda module: module.name):
        path = f"synaptarium.adapters.{module.name}"
        offered.append((path, getattr(importlib.import_module(path), "ADAPTER", None)))
    for point in entry_points(group="synaptarium.adapters"):
        offered.append((point.value, point.load()))
    for path, adapter in offered:
        if not isinstance(adapter, Adapter):
            continue
        if adapter.name in found:
            raise Internal(f"Two adapters are named {adapter.name!r}: {origin[adapter.name]} and {path}.")
        found[adapter.name], origin[adapter.name] = adapter, path
    return found


def open_source(
    path_or_uri: str | Path, format: str | None = None, options: Mapping[str, str] | None = None
) -> EventSource:
    """Return the source at a path or address, through the adapter that fits it.

    Parameters
    ----------
    path_or_uri : str or Path
        A file, a folder or a ``mongodb://`` address.
    format : str or None
        Name of the adapter; None asks each of them.
    options : mapping of str to str, or None
        What that adapter understands, e.g. ``{"time_unit": "s"}`` for VS2N.

    Returns
    -------
    EventSource
        Nothing much is read before its ``describe``.

    Raises
    ------
    ForeignFile
        Nothing is there, or no adapter knows it: says what was found and which formats are known.
    InvalidInput
        An unknown format or option.
    """
    address = str(path_or_uri)
    openable = {name: adapter for name, adapter in adapters().items() if adapter.open is not None}
    known = f"Formats that can be opened: {'; '.join(f'{a.name} ({a.title})' for a in openable.values())}."
    if not address:
        raise ForeignFile("The source is an empty text.", hint="Give a file, a folder or an address.")
    if format is not None:
        chosen = openable.get(format)
        if chosen is None:
            raise InvalidInput(f"There is no format {format!r} to open.", hint=known, where=address)
    else:
        fitting = (a for a in openable.values() if a.sniff is not None and a.sniff(address))
        chosen = next(fitting, None)
        if chosen is None:
            raise _foreign(address, known)
    given = dict(options or {})
    foreign = sorted(set(given) - set(chosen.options))
    if foreign:
        raise InvalidInput(
            f"The format {chosen.name!r} has no option {foreign[0]!r}.",
            hint=f"Its options: {', '.join(chosen.options) or 'none'}.",
            where=address,
        )
    assert chosen.open is not None
    return chosen.open(address, given)


_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
    (b"PK\x03\x04", "a zip file (.npz, .xlsx, ...)"),
    (b"\x93NUMPY", "a numpy array file"),
    (b"\x80\x04", "a Python pickle, which is never loaded because it can run code"),
    (b"\x80\x05", "a Python pickle, which is never loaded because it can run code"),
    (b"\x80\x02", "a Python pickle, which is never loaded because it can run code"),
    (b"\x1f\x8b", "a gzip file"),
    (b"ARROW1", "an Arrow file"),
    (b"PAR1", "a Parquet file"),
    (b"MATLAB 5.0", "a MATLAB file"),
)


def _foreign(address: str, known: str) -> ForeignFile:
    """Return the error for what no adapter takes: what is there, and the nearest way in."""
    path = Path(address)
    if "://" not in address and not path.exists():
        nearest = path.absolute().parent
        while not nearest.exists():
            nearest = nearest.parent
        return ForeignFile(
            f"There is no file or folder {address!r}.",
            hint=f"Check the spelling: the part of the path that exists is {str(nearest)!r}.",
            where=address,
        )
    way = "A Python script can hand over the arrays of any other: see docs/recording-your-own-data.md."
    if path.suffix.lower() in (".txt", ".dat"):
        way = (
            "A table of spikes below a line of names (time_ms, neuron, layer) is read with --format columns."
        )
    return ForeignFile(
        f"{address!r} is no recording that we know: {_what_is_there(address)}.",
        hint=f"{way} {known}",
        where=address,
    )


def _what_is_there(address: str) -> str:
    if "://" in address:
        return f"an address of the kind {address.split('://', 1)[0]}://"
    path = Path(address)
    if path.is_dir():
        names = sorted(entry.name for entry in path.iterdir())
        if not names:
            return "an empty folder"
        return f"a folder with {', '.join(names[:6])}{' and more' if len(names) > 6 else ''}"
    with path.open("rb") as file:
        start = file.read(16)
    if not start:
        return "an empty file"
    for magic, what in _MAGIC:
        if start.startswith(magic):
            return what
    return f"a file that starts with {start[:8]!r}"
