"""What a session remembers of its recording, and whether that recording is here still."""

from __future__ import annotations

from synaptarium.schemas.errors import RecordingNotFound
from synaptarium.schemas.recording import Header, Recording
from synaptarium.schemas.session_messages import Fit
from synaptarium.schemas.sessions import LayerRef, RecordingRef
from synaptarium.store import recordings
from synaptarium.store.database import Store


def remembered(recording: Recording) -> RecordingRef:
    """Return what a session remembers of a recording."""
    header = recording.header
    return RecordingRef(
        id=recording.id,
        name=header.name,
        num=recording.num,
        fingerprint=recording.fingerprint,
        build=recording.build or 0,
        t_start_us=header.t_start_us,
        t_stop_us=header.t_stop_us,
        layers=_layers(header),
    )


def fit_of(store: Store, known: RecordingRef) -> tuple[Fit, str, str]:
    """Return whether a session of that recording can be replayed here, why not, and on which recording."""
    try:
        recording = recordings.get(store, known.id)
    except RecordingNotFound:
        same = recordings.of_fingerprint(store, known.fingerprint, known.name) if known.fingerprint else []
        if not same:
            return "missing", f"Its recording {known.id!r} was deleted, or was never here.", ""
        recording = same[0]
    same_source = recording.num == known.num or (
        known.fingerprint != "" and known.fingerprint == recording.fingerprint
    )
    if _layers(recording.header) != known.layers or not same_source:
        return "other", f"The recording {known.id!r} that is here now is another one.", ""
    if recording.build is None:
        return "unbuilt", f"Its recording {recording.id!r} is not precomputed.", ""
    if recording.build != known.build or recording.num != known.num:
        return (
            "rebuilt",
            "Its recording was precomputed anew since; times and neurons are the same.",
            recording.id,
        )
    return "ready", "", recording.id


def _layers(header: Header) -> tuple[LayerRef, ...]:
    return tuple(LayerRef(name=layer.name, neurons=layer.neurons) for layer in header.layers)
