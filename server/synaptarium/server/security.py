"""Who is let in: Host and Origin on every request and handshake, and one token.

A page of another site can reach a server on loopback through the visitor's browser, by its address or by a host name
that it rebinds to 127.0.0.1. So every request must name a host that this server goes by, and a request that a browser
sends must come from a page of this server. Anything but loopback also needs the token.
"""

from __future__ import annotations

import dataclasses
import hashlib
import hmac
import ipaddress
import re
import socket
from collections.abc import Iterable, Mapping
from http.cookies import CookieError, SimpleCookie
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

from synaptarium.schemas.errors import Forbidden, InvalidInput, Unauthorized
from synaptarium.server.config import Config
from synaptarium.server.roles import ALLOWED, Role, role_of

#: Nothing but our own files runs in the page; wasm for the zstd decoder, data: for its embedded module.
PAGE_POLICY = (
    "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; connect-src 'self' data: blob:; worker-src 'self' blob:; "
    "frame-ancestors 'self'; base-uri 'none'; form-action 'self'"
)

#: An origin as browsers write it; nothing else gets into a policy.
_ORIGIN = re.compile(
    r"https?://(?:[a-z0-9-]+\.)*[a-z0-9-]+(?::\d{1,5})?|https?://\[[0-9a-f:.]+\](?::\d{1,5})?"
)


def embed_policy(config: Config) -> str:
    """Return the policy of a page that may stand in a frame: of this server's pages, and of those that are allowed.

    Raises
    ------
    InvalidInput
        One of the allowed origins is none.
    """
    origins = _origins(config, "embed_from", "; * for every page")
    return PAGE_POLICY.replace("frame-ancestors 'self'", " ".join(["frame-ancestors 'self'", *origins]))


def _origins(config: Config, setting: str, also: str = "") -> list[str]:
    """Return the origins that a setting lists; raises InvalidInput."""
    origins = list(_words(getattr(config, setting)))
    for origin in origins:
        if not (_ORIGIN.fullmatch(origin) or (also and origin == "*")):
            raise InvalidInput(
                f"{origin!r} is no origin that a page can have.",
                hint=f"Give scheme and host, as in --{setting.replace('_', '-')} "
                f"https://lab.example.org,http://localhost:8888{also}.",
                where=setting,
            )
    return origins


def is_loopback(host: str) -> bool:
    """Tell whether an address or name can be reached from this machine only."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def needs_token(config: Config) -> bool:
    """Tell whether clients must show a token: always, except where only this machine can reach the server.

    Further host names mean that a proxy stands before us; then everybody looks like loopback.
    """
    return bool(config.token) or not is_loopback(config.host) or bool(config.allowed_hosts)


def host_name(host: str) -> str:
    """Return the name of a Host header or of a URL's place: lower case, no port, no brackets; "" if malformed."""
    try:
        parts = urlsplit(f"//{host}")
        parts.port  # noqa: B018  raises on a port that is no number
        if parts.username is not None or parts.path or parts.query or parts.fragment:
            return ""
        return (parts.hostname or "").rstrip(".")
    except ValueError:
        return ""


def _own_names(config: Config) -> frozenset[str]:
    names = {config.host.strip("[]").lower(), "localhost"}
    if not is_loopback(config.host):
        names |= {socket.gethostname().lower(), socket.getfqdn().lower()}
    further = set(_words(config.allowed_hosts))
    for name in further:
        if not _is_address(name) and host_name(name) != name:
            raise InvalidInput(
                f"{name!r} is no host name.",
                hint="Give names without scheme and port, as in --allowed-hosts viewer.lab,10.0.0.7.",
                where="allowed_hosts",
            )
    return frozenset(names | further)


def _words(text: str) -> Iterable[str]:
    return (word.strip().lower() for word in text.split(",") if word.strip())


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


@dataclasses.dataclass(frozen=True)
class Visitor:
    """What the gate found about a request that may pass: its role, and the cookie to set, if any."""

    role: Role
    new_cookie: str = ""


