"""Modules: which there are, and what one says of a window of time and a selection."""

from __future__ import annotations

from synaptarium.modules.reader import RecordingReader
from synaptarium.modules.registry import answer_of
from synaptarium.schemas.errors import InvalidTime
from synaptarium.schemas.messages import ModuleInfo, ModuleRequest, TimeWindow
from synaptarium.schemas.panels import encode_answer
from synaptarium.server.endpoint import ARROW, Endpoint, Payload
from synaptarium.server.site import Site
from synaptarium.store import recordings


def list_modules(site: Site) -> list[ModuleInfo]:
    """Return every module, in the order of the dock."""
    return site.modules.infos()


def run(site: Site, id: str, name: str, body: ModuleRequest) -> Payload:
    """Return a module's panels and their columns; a module that fails gives its error card."""
    module = site.modules.get(name)
    recording = recordings.get(site.store, id)
    manifest = site.hub.catalogue(id).manifest
    window = body.window or TimeWindow(t_start_us=manifest.t_start_us, t_stop_us=manifest.t_stop_us)
    if window.t_stop_us <= window.t_start_us:
        raise InvalidTime(
            f"The window is {window.t_start_us} to {window.t_stop_us} us.",
            hint="A window ends after it starts.",
            where="window",
        )
    reader = RecordingReader(site.store, recording, manifest)
    answer, columns = answer_of(module, reader, window, body.selection, body.params)
    return Payload(data=encode_answer(answer, columns).to_pybytes(), content_type=ARROW)


ENDPOINTS = (
    Endpoint(
        method="GET", path="/api/modules", call=list_modules, summary="The modules", answer=list[ModuleInfo]
    ),
    Endpoint(
        method="POST",
        path="/api/recordings/<id>/modules/<name>",
        call=run,
        summary="Panels of a module: one row of list columns, the panels as JSON in the metadata",
        answer=ARROW,
        body=ModuleRequest,
    ),
)
