"""One route of the REST interface as a value: the dispatcher and the OpenAPI description read the same table."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, Literal

import msgspec

from synaptarium.schemas.errors import InvalidInput
from synaptarium.server.roles import Action

ARROW = "application/vnd.apache.arrow.stream"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Query:
    """One query parameter: a whole number with bounds, one of a few words, or whole numbers with commas between."""

    name: str
    default: int | str
    help: str
    low: int = 0
    high: int = 0
    words: tuple[str, ...] = ()
    listed: bool = False

    def read(self, given: Mapping[str, str]) -> int | str:
        """Return the parameter of a request; raises InvalidInput that names it and its bounds."""
        text = given.get(self.name)
        if text is None:
            return self.default
        if self.words:
            if text in self.words:
                return text
            hint = "It may be " + ", ".join(self.words) + "."
        elif self.listed:
            if text == "" or all(
                part.isascii() and part.isdigit() and len(part) < 10 for part in text.split(",")
            ):
                return text
            hint = "It is a list of whole numbers, for instance 2,0,1."
        else:
            digits = text.removeprefix("-")
            if (
                digits.isascii()
                and digits.isdigit()
                and len(digits) < 20
                and self.low <= int(text) <= self.high
            ):
                return int(text)
            hint = f"It is a whole number from {self.low} to {self.high}."
        raise InvalidInput(f"{self.name} is {text[:40]!r}.", hint=hint, where=self.name)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Endpoint:
    """One route.

    Parameters
    ----------
    method, path : str
        HTTP method and Flask rule, e.g. ``/api/recordings/<id>``.
    call : callable
        ``call(site, **path and query parameters, body=...)``; returns a Struct (sent as JSON), a :class:`Payload`,
        or None for 204.
    action : {"look", "present", "record", "change"}
        What the role must be allowed to do.
    summary : str
        One line for the API's description.
    answer : type or str
        Type of the JSON answer, or the content type of another.
    body : type or None
        Type of the JSON body.
    query : tuple of Query
        Query parameters.
    raw_body : str
        Content type of a body that ``call`` gets as bytes; empty for none.
    max_body_bytes : int
        The largest body, where it may be larger than that of other routes.
    wants_role : bool
        ``call`` gets the role of who asks, as ``role``.
    """

    method: Literal["GET", "POST", "DELETE"]
    path: str
    call: Callable[..., Any]
    summary: str
    answer: Any
    action: Action = "look"
    body: type[msgspec.Struct] | None = None
    query: tuple[Query, ...] = ()
    raw_body: str = ""
    max_body_bytes: int = 0
    wants_role: bool = False


@dataclasses.dataclass(frozen=True, kw_only=True)
class Payload:
    """An answer that is not JSON, or that has headers of its own.

    Parameters
    ----------
    data : bytes
        The body.
    content_type : str
        Its type.
    etag : str
        Strong entity tag without quotes; empty for none.
    immutable : bool
        The address will always give these bytes.
    zstd : bool
        ``data`` is a zstd frame; it is sent as it is where the client accepts that, else decompressed.
    checksum : int or None
        crc32c of ``data`` as stored, sent as ``X-Checksum-Crc32c``.
    """

    data: bytes
    content_type: str
    etag: str = ""
    immutable: bool = False
    zstd: bool = False
    checksum: int | None = None
