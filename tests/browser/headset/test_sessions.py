"""Sessions between desk and headset: what is recorded in one replays in the other, with the same poses and playhead."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import pytest

from .emulator import Headset

pytestmark = pytest.mark.browser


def session(headset: Headset, holds: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
    """Wait until something holds of sessions."""
    found: dict[str, Any] = {}
    for _ in range(500):
        found = headset.page.evaluate("synaptarium.session()")
        if holds(found):
            return found
        headset.page.wait_for_timeout(30)
    raise AssertionError(found)


def replayed(headset: Headset, at_ms: int) -> dict[str, Any]:
    """Bring the replay to a moment and let it stand there."""
    headset.page.evaluate("(at) => synaptarium.seekSession(at)", at_ms)
    found = session(
        headset,
        lambda now: now["replay"]["at_ms"] == at_ms and now["replay"]["status"] in ("paused", "ended"),
    )
    return dict(found["replay"])


def test_what_was_recorded_at_a_desk_replays_in_a_headset(desk: Headset) -> None:
    headset, page = desk, desk.page
    session(headset, lambda now: now["role"] == "admin")
    page.locator(".scene-host canvas").focus()
    page.keyboard.press("o")
    session(headset, lambda now: now["recorder"]["state"] == "recording")
    box = page.locator(".scene-host canvas").bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    for step in range(8):
        page.mouse.move(x + 15 * step, y + 5 * step)
        page.wait_for_timeout(40)
    page.mouse.up()
    page.evaluate("synaptarium.seek(7e6)")
    page.wait_for_timeout(500)
    page.keyboard.press("o")
    dialog = page.get_by_role("dialog", name="Session recorded")
    dialog.get_by_role("button", name="Replay").click()
    session(headset, lambda now: now["replay"] and now["replay"]["status"] in ("playing", "ended"))

    headset.enter()
    before = headset.room()
    end_ms = session(headset, lambda now: now["replay"])["replay"]["end_ms"]
    at_end = replayed(headset, int(end_ms))
    at_start = replayed(headset, 100)

    assert at_start["presence"]["head"]["position"] != at_end["presence"]["head"]["position"]
    for moment in (at_start, at_end):
        assert moment["presence"]["head"]["position"] == moment["moment"]["camera"]["position"]
        assert not moment["presence"]["headset"]
    assert at_end["moment"]["t_us"] == pytest.approx(7e6, abs=1)
    assert at_start["t_us"] == pytest.approx(at_start["moment"]["t_us"], abs=1)
    # Nobody's head was moved, nor what stands around it.
    after = headset.room()
    assert after["eyes"] == before["eyes"]
    assert after["network"] == before["network"]

    # Riding along, the network comes to stand so that the eyes are where the camera was.
    headset.menu("ride")
    replayed(headset, int(end_ms))
    camera = at_end["moment"]["camera"]
    headset.until(
        lambda room: room["presence"]["head"]["position"] == pytest.approx(camera["position"], abs=0.5)
    )
    assert headset.room()["eyes"] == pytest.approx(before["eyes"], abs=1e-6)
    headset.leave()
    page.keyboard.press("Escape")
    session(headset, lambda now: now["replay"] is None)


def test_what_was_recorded_in_a_headset_replays_at_a_desk(still: Headset, site: tuple[str, str]) -> None:
    headset, page = still, still.page
    headset.menu("record")
    session(headset, lambda now: now["recorder"]["state"] == "recording")
    headset.head((0.1, 1.6, 0.1))
    page.evaluate("synaptarium.seek(9e6)")
    for step in range(6):
        headset.head((0.1 + 0.04 * step, 1.6, 0.1))
        headset.hand("right", (0.2, 1.2 + 0.02 * step, -0.3))
        page.wait_for_timeout(120)
    page.wait_for_timeout(300)
    worn = headset.room()["presence"]
    headset.head((0, 1.6, 0))
    headset.menu("record")
    session(headset, lambda now: now["recorder"]["state"] == "idle")
    headset.leave()
    newest = page.evaluate(
        "fetch('/api/sessions').then((answer) => answer.json()).then((all) => all.sort((a, b) => b.created_us - a.created_us)[0])"
    )
    log = page.evaluate(f"fetch('/api/sessions/{newest['id']}/export').then((answer) => answer.text())")
    poses = [op for op in map(json.loads, log.splitlines()) if op.get("op") == "pose" and "worn" in op]
    moved = min(poses, key=lambda op: math.dist(op["position"], worn["head"]["position"]))
    assert math.dist(moved["position"], worn["head"]["position"]) < 2e-3 * worn["scale"]
    assert math.dist(moved["worn"]["right"]["position"], worn["right"]["position"]) < 0.05 * worn["scale"]

    page.goto(f"{site[0]}/view/{site[1]}?session={newest['id']}&at=0")
    page.evaluate("window.synaptarium.ready")
    session(headset, lambda now: now["replay"])
    shown = replayed(headset, moved["at_ms"])
    assert shown["presence"]["headset"]
    assert shown["presence"]["head"]["position"] == pytest.approx(moved["position"], abs=1e-3)
    assert shown["presence"]["right"]["position"] == pytest.approx(
        moved["worn"]["right"]["position"], abs=1e-3
    )
    assert shown["pose"]["position"] == pytest.approx(moved["position"], abs=0.02)
    assert shown["t_us"] == pytest.approx(9e6, abs=1)
