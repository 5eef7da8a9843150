"""MongoDB documents: one Struct a collection, and the validators and indexes made from them."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import msgspec

from synaptarium.schemas.messages import JobState
from synaptarium.schemas.recording import Accounting, Recording
from synaptarium.schemas.sessions import Session, SessionState


class EventBlock(msgspec.Struct, frozen=True, kw_only=True):
    """``events``: one block of events, never altered once written.

    Parameters
    ----------
    recording : int
        Recording number.
    kind, stream : str
        What happens; ``stream`` is the variable of potentials, the projection of weights, else empty.
    seq : int
        Block number within (recording, kind, stream).
    t0_us, t1_us : int
        Times of its first and last event (both inclusive), microseconds.
    n, size_bytes : int
        Events, and stored bytes of the payload.
    checksum : int
        crc32c of ``payload``.
    payload : bytes
        Sealed Arrow IPC stream.
    """

    recording: int
    kind: Literal["spikes", "potentials", "weights", "stimuli", "metrics", "images"]
    stream: str
    seq: int
    t0_us: int
    t1_us: int
    n: int
    size_bytes: int
    checksum: int
    payload: bytes


class StagedBlock(EventBlock, frozen=True, kw_only=True):
    """``staged``: a block that a Spark task wrote and no commit has made part of its recording yet; readers never look.

    Parameters
    ----------
    recording : str
        Id of the recording that it is meant for, which may not exist yet.
    writer, attempt : str
        The write, and the attempt of a task of it.
    created_us : int
        Wall clock: what nobody commits is swept away some day.
    """

    recording: str  # type: ignore[assignment]
    writer: str
    attempt: str
    created_us: int


class Commit(msgspec.Struct, frozen=True, kw_only=True):
    """``commits``: the last commit of a write. From the moment it is here, its blocks belong to the recording.

    Parameters
    ----------
    recording : str
        Recording id.
    writer, batch : str, int
        The write, and its batch (0 but for streams).
    state : {"moving", "done"}
        Whether its blocks and counts have arrived.
    blocks : list of str
        Ids of its staged blocks, in the order in which they become blocks of the recording.
    kind, last_us : str, int
        Kind of its events, and the time of its last one.
    counts : dict
        Its events, as :class:`synaptarium.schemas.recording.Counts`.
    stream, losses : str, list of Accounting
        Whose events they are, and what was left out of them.
    """

    recording: str
    writer: str
    batch: int
    state: Literal["moving", "done"]
    blocks: list[str]
    kind: str
    last_us: int
    counts: dict[str, Any]
    stream: str = ""
    losses: list[Accounting] = []


class NeuronBlock(msgspec.Struct, frozen=True, kw_only=True):
    """``neurons``: one block of a layer's arrays; ``what`` is positions, labels or recorded (of ``variable``)."""

    recording: int
    layer: str
    what: Literal["positions", "labels", "recorded"]
    variable: str
    block: int
    n: int
    checksum: int
    payload: bytes


class SynapseBlock(msgspec.Struct, frozen=True, kw_only=True):
    """``synapses``: one block of a projection's (pre, post, delay) arrays."""

    recording: int
    projection: str
    block: int
    n: int
    checksum: int
    payload: bytes


class ChunkDocument(msgspec.Struct, frozen=True, kw_only=True):
    """``chunks``: one chunk; its ``_id`` is the 16-byte ChunkKey. ``n`` counts the events or changes inside."""

    n: int
    checksum: int
    payload: bytes


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """``summaries``: one precomputed document or array, found by (recording, name, key)."""

    recording: int
    name: str
    key: str


class JobDocument(msgspec.Struct, frozen=True, kw_only=True):
    """``jobs``: one part of a build; part -1 is the job itself with its lease and progress."""

    recording: int
    build: int
    part: int
    state: JobState


class LogEntry(msgspec.Struct, frozen=True, kw_only=True):
    """``session_log``: operations of a session, as lines of its file; see :mod:`synaptarium.store.session_log`.

    ``_id`` is the session's number x 2^32 + the place of the first of them in the log.
    """

    n: int
    lines: bytes


class SnapshotDocument(msgspec.Struct, frozen=True, kw_only=True):
    """``session_snapshots``: the state after operation ``seq`` of a session; can be made again from the log."""

    session: int
    seq: int
    at_ms: int
    state: SessionState


class Index(NamedTuple):
    """One index: its keys in order, and whether they are unique."""

    keys: tuple[str, ...]
    unique: bool = False


