"""Modules: which there are, and what one says of a window of time and a selection."""

from __future__ import annotations

import io

import pyarrow.parquet as pq

from synaptarium.modules.reader import RecordingReader
from synaptarium.modules.registry import answer_of
from synaptarium.modules.subset import Subset
from synaptarium.schemas.errors import InvalidInput, InvalidTime
from synaptarium.schemas.messages import ModuleInfo, ModuleRequest, TimeWindow
from synaptarium.schemas.panels import encode_answer
from synaptarium.schemas.sheets import sheet_of
from synaptarium.server.endpoint import ARROW, Endpoint, Payload, Query
from synaptarium.server.site import Site
from synaptarium.store import recordings

PARQUET = "application/vnd.apache.parquet"


def list_modules(site: Site) -> list[ModuleInfo]:
    """Return every module, in the order of the dock."""
    return site.modules.infos()


def run(site: Site, id: str, name: str, body: ModuleRequest, format: str, panel: int) -> Payload:
    """Return a module's panels and their columns; a module that fails gives its error card. Or one panel as Parquet."""
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
    subset = Subset.parse(window.stimuli)
    reader = RecordingReader(site.store, recording, manifest, subset if module.stimuli else Subset())
    answer, columns = answer_of(module, reader, window, body.selection, body.params)
    if format == "arrow":
        return Payload(data=encode_answer(answer, columns).to_pybytes(), content_type=ARROW)
    if panel >= len(answer.panels):
        raise InvalidInput(
            f"The module {name!r} answered {len(answer.panels)} panels; number {panel} was asked for.",
            hint="Panels are numbered from 0, in the order of the answer.",
            where="panel",
        )
    file = io.BytesIO()
    pq.write_table(sheet_of(answer.panels[panel], columns), file, compression="zstd")
    return Payload(data=file.getvalue(), content_type=PARQUET)


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
        query=(
            Query(
                name="format",
                default="arrow",
                help="arrow: all panels; parquet: the numbers of one, as a file",
                words=("arrow", "parquet"),
            ),
            Query(name="panel", default=0, help="Which panel, for parquet; from 0", high=1000),
        ),
    ),
)
