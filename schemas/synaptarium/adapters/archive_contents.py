"""What is in a ``.synaptarium`` folder: its ``header.json``."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

from synaptarium.schemas.errors import ForeignFile, TruncatedFile
from synaptarium.schemas.events import EventKind
from synaptarium.schemas.recording import Counts, Header, check_header

SUFFIX = ".synaptarium"
FORMAT = "synaptarium archive"
VERSION = 1

NetworkArray = Literal["positions", "labels", "recorded", "synapses"]
NETWORK_COLUMNS: dict[NetworkArray, list[str]] = {
    "positions": ["x", "y", "z"],
    "labels": ["label"],
    "recorded": ["neuron"],
    "synapses": ["pre", "post"],
}


class BatchEntry(msgspec.Struct, frozen=True):
    """A batch of a file: rows, and the times of the first and the last."""

    n: int
    t0_us: int = 0
    t1_us: int = 0


class EventFile(msgspec.Struct, frozen=True, kw_only=True):
    """The file of one event stream."""

    kind: EventKind
    stream: str
    file: str
    size: int
    batches: tuple[BatchEntry, ...]


class NetworkFile(msgspec.Struct, frozen=True, kw_only=True):
    """The file of one array of the network."""

    array: NetworkArray
    of: tuple[str, ...]
    file: str
    size: int
    method: str = ""


class Contents(msgspec.Struct, frozen=True, kw_only=True):
    """``header.json``: what there is, and in which files."""

    format: str
    version: int
    header: Header
    counts: Counts
    fingerprint: str
    events: tuple[EventFile, ...] = ()
    network: tuple[NetworkFile, ...] = ()


def contents_of(folder: Path) -> Contents:
    """Return what an archive holds; raises TruncatedFile or ForeignFile."""
    path = folder / "header.json"
    if not path.is_file():
        raise TruncatedFile(
            f"{str(folder)!r} has no header.json: it was not written to its end.",
            hint="Make or copy the archive again.",
            where=str(folder),
        )
    try:
        contents = msgspec.json.decode(path.read_bytes(), type=Contents)
    except msgspec.ValidationError as error:
        raise ForeignFile(
            f"The header.json of {str(folder)!r} is none of an archive: {error}.",
            hint="synaptarium.adapters.archive.save writes archives.",
            where=str(path),
        ) from error
    except msgspec.DecodeError as error:
        raise TruncatedFile(
            f"The header.json of {str(folder)!r} is cut short: {error}.",
            hint="Copy it again.",
            where=str(path),
        ) from error
    if contents.format != FORMAT or contents.version > VERSION:
        raise ForeignFile(
            f"{str(folder)!r} says it is {contents.format!r}, version {contents.version}.",
            hint=f"This Synaptarium reads {FORMAT!r} up to version {VERSION}.",
            where=str(path),
        )
    check_header(contents.header)
    return contents
