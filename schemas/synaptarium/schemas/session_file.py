"""The session as a file of JSON lines: a header, one operation a line, and an end that tells whether all is there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import google_crc32c
import msgspec

from synaptarium.schemas.errors import ForeignFile, InvalidInput, TruncatedFile
from synaptarium.schemas.sessions import (
    FORMAT,
    LONGEST_MS,
    VERSION,
    ForkedFrom,
    NoteOp,
    Operation,
    RecordingRef,
    Session,
    UnnoteOp,
    check_operation,
)

MAX_FILE_BYTES = 64 * 1024 * 1024


class SessionHeader(msgspec.Struct, frozen=True, kw_only=True):
    """The first line: what kind of file it is, and the session without its log."""

    format: str
    version: int
    name: str
    recording: RecordingRef
    duration_ms: int
    author: str = ""
    created_us: int = 0
    trim: tuple[int, int] | None = None
    forked_from: ForkedFrom | None = None


class SessionEnd(msgspec.Struct, frozen=True, kw_only=True):
    """The last line: how many operations there are, and the crc32c of every byte before this line."""

    end: int
    crc32c: str


_decode = msgspec.json.Decoder(Operation).decode


def lines_of(session: Session, operations: Iterable[Operation]) -> Iterator[bytes]:
    """Yield the lines of a session's file, each with its line feed."""
    header = SessionHeader(
        format=FORMAT,
        version=session.version,
        name=session.name,
        recording=session.recording,
        duration_ms=session.duration_ms,
        author=session.author,
        created_us=session.created_us,
        trim=session.trim,
        forked_from=session.forked_from,
    )
    line = msgspec.json.encode(header) + b"\n"
    n, checksum = 0, google_crc32c.value(line)
    yield line
    for op in operations:
        n += 1
        line = msgspec.json.encode(op) + b"\n"
        checksum = google_crc32c.extend(checksum, line)
        yield line
    yield msgspec.json.encode(SessionEnd(end=n, crc32c=f"{checksum:08x}")) + b"\n"


def read_lines(data: bytes, name: str = "the file") -> tuple[SessionHeader, list[Operation]]:
    """Return the header and the operations of a session's file.

    Raises
    ------
    ForeignFile
        It is no session, or one of a newer version.
    TruncatedFile
        Its end is missing.
    InvalidInput
        A line cannot be used, or bytes were changed; names the line.
    """
    if len(data) > MAX_FILE_BYTES:
        raise InvalidInput(f"{name} has {len(data):,} bytes; a session has {MAX_FILE_BYTES:,} at most.")
    lines = data.split(b"\n")
    header = _header(lines[0], name)
    if lines[-1] != b"" or len(lines) < 3:
        raise _cut(name)
    try:
        end = msgspec.json.decode(lines[-2], type=SessionEnd)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise _cut(name) from None
    operations = [_operation(line, number, name) for number, line in enumerate(lines[1:-2], 2)]
    found = f"{google_crc32c.value(data[: -len(lines[-2]) - 1]):08x}"
    if end.end != len(operations) or end.crc32c != found:
        raise InvalidInput(
            f"{name} was changed after it was exported: it has {len(operations):,} operations and the checksum {found}, "
            f"its end says {end.end:,} and {end.crc32c[:16]}.",
            hint="Export the session again.",
        )
    _check_order(header, operations, name)
    return header, operations


def _header(line: bytes, name: str) -> SessionHeader:
    try:
        kind = msgspec.json.decode(line, type=dict[str, object])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        kind = {}
    if kind.get("format") != FORMAT:
        raise ForeignFile(
            f"{name} is no session: its first line does not say '{FORMAT}'.",
            hint="`synaptarium session export ID` writes one.",
        )
    if kind.get("version") != VERSION:
        raise ForeignFile(
            f"{name} is a session of version {kind.get('version')}; this program reads version {VERSION}.",
            hint="Update Synaptarium.",
        )
    try:
        header = msgspec.json.decode(line, type=SessionHeader)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidInput(f"Line 1 of {name} cannot be used: {error}.") from error
    trim = header.trim
    if not 0 <= header.duration_ms <= LONGEST_MS or (
        trim is not None and not 0 <= trim[0] < trim[1] <= header.duration_ms
    ):
        raise InvalidInput(
            f"Line 1 of {name} says {header.duration_ms} ms, trimmed to {trim}, which is no length."
        )
    if not header.name.strip():
        raise InvalidInput(f"Line 1 of {name} gives the session no name.")
    return header


def _operation(line: bytes, number: int, name: str) -> Operation:
    try:
        return check_operation(_decode(line))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidInput(f"Line {number} of {name} is no operation: {error}.") from error
    except InvalidInput as error:
        raise InvalidInput(f"Line {number} of {name}: {error.message}", hint=error.hint) from error


def _check_order(header: SessionHeader, operations: list[Operation], name: str) -> None:
    last_ms = 0
    for number, op in enumerate(operations, 2):
        if op.at_ms > header.duration_ms:
            raise InvalidInput(f"Line {number} of {name} lies after the session's end.")
        if isinstance(op, NoteOp | UnnoteOp):  # may be added to an earlier moment
            continue
        if op.at_ms < last_ms:
            raise InvalidInput(f"Line {number} of {name} goes back in time, from {last_ms} to {op.at_ms} ms.")
        last_ms = op.at_ms


def _cut(name: str) -> TruncatedFile:
    return TruncatedFile(
        f"{name} is cut off: the line that ends a session is missing.", hint="Copy or export it again."
    )
