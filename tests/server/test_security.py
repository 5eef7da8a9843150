"""The gate: Host, Origin, token, cookie, roles; and what a real server does with them."""

from __future__ import annotations

from typing import Any

import pytest
import requests
import socketio

from synaptarium.client import Client
from synaptarium.schemas.errors import Forbidden, StoreUnavailable, Unauthorized
from synaptarium.server.config import Config
from synaptarium.server.roles import ALLOWED, require, role_of
from synaptarium.server.security import Gate, host_name, is_loopback, needs_token
from synaptarium.store.database import Store

from .conftest import Serve, add, one_spike

TOKEN = "correct-horse"


def environ(**changes: str) -> dict[str, Any]:
    """A request as WSGI tells it."""
    base = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/",
        "HTTP_HOST": "127.0.0.1:8765",
        "wsgi.url_scheme": "http",
    }
    return base | changes


@pytest.mark.parametrize(
    "host", ["127.0.0.1:8765", "localhost:8765", "[::1]:8765", "LOCALHOST", "127.9.9.9", "a.localhost"]
)
def test_loopback_host_may_pass(host: str) -> None:
    assert Gate(Config(), "").check(environ(HTTP_HOST=host)).role == "admin"


@pytest.mark.parametrize(
    "host",
    ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "192.168.1.5", "", "localhost@evil.example",
     "evil.example:80/localhost", "localhost:port", "[::1"],
)  # fmt: skip
def test_foreign_host_is_refused_on_loopback(host: str) -> None:
    with pytest.raises(Forbidden, match="does not answer to the host"):
        Gate(Config(), "").check(environ(HTTP_HOST=host))


def test_network_server_answers_to_addresses_but_not_to_foreign_names() -> None:
    gate = Gate(Config(host="0.0.0.0", allowed_hosts="viewer.lab"), TOKEN)
    bearer = {"HTTP_AUTHORIZATION": f"Bearer {TOKEN}"}

    assert gate.check(environ(HTTP_HOST="192.168.1.5:8765", **bearer)).role == "admin"
    assert gate.check(environ(HTTP_HOST="viewer.lab", **bearer)).role == "admin"
    with pytest.raises(Forbidden):
        gate.check(environ(HTTP_HOST="rebound.example", **bearer))


@pytest.mark.parametrize("origin", ["http://127.0.0.1:8765", "HTTP://127.0.0.1:8765"])
def test_own_page_may_ask(origin: str) -> None:
    assert Gate(Config(), "").check(environ(HTTP_ORIGIN=origin))


@pytest.mark.parametrize(
    "origin",
    ["http://evil.example", "null", "https://127.0.0.1:8765", "http://127.0.0.1:9999", "http://127.0.0.1"],
)
def test_page_of_another_site_is_refused(origin: str) -> None:
    with pytest.raises(Forbidden, match="only pages of this server"):
        Gate(Config(), "").check(environ(HTTP_ORIGIN=origin))


def test_cross_site_request_without_origin_is_refused_but_a_link_is_not() -> None:
    gate = Gate(Config(), "")

    with pytest.raises(Forbidden):
        gate.check(environ(HTTP_SEC_FETCH_SITE="cross-site", HTTP_SEC_FETCH_MODE="no-cors"))
    with pytest.raises(Forbidden):
        gate.check(
            environ(HTTP_SEC_FETCH_SITE="same-site", HTTP_SEC_FETCH_MODE="navigate", REQUEST_METHOD="POST")
        )
    assert gate.check(environ(HTTP_SEC_FETCH_SITE="cross-site", HTTP_SEC_FETCH_MODE="navigate"))


@pytest.mark.parametrize(
    ("config", "needed"),
    [
        (Config(), False),
        (Config(host="localhost"), False),
        (Config(host="::1"), False),
        (Config(host="0.0.0.0"), True),
        (Config(host="::"), True),
        (Config(host="192.168.1.5"), True),
        (Config(token="x"), True),
        (Config(allowed_hosts="viewer.lab"), True),
    ],
)
def test_token_is_needed_for_anything_but_loopback(config: Config, needed: bool) -> None:
    assert needs_token(config) is needed


