"""VS2N's documents as columns: from JSON lines as ``mongoexport`` writes them, or from batches of MongoDB.

Numbers may be plain or extended JSON (``{"$numberLong": "30383000"}``); what type a time has decides its unit, so
integers and doubles are kept apart.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeAlias, cast

import msgspec
import numpy as np
from numpy.typing import NDArray

from synaptarium.schemas.errors import InvalidInput, TruncatedFile

REQUIRED = ("info", "spikes", "potential", "synapseWeight")
OPTIONAL = ("labels", "archi")

#: Bytes of JSON parsed at once: about 200,000 spikes, so that memory holds columns and not documents.
_PIECE_BYTES = 16 * 1024 * 1024
_SUFFIXES = (".jsonl.gz", ".json.gz", ".jsonl", ".json")

Number: TypeAlias = int | float | dict[str, str]


class _Neuron(msgspec.Struct, gc=False):
    L: str
    N: Number


class _Spike(msgspec.Struct, gc=False):
    T: Number
    i: _Neuron
    Input: Number | str | None = None
    S: Number = 1


class _Potential(msgspec.Struct, gc=False):
    T: Number
    L: str
    N: Number
    V: Number | None = None


class _Index(msgspec.Struct, gc=False):
    x: Number
    y: Number


class _Weight(msgspec.Struct, gc=False):
    T: Number
    C: Number
    To: Number
    L: str
    V: Number | None = None
    index: _Index | None = None


#: Collection -> (columns, document type for JSON). ``i.L`` is nested, the rest is flat.
_LAYOUT: Mapping[str, tuple[tuple[str, ...], type[msgspec.Struct]]] = {
    "spikes": (("T", "i.L", "i.N", "Input", "S"), _Spike),
    "potential": (("T", "L", "N", "V"), _Potential),
    "synapseWeight": (("T", "L", "C", "To", "V", "index"), _Weight),
}
#: What a document without an optional field means.
DEFAULTS: Mapping[str, Any] = {"Input": None, "S": 1, "V": None, "index": None}

#: One batch of documents: column name -> values, as they came: lists, or arrays of numbers or objects.
Columns: TypeAlias = dict[str, Any]


class Documents(Protocol):
    """A VS2N database, wherever it lies."""

    @property
    def where(self) -> str:
        """Path or address without credentials, for messages."""
        ...

    def collections(self) -> tuple[str, ...]:
        """Return the names of the collections that exist."""
        ...

    def small(self, collection: str) -> list[dict[str, Any]]:
        """Return all documents of a small collection."""
        ...

    def columns(self, collection: str) -> Iterator[Columns]:
        """Yield the columns of ``spikes``, ``potential`` or ``synapseWeight``, batch by batch, in stored order."""
        ...


@dataclass(frozen=True)
class FolderDocuments:
    """One file per collection: ``spikes.jsonl``, ``spikes.json``, each also with ``.gz``.

    Parameters
    ----------
    path : Path
        The folder.
    """

    path: Path

    @property
    def where(self) -> str:
        return str(self.path)

    def collections(self) -> tuple[str, ...]:
        return tuple(sorted(self._files()))

    def small(self, collection: str) -> list[dict[str, Any]]:
        decoder = msgspec.json.Decoder(dict[str, Any])
        return [document for batch in self._batches(collection, decoder) for document in batch]

    def columns(self, collection: str) -> Iterator[Columns]:
        names, kind = _LAYOUT[collection]
        decoder = msgspec.json.Decoder(kind)
        for batch in self._batches(collection, decoder):
            yield {name: _attribute(batch, name) for name in names}

    def _files(self) -> dict[str, Path]:
        found: dict[str, Path] = {}
        for path in sorted(self.path.iterdir()):
            for suffix in _SUFFIXES:
                if path.name.endswith(suffix) and path.is_file():
                    collection = path.name.removesuffix(suffix)
                    if collection in found:
                        raise InvalidInput(
                            f"Both {found[collection].name} and {path.name} hold the collection {collection!r}.",
                            hint="Keep one of them.",
                            where=str(self.path),
                        )
                    found[collection] = path
                    break
        return found

    def _batches(self, collection: str, decoder: msgspec.json.Decoder[Any]) -> Iterator[list[Any]]:
        path = self._files()[collection]
        n_before = 0
        for piece, at_end in _pieces(path):
            try:
                batch = decoder.decode_lines(piece)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                raise self._unreadable(path, piece, at_end, n_before, error, decoder) from error
            n_before += len(batch)
            yield batch

    def _unreadable(
        self, path: Path, piece: bytes, at_end: bool, n_before: int, error: Exception, decoder: Any
    ) -> InvalidInput:
        """Find the first line that cannot be read, and say what is wrong with it."""
        lines = [line for line in piece.splitlines() if line.strip()]
        for index, line in enumerate(lines):
            try:
                decoder.decode(line)
            except msgspec.ValidationError as wrong:
                return InvalidInput(
                    f"Document {n_before + index + 1} of {path.name} does not fit VS2N's schema: {wrong}.",
                    hint="docs/recording-your-own-data.md lists the fields that each collection needs.",
                    where=str(path),
                )
            except (msgspec.DecodeError, UnicodeDecodeError) as wrong:
                if at_end and index == len(lines) - 1:
                    return TruncatedFile(
                        f"{path.name} ends in the middle of document {n_before + index + 1}.",
                        hint="Export or copy it again.",
                        where=str(path),
                    )
                return InvalidInput(
                    f"Line {n_before + index + 1} of {path.name} is no JSON: {wrong}.",
                    hint="Each line holds one document, as mongoexport writes them.",
                    where=str(path),
                )
        return InvalidInput(f"{path.name} cannot be read: {error}.", where=str(path))


def _attribute(batch: Sequence[Any], name: str) -> list[Any]:
    if name == "i.L":
        return [document.i.L for document in batch]
    if name == "i.N":
        return [document.i.N for document in batch]
    return [getattr(document, name) for document in batch]


def from_dicts(collection: str, documents: Iterable[Mapping[str, Any]], where: str) -> Columns:
    """Return the columns of documents that are dicts, as MongoDB's driver decodes them.

    Raises
    ------
    InvalidInput
        A document lacks a field.
    """
    columns: Columns = {}
    batch = list(documents)
    for name in _LAYOUT[collection][0]:
        try:
            if "." in name:
                outer, inner = name.split(".")
                columns[name] = [document[outer][inner] for document in batch]
            elif name in DEFAULTS:
                default = DEFAULTS[name]
                columns[name] = [document.get(name, default) for document in batch]
            else:
                columns[name] = [document[name] for document in batch]
        except (KeyError, TypeError) as error:
            raise InvalidInput(
                f"A document of {collection!r} lacks the field {name!r}.",
                hint="docs/recording-your-own-data.md lists the fields that each collection needs.",
                where=where,
            ) from error
    return columns


def fields(collection: str) -> tuple[str, ...]:
    """Return the fields of a collection that are read."""
    return _LAYOUT[collection][0]


def numbers(values: Sequence[Any] | NDArray[Any], where: str) -> NDArray[Any]:
    """Return numbers, plain or extended, as int64 if all are integers, else as float64; None becomes NaN.

    Raises
    ------
    InvalidInput
        Something else than a number.
    """
    if isinstance(values, np.ndarray) and values.dtype.kind in "if":
        return values
    kinds = set(map(type, values))
    if not kinds <= {int, float}:
        values = [_plain(value, where) for value in values]
        kinds = set(map(type, values))
    try:
        return np.array(values, np.float64 if float in kinds else np.int64)
    except OverflowError as error:
        raise InvalidInput(f"{where} holds an integer beyond 64 bits.", where=where) from error


def number(value: Any, where: str) -> int | float:
    """Return one number, plain or extended, or a numeric string with or without ``%``; raises InvalidInput."""
    if isinstance(value, str):
        try:
            return float(value.strip().rstrip("%"))
        except ValueError:
            pass
    return _plain(value, where)


_EXTENDED: Mapping[str, Callable[[str], int | float]] = {
    "$numberLong": int,
    "$numberInt": int,
    "$numberDouble": float,
    "$numberDecimal": float,
}


def _plain(value: Any, where: str) -> int | float:
    if value is None:
        return float("nan")
    if isinstance(value, bool) or not isinstance(value, (int, float, dict)):
        raise InvalidInput(f"{where} holds {value!r} in place of a number.", where=where)
    if isinstance(value, float):
        return float(value)
    if isinstance(value, int):
        return int(value)
    extended = cast("dict[str, Any]", value)
    for key, read in _EXTENDED.items():
        if key in extended:
            try:
                return read(str(extended[key]))
            except ValueError as error:
                raise InvalidInput(f"{where} holds {extended!r}.", where=where) from error
    raise InvalidInput(f"{where} holds {extended!r} in place of a number.", where=where)


def _pieces(path: Path) -> Iterator[tuple[bytes, bool]]:
    """Yield pieces of whole lines and whether it is the last one; a JSON array becomes lines."""
    rest = b""
    try:
        with gzip.open(path, "rb") if path.name.endswith(".gz") else path.open("rb") as file:
            first = True
            while block := file.read(_PIECE_BYTES):
                if first and block.lstrip()[:1] == b"[":
                    yield _array_lines(block + file.read(), path), True
                    return
                first = False
                cut = block.rfind(b"\n") + 1
                if cut:
                    yield rest + block[:cut], False
                    rest = block[cut:]
                else:
                    rest += block
    except (EOFError, zlib.error) as error:
        raise TruncatedFile(
            f"{path.name} is cut short: {error}.", hint="Copy or export it again.", where=str(path)
        ) from error
    except gzip.BadGzipFile as error:
        raise InvalidInput(f"{path.name} is no gzip file: {error}.", where=str(path)) from error
    if rest.strip():
        yield rest, True


def _array_lines(text: bytes, path: Path) -> bytes:
    """Return the documents of ``mongoexport --jsonArray`` as lines."""
    try:
        return b"\n".join(bytes(document) for document in msgspec.json.decode(text, type=list[msgspec.Raw]))
    except msgspec.DecodeError as error:
        raise TruncatedFile(
            f"{path.name} starts as a JSON array and does not end as one: {error}.",
            hint="Export or copy it again.",
            where=str(path),
        ) from error
