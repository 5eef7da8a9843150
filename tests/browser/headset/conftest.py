"""One Chromium, one server and one headset for all tests of this folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import numpy as np
import pytest
from playwright.sync_api import Browser

from synaptarium.adapters.arrays import arrays_source
from synaptarium.jobs.build import precompute
from synaptarium.server.app import serving
from synaptarium.server.config import Config
from synaptarium.server.library import Library, open_library
from synaptarium.store.importing import import_source

from .emulator import KEPT, Headset, wear

SPAN_US = 20_000_000


@pytest.fixture(scope="package")
def browser(launched: Callable[[], AbstractContextManager[Browser]]) -> Iterator[Browser]:
    """One browser for all files of this folder."""
    with launched() as browser:
        yield browser


@pytest.fixture(scope="package")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Library]]:
    """The address of the one server of this folder, and its library."""
    data = tmp_path_factory.mktemp("headset")
    with (
        open_library(data, purpose="serve") as library,
        serving(library, Config(port=0)) as (app, server),
    ):
        yield app.url(server.port, "").rstrip("/"), library


@pytest.fixture(scope="package")
def site(shelf: tuple[str, Library]) -> tuple[str, str]:
    """Address of a server and the id of its recording."""
    url, library = shelf
    random = np.random.default_rng(5)
    source = arrays_source(
        "watched",
        bin_us=1000,
        layers=[{"name": "eye", "neurons": 64, "shape": (8, 8)}, {"name": "brain", "neurons": 20}],
        projections=[
            {
                "name": "eye/brain",
                "source": "eye",
                "target": "brain",
                "pre": np.arange(1280) % 64,
                "post": np.arange(1280) % 20,
            }
        ],
        spikes={"eye": (np.sort(random.integers(0, SPAN_US, 8000)), random.integers(0, 64, 8000))},
        weights={
            "eye/brain": (
                np.zeros(1280, np.int64),
                random.normal(0, 1, 1280).astype(np.float32),
                np.arange(1280),
            )
        },
        t_stop_us=SPAN_US,
    )
    id = import_source(library.store, source).id
    precompute(library.store, id, engine="local")
    return url, id


@pytest.fixture(scope="package")
def headset(browser: Browser, site: tuple[str, str]) -> Iterator[Headset]:
    """A page of somebody with a headset, not yet in it."""
    context = browser.new_context(viewport={"width": 1000, "height": 500}, reduced_motion="no-preference")
    wear(context)
    context.add_init_script(KEPT)
    page = context.new_page()
    errors: list[str] = []
    hosts: set[str] = set()
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("request", lambda request: hosts.add(request.url.split("/")[2] if "//" in request.url else ""))
    worn = Headset(page, f"{site[0]}/view/{site[1]}?t=2&speed=0.5")
    worn.open()
    yield worn
    context.close()
    assert not errors
    assert {host.split(":")[0] for host in hosts} <= {"127.0.0.1", ""}


@pytest.fixture
def desk(headset: Headset) -> Headset:
    """The same page before the headset is put on."""
    if headset.page.url.split("?")[0] != headset.address.split("?")[0] or "session=" in headset.page.url:
        headset.open()
    if headset.state()["inside"]:
        headset.leave()
    return headset


@pytest.fixture
def still(headset: Headset) -> Headset:
    """The headset as it was put on: nothing held, the network on the table, the hands at the sides."""
    if "session=" in headset.page.url:
        headset.open()
    if not headset.state()["inside"]:
        headset.enter()
    headset.rest()
    if headset.room()["menu"]["visible"]:
        headset.close_menu()
    headset.page.evaluate("synaptarium.pause(); synaptarium.seek(2e6); synaptarium.select([]);")
    if headset.room()["network"] != headset.table:
        headset.menu("table")
        headset.table = headset.room()["network"]
    return headset
