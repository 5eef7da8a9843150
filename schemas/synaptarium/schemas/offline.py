"""A recording inside one HTML file: the index of what the page carries, and what one asks for to get such a file."""

from __future__ import annotations

from typing import Literal

import msgspec


class HeldAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """One answer of the server that the page carries.

    Parameters
    ----------
    path : str
        Of the request, decoded.
    query : dict of str to str, or None
        Its parameters, all of them; None where the answer is the same for any.
    type : str
        Content type.
    encoding : {"", "gzip", "zstd"}
        How its bytes are compressed: images not again, chunks as stored.
    at, bytes : int
        Where its bytes begin in the data, and how many they are.
    """

    path: str
    query: dict[str, str] | None
    type: str
    encoding: Literal["", "gzip", "zstd"]
    at: int
    bytes: int


class OfflineIndex(msgspec.Struct, frozen=True, kw_only=True):
    """What a page carries.

    Parameters
    ----------
    version : int
        Of this format.
    recording, name : str
        Id and name.
    t_start_us, t_stop_us : int
        The part of the run that is inside, half-open; never more than the recording.
    view : str
        What the page opens with, as the query of a view's address; may be empty.
    answers : tuple of HeldAnswer
        In the order of their bytes.
    """

    version: int = 1
    recording: str
    name: str
    t_start_us: int
    t_stop_us: int
    view: str
    answers: tuple[HeldAnswer, ...]


class OfflineRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Asks for a part of a recording as one HTML file; a time that is not given is the run's own start or end."""

    t_start_us: int | None = None
    t_stop_us: int | None = None
    view: str = ""


class OfflineSize(msgspec.Struct, frozen=True, kw_only=True):
    """How large such a file would be at most, and how large one may be."""

    t_start_us: int
    t_stop_us: int
    chunks: int
    bytes: int
    most_bytes: int
