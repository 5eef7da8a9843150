"""What commands print: tables, JSON, errors, and progress as a bar on a terminal and as plain lines elsewhere."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, TextIO

import msgspec

from synaptarium.schemas.errors import Internal, SynaptariumError, error_body
from synaptarium.server.config import Config, data_folder, load_config
from synaptarium.server.library import Library, open_library

BAR_CELLS = 24
#: A log needs fewer lines than a terminal needs pictures.
TERMINAL_EVERY_S, LOG_EVERY_S = 0.1, 5.0


def print_json(value: Any) -> None:
    """Print a value as indented JSON."""
    print(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())


def print_error(error: SynaptariumError, *, as_json: bool) -> None:
    """Print what went wrong and what to do: for people to stderr, for scripts to stdout."""
    print(f"error: {error.message}", file=sys.stderr)
    if error.hint:
        print(f"hint: {error.hint}", file=sys.stderr)
    if as_json:
        print_json(error_body(error))


def unforeseen(error: Exception) -> SynaptariumError:
    """Return the sentence and the hint for an error that nobody expected: the machine's failure, or a bug of ours."""
    if isinstance(error, MemoryError):
        return Internal(
            f"There is not enough memory{f': {error}' if str(error) else ''}.",
            hint="Close other programs, or work on a shorter or smaller recording.",
        )
    if isinstance(error, OSError):
        what = error.strerror or str(error) or type(error).__name__
        named = f"{str(error.filename)!r}: {what}" if error.filename else what
        return Internal(
            f"{named}.",
            hint="Check that the path is right, readable and writable, and that the disk has room.",
        )
    return Internal(
        f"Unexpectedly, {type(error).__name__}: {error}.".rstrip(".") + ".",
        hint="This is a bug. `synaptarium --verbose COMMAND` shows where; please report it with that.",
    )


def print_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows under headings; columns whose cells are numbers are right-aligned."""
    widths = [max(map(len, column)) for column in zip(headings, *rows, strict=True)]
    right = [all(_is_number(row[place]) for row in rows) for place in range(len(headings))]
    for row in (headings, *rows):
        cells = (
            cell.rjust(width) if to_right else cell.ljust(width)
            for cell, width, to_right in zip(row, widths, right, strict=True)
        )
        print("  ".join(cells).rstrip())


def _is_number(text: str) -> bool:
    return text[:1].isdigit() or text in ("", "-")


def duration(seconds: float) -> str:
    """Return a duration for people.

    Examples
    --------
    >>> duration(3.21), duration(75), duration(7300)
    ('3.2 s', '1 min 15 s', '2 h 1 min')
    """
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def amount(number: float) -> str:
    """Return a large number for people.

    Examples
    --------
    >>> amount(950), amount(1234567)
    ('950', '1.23 M')
    """
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if number >= size:
            return f"{number / (1000 if unit == 'k' else size):.3g} {unit}"
    return f"{number:.0f}"


def size(n_bytes: float) -> str:
    """Return a number of bytes for people.

    Examples
    --------
    >>> size(512), size(3 << 20)
    ('512 B', '3.0 MiB')
    """
    for unit in ("B", "KiB", "MiB", "GiB"):
        if n_bytes < 1024:
            return f"{n_bytes:.0f} B" if unit == "B" else f"{n_bytes:.1f} {unit}"
        n_bytes /= 1024
    return f"{n_bytes:.1f} TiB"


def reduction(entry: Mapping[str, Any]) -> str:
    """Return what an entry of a recording's accounting says.

    Examples
    --------
    >>> reduction({"what": "rows in time order", "kept": 2500, "total": 3000, "why": "the file was sorted"})
    'rows in time order: 2,500 of 3,000; the file was sorted'
    """
    return "{what}: {kept:,} of {total:,}; {why}".format(**entry)


class ProgressLine(AbstractContextManager["ProgressLine"]):
    """One line of progress with rate and time to go.

    Parameters
    ----------
    what : str
        What is being done.
    stream : TextIO or None
        Where to; stderr, so that stdout stays for results.
    """

    def __init__(self, what: str, stream: TextIO | None = None) -> None:
        self._what = what
        self._stream = sys.stderr if stream is None else stream
        self._terminal = self._stream.isatty()
        self._started_s = time.monotonic()
        self._shown_s = -1e9
        self._width = 0
        self._last = ""

    def show(
        self,
        done: float,
        total: float,
        message: str = "",
        *,
        rate: str = "",
        eta_s: float | None = None,
        force: bool = False,
    ) -> None:
        """Show how far it is; a total of 0 means unknown."""
        now = time.monotonic()
        self._last = self._line(done, total, message, rate, eta_s)
        if force or now - self._shown_s >= (TERMINAL_EVERY_S if self._terminal else LOG_EVERY_S):
            self._shown_s = now
            self._write(self._last)

    def _line(self, done: float, total: float, message: str, rate: str, eta_s: float | None) -> str:
        parts = [self._what]
        if total > 0:
            part = min(1.0, done / total)
            if self._terminal:
                full = round(part * BAR_CELLS)
                parts.append("[" + "#" * full + "." * (BAR_CELLS - full) + "]")
            parts.append(f"{part:4.0%}")
        if rate:
            parts.append(rate)
        if eta_s is not None:
            parts.append(f"{duration(eta_s)} to go")
        if message:
            parts.append(message)
        return "  ".join(parts)

    def _write(self, line: str) -> None:
        if self._terminal:
            self._stream.write("\r" + line.ljust(self._width))
            self._width = len(line)
        else:
            self._stream.write(line + "\n")
        self._stream.flush()

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if kind is None:
            self._write(f"{self._what}  done in {duration(time.monotonic() - self._started_s)}")
        if self._terminal:
            self._stream.write("\n")
            self._stream.flush()


def config_of(arguments: argparse.Namespace) -> Config:
    """Return the settings that the environment and the flags of a command give."""
    return load_config(vars(arguments))


def library_of(arguments: argparse.Namespace, purpose: str) -> AbstractContextManager[Library]:
    """Open the data folder that a command was told, or the user's own."""
    config = config_of(arguments)
    return open_library(data_folder(config), config.mongo_uri or None, purpose=purpose)
