"""Precomputing from the home page: start, progress, cancel."""

from __future__ import annotations

from synaptarium.schemas.messages import Job, StartJob
from synaptarium.server.endpoint import Endpoint
from synaptarium.server.site import Site
from synaptarium.store import recordings


def start(site: Site, id: str, body: StartJob) -> Job:
    """Start precomputing a recording in a process of its own."""
    return site.jobs.start(recordings.get(site.store, id), body.engine)


def list_jobs(site: Site) -> list[Job]:
    """Return the latest job of every recording that has one, newest first."""
    return site.jobs.all()


def cancel(site: Site, id: str) -> None:
    """Cancel the job of a recording; nothing happens where none runs."""
    site.jobs.cancel(recordings.get(site.store, id))


ENDPOINTS = (
    Endpoint(
        method="POST",
        path="/api/recordings/<id>/jobs",
        call=start,
        summary="Start precomputing",
        answer=Job,
        action="change",
        body=StartJob,
    ),
    Endpoint(
        method="GET",
        path="/api/jobs",
        call=list_jobs,
        summary="Precomputes and their progress",
        answer=list[Job],
    ),
    Endpoint(
        method="DELETE",
        path="/api/recordings/<id>/jobs",
        call=cancel,
        summary="Cancel precomputing",
        answer=None,
        action="change",
    ),
)