def test_token_gives_its_role() -> None:
    assert role_of("", admin_token="") == "admin"
    assert role_of(TOKEN, admin_token=TOKEN, viewer_token="look") == "admin"
    assert role_of("look", admin_token=TOKEN, viewer_token="look") == "viewer"
    assert role_of("guess", admin_token=TOKEN, viewer_token="look") is None
    assert role_of("", admin_token=TOKEN) is None


def test_roles_may_do_what_they_are_for() -> None:
    assert {role: sorted(actions) for role, actions in ALLOWED.items()} == {
        "viewer": ["look"],
        "presenter": ["look", "present"],
        "recorder": ["look", "record"],
        "admin": ["change", "look", "present", "record"],
    }
    with pytest.raises(Forbidden, match="viewer"):
        require("viewer", "change")


def test_host_name_is_read_strictly() -> None:
    assert host_name("Name.Lab.:80") == "name.lab"
    assert host_name("[2001:db8::1]:80") == "2001:db8::1"
    assert host_name("a b") == "a b" or host_name("a b") == ""
    assert is_loopback("[::1]")


@pytest.fixture
def guarded(store: Store, serve: Serve) -> str:
    """A server that asks for a token."""
    add(store, one_spike())
    return serve(token=TOKEN, viewer_token="look")[1]


def test_request_without_token_is_refused(guarded: str) -> None:
    for path in ("/", "/api/recordings", "/socket.io/?transport=websocket&EIO=4", "/assets/x.js"):
        answer = requests.get(guarded + path)
        assert answer.status_code == 401, path
        assert answer.json()["code"] == "unauthorized"


def test_wrong_token_is_refused(guarded: str) -> None:
    with pytest.raises(Unauthorized, match="wrong"):
        Client(guarded, "guess").recordings()


def test_token_in_the_address_becomes_a_cookie_and_leaves_the_address(guarded: str) -> None:
    first = requests.get(f"{guarded}/view/one-spike?t=5&token={TOKEN}", allow_redirects=False)

    assert first.status_code == 303
    assert first.headers["Location"] == "/view/one-spike?t=5"
    cookie = first.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert TOKEN not in cookie
    name, value = cookie.partition(";")[0].split("=")
    assert requests.get(f"{guarded}/api/recordings", cookies={name: value}).status_code == 200
    assert requests.get(f"{guarded}/api/recordings", cookies={name: "0" * len(value)}).status_code == 401


def test_redirect_stays_on_this_server(guarded: str) -> None:
    answer = requests.get(f"{guarded}//evil.example/?token={TOKEN}", allow_redirects=False)

    assert answer.headers["Location"] == "/evil.example/"


def test_viewer_token_may_look_but_not_delete(guarded: str) -> None:
    client = Client(guarded, "look")

    assert [found.id for found in client.recordings()] == ["one-spike"]
    with pytest.raises(Forbidden, match="viewer"):
        client.delete("one-spike")
    with pytest.raises(Forbidden):
        client.precompute("one-spike")


def test_stream_needs_the_token(guarded: str) -> None:
    with pytest.raises(StoreUnavailable):
        Client(guarded).open_stream()

    with Client(guarded, "look").open_stream() as stream:
        assert stream.connected


@pytest.mark.parametrize("header", [{"Host": "evil.example"}, {"Origin": "http://evil.example"}])
def test_foreign_host_and_origin_are_refused_everywhere(serve: Serve, header: dict[str, str]) -> None:
    url = serve()[1]

    for path in ("/", "/api/recordings", "/socket.io/?transport=websocket&EIO=4", "/nothing"):
        answer = requests.get(url + path, headers=header)
        assert answer.status_code == 403, path
        assert answer.json()["code"] == "forbidden"
    client = socketio.Client(reconnection=False)
    with pytest.raises(socketio.exceptions.ConnectionError):
        client.connect(url, headers=header, transports=["websocket"], namespaces=["/stream"])


def test_answers_tell_browsers_to_be_careful(serve: Serve) -> None:
    url = serve()[1]

    page = requests.get(f"{url}/")
    data = requests.get(f"{url}/api/recordings")

    for answer in (page, data):
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert "Access-Control-Allow-Origin" not in answer.headers
    assert "default-src 'self'" in page.headers["Content-Security-Policy"]
