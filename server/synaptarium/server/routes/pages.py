"""The page: one index.html for every address of the viewer, and the files that it needs."""

from __future__ import annotations

import importlib.resources
from importlib.resources.abc import Traversable
from pathlib import Path

import flask
from werkzeug.exceptions import NotFound
from werkzeug.security import safe_join

from synaptarium.server.config import Config
from synaptarium.server.security import PAGE_POLICY, embed_policy

_MISSING = """<!doctype html><meta charset="utf-8"><title>Synaptarium</title>
<body style="background:#0b0e14;color:#e6e9f0;font:14px system-ui;padding:48px">
<h1 style="font-size:18px">The page has not been built.</h1>
<p>Run <code>make</code> (or <code>pip install .</code>) in the source folder; <code>synaptarium doctor</code>
says what is missing. The interface for programs works: <a style="color:#6cb2ff" href="/api/openapi.json">/api/openapi.json</a>.
"""


def bundle() -> Path | None:
    """Return the folder of the built page, None where it was not built."""
    try:
        folder: Traversable = importlib.resources.files("synaptarium.static")
    except ModuleNotFoundError:
        return None
    for place in getattr(folder, "_paths", [folder]):  # a namespace package has several places
        path = Path(str(place))
        if (path / "index.html").is_file():
            return path
    return None


def add_pages(app: flask.Flask, config: Config) -> None:
    """Serve the page, its assets and nothing else; below /embed, also to frames of the pages that may have them.

    Raises
    ------
    InvalidInput
        An origin in ``embed_from`` is none.
    """
    policies = {"embed": embed_policy(config)}

    def page(**_: str) -> flask.Response:
        folder = bundle()
        if folder is None:
            answer = flask.Response(_MISSING, 503, mimetype="text/html")
        else:
            answer = flask.send_file(folder / "index.html", conditional=True)
        answer.headers["Cache-Control"] = "no-cache"
        policy = policies.get(flask.request.endpoint or "", PAGE_POLICY)
        answer.headers["Content-Security-Policy"] = policy
        return answer

    def asset(name: str) -> flask.Response:
        # The names carry a hash of the content.
        answer = _file(f"assets/{name}")
        answer.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return answer

    def icon(name: str) -> flask.Response:
        return _file(name)

    app.add_url_rule("/", view_func=page, endpoint="home")
    app.add_url_rule("/view/<id>", view_func=page, endpoint="view")
    app.add_url_rule("/embed/<id>", view_func=page, endpoint="embed")
    app.add_url_rule("/assets/<path:name>", view_func=asset, endpoint="asset")
    for name in ("favicon.ico", "favicon.svg", "icon.svg", "manifest.webmanifest", "robots.txt"):
        app.add_url_rule(f"/{name}", view_func=icon, endpoint=name, defaults={"name": name})


def _file(name: str) -> flask.Response:
    folder = bundle()
    path = safe_join(str(folder), name) if folder else None
    if path is None or not Path(path).is_file():
        raise NotFound()
    return flask.send_file(path, conditional=True)
