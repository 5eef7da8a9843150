"""The OpenAPI description, made from the route table and the message Structs."""

from __future__ import annotations

import importlib.metadata
import re
from typing import Any

import msgspec

from synaptarium.schemas.errors import ErrorBody
from synaptarium.server.endpoint import Endpoint, Query

_CONVERTER = re.compile(r"<(?:(\w+):)?(\w+)>")


def describe(endpoints: tuple[Endpoint, ...]) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of some endpoints."""
    kinds: list[Any] = [ErrorBody]
    for endpoint in endpoints:
        kinds += [
            kind
            for kind in (endpoint.answer, endpoint.body)
            if kind is not None and not isinstance(kind, str)
        ]
    schemas, components = msgspec.json.schema_components(kinds, ref_template="#/components/schemas/{name}")
    known = dict(zip(map(str, kinds), schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in endpoints:
        path = _CONVERTER.sub(r"{\2}", endpoint.path)
        paths.setdefault(path, {})[endpoint.method.lower()] = _operation(endpoint, known)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Synaptarium",
            "version": importlib.metadata.version("synaptarium"),
            "description": "Recordings of spiking networks: their networks, chunks, analyses and jobs.",
            "license": {"name": "BSD-3-Clause", "identifier": "BSD-3-Clause"},
        },
        "paths": paths,
        "components": {
            "schemas": components,
            "responses": {
                "Error": {"description": "What went wrong", "content": _json(known[str(ErrorBody)])}
            },
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "query": {"type": "apiKey", "in": "query", "name": "token"},
            },
        },
        "security": [{}, {"token": []}, {"query": []}],
    }


def _operation(endpoint: Endpoint, known: dict[str, Any]) -> dict[str, Any]:
    if endpoint.answer is None:
        success: dict[str, Any] = {"204": {"description": "Done"}}
    elif isinstance(endpoint.answer, str):
        success = {"200": {"description": "Bytes", "content": {endpoint.answer: {}}}}
    else:
        success = {"200": {"description": "Answer", "content": _json(known[str(endpoint.answer)])}}
    parameters = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "integer", "minimum": 0} if kind == "int" else {"type": "string"},
        }
        for kind, name in _CONVERTER.findall(endpoint.path)
    ]
    operation: dict[str, Any] = {
        "summary": endpoint.summary,
        "operationId": f"{endpoint.method.lower()}_{endpoint.call.__name__}",
        "parameters": parameters + [_query(query) for query in endpoint.query],
        "responses": success | {"default": {"$ref": "#/components/responses/Error"}},
        "x-needs": endpoint.action,
    }
    if endpoint.body is not None:
        operation["requestBody"] = {"content": _json(known[str(endpoint.body)])}
    if endpoint.raw_body:
        operation["requestBody"] = {"content": {endpoint.raw_body: {}}}
    return operation


def _query(query: Query) -> dict[str, Any]:
    schema: dict[str, Any] = {"default": query.default}
    if query.words:
        schema |= {"type": "string", "enum": list(query.words)}
    elif query.listed:
        schema |= {"type": "string", "pattern": r"^(\d{1,9}(,\d{1,9})*)?$"}
    else:
        schema |= {"type": "integer", "minimum": query.low, "maximum": query.high}
    return {"name": query.name, "in": "query", "required": False, "description": query.help, "schema": schema}


def _json(schema: Any) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}
