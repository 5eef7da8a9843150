"""One HTML file with the page itself and everything that it asks for: it plays from the disk, with the network off."""

from __future__ import annotations

import base64
import gzip
import html
from typing import Literal

import msgspec

from synaptarium.schemas.chunk_key import ChunkKey
from synaptarium.schemas.errors import InvalidInput, MissingDependency
from synaptarium.schemas.offline import HeldAnswer, OfflineIndex, OfflineSize
from synaptarium.schemas.recording import Recording
from synaptarium.server.endpoint import ARROW
from synaptarium.server.offline.answers import Answer, answers, most_bytes
from synaptarium.server.offline.part import Part, part_of
from synaptarium.server.routes.layouts import layouts
from synaptarium.server.routes.pages import bundle
from synaptarium.server.site import Site
from synaptarium.server.stream.hub import read_manifest
from synaptarium.store import chunks

#: Browsers read the file as one text; a larger one takes long to open and much memory.
MOST_BYTES = 96 * 1024 * 1024
#: Chunks read from the database at once.
BATCH = 64

#: The page may run itself and open what it carries, and reach nothing else.
POLICY = (
    "default-src 'none'; script-src 'unsafe-inline' 'wasm-unsafe-eval' blob:; worker-src blob: data:; "
    "style-src 'unsafe-inline'; img-src data: blob:; connect-src data: blob:; base-uri 'none'; form-action 'none'"
)

_PAGE = """<!doctype html>
<html lang="en" data-theme="dark">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="dark light">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<title>{title} - Synaptarium</title>
<link rel="icon" href="data:,">
<style>{style}</style>
</head>
<body>
<div id="page"></div>
<noscript>Synaptarium needs JavaScript.</noscript>
<script type="application/json" id="held-index">{index}</script>
<script type="text/plain" id="held-data">{data}</script>
<script type="module">{script}</script>
</body>
</html>
"""


def measure(site: Site, recording: Recording, part: Part) -> OfflineSize:
    """Return how large the file of a part would be at most, without making it."""
    stored = sum(chunks.stored_bytes(site.store, part.keys).values())
    possible = sum(not kind.lacks for kind in layouts(site, recording.id))
    program = sum(len(text) for text in _program())
    n_bytes = program + (stored + most_bytes(recording, possible)) * 4 // 3
    return OfflineSize(
        t_start_us=part.t_start_us,
        t_stop_us=part.t_stop_us,
        chunks=len(part.keys),
        bytes=n_bytes,
        most_bytes=MOST_BYTES,
    )


def offline_page(site: Site, recording: Recording, part: Part, *, view: str = "") -> bytes:
    """Return the file.

    Parameters
    ----------
    part : Part
        What of the run is inside.
    view : str
        What it opens with: the query of a view's address.

    Raises
    ------
    InvalidInput
        It would be larger than ``MOST_BYTES``.
    MissingDependency
        The front end has not been built.
    """
    check(measure(site, recording, part))
    script, style = _program()
    data = bytearray()
    held: list[HeldAnswer] = []
    places: dict[bytes, tuple[int, int]] = {}

    def hold(answer: Answer, encoding: Literal["", "gzip", "zstd"]) -> None:
        if answer.data not in places:
            packed = gzip.compress(answer.data, mtime=0) if encoding == "gzip" else answer.data
            places[answer.data] = (len(data), len(packed))
            data.extend(packed)
        at, n_bytes = places[answer.data]
        path, query, kind, _ = answer
        held.append(HeldAnswer(path=path, query=query, type=kind, encoding=encoding, at=at, bytes=n_bytes))

    for answer in answers(site, recording, part):
        hold(answer, "" if answer.type.startswith("image/") else "gzip")
    for first in range(0, len(part.keys), BATCH):
        for key, sealed in chunks.read_many(site.store, part.keys[first : first + BATCH]).items():
            hold(Answer(chunk_path(recording.id, key), {}, ARROW, sealed.stored), "zstd")
    index = OfflineIndex(
        recording=recording.id,
        name=recording.header.name,
        t_start_us=part.t_start_us,
        t_stop_us=part.t_stop_us,
        view=view.removeprefix("?"),
        answers=tuple(held),
    )
    page = _PAGE.format(
        policy=html.escape(POLICY),
        title=html.escape(recording.header.name),
        style=style.replace("</style", "<\\/style"),
        index=msgspec.json.encode(index).decode().replace("<", "\\u003c"),
        data=base64.b64encode(data).decode(),
        # Within a script element these would end it, or hide its end.
        script=script.replace("</script", "<\\/script").replace("<!--", "<\\!--"),
    )
    return page.encode()


def check(size: OfflineSize) -> None:
    """Raise InvalidInput where a file would be too large, and say how long a part would fit."""
    if size.bytes <= size.most_bytes:
        return
    length_s = (size.t_stop_us - size.t_start_us) / 1e6
    fits_s = length_s * size.most_bytes / size.bytes
    raise InvalidInput(
        f"The file of {length_s:g} s would have up to {size.bytes / 1e6:.0f} MB; "
        f"{size.most_bytes / 1e6:.0f} MB is the most that browsers open well.",
        hint=f"Choose a shorter part: about {fits_s:.2g} s may fit.",
        where="t_stop_us",
    )


def chunk_path(id: str, key: ChunkKey) -> str:
    """Return the path that a page asks for a chunk at."""
    place = "/".join(str(number) for number in (key.stream, key.level, key.tile, key.chunk))
    return f"/api/recordings/{id}/builds/{key.build}/chunks/{place}"


def part_for(site: Site, recording: Recording, t_start_us: int | None, t_stop_us: int | None) -> Part:
    """Return the part of a recording's published build between two times."""
    return part_of(read_manifest(site.store, recording), t_start_us, t_stop_us)


def _program() -> tuple[str, str]:
    """The front end as one script and one style sheet."""
    folder = bundle()
    files = [] if folder is None else [folder / "offline" / name for name in ("page.js", "page.css")]
    if not files or not all(file.is_file() for file in files):
        raise MissingDependency(
            "The page for files has not been built.", hint="Run `make build`, or install Synaptarium again."
        )
    script, style = (file.read_text(encoding="utf-8") for file in files)
    return script, style
