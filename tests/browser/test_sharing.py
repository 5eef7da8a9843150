"""Two people in one shared session: what one shows the other sees, each keeps their own camera, and a cut heals."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from synaptarium.client import Client
from synaptarium.server.library import Library

from .test_sessions import store_recording

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def two(browser: Browser, shelf: tuple[str, Library]) -> Iterator[tuple[Page, Page]]:
    """Ada, who presents, and Bob, who came by her link, in windows of different sizes."""
    url, library = shelf
    recording = store_recording(library, "shared")
    pages: list[Page] = []
    errors: list[str] = []

    def enter(address: str, name: str, size: tuple[int, int]) -> Page:
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            reduced_motion="reduce",
            permissions=["clipboard-read", "clipboard-write"],
        )
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.add_init_script(f"localStorage.setItem('synaptarium.name', '{name}')")
        page.goto(address)
        page.evaluate("window.synaptarium.ready")
        pages.append(page)
        return page

    ada = enter(f"{url}/view/{recording}?t=2&speed=0.5", "Ada", (1280, 720))
    ada.keyboard.press("e")
    ada.get_by_role("button", name="Begin").click()
    until(ada, lambda found: found["presents"])
    ada.get_by_role("button", name="Link to present").click()
    expect(ada.get_by_text("The link for people who may present is copied.")).to_be_visible()
    ada.keyboard.press("Escape")
    bob = enter(ada.evaluate("navigator.clipboard.readText()"), "Bob", (900, 640))
    until(bob, lambda found: found["state"] == "live" and len(found["people"]) == 2)
    yield ada, bob
    for page in pages:
        page.context.close()
    assert not errors


def shared(page: Page) -> Any:
    return page.evaluate("window.synaptarium.session().shared")


def until(page: Page, holds: Callable[[Any], Any], timeout_s: float = 10.0) -> Any:
    found = None
    for _ in range(int(timeout_s / 0.03)):
        found = shared(page)
        if found and holds(found):
            return found
        page.wait_for_timeout(30)
    raise AssertionError(found)


def both(two: tuple[Page, Page], expression: str, timeout_s: float = 10.0) -> Any:
    """Wait until an expression has the same value in both pages, and return it."""
    for _ in range(int(timeout_s / 0.05)):
        first, second = (page.evaluate(expression) for page in two)
        if first == second:
            return first
        two[0].wait_for_timeout(50)
    raise AssertionError((first, second))


def drag(page: Page, dx: int) -> None:
    box = page.get_by_label("The network in 3D").bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 3
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + dx, y, steps=6)
    page.mouse.up()
    page.mouse.move(1, 1)


def still(page: Page) -> Any:
    """Return the camera when a drag's swing has ended."""
    before = None
    while (pose := page.evaluate(POSE)) != before:
        before = pose
        page.wait_for_timeout(150)
    return pose


POSE = "window.synaptarium.scene().pose()"
T_US = "Math.round(window.synaptarium.state().t_us)"


def test_late_joiner_sees_what_the_presenter_shows(two: tuple[Page, Page]) -> None:
    ada, bob = two

    both(two, POSE)
    assert both(two, T_US) == 2_000_000
    expect(bob.get_by_text("Ada presents")).to_be_visible()
    expect(ada.get_by_text("Bob came in.")).to_be_visible()
    assert [person["name"] for person in shared(bob)["people"]] == ["Ada", "Bob"]
    assert f"shared={shared(ada)['room']}" in both(
        two, "location.search.slice(location.search.indexOf('shared='))"
    )


def test_view_playhead_and_camera_follow(two: tuple[Page, Page]) -> None:
    ada, bob = two
    before = bob.evaluate(POSE)

    ada.evaluate("window.synaptarium.select([3, 70])")
    ada.keyboard.press("c")
    drag(ada, 90)
    still(ada)
    assert both(two, "window.synaptarium.state().selection") == [
        {"layer": "eye", "neuron": 3},
        {"layer": "brain", "neuron": 6},
    ]
    assert both(two, "window.synaptarium.state().colour") == "rate"
    assert both(two, POSE) != before

    ada.evaluate("window.synaptarium.play()")
    found = until(bob, lambda found: (found["shown"].get("clock") or {}).get("playing"))
    seq = found["seq"]
    bob.wait_for_timeout(1000)
    # Playing costs no traffic: the clock is a formula. (A busy machine stalls now and then, and each stall is told.)
    assert shared(bob)["seq"] - seq < 8
    bob.evaluate("window.synaptarium.state().playing") or pytest.fail("the follower does not play")
    assert abs(shared(bob)["behind_us"]) < 0.15e6
    ada.evaluate("window.synaptarium.pause()")
    both(two, T_US)