class Collection(NamedTuple):
    """One collection: its document, its indexes, and how it is created.

    ``unit`` is what its files grow by: at the default of 4 kB, the few documents of a first session would take 16 kB of
    each file.
    """

    document: type[msgspec.Struct]
    indexes: tuple[Index, ...] = ()
    clustered: bool = False
    compressor: Literal["snappy", "zstd", "none"] = "snappy"
    unit: Literal["4KB", "512B"] = "4KB"

    @property
    def storage(self) -> dict[str, Any]:
        """How MongoDB is told; its indexes' files are told the unit only."""
        told = [f"block_compressor={self.compressor}"] if self.compressor != "snappy" else []
        return _engine(*told, *self._growth)

    @property
    def index_storage(self) -> dict[str, Any]:
        """The same for its indexes."""
        return _engine(*self._growth)

    @property
    def _growth(self) -> list[str]:
        return [f"allocation_size={self.unit}"] if self.unit != "4KB" else []


def _engine(*settings: str) -> dict[str, Any]:
    return {"storageEngine": {"wiredTiger": {"configString": ",".join(settings)}}} if settings else {}


COLLECTIONS: dict[str, Collection] = {
    "recordings": Collection(Recording, (Index(("num",), unique=True),)),
    "neurons": Collection(
        NeuronBlock, (Index(("recording", "layer", "what", "variable", "block"), unique=True),)
    ),
    "events": Collection(
        EventBlock,
        (
            Index(("recording", "kind", "stream", "seq"), unique=True),
            # Holds all that planning asks for: without t1_us, n and size_bytes, every listing would read payloads.
            Index(("recording", "kind", "stream", "t0_us", "t1_us", "seq", "n", "size_bytes")),
        ),
        compressor="none",  # payloads are zstd already
    ),
    "staged": Collection(
        StagedBlock, (Index(("writer", "attempt")), Index(("created_us",))), compressor="none"
    ),
    "commits": Collection(Commit, (Index(("recording", "state")),)),
    "synapses": Collection(SynapseBlock, (Index(("recording", "projection", "block"), unique=True),)),
    "chunks": Collection(ChunkDocument, clustered=True, compressor="none"),
    "summaries": Collection(Summary, (Index(("recording", "name", "key"), unique=True),)),
    "jobs": Collection(JobDocument, (Index(("recording", "build", "part"), unique=True),)),
    "sessions": Collection(Session, (Index(("num",), unique=True),), clustered=True, unit="512B"),
    # Unique by (session, seq) and in that order without an index beside it: the key is both in one number.
    "session_log": Collection(LogEntry, clustered=True, compressor="zstd", unit="512B"),
    "session_snapshots": Collection(
        SnapshotDocument,
        (Index(("session", "at_ms", "seq"), unique=True),),
        clustered=True,
        compressor="zstd",
        unit="512B",
    ),
}

_BSON: dict[str, Any] = {
    "integer": ["int", "long"],
    "number": ["double", "int", "long"],
    "string": "string",
    "boolean": "bool",
    "null": "null",
    "array": "array",
    "object": "object",
}


def validator(document: type[msgspec.Struct]) -> dict[str, Any]:
    """Return the MongoDB ``$jsonSchema`` of a document.

    Parameters
    ----------
    document : type of msgspec.Struct
        ``id`` stands for MongoDB's ``_id``; further fields are allowed, so that an older program can read what a
        newer one wrote.
    """
    _, components = msgspec.json.schema_components([document], ref_template="{name}")
    schema = _bson(components[document.__name__], components)
    schema["required"] = ["_id" if name == "id" else name for name in schema.get("required", [])]
    schema["properties"] = {
        ("_id" if name == "id" else name): kind for name, kind in schema["properties"].items()
    }
    if not schema["required"]:
        del schema["required"]
    return {"$jsonSchema": schema}


def _bson(schema: dict[str, Any], components: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in schema:
        return _bson(components[schema["$ref"]], components)
    if "anyOf" in schema:
        return {"anyOf": [_bson(option, components) for option in schema["anyOf"]]}
    if "enum" in schema:
        return {"enum": list(schema["enum"])}
    if schema.get("contentEncoding") == "base64":
        return {"bsonType": "binData"}
    kind = schema.get("type")
    found: dict[str, Any] = {"bsonType": _BSON[kind]} if kind else {}
    if kind == "array" and isinstance(schema.get("items"), dict):
        found["items"] = _bson(schema["items"], components)
    if kind == "object" and isinstance(schema.get("additionalProperties"), dict):
        found["additionalProperties"] = _bson(schema["additionalProperties"], components)
    if kind == "object" and "properties" in schema:
        found["properties"] = {name: _bson(inner, components) for name, inner in schema["properties"].items()}
        if schema.get("required"):
            found["required"] = list(schema["required"])
    return found
