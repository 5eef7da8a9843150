"""The end of a run: its recording is counted anew and ready."""

from __future__ import annotations

import msgspec

from synaptarium.schemas.events import TIME_COLUMN
from synaptarium.schemas.recording import Recording
from synaptarium.store import events, open_runs, recordings
from synaptarium.store.database import Store
from synaptarium.store.intake import Intake
from synaptarium.store.losses import recount_losses
from synaptarium.store.staging import settle


def close(store: Store, id: str) -> Recording:
    """End an open recording: counts and weight statistics are taken anew from what is stored, and it is ``ready``.

    Notes
    -----
    Counting again settles what a writer that died between a block and its counts left behind.
    """
    recording = recordings.get(store, id)
    open_runs.check_open(recording)
    settle(store, id)
    recording = recordings.get(store, id)
    intake = _recounted(store, recording)
    accounting = recount_losses(recording.header.accounting, intake.losses())
    header = msgspec.structs.replace(recording.header, accounting=accounting)
    return recordings.finish(store, id, header=header, counts=intake.counts(), weights=intake.weights())


def _recounted(store: Store, recording: Recording) -> Intake:
    """Return an intake that has seen every stored event of a recording once."""
    intake = Intake(recording.header, open_ended=True)
    for kind in TIME_COLUMN:
        for stream in recordings.streams_of(recording.header, kind):
            for batch in events.read(store, recording.num, kind, stream):
                intake.take(kind, stream, batch)
    return intake
