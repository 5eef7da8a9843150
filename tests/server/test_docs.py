"""docs/http-api.md names every route, every event and every field."""

from __future__ import annotations

import re
from pathlib import Path

from synaptarium.schemas.errors import ErrorBody
from synaptarium.schemas.messages import FROM_CLIENT, FROM_SERVER
from synaptarium.server.app import ENDPOINTS

PAGE = (Path(__file__).parents[2] / "docs" / "http-api.md").read_text()


def test_every_route_is_described() -> None:
    routes = {e.method + " " + re.sub(r"<\w+:(\w+)>", r"<\1>", e.path) for e in ENDPOINTS}

    described = {
        route.partition("?")[0] for route in re.findall(r"^\| `((?:GET|POST|DELETE) [^`]+)`", PAGE, re.M)
    }

    assert described == routes


def test_every_event_is_described_with_its_fields() -> None:
    events = FROM_CLIENT | FROM_SERVER | {"error": ErrorBody}
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", PAGE, re.M))

    assert set(events) == set(rows)
    for event, kind in events.items():
        for field in kind.__struct_fields__:
            assert re.search(rf"\b{field}\b", rows[event]), f"{event}.{field}"
