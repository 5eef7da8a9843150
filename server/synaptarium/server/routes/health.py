"""How the server is."""

from __future__ import annotations

import importlib.metadata

from synaptarium.schemas.errors import StoreUnavailable
from synaptarium.schemas.messages import DatabaseHealth, Health
from synaptarium.server.endpoint import Endpoint
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


ENDPOINTS = (
    Endpoint(method="GET", path="/api/health", call=health, summary="How the server is", answer=Health),
)