class Gate:
    """Decides on every request and handshake.

    Parameters
    ----------
    config : Config
        Host, tokens, further hosts and origins.
    token : str
        The token in force; empty where none is needed.
    """

    def __init__(self, config: Config, token: str) -> None:
        self.token = token
        self._viewer_token = config.viewer_token if token else ""
        self._presenter_token = config.presenter_token if token else ""
        self._invited: dict[str, Role] = {}
        self._names = _own_names(config)
        self._loopback_only = is_loopback(config.host)
        self._origins = frozenset(_origins(config, "allowed_origins"))
        # Servers on other ports of the same host share our cookie jar; the name keeps them apart.
        self.cookie_name = "synaptarium-" + hashlib.sha256(token.encode()).hexdigest()[:12] if token else ""

    def check(self, environ: Mapping[str, Any]) -> Visitor:
        """Return who is asking.

        Raises
        ------
        Forbidden
            The Host is not one of ours, or the request comes from a page of another site.
        Unauthorized
            A token is needed and none of ours was shown.
        """
        host = str(environ.get("HTTP_HOST", ""))
        self.check_host(host)
        self.check_origin(environ, host)
        if not self.token:
            return Visitor("admin")
        cookie = self._cookie(environ)
        known = self._role_of_cookie(cookie) if cookie else None
        shown, from_url = self._shown(environ)
        role = role_of(
            shown,
            admin_token=self.token,
            viewer_token=self._viewer_token,
            presenter_token=self._presenter_token,
            invited=tuple(self._invited.items()),
        )
        # Who was let in already and shows a token that gives less, as an admin trying an invitation, stays who they are.
        if known and not (role and ALLOWED[role] > ALLOWED[known]):
            return Visitor(known)
        if role is None:
            raise Unauthorized(
                "The token is missing." if not shown else "The token is wrong.",
                hint="Open the address with ?token=... that `synaptarium serve` printed, "
                "or send it as 'Authorization: Bearer TOKEN'.",
            )
        return Visitor(role, _cookie_for(shown) if from_url else "")

    def invite(self, room: str) -> dict[Literal["viewer", "presenter"], str]:
        """Return tokens that let their bearers in to follow or to lead a shared session; none where none is needed.

        They follow from our own token, so that a link still opens a session that its presenter opened again.
        """
        if not self.token:
            return {}
        made: dict[Literal["viewer", "presenter"], str] = {
            seat: hmac.new(self.token.encode(), f"{seat} of {room}".encode(), "sha256").hexdigest()[:40]
            for seat in ("viewer", "presenter")
        }
        roles: dict[str, Role] = {made["viewer"]: "viewer", made["presenter"]: "presenter"}
        self._invited = self._invited | roles
        return made

    def uninvite(self, room: str) -> None:
        """Take the invitations to a shared session back."""
        if self.token:
            over = set(self.invite(room).values())
            self._invited = {token: role for token, role in self._invited.items() if token not in over}

    def check_host(self, host: str) -> None:
        """Raise Forbidden unless the Host header names this server (DNS rebinding names another)."""
        name = host_name(host)
        if name in self._names or is_loopback(name):
            return
        # An address typed by hand cannot be rebound; only names can.
        if not self._loopback_only and _is_address(name):
            return
        raise Forbidden(
            f"This server does not answer to the host {name or host[:80]!r}.",
            hint="Use the address that `synaptarium serve` printed, or start it with --allowed-hosts NAME.",
            where="Host",
        )

    def check_origin(self, environ: Mapping[str, Any], host: str) -> None:
        """Raise Forbidden for what a browser sends on behalf of a page of another site."""
        origin = str(environ.get("HTTP_ORIGIN", "")).lower()
        if origin:
            scheme = environ.get("wsgi.url_scheme", "http")
            if origin in (f"{scheme}://{host.lower()}", *self._origins):
                return
        else:
            site = environ.get("HTTP_SEC_FETCH_SITE", "")
            link = environ.get("HTTP_SEC_FETCH_MODE") == "navigate" and environ["REQUEST_METHOD"] in (
                "GET",
                "HEAD",
            )
            if site in ("", "same-origin", "none") or link:
                return
        raise Forbidden(
            f"A page of {origin or 'another site'} asked; only pages of this server may.",
            hint="Open the viewer at the server's own address, or start it with --allowed-origins ORIGIN.",
            where="Origin",
        )

    def cookie_value(self, role: Role) -> str:
        """Return the cookie that stands for a token after its first use (it does not tell the token)."""
        secrets_of = {"admin": self.token, "presenter": self._presenter_token, "viewer": self._viewer_token}
        return _cookie_for(secrets_of[role])

    def _role_of_cookie(self, cookie: str) -> Role | None:
        viewer = self.cookie_value("viewer") if self._viewer_token else ""
        presenter = self.cookie_value("presenter") if self._presenter_token else ""
        admin = self.cookie_value("admin")
        invited: list[tuple[str, Role]] = [
            (_cookie_for(token), role) for token, role in self._invited.items()
        ]
        return role_of(
            cookie, admin_token=admin, viewer_token=viewer, presenter_token=presenter, invited=invited
        )

    def _cookie(self, environ: Mapping[str, Any]) -> str:
        try:
            jar = SimpleCookie(str(environ.get("HTTP_COOKIE", "")))
        except CookieError:
            return ""
        morsel = jar.get(self.cookie_name)
        return morsel.value if morsel else ""

    @staticmethod
    def _shown(environ: Mapping[str, Any]) -> tuple[str, bool]:
        scheme, _, value = str(environ.get("HTTP_AUTHORIZATION", "")).partition(" ")
        if scheme.lower() in ("bearer", "token") and value:
            return value.strip(), False
        return query_of(environ).get("token", [""])[0], True


def _cookie_for(secret: str) -> str:
    return hmac.new(secret.encode(), b"synaptarium cookie", "sha256").hexdigest()


def query_of(environ: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return the query of a request; empty where it has more fields than any address of ours."""
    try:
        return parse_qs(str(environ.get("QUERY_STRING", "")), keep_blank_values=True, max_num_fields=64)
    except ValueError:
        return {}
