"""Chunks over HTTP: the same stored bytes as on the stream, abortable and cacheable."""

from __future__ import annotations

from synaptarium.schemas.chunk_key import ChunkKey
from synaptarium.schemas.errors import BuildNotFound, ChunkNotFound
from synaptarium.server.endpoint import ARROW, Endpoint, Payload
from synaptarium.server.site import Site
from synaptarium.store import chunks


def chunk(site: Site, id: str, build: int, stream: int, level: int, tile: int, chunk: int) -> Payload:
    """Return one chunk as stored; a closed one may be kept for ever."""
    catalogue = site.hub.catalogue(id)
    manifest = catalogue.manifest
    if build != manifest.build:
        raise BuildNotFound(
            f"Build {build} of {id!r} was asked for; build {manifest.build} is published.",
            hint="Read the manifest again.",
            where="build",
        )
    key = ChunkKey(manifest.num, build, stream, level, chunk, tile)
    # The manifest knows every chunk, so no number of a request gets near a key unchecked.
    if not catalogue.has(key):
        raise ChunkNotFound(
            f"There is no chunk {chunk} of stream {stream}, level {level}, tile {tile} in build {build} of {id!r}.",
            hint="Empty chunks are not stored; the manifest's presence bitmaps say which exist.",
            where="chunk",
        )
    sealed = site.hub.chunks([key]).get(key)
    if sealed is None:
        sealed = chunks.read(site.store, key)  # says what is wrong
    return Payload(
        data=sealed.stored,
        content_type=ARROW,
        etag=f"{sealed.checksum:08x}",
        immutable=not catalogue.is_open(key),
        zstd=True,
        checksum=sealed.checksum,
    )


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/api/recordings/<id>/builds/<int:build>/chunks/<int:stream>/<int:level>/<int:tile>/<int:chunk>",
        call=chunk,
        summary="One chunk: an Arrow stream, zstd as stored where the client accepts it",
        answer=ARROW,
    ),
)
