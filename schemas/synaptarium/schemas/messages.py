"""Every Socket.IO event of ``/stream`` and every REST body. The client's types are generated from these."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from synaptarium.schemas.recording import (
    Accounting,
    Header,
    Layer,
    PotentialStream,
    Projection,
    ToldStatus,
    WeightSpan,
)
from synaptarium.schemas.view_state import NeuronRef, Neurons

# --- Socket.IO, client to server -------------------------------------------------------------------------------------


class Loop(msgspec.Struct, frozen=True, kw_only=True):
    """A half-open range that playing repeats, microseconds."""

    t_start_us: int
    t_stop_us: int


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """How much unacknowledged data a viewer lets the server send; the server's own limits bound it."""

    chunks: int = 32
    bytes: int = 4 * 1024 * 1024


class Open(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``open``: watch a recording. ``streams`` are stream names of the manifest."""

    recording: str
    streams: tuple[str, ...] = ("spikes",)
    window: Window = Window()


class Play(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``play``: send chunks from ``t_us`` on at ``speed`` recorded seconds a second (negative in reverse).

    Without ``level`` the server takes the one that fits the speed. ``follow`` stays at the end of an open recording.
    """

    epoch: int
    t_us: int
    speed: float = 1.0
    level: int | None = None
    loop: Loop | None = None
    follow: bool = False


class Seek(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``seek``: cancel what is in flight and send what is needed to show ``t_us``."""

    epoch: int
    t_us: int
    level: int | None = None


class Pause(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``pause``: send nothing more."""

    epoch: int


class Ack(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``ack``: everything up to ``seq`` was decoded; cumulative, every 8 chunks or 100 ms."""

    epoch: int
    seq: int
    bytes: int
    decode_ms: float = 0.0


class Select(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``select``: which neurons and projections the viewer cares about now."""

    epoch: int
    neurons: tuple[NeuronRef, ...] = ()
    projections: tuple[str, ...] = ()


class Close(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``close``: stop watching."""


# --- Socket.IO, server to client -------------------------------------------------------------------------------------


class LevelSpan(msgspec.Struct, frozen=True, kw_only=True):
    """One time level: bins a frame and frames in the run."""

    level: int
    bins: int
    frames: int


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """``opened``: the recording is watched."""

    recording: str
    manifest_url: str
    build: int
    revision: int
    t_start_us: int
    t_stop_us: int
    open: bool
    levels: tuple[LevelSpan, ...]
    accounting: tuple[Accounting, ...]
    window: Window


class Chunk(msgspec.Struct, frozen=True, kw_only=True):
    """``chunk``: the address of the bytes that come with it, and their checksum (crc32c).

    ``revision`` is that of the recording when the chunk was written; 0 for closed chunks, which never change.
    """

    epoch: int
    seq: int
    build: int
    stream: int
    level: int
    tile: int
    chunk: int
    checksum: int
    revision: int = 0


PlayStatus = Literal["playing", "paused", "buffering", "ended", "live", "unavailable"]


class State(msgspec.Struct, frozen=True, kw_only=True):
    """``state``: where the server stands.

    Parameters
    ----------
    epoch, t_us, level : int
        Epoch, the server's playhead, the level it sends.
    status : PlayStatus
        ``unavailable`` while the database does not answer; it heals by itself.
    behind_ms : float
        How far what was sent lies behind the playhead.
    dropped : int
        Chunks replaced by newer ones or left out since ``open``; none is dropped from a recorded run.
    t_stop_us, revision : int
        End and revision of what can be seen, growing while the recording is open.
    """

    epoch: int
    t_us: int
    level: int
    status: PlayStatus
    behind_ms: float = 0.0
    dropped: int = 0
    t_stop_us: int = 0
    revision: int = 0


# --- REST ------------------------------------------------------------------------------------------------------------


class RecordingSummary(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the list of recordings."""

    id: str
    name: str
    status: ToldStatus
    layers: tuple[Layer, ...]
    t_start_us: int
    t_stop_us: int
    bin_us: int
    spikes: int
    stored_bytes: int
    build: int | None
    revision: int
    format: str
    created_us: int
    job: Job | None = None


JobState = Literal["queued", "running", "done", "failed", "cancelled"]
Engine = Literal["auto", "spark", "local"]


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """A precompute and how far it is.

    Parameters
    ----------
    recording : str
        Recording id.
    build : int
        Build being made.
    engine : {"auto", "spark", "local"}
        What runs it.
    state : JobState
        Where it stands.
    done, total : int
        Ranges.
    events : int
        Events read so far.
    rate_hz : float
        Events a second.
    eta_s : float or None
        Seconds to go, None while unknown.
    message : str
        What it is doing, or why it failed.
    started_us, updated_us : int
        Wall clock, microseconds since 1970.
    """

    recording: str
    build: int
    engine: Engine
    state: JobState
    done: int
    total: int
    events: int = 0
    rate_hz: float = 0.0
    eta_s: float | None = None
    message: str = ""
    started_us: int = 0
    updated_us: int = 0


class StartJob(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of ``POST /api/recordings/<id>/jobs``."""

    engine: Engine = "auto"


class Network(msgspec.Struct, frozen=True, kw_only=True):
    """The network without its arrays; ``urls`` name where those are."""

    recording: str
    header: Header
    layers: tuple[Layer, ...]
    projections: tuple[Projection, ...]
    potentials: tuple[PotentialStream, ...]
    weights: dict[str, WeightSpan]
    urls: dict[str, str]


class DatabaseHealth(msgspec.Struct, frozen=True, kw_only=True):
    """The database: embedded or external, its version, whether it answers."""

    state: Literal["ok", "unavailable"]
    kind: Literal["embedded", "external"]
    version: str = ""


class HeadsetAddress(msgspec.Struct, frozen=True, kw_only=True):
    """How a headset in the network reaches this server.

    Parameters
    ----------
    url : str
        What to open in its browser; empty where it cannot.
    qr : str
        The same as a QR code, an SVG picture.
    why : str
        What stands in the way and how to take it away; empty where nothing does.
    """

    url: str = ""
    qr: str = ""
    why: str = ""


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """Answer of ``GET /api/health``."""

    status: Literal["ok", "degraded"]
    version: str
    database: DatabaseHealth
    recordings: int
    viewers: int


class ModuleInfo(msgspec.Struct, frozen=True, kw_only=True):
    """One module: its name, its title, where it comes from, and the JSON Schema of its parameters.

    ``playhead`` says that its answer depends on the playhead, ``window.now_us`` of the request; ``picks`` that its panels are of
    the selected neurons; ``stimuli`` that it counts only the stimuli that ``window.stimuli`` names.
    """

    name: str
    title: str
    source: str
    params: dict[str, Any]
    playhead: bool = False
    picks: bool = False
    stimuli: bool = False


class TimeWindow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A half-open window of time, microseconds, and the playhead where the module asks for it.

    ``stimuli`` says which presentations count, in the modules that know them: all (empty), ``"class:<name>"``, or those
    that the network read ``"correct"`` or ``"wrong"``.
    """

    t_start_us: int
    t_stop_us: int
    now_us: int | None = None
    stimuli: str = ""


class ModuleRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of ``POST /api/recordings/<id>/modules/<name>``; the whole run without a window.

    ``selection`` is a list of neurons or, for many, text such as ``"hidden:3.5-9,out:1"``.
    """

    window: TimeWindow | None = None
    selection: Neurons = ()
    params: dict[str, Any] = {}


#: Event name -> message, for the socket's parsing, the docs and the contract tests.
FROM_CLIENT: dict[str, type[msgspec.Struct]] = {
    "open": Open,
    "play": Play,
    "seek": Seek,
    "pause": Pause,
    "ack": Ack,
    "select": Select,
    "close": Close,
}
FROM_SERVER: dict[str, type[msgspec.Struct]] = {"opened": Opened, "chunk": Chunk, "state": State}
