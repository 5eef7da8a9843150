"""TypeScript types of every message, panel and document that the client reads, generated from the Structs.

``python -m synaptarium.schemas.typescript > static/src/net/messages.gen.ts``
"""

from __future__ import annotations

import sys
from typing import Any

import msgspec

from synaptarium.schemas import messages, panels, session_messages, shared_messages
from synaptarium.schemas.errors import ErrorBody
from synaptarium.schemas.manifest import Manifest
from synaptarium.schemas.offline import OfflineIndex, OfflineRequest, OfflineSize
from synaptarium.schemas.sessions import Segment, Session
from synaptarium.schemas.view_state import LayoutInfo, ViewState

ROOTS: tuple[type[msgspec.Struct], ...] = (
    ErrorBody,
    Manifest,
    ViewState,
    LayoutInfo,
    panels.PanelAnswer,
    messages.RecordingSummary,
    messages.Job,
    messages.StartJob,
    messages.Network,
    messages.HeadsetAddress,
    messages.Health,
    messages.ModuleInfo,
    messages.ModuleRequest,
    *messages.FROM_CLIENT.values(),
    *messages.FROM_SERVER.values(),
    Session,
    Segment,
    session_messages.SessionSummary,
    session_messages.NewSession,
    session_messages.SessionChange,
    session_messages.LogBatch,
    session_messages.NoteRequest,
    session_messages.ForkRequest,
    session_messages.Me,
    *shared_messages.SHARED_FROM_CLIENT.values(),
    *shared_messages.SHARED_FROM_SERVER.values(),
    shared_messages.SharedSession,
    OfflineIndex,
    OfflineRequest,
    OfflineSize,
)


def typescript() -> str:
    """Return the source of ``messages.gen.ts``."""
    _, components = msgspec.json.schema_components(ROOTS, ref_template="{name}")
    parts = [
        "// Made by `python -m synaptarium.schemas.typescript` from schemas/; do not edit.",
        *(_interface(name, schema) for name, schema in sorted(components.items())),
    ]
    return "\n\n".join(parts) + "\n"


def _interface(name: str, schema: dict[str, Any]) -> str:
    required = set(schema.get("required", ()))
    lines = [f"export interface {name} {{"]
    for field, kind in schema.get("properties", {}).items():
        lines.append(f"  {field}{'' if field in required else '?'}: {_type(kind)};")
    lines.append("}")
    return "\n".join(lines)


def _type(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        return str(schema["$ref"])
    if "anyOf" in schema:
        return " | ".join(_type(option) for option in schema["anyOf"])
    if "enum" in schema:
        return " | ".join(_literal(value) for value in schema["enum"])
    if "const" in schema:
        return _literal(schema["const"])
    kind = schema.get("type")
    if kind in ("integer", "number"):
        return "number"
    if kind in ("string", "boolean", "null"):
        return str(kind)
    if kind == "array":
        if "prefixItems" in schema:
            return "[" + ", ".join(_type(item) for item in schema["prefixItems"]) + "]"
        inner = _type(schema["items"]) if isinstance(schema.get("items"), dict) else "unknown"
        return f"({inner})[]" if "|" in inner else f"{inner}[]"
    if kind == "object":
        values = schema.get("additionalProperties")
        return f"Record<string, {_type(values) if isinstance(values, dict) else 'unknown'}>"
    return "unknown"


def _literal(value: object) -> str:
    return msgspec.json.encode(value).decode()


if __name__ == "__main__":
    sys.stdout.write(typescript())
