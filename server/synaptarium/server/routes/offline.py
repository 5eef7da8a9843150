"""A part of a recording as one HTML file: how large it would be, and the file."""

from __future__ import annotations

from synaptarium.schemas.offline import OfflineRequest, OfflineSize
from synaptarium.server.endpoint import Endpoint, Payload, Query
from synaptarium.server.offline.page import measure, offline_page, part_for
from synaptarium.server.routes.overview import FOREVER_US
from synaptarium.server.site import Site
from synaptarium.store import recordings


def offline_size(site: Site, id: str, t_start_us: int, t_stop_us: int) -> OfflineSize:
    """Return how large the file would be at most."""
    recording = recordings.get(site.store, id)
    return measure(site, recording, part_for(site, recording, t_start_us, t_stop_us))


def offline_file(site: Site, id: str, body: OfflineRequest) -> Payload:
    """Return the file."""
    recording = recordings.get(site.store, id)
    part = part_for(site, recording, body.t_start_us, body.t_stop_us)
    # As a file to save, not as a page: it must not run at this server's address.
    return Payload(
        data=offline_page(site, recording, part, view=body.view), content_type="application/octet-stream"
    )


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/api/recordings/<id>/offline",
        call=offline_size,
        summary="How large a part of the recording would be as one HTML file, at most",
        answer=OfflineSize,
        query=(
            Query(name="t_start_us", default=-FOREVER_US, help="Start", low=-FOREVER_US, high=FOREVER_US),
            Query(
                name="t_stop_us", default=FOREVER_US, help="End, not inside", low=-FOREVER_US, high=FOREVER_US
            ),
        ),
    ),
    Endpoint(
        method="POST",
        path="/api/recordings/<id>/offline",
        call=offline_file,
        summary="A part of the recording as one HTML file that plays without a server",
        answer="application/octet-stream",
        body=OfflineRequest,
    ),
)
