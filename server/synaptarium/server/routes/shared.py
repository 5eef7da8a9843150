"""Shared sessions: opened and listed; what happens in them goes over the socket."""

from __future__ import annotations

from synaptarium.schemas.shared_messages import SharedSession
from synaptarium.server.endpoint import Endpoint
from synaptarium.server.site import Site
from synaptarium.store import recordings


def open_shared(site: Site, id: str) -> SharedSession:
    """Open a shared session on a recording; who joins it first with a presenter's seat presents."""
    recording = recordings.get(site.store, id)
    room = site.rooms.create(recording.id)
    return SharedSession(room=room.id, recording=room.recording)


def list_shared(site: Site) -> list[SharedSession]:
    """Return the shared sessions that go on now."""
    return site.rooms.list()


ENDPOINTS = (
    Endpoint(
        method="POST",
        path="/api/recordings/<id>/shared",
        call=open_shared,
        summary="Open a shared session on a recording",
        answer=SharedSession,
        action="present",
    ),
    Endpoint(
        method="GET",
        path="/api/shared",
        call=list_shared,
        summary="The shared sessions that go on now",
        answer=list[SharedSession],
    ),
)
