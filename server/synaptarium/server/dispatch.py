"""From a request to an endpoint's call and back: roles, parameters, errors, caching, zstd."""

from __future__ import annotations

import functools
import logging
from typing import Any

import flask
import msgspec
import zstandard
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from synaptarium.schemas.errors import (
    ErrorBody,
    InvalidInput,
    RecordingNotFound,
    SynaptariumError,
    error_body,
)
from synaptarium.schemas.recording import RECORDING_ID
from synaptarium.schemas.sealing import MAX_PAYLOAD_BYTES
from synaptarium.server.endpoint import Endpoint, Payload
from synaptarium.server.roles import require
from synaptarium.server.site import Site

log = logging.getLogger("synaptarium.server")

YEAR_S = 31_536_000


def add_endpoints(app: flask.Flask, site: Site, endpoints: tuple[Endpoint, ...]) -> None:
    """Register endpoints on a Flask app, and one error shape for everything."""
    for endpoint in endpoints:
        app.add_url_rule(
            endpoint.path,
            endpoint=f"{endpoint.method} {endpoint.path}",
            view_func=functools.partial(_answer, site, endpoint),
            methods=[endpoint.method],
        )
    app.register_error_handler(Exception, error_response)


def error_response(error: Exception) -> flask.Response:
    """Return any error in our shape; what was not expected goes to the log."""
    if isinstance(error, SynaptariumError):
        return _json(error_body(error), error.http_status)
    if isinstance(error, RequestEntityTooLarge):
        body = ErrorBody(code="too_large", message="The request's body is too large.", where="body")
        return _json(body, 413)
    if isinstance(error, HTTPException) and error.code is not None and error.code < 500:
        name = error.name.lower().replace(" ", "_")
        body = ErrorBody(
            code=name,
            message=f"{flask.request.method} {flask.request.path}: {error.name.lower()}.",
            hint="/api/openapi.json lists every route.",
            where=flask.request.path,
        )
        answer = _json(body, error.code)
        if error.code == 405 and getattr(error, "valid_methods", None):
            answer.headers["Allow"] = ", ".join(error.valid_methods)  # type: ignore[attr-defined]
        return answer
    log.error("%s %s failed", flask.request.method, flask.request.path, exc_info=error)
    return _json(error_body(error), 500)


def _answer(site: Site, endpoint: Endpoint, **path: Any) -> flask.Response:
    request = flask.request
    require(request.environ["synaptarium.role"], endpoint.action)
    if "id" in path and not RECORDING_ID.fullmatch(path["id"]):
        raise RecordingNotFound(
            f"{path['id'][:80]!r} is no recording id.",
            hint="Ids have lower-case letters, digits, '.', '_' and '-'; /api/recordings lists those that there are.",
            where="id",
        )
    arguments = path | {query.name: query.read(request.args) for query in endpoint.query}
    if endpoint.wants_role:
        arguments["role"] = request.environ["synaptarium.role"]
    if endpoint.raw_body:
        request.max_content_length = endpoint.max_body_bytes
        arguments["body"] = request.get_data()
    if endpoint.body is not None:
        arguments["body"] = _body(request, endpoint.body)
    result = endpoint.call(site, **arguments)
    if result is None:
        return flask.Response(status=204)
    if isinstance(result, Payload):
        return _payload(request, result)
    return _json(result, 200)


def _body(request: flask.Request, kind: type[msgspec.Struct]) -> msgspec.Struct:
    data = request.get_data()
    try:
        return msgspec.json.decode(data or b"{}", type=kind)
    except msgspec.DecodeError as error:
        raise InvalidInput(
            f"The body cannot be used: {error}.", hint="/api/openapi.json describes it.", where="body"
        ) from error


def _json(value: Any, status: int) -> flask.Response:
    answer = flask.Response(msgspec.json.encode(value), status, mimetype="application/json")
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _payload(request: flask.Request, payload: Payload) -> flask.Response:
    as_stored = payload.zstd and _accepts_zstd(request)
    answer = flask.Response(mimetype=payload.content_type)
    if payload.etag:
        # The two forms differ byte for byte, so a strong tag must too.
        answer.set_etag(payload.etag if as_stored or not payload.zstd else f"{payload.etag}-identity")
    if payload.immutable:
        answer.headers["Cache-Control"] = f"private, max-age={YEAR_S}, immutable"
    else:
        answer.headers["Cache-Control"] = "no-cache"
    if payload.zstd:
        answer.headers["Vary"] = "Accept-Encoding"
    if payload.checksum is not None:
        answer.headers["X-Checksum-Crc32c"] = f"{payload.checksum:08x}"
    if payload.etag and request.if_none_match.contains(answer.get_etag()[0] or ""):
        answer.status_code = 304
        return answer
    if as_stored:
        answer.headers["Content-Encoding"] = "zstd"
        answer.set_data(payload.data)
    elif payload.zstd:
        answer.set_data(
            zstandard.ZstdDecompressor().decompress(payload.data, max_output_size=MAX_PAYLOAD_BYTES)
        )
    else:
        answer.set_data(payload.data)
    return answer


def _accepts_zstd(request: flask.Request) -> bool:
    return request.accept_encodings.quality("zstd") > 0 and "zstd" in request.accept_encodings.values()