def test_who_looks_around_keeps_the_camera_until_following_again(two: tuple[Page, Page]) -> None:
    ada, bob = two
    drag(bob, -60)
    assert until(bob, lambda found: found["following"] == "around")
    own = still(bob)

    drag(ada, 60)
    ada.evaluate("window.synaptarium.seek(5000000)")
    ada.evaluate("window.synaptarium.select([1])")
    assert both(two, T_US) == 5_000_000
    assert len(both(two, "window.synaptarium.state().selection")) == 1
    assert bob.evaluate(POSE) == own
    # Each sees the other's head where the other is.
    seen = until(ada, lambda found: found["avatars"] and found["avatars"][0]["head"])["avatars"][0]
    assert seen["name"] == "Bob"
    assert seen["head"]["position"] == pytest.approx(own["position"], rel=1e-4)
    until(bob, lambda found: found["avatars"][0]["head"])
    bob.keyboard.down("Alt")
    box = bob.locator(".scene-host").bounding_box()
    assert box
    bob.mouse.move(box["x"] + 150, box["y"] + 150)
    bob.mouse.move(box["x"] + 160, box["y"] + 150)
    rays = until(ada, lambda found: any(ray["lit"] for ray in found["avatars"][0]["rays"]))["avatars"][0][
        "rays"
    ]
    assert rays[0]["start"] == pytest.approx(own["position"], rel=1e-4)
    expect(ada.locator(".session-light")).to_have_text("Bob")
    bob.keyboard.up("Alt")

    bob.get_by_role("button", name="Follow", exact=True).click()
    both(two, POSE)


def test_who_takes_the_transport_is_apart(two: tuple[Page, Page]) -> None:
    ada, bob = two
    bob.evaluate("window.synaptarium.seek(9000000)")
    until(bob, lambda found: found["following"] == "apart")

    ada.evaluate("window.synaptarium.seek(3000000)")
    until(bob, lambda found: found["shown"]["clock"]["t_us"] == 3_000_000)
    assert bob.evaluate("window.synaptarium.state().t_us") == 9_000_000
    bob.keyboard.press("v")
    assert both(two, T_US) == 3_000_000


def test_note_reaches_everybody_as_a_caption_and_a_recording_keeps_it(
    two: tuple[Page, Page], shelf: tuple[str, Library]
) -> None:
    ada, bob = two
    ada.keyboard.press("o")
    expect(ada.get_by_role("button", name="End the recording of this session")).to_be_visible()
    recorded = ada.evaluate("window.synaptarium.session().recorder.session")
    bob.keyboard.press("n")
    bob.get_by_label("Note", exact=True).fill("what is this?")
    bob.keyboard.press("Enter")

    for page in (ada, bob):
        expect(page.get_by_role("log", name="Notes")).to_contain_text("what is this?")
    ada.keyboard.press("o")
    ada.get_by_role("dialog", name="Session recorded").get_by_role("button", name="Keep").click()
    (note,) = Client(shelf[0]).session(recorded).notes
    assert (note.text, note.author) == ("what is this?", "Bob")


def test_cut_connection_heals_and_catches_up(two: tuple[Page, Page]) -> None:
    ada, bob = two
    you = shared(bob)["you"]
    bob.context.set_offline(True)
    bob.evaluate("window.synaptarium.cutShared()")
    until(bob, lambda found: found["state"] == "lost")
    expect(bob.get_by_text("Connection lost, trying again")).to_be_visible()
    until(ada, lambda found: found["people"][1]["away"])
    ada.evaluate("window.synaptarium.seek(7000000)")
    ada.evaluate("window.synaptarium.select([2, 4])")

    bob.context.set_offline(False)
    found = until(bob, lambda found: found["state"] == "live", 20)
    assert both(two, T_US) == 7_000_000
    assert len(both(two, "window.synaptarium.state().selection")) == 2
    assert (found["you"], found["gaps"]) == (you, 0)
    assert len(shared(ada)["people"]) == 2


def test_hand_over_and_end(two: tuple[Page, Page]) -> None:
    ada, bob = two
    bob.keyboard.press("e")
    bob.get_by_role("button", name="Ask to present").click()
    ada.get_by_role("button", name="Hand over to Bob").click()
    until(bob, lambda found: found["presents"])
    bob.evaluate("window.synaptarium.seek(1000000)")
    assert both(two, T_US) == 1_000_000

    bob.get_by_role("button", name="End for all").click()
    expect(ada.get_by_text("Bob ended the shared session.")).to_be_visible()
    assert shared(ada) is None and shared(bob) is None
    assert ada.evaluate("window.synaptarium.state().t_us") == 1_000_000
