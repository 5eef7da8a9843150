"""VS2N's documents as columns straight from MongoDB's bytes: documents of one layout are one matrix, read by its columns.

The documents of a run differ in their numbers, and else in a few layer and class names. All documents whose other bytes
agree are decoded by one numpy view for each field; what is left, odd documents, is decoded one by one.

Source: bsonspec.org, version 1.1.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from synaptarium.adapters.vs2n_documents import DEFAULTS, Columns, fields, from_dicts

#: Layouts tried on a batch: layers x classes of a run, and more. Each costs a look at the documents that are left.
_MOST_LAYOUTS = 64
#: Rows of receptive field positions that are kept: they only tell the width of a field.
_INDEX_ROWS = 4096
_DOUBLE, _STRING, _DOCUMENT, _NULL, _INT32, _INT64 = 0x01, 0x02, 0x03, 0x0A, 0x10, 0x12
#: Type -> bytes and numpy's name of those that are numbers.
_NUMBERS: Mapping[int, tuple[int, str]] = {_DOUBLE: (8, "<f8"), _INT32: (4, "<i4"), _INT64: (8, "<i8")}
#: Types of fixed width that may differ from document to document and are never read: ids, truth, dates, timestamps.
_PASSED_OVER: Mapping[int, int] = {0x07: 12, 0x08: 1, 0x09: 8, 0x11: 8}

_LENGTH = struct.Struct("<i")

Place: TypeAlias = tuple[int, str]


@dataclass(frozen=True)
class _Layout:
    """Where a document's numbers lie, what its texts are, and which of its bytes another one must share."""

    numbers: dict[str, Place]
    constants: dict[str, str | None]
    fixed: NDArray[np.bool_]


def columns_of(collection: str, raw: bytes, where: str) -> Columns:
    """Return the columns of a batch of documents, in their order.

    Parameters
    ----------
    collection : str
        ``spikes``, ``potential`` or ``synapseWeight``.
    raw : bytes
        Documents one after another, as ``find_raw_batches`` gives them; with any further fields.
    where : str
        Named in errors.

    Returns
    -------
    Columns
        Numbers as int64 or float64 arrays, texts and what is missing as arrays of objects; ``index`` of the first few
        thousand documents only.

    Raises
    ------
    InvalidInput
        A document lacks a field.
    """
    starts, lengths = _documents(raw)
    n = len(starts)
    whole = np.frombuffer(raw, np.uint8)
    parts: list[tuple[NDArray[np.intp], Mapping[str, Any]]] = []
    odd: list[NDArray[np.intp]] = []
    layouts = 0
    for length in np.unique(lengths).tolist():
        left = np.flatnonzero(lengths == length)
        windows = sliding_window_view(whole, length)
        rows = windows[starts[left]] if len(left) < n else whole.reshape(n, length)
        while len(left):
            layout = _layout(rows[0].tobytes()) if layouts < _MOST_LAYOUTS else None
            if layout is None or not _holds(collection, layout):
                odd.append(left)
                break
            layouts += 1
            alike = (rows[:, layout.fixed] == rows[0, layout.fixed]).all(1)
            every = bool(alike.all())
            mine = rows if every else rows[alike]
            parts.append((left if every else left[alike], _values(collection, layout, mine)))
            if every:
                break
            rows, left = rows[~alike], left[~alike]
    if odd:
        import bson

        places = np.sort(np.concatenate(odd))
        documents = [
            bson.decode(raw[starts[place] : starts[place] + lengths[place]]) for place in places.tolist()
        ]
        parts.append((places, from_dicts(collection, documents, where)))
    return {name: _joined(name, parts, n) for name in fields(collection)}


def _documents(raw: bytes) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    starts: list[int] = []
    at, end, length_at = 0, len(raw), _LENGTH.unpack_from
    while at < end:
        starts.append(at)
        at += length_at(raw, at)[0]
    edges = np.array([*starts, end], np.int64)
    return edges[:-1], np.diff(edges)


