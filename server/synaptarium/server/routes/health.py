"""How the server is."""

from __future__ import annotations

import importlib.metadata

from synaptarium.schemas.errors import StoreUnavailable
from synaptarium.schemas.messages import DatabaseHealth, HeadsetAddress, Health
from synaptarium.server.endpoint import Endpoint
from synaptarium.server.qr_code import qr_svg
from synaptarium.server.roles import Role
from synaptarium.server.site import Site
from synaptarium.store import database, recordings


def health(site: Site) -> Health:
    """Return the server's health; it answers while the database does not."""
    n_recordings, answers, version = 0, site.hub.database_error is None, ""
    if answers:
        try:
            build = database.call(site.store, lambda: site.store.db.command("buildInfo"))
            version = str(build["version"])
            n_recordings = len(recordings.all_recordings(site.store))
        except StoreUnavailable:
            answers = False
    return Health(
        status="ok" if answers else "degraded",
        version=importlib.metadata.version("synaptarium"),
        database=DatabaseHealth(
            state="ok" if answers else "unavailable",
            kind="embedded" if site.library.mongod else "external",
            version=version,
        ),
        recordings=n_recordings,
        viewers=len(site.hub.viewers()),
    )


def headset(site: Site, *, role: Role) -> HeadsetAddress:
    """Return the address for a headset; the token is in it for those who have it already."""
    url = site.headset_url(site.gate.token if role == "admin" else "")
    if not url:
        return HeadsetAddress(
            why="Only this machine reaches the server. Start it with: synaptarium serve --host 0.0.0.0 --https"
        )
    if not site.config.https:
        return HeadsetAddress(
            why="Headsets show the network over HTTPS only. Start the server with --https as well."
        )
    return HeadsetAddress(url=url, qr=qr_svg(url))


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/api/headset",
        call=headset,
        summary="How a headset in the network reaches the server",
        answer=HeadsetAddress,
        wants_role=True,
    ),
    Endpoint(method="GET", path="/api/health", call=health, summary="How the server is", answer=Health),
)
