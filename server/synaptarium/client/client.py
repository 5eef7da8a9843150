"""A running server from Python: recordings, chunks as numpy arrays, analyses, jobs, the stream."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

import msgspec
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from synaptarium.client.overview import Overview, overview_of
from synaptarium.client.stream import Stream
from synaptarium.schemas.chunks import (
    GroupFrames,
    SeriesFrames,
    SpikeFrames,
    ValueFrames,
    decode_groups,
    decode_series,
    decode_spikes,
    decode_values,
)
from synaptarium.schemas.errors import ErrorBody, InvalidInput, StoreUnavailable, SynaptariumError
from synaptarium.schemas.manifest import Manifest
from synaptarium.schemas.messages import (
    Engine,
    Health,
    Job,
    ModuleInfo,
    ModuleRequest,
    Network,
    RecordingSummary,
    StartJob,
    TimeWindow,
)
from synaptarium.schemas.neuron_text import neurons_to_text
from synaptarium.schemas.panels import Column, Failure, PanelAnswer, decode_answer
from synaptarium.schemas.sealing import Sealed, unseal
from synaptarium.schemas.session_messages import NoteRequest, SessionChange, SessionSummary
from synaptarium.schemas.sessions import NoteOp, Segment
from synaptarium.schemas.view_state import NeuronRef

T = TypeVar("T")
Frames = SpikeFrames | GroupFrames | ValueFrames | SeriesFrames
DECODERS = {
    "spikes": decode_spikes,
    "groups": decode_groups,
    "values": decode_values,
    "series": decode_series,
}


class Client:
    """A connection to a server.

    Parameters
    ----------
    url : str
        As ``synaptarium serve`` prints it, e.g. ``http://127.0.0.1:8765``.
    token : str or None
        Where the server asks for one.
    timeout_s : float
        Of one request.

    Raises
    ------
    SynaptariumError
        Every method raises the error that the server answered, as its own class; StoreUnavailable where no server
        answers.

    Examples
    --------
    >>> client = Client("http://127.0.0.1:8765")  # doctest: +SKIP
    >>> [recording.id for recording in client.recordings()]  # doctest: +SKIP
    ['digits']
    """

    def __init__(self, url: str, token: str | None = None, *, timeout_s: float = 60.0) -> None:
        self.url = url.rstrip("/")
        if not self.url.startswith(("http://", "https://")):
            raise InvalidInput(
                f"{url!r} is no address of a server.",
                hint="Give what `synaptarium serve` prints, e.g. http://127.0.0.1:8765.",
                where="url",
            )
        self.token = token
        self._timeout_s = timeout_s

    def health(self) -> Health:
        """Return how the server is."""
        return self._json("GET", "/api/health", Health)

    def recordings(self) -> list[RecordingSummary]:
        """Return the recordings, newest first."""
        return self._json("GET", "/api/recordings", list[RecordingSummary])

    def info(self, id: str) -> dict[str, Any]:
        """Return what a recording holds."""
        return self._json("GET", _of(id), dict[str, Any])

    def network(self, id: str) -> Network:
        """Return layers, projections and potentials of a recording."""
        return self._json("GET", _of(id, "network"), Network)

    def manifest(self, id: str) -> Manifest:
        """Return the manifest of the published build."""
        return self._json("GET", _of(id, "manifest"), Manifest)

    def delete(self, id: str) -> None:
        """Delete a recording."""
        self._request("DELETE", _of(id))

    def positions(self, id: str) -> NDArray[np.float32]:
        """Return the (n_neurons, 3) scene coordinates of all neurons, in global index order."""
        batch = self.scene(id)
        return np.stack([batch.column(axis).to_numpy() for axis in "xyz"], axis=1)

    def scene(self, id: str, layout: str = "auto") -> pa.RecordBatch:
        """Return ``x``, ``y``, ``z`` of all neurons in a layout; the metadata say where layers and camera stand."""
        return self._arrow(_of(id, "scene") + "?" + urlencode({"layout": layout}))

    def synapses(self, id: str, projection: str) -> dict[str, NDArray[Any]]:
        """Return ``pre``, ``post`` and, where known, ``delay_ms`` of a projection."""
        batch = self._arrow(_of(id, "projections", projection, "synapses"))
        return {name: batch.column(name).to_numpy() for name in batch.schema.names}

    def stimuli(self, id: str) -> pa.RecordBatch:
        """Return the stimuli: t_start_us, t_stop_us, label, prediction, image."""
        return self._arrow(_of(id, "stimuli"))

    def metrics(self, id: str) -> pa.RecordBatch:
        """Return the metrics: time_us, name, value."""
        return self._arrow(_of(id, "metrics"))

    def overview(self, id: str, window_us: tuple[int, int] | None = None, *, columns: int = 600) -> Overview:
        """Return the spikes of each layer in the columns of a half-open window (the whole run without one).

        Parameters
        ----------
        window_us : tuple of int or None
            Cut to the recording's span, and widened to whole columns.
        columns : int
            Most columns; there are fewer where that many do not fit into 8 KiB, and where not even a few do,
            neighbouring layers are summed.
        """
        query: dict[str, int] = {"columns": columns}
        if window_us is not None:
            query |= {"t_start_us": window_us[0], "t_stop_us": window_us[1]}
        return overview_of(self._arrow(_of(id, "overview") + "?" + urlencode(query)))

    def chunk(
        self, id: str, stream: str, *, level: int, tile: int, chunk: int, manifest: Manifest | None = None
    ) -> Frames:
        """Return one chunk, decoded.

        Parameters
        ----------
        id, stream : str
            Recording, and the stream's name in the manifest: ``"spikes"``, ``"weights"``, ``"v"``, ...
        level, tile, chunk : int
            As the manifest numbers them.
        manifest : Manifest or None
            Where it is at hand already.

        Raises
        ------
        ChunkNotFound
            Nothing happened there: empty chunks are not stored.
        """
        manifest = self.manifest(id) if manifest is None else manifest
        found = next((one for one in manifest.streams if one.name == stream), None)
        if found is None:
            raise InvalidInput(
                f"There is no stream {stream!r} in {id!r}.",
                hint="Its streams: " + ", ".join(one.name for one in manifest.streams),
            )
        path = _of(id, "builds", str(manifest.build), "chunks", *map(str, (found.stream, level, tile, chunk)))
        stored, headers = self._request("GET", path, headers={"Accept-Encoding": "zstd"})
        return DECODERS[found.kind](unseal(Sealed(stored, int(headers["X-Checksum-Crc32c"], 16))))

    def modules(self) -> list[ModuleInfo]:
        """Return the analyses."""
        return self._json("GET", "/api/modules", list[ModuleInfo])

    def module(
        self,
        id: str,
        name: str,
        window_us: tuple[int, int] | None = None,
        selection: Mapping[str, Sequence[int] | NDArray[np.integer]] | Sequence[NeuronRef] | str = (),
        **params: Any,
    ) -> tuple[PanelAnswer, dict[str, Column]]:
        """Return a module's panels and their columns for a half-open window (the whole run without one).

        Parameters
        ----------
        selection : mapping of str to ids, sequence of NeuronRef, or str
            Selected neurons: ids by layer, ``{"hidden": numpy.arange(37_500)}``, or one by one.
        params
            The module's parameters.

        Raises
        ------
        SynaptariumError
            What the module could not work with: a parameter that it does not have, a recording without what it needs.
        """
        window = None if window_us is None else TimeWindow(t_start_us=window_us[0], t_stop_us=window_us[1])
        if isinstance(selection, Mapping):
            selection = neurons_to_text(selection.items())
        body = ModuleRequest(
            window=window,
            selection=selection if isinstance(selection, str) else tuple(selection),
            params=params,
        )
        told, _ = self._request("POST", _of(id, "modules", name), msgspec.json.encode(body))
        answer, columns = decode_answer(told)
        if answer.panels and isinstance(answer.panels[0], Failure):  # the page shows it as a card
            raise _raised(answer.panels[0].error)
        return answer, columns

    def precompute(self, id: str, *, engine: Engine = "auto") -> Job:
        """Start precomputing; ``jobs`` tells how far it is."""
        body = msgspec.json.encode(StartJob(engine=engine))
        return msgspec.json.decode(self._request("POST", _of(id, "jobs"), body)[0], type=Job)

    def cancel(self, id: str) -> None:
        """Cancel precomputing."""
        self._request("DELETE", _of(id, "jobs"))

    def jobs(self) -> list[Job]:
        """Return the latest job of every recording."""
        return self._json("GET", "/api/jobs", list[Job])

    def sessions(self, id: str | None = None) -> list[SessionSummary]:
        """Return the sessions of a recording, or all, newest first."""
        found = self._json("GET", "/api/sessions", list[SessionSummary])
        return [one for one in found if id is None or id in (one.recording.id, one.replays_on)]

    def session(self, session: str) -> SessionSummary:
        """Return a session without its log."""
        return self._json("GET", _session(session), SessionSummary)

    def session_segment(self, session: str, at_ms: int = 0) -> Segment:
        """Return the part of a session that holds a moment; `schemas.sessions.moment_at` tells what it shows."""
        return self._json("GET", _session(session, "segment") + f"?at_ms={at_ms}", Segment)

    def export_session(self, session: str) -> bytes:
        """Return a session as a file of JSON lines."""
        return self._request("GET", _session(session, "export"))[0]

    def import_session(self, file: bytes) -> SessionSummary:
        """Store a session that was exported; it gets an id of its own."""
        return msgspec.json.decode(self._request("POST", "/api/session-files", file)[0], type=SessionSummary)

    def change_session(self, session: str, change: SessionChange) -> SessionSummary:
        """Rename, trim or stop a session."""
        body = msgspec.json.encode(change)
        return msgspec.json.decode(self._request("POST", _session(session), body)[0], type=SessionSummary)

    def note(self, session: str, note: NoteOp) -> SessionSummary:
        """Leave a note in a session, or put it in the place of the one with its id."""
        body = msgspec.json.encode(NoteRequest(change=note))
        answer = self._request("POST", _session(session, "notes"), body)[0]
        return msgspec.json.decode(answer, type=SessionSummary)

    def delete_session(self, session: str) -> None:
        """Delete a session and its log."""
        self._request("DELETE", _session(session))

    def open_stream(self) -> Stream:
        """Connect to ``/stream``; needs the package python-socketio[client]."""
        return Stream(self.url, self.token)

    def _json(self, method: str, path: str, kind: type[T]) -> T:
        return msgspec.json.decode(self._request(method, path)[0], type=kind)

    def _arrow(self, path: str) -> pa.RecordBatch:
        with pa.ipc.open_stream(self._request("GET", path)[0]) as reader:
            return reader.read_next_batch()

    def _request(
        self, method: str, path: str, body: bytes | None = None, *, headers: dict[str, str] | None = None
    ) -> tuple[bytes, dict[str, str]]:
        known = dict(headers or {})
        if self.token:
            known["Authorization"] = f"Bearer {self.token}"
        if body is not None:
            known["Content-Type"] = "application/json"
        request = urllib.request.Request(self.url + path, body, known, method=method)
        try:
            with urllib.request.urlopen(request, timeout=self._timeout_s) as answer:
                return answer.read(), dict(answer.headers)
        except urllib.error.HTTPError as error:
            with error:
                raise error_from(error.read(), error.code, path) from error
        except OSError as error:
            why = error.reason if isinstance(error, urllib.error.URLError) else error
            raise StoreUnavailable(
                f"No server answers at {self.url}: {why}.",
                hint="Start one with `synaptarium serve`; it speaks https only with --https.",
            ) from error


def _of(id: str, *parts: str) -> str:
    return "/".join(["/api/recordings", quote(id, safe=""), *(quote(part, safe="") for part in parts)])


def _session(session: str, *parts: str) -> str:
    return "/".join(["/api/sessions", quote(session, safe=""), *parts])


def error_from(body: bytes, status: int, path: str) -> SynaptariumError:
    """Return the error that a server's answer tells, as its own class."""
    try:
        told = msgspec.json.decode(body, type=ErrorBody)
    except msgspec.DecodeError:
        told = ErrorBody(code="internal", message=f"The server answered {status} to {path}.")
    return _raised(told)


def _raised(told: ErrorBody) -> SynaptariumError:
    kind = next((one for one in _family(SynaptariumError) if one.code == told.code), SynaptariumError)
    return kind(told.message, hint=told.hint, where=told.where)


def _family(kind: type[SynaptariumError]) -> list[type[SynaptariumError]]:
    # The first of a code is the class that defines it; those below only inherit it.
    return [kind, *(found for sub in kind.__subclasses__() for found in _family(sub))]