def _layout(document: bytes) -> _Layout | None:
    """Return the layout of a document; None where it has fields that are not of a fixed width."""
    numbers: dict[str, Place] = {}
    constants: dict[str, str | None] = {}
    fixed = np.ones(len(document), np.bool_)

    def walk(at: int, end: int, prefix: str) -> bool:
        while at < end - 1:
            kind = document[at]
            stop = document.index(b"\0", at + 1)
            name = prefix + document[at + 1 : stop].decode()
            at = stop + 1
            if kind in _NUMBERS:
                size, dtype = _NUMBERS[kind]
                numbers[name] = (at, dtype)
                fixed[at : at + size] = False
            elif kind == _STRING:
                size = 4 + int.from_bytes(document[at : at + 4], "little")
                constants[name] = document[at + 4 : at + size - 1].decode()
            elif kind == _DOCUMENT:
                size = int.from_bytes(document[at : at + 4], "little")
                if not walk(at + 4, at + size, name + "."):
                    return False
            elif kind == _NULL:
                size = 0
                constants[name] = None
            elif kind in _PASSED_OVER:
                size = _PASSED_OVER[kind]
                fixed[at : at + size] = False
            else:
                return False
            at += size
        return True

    return _Layout(numbers, constants, fixed) if walk(4, len(document), "") else None


def _holds(collection: str, layout: _Layout) -> bool:
    """Return whether a layout has every field that is needed, and none in another form than a number or a text."""
    for name in fields(collection):
        if name in layout.numbers or name in layout.constants:
            continue
        nested = any(other.startswith(name + ".") for other in (*layout.numbers, *layout.constants))
        if name == "index" and "index.x" in layout.numbers and "index.y" in layout.numbers:
            continue
        if nested or name not in DEFAULTS:
            return False
    return True


def _values(collection: str, layout: _Layout, rows: NDArray[np.uint8]) -> dict[str, Any]:
    """Return each field of documents of one layout: an array, or the one text, None or default that all of them have."""
    found: dict[str, Any] = {}
    for name in fields(collection):
        if name in layout.numbers:
            found[name] = _numbers(rows, layout.numbers[name])
        elif name == "index" and "index.x" in layout.numbers:
            first = rows[:_INDEX_ROWS]
            x, y = (_numbers(first, layout.numbers[f"index.{axis}"]).tolist() for axis in "xy")
            found[name] = [{"x": one, "y": other} for one, other in zip(x, y, strict=True)]
        elif name in layout.constants:
            found[name] = layout.constants[name]
        else:
            found[name] = DEFAULTS[name]
    return found


def _numbers(rows: NDArray[np.uint8], place: Place) -> NDArray[Any]:
    at, dtype = place
    size = np.dtype(dtype).itemsize
    column = np.ascontiguousarray(rows[:, at : at + size]).view(dtype)[:, 0]
    return column.astype(np.float64 if dtype == "<f8" else np.int64, copy=False)


def _joined(name: str, parts: list[tuple[NDArray[np.intp], Mapping[str, Any]]], n: int) -> Any:
    if name == "index":
        first: list[Any] = [None] * min(n, _INDEX_ROWS)
        for rows, values in parts:
            if isinstance(values[name], list):
                for row, one in zip(rows[: len(values[name])].tolist(), values[name], strict=False):
                    if row < len(first):
                        first[row] = one
        return first
    if len(parts) == 1 and isinstance(parts[0][1][name], np.ndarray):
        return parts[0][1][name]
    kinds = {_kind(values[name]) for _, values in parts}
    if kinds <= {"i", "f"} and kinds:
        joined: NDArray[Any] = np.empty(n, np.float64 if "f" in kinds else np.int64)
    else:
        joined = np.empty(n, object)
    for rows, values in parts:
        value = values[name]
        joined[rows] = (
            value.astype(object) if joined.dtype == object and isinstance(value, np.ndarray) else value
        )
    return joined


def _kind(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return value.dtype.kind
    if isinstance(value, int) and not isinstance(value, bool):
        return "i"
    return "o"
