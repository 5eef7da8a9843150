"""The server is killed while somebody ends a session: what was recorded is kept in the page and saved when it is back."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest
from playwright.sync_api import Page, expect

from synaptarium.client import Client
from synaptarium.schemas.sessions import ViewOp
from synaptarium.server.library import open_library

from .test_sessions import store_recording, until

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
