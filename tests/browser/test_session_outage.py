"""The server is killed: what was recorded is kept in the page and saved when it is back, and a shared session goes on."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest
from playwright.sync_api import Browser, Page, expect

from synaptarium.client import Client
from synaptarium.schemas.sessions import ViewOp
from synaptarium.server.library import open_library

from .test_sessions import store_recording, until
from .test_sharing import T_US, both, shared
from .test_sharing import until as shared_until

pytestmark = pytest.mark.browser


def test_session_that_ends_while_the_server_is_killed_is_saved_when_it_is_back(
    page: Page,
    tmp_path: Path,
    server_process: Callable[..., AbstractContextManager[tuple[str, psutil.Process]]],
) -> None:
    with open_library(tmp_path, purpose="import") as library:
        recording = store_recording(library, "watched")
    with server_process(tmp_path) as (url, server):
        page.goto(f"{url}/view/{recording}?t=2")
        page.evaluate("window.synaptarium.ready")
        until(page, lambda found: found["role"] == "admin")
        page.keyboard.press("o")
        session = until(page, lambda found: found["recorder"]["state"] == "recording")["recorder"]["session"]
        database = next(child for child in server.children(recursive=True) if child.name() == "mongod")
        server.kill()
        server.wait(10)

        page.evaluate("window.synaptarium.select([3, 5])")
        page.wait_for_timeout(300)
        page.keyboard.press("o")
        until(page, lambda found: found["recorder"]["state"] == "stopping" and not found["recorder"]["saved"])
        expect(page.get_by_text("The session cannot be saved at the moment.")).to_be_visible()
    psutil.wait_procs([database], 10)

    with server_process(tmp_path, urlsplit(url).port) as (again, _):
        dialog = page.get_by_role("dialog", name="Session recorded")
        expect(dialog).to_be_visible(timeout=30_000)
        dialog.get_by_role("button", name="Keep").click()
        expect(dialog).to_be_hidden()
        client = Client(again)
        found = client.session(session)
        views = [op for op in client.session_segment(session).operations if isinstance(op, ViewOp)]

        assert found.state == "done"
        assert len(views[-1].changes.selection) == 2  # type: ignore[attr-defined]
        page.goto("about:blank")


def test_shared_session_goes_on_with_its_people_roles_and_playhead_after_a_kill(
    browser: Browser,
    tmp_path: Path,
    server_process: Callable[..., AbstractContextManager[tuple[str, psutil.Process]]],
) -> None:
    def enter(address: str, name: str) -> Page:
        context = browser.new_context(
            viewport={"width": 900, "height": 640},
            reduced_motion="reduce",
            permissions=["clipboard-read", "clipboard-write"],
        )
        page = context.new_page()
        page.add_init_script(f"localStorage.setItem('synaptarium.name', '{name}')")
        page.goto(address)
        page.evaluate("window.synaptarium.ready")
        return page

    with open_library(tmp_path, purpose="import") as library:
        recording = store_recording(library, "together")
    with server_process(tmp_path) as (url, server):
        ada = enter(f"{url}/view/{recording}?t=2", "Ada")
        ada.keyboard.press("e")
        ada.get_by_role("button", name="Begin").click()
        shared_until(ada, lambda found: found["presents"])
        ada.get_by_role("button", name="Link to follow").click()
        expect(ada.get_by_text("The link for people who follow is copied.")).to_be_visible()
        ada.keyboard.press("Escape")
        bob = enter(ada.evaluate("navigator.clipboard.readText()"), "Bob")
        shared_until(bob, lambda found: found["state"] == "live" and len(found["people"]) == 2)
        ada.evaluate("window.synaptarium.select([3, 70])")
        before = [
            {key: person[key] for key in ("id", "name", "seat", "following")}
            for person in shared(ada)["people"]
        ]
        database = next(child for child in server.children(recursive=True) if child.name() == "mongod")
        server.kill()
        server.wait(10)

        for page in (ada, bob):
            shared_until(page, lambda found: found["state"] == "lost")
        ada.evaluate("window.synaptarium.seek(6000000)")
    psutil.wait_procs([database], 10)

    with server_process(tmp_path, urlsplit(url).port):
        for page in (ada, bob):
            found = shared_until(
                page, lambda found: found["state"] == "live" and len(found["people"]) == 2, 40
            )
            after = [
                {key: person[key] for key in ("id", "name", "seat", "following")}
                for person in found["people"]
            ]
            assert sorted(map(str, after)) == sorted(map(str, before))
        assert both((ada, bob), T_US) == 6_000_000
        assert len(both((ada, bob), "window.synaptarium.state().selection")) == 2
        assert (shared(ada)["presents"], shared(bob)["presents"]) == (True, False)

        ada.evaluate("window.synaptarium.select([1])")
        assert len(both((ada, bob), "window.synaptarium.state().selection")) == 1
        for page in (ada, bob):
            page.context.close()
