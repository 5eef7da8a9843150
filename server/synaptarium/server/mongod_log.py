"""What a ``mongod`` said before it ended."""

from __future__ import annotations

import json
from pathlib import Path


def last_words(log: Path, n_bytes: int = 65536) -> str:
    """Return the system's last error in mongod's log, else its last error with a reason, else its last message, else nothing."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - n_bytes))
            lines = file.read().splitlines()
    except OSError:
        return ""
    said = reason = ""
    for line in reversed(lines):
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if entry.get("s") not in ("E", "F"):
            continue
        attributes = entry.get("attr", {})
        cause = attributes.get("message", {})
        # What the system answered, "No space left on device" say, tells more than the assertions that follow.
        if isinstance(cause, dict) and cause.get("error_code", 0) > 0 and cause.get("error_str"):
            return f"It said: {cause['error_str']}"
        detail = attributes.get("error") or (cause if isinstance(cause, str) else "")
        detail = detail if isinstance(detail, str) else json.dumps(detail)
        if detail and not reason:
            reason = f"{entry.get('msg', '').strip()} {detail.strip()}"
        said = said or str(entry.get("msg", "")).strip()
    return f"It said: {reason or said}" if reason or said else ""
