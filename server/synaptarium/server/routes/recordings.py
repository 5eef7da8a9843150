"""The recordings: list, information, network, deletion, pictures of them."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import msgspec

from synaptarium.schemas.manifest import Manifest
from synaptarium.schemas.messages import Job, Network, RecordingSummary
from synaptarium.schemas.recording import Recording
from synaptarium.schemas.sealing import seal
from synaptarium.server.endpoint import Endpoint, Payload
from synaptarium.server.picture import picture_of
from synaptarium.server.site import Site
from synaptarium.server.stream.hub import read_manifest
from synaptarium.store import recordings
from synaptarium.store.recording_info import recording_info


def list_recordings(site: Site) -> list[RecordingSummary]:
    """Return every recording, newest first."""
    found = recordings.all_recordings(site.store)
    return [_summary(site, recording, site.jobs.latest(recording)) for recording in found]


def _summary(site: Site, recording: Recording, job: Job | None) -> RecordingSummary:
    header = recording.header
    return RecordingSummary(
        id=recording.id,
        name=header.name,
        status=recordings.told_status(site.store, recording),
        layers=header.layers,
        t_start_us=header.t_start_us,
        t_stop_us=header.t_stop_us,
        bin_us=header.bin_us,
        spikes=sum(recording.counts.spikes.values()),
        stored_bytes=site.stored_bytes(recording),
        build=recording.build,
        revision=recording.revision,
        format=header.source.format,
        created_us=recording.created_us,
        job=job,
    )


def info(site: Site, id: str) -> dict[str, Any]:
    """Return what `synaptarium info ID --json` prints."""
    return recording_info(site.store, id)


def delete(site: Site, id: str) -> None:
    """Delete everything of a recording; those who watch it are told."""
    recordings.delete(site.store, id)
    site.hub.deleted(id)
    site.rooms.deleted(id)


def manifest(site: Site, id: str) -> Payload:
    """Return the published manifest."""
    recording = recordings.get(site.store, id)
    found = read_manifest(site.store, recording)
    return Payload(
        # Of 64 layers 57 KB, 2 KB as zstd, for 0.1 ms; a page that follows a run reads it again and again.
        data=seal(msgspec.json.encode(found), level=1).stored,
        content_type="application/json",
        etag=f"{found.build}.{found.revision}",
        zstd=True,
    )


def network(site: Site, id: str) -> Network:
    """Return the network without its arrays."""
    recording = recordings.get(site.store, id)
    base = f"/api/recordings/{id}"
    urls = {
        "manifest": f"{base}/manifest",
        "scene": f"{base}/scene",
        "stimuli": f"{base}/stimuli",
        "metrics": f"{base}/metrics",
        "overview": f"{base}/overview",
    }
    for projection in recording.header.projections:
        name = quote(projection.name, safe="")
        urls[f"synapses/{projection.name}"] = f"{base}/projections/{name}/synapses"
    return Network(
        recording=id,
        header=recording.header,
        layers=recording.header.layers,
        projections=recording.header.projections,
        potentials=recording.header.potentials,
        weights=recording.weights,
        urls=urls,
    )


def picture(site: Site, id: str) -> Payload:
    """Return the small picture of a recording for the home page."""
    recording = recordings.get(site.store, id)
    svg = picture_of(site.store, recording)
    etag = f"{recording.build}.{recording.revision}"
    return Payload(data=svg.encode(), content_type="image/svg+xml", etag=etag)


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/api/recordings",
        call=list_recordings,
        summary="List the recordings, newest first",
        answer=list[RecordingSummary],
    ),
    Endpoint(
        method="GET",
        path="/api/recordings/<id>",
        call=info,
        summary="What a recording holds, as `synaptarium info ID --json`",
        answer=dict[str, Any],
    ),
    Endpoint(
        method="DELETE",
        path="/api/recordings/<id>",
        call=delete,
        summary="Delete a recording and everything made from it",
        answer=None,
        action="change",
    ),
    Endpoint(
        method="GET",
        path="/api/recordings/<id>/manifest",
        call=manifest,
        summary="The manifest of the published build: what addresses every chunk",
        answer=Manifest,
    ),
    Endpoint(
        method="GET",
        path="/api/recordings/<id>/network",
        call=network,
        summary="The network without its arrays",
        answer=Network,
    ),
    Endpoint(
        method="GET",
        path="/api/recordings/<id>/picture.svg",
        call=picture,
        summary="A small picture: the layers as sheets and the activity",
        answer="image/svg+xml",
    ),
)
