"""The REST interface over a real connection: answers, caching, and one error shape on every route."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pyarrow as pa
import pytest
import requests
import zstandard

from synaptarium.schemas.chunks import decode_spikes
from synaptarium.schemas.errors import ErrorBody
from synaptarium.schemas.manifest import Manifest
from synaptarium.schemas.messages import Health, Network, RecordingSummary
from synaptarium.server.app import ENDPOINTS
from synaptarium.server.picture import NOW
from synaptarium.store.database import Store

from .conftest import Serve, add, everything


@pytest.fixture
def served(store: Store, serve: Serve) -> tuple[str, str]:
    """A server's address and the id of a recording that has everything."""
    return serve()[1], add(store, everything())


def arrow(answer: requests.Response) -> pa.Table:
    assert answer.status_code == 200, answer.text
    return pa.ipc.open_stream(answer.content).read_all()


def test_list_tells_the_recording(served: tuple[str, str]) -> None:
    url, id = served

    (found,) = msgspec.json.decode(requests.get(f"{url}/api/recordings").content, type=list[RecordingSummary])

    assert (found.id, found.status, found.t_stop_us) == (id, "ready", 4_000_000)
    assert found.spikes == 784 * 30 * 4 + 30 * 30 * 4
    assert found.stored_bytes > 0
    assert found.job and found.job.state == "done"


def test_health_counts_recordings(served: tuple[str, str]) -> None:
    found = msgspec.json.decode(requests.get(f"{served[0]}/api/health").content, type=Health)

    assert (found.status, found.database.state, found.recordings) == ("ok", "ok", 1)
    assert found.database.version.count(".") == 2


def test_manifest_is_not_sent_twice(served: tuple[str, str]) -> None:
    url, id = served

    first = requests.get(f"{url}/api/recordings/{id}/manifest")
    again = requests.get(first.url, headers={"If-None-Match": first.headers["ETag"]})

    manifest = msgspec.json.decode(first.content, type=Manifest)
    assert first.headers["ETag"] == f'"{manifest.build}.{manifest.revision}-identity"'
    assert (again.status_code, again.content) == (304, b"")


def test_network_names_addresses_that_answer(served: tuple[str, str]) -> None:
    url, id = served

    found = msgspec.json.decode(requests.get(f"{url}/api/recordings/{id}/network").content, type=Network)

    assert [layer.name for layer in found.layers] == ["input", "output"]
    for address in found.urls.values():
        assert requests.get(url + address).status_code == 200, address


def test_synapses_come_in_order(served: tuple[str, str]) -> None:
    url, id = served

    table = arrow(requests.get(f"{url}/api/recordings/{id}/projections/input%2Foutput/synapses"))

    assert table["pre"].to_numpy()[:31].tolist() == [0] * 30 + [1]
    assert table["post"].to_numpy()[:31].tolist() == [*range(30), 0]


def test_scene_places_every_neuron(served: tuple[str, str]) -> None:
    url, id = served

    table = arrow(requests.get(f"{url}/api/recordings/{id}/scene?layout=sheets"))

    assert table.num_rows == 814
    frames = msgspec.json.decode(table.schema.metadata[b"layers"])
    assert [(frame["name"], frame["rows"], frame["columns"]) for frame in frames] == [
        ("input", 28, 28),
        ("output", 5, 6),
    ]


def test_stimuli_metrics_and_images(served: tuple[str, str]) -> None:
    url, id = served

    stimuli = arrow(requests.get(f"{url}/api/recordings/{id}/stimuli"))
    metrics = arrow(requests.get(f"{url}/api/recordings/{id}/metrics"))
    image = requests.get(f"{url}/api/recordings/{id}/images/3.png")

    assert stimuli["label"].to_pylist()[:3] == ["0", "1", "2"]
    assert stimuli["prediction"].null_count == 8
    assert metrics["value"].to_pylist()[-1] == pytest.approx(0.9)
    assert image.content.startswith(b"\x89PNG")


def test_picture_shows_layers_spikes_and_curves(served: tuple[str, str]) -> None:
    url, id = served

    answer = requests.get(f"{url}/api/recordings/{id}/picture.svg?revision=3")

    assert answer.headers["Content-Type"].startswith("image/svg+xml")
    assert answer.text.count("<polygon") == 2
    assert answer.text.count("<polyline") == 2
    assert NOW in answer.text, "no spike glows"


def chunk_url(url: str, id: str) -> str:
    manifest = msgspec.json.decode(requests.get(f"{url}/api/recordings/{id}/manifest").content, type=Manifest)
    return f"{url}/api/recordings/{id}/builds/{manifest.build}/chunks/0/0/0/0"


def test_chunk_goes_out_as_stored_where_zstd_is_accepted(served: tuple[str, str]) -> None:
    address = chunk_url(*served)

    stored = requests.get(address, headers={"Accept-Encoding": "gzip, zstd"}, stream=True)
    raw = stored.raw.read(decode_content=False)
    plain = requests.get(address, headers={"Accept-Encoding": "gzip"})

    assert stored.headers["Content-Encoding"] == "zstd"
    assert stored.headers["Cache-Control"] == "private, max-age=31536000, immutable"
    assert stored.headers["Vary"] == "Accept-Encoding"
    assert "Content-Encoding" not in plain.headers
    assert plain.headers["ETag"] != stored.headers["ETag"]
    assert zstandard.ZstdDecompressor().decompress(raw) == plain.content
    assert decode_spikes(plain.content).n_neurons == 784


def test_manifest_is_compressed_for_whoever_accepts_that(served: tuple[str, str]) -> None:
    address = "{}/api/recordings/{}/manifest".format(*served)

    stored = requests.get(address, headers={"Accept-Encoding": "zstd"}, stream=True)
    raw = stored.raw.read(decode_content=False)
    plain = requests.get(address, headers={"Accept-Encoding": "identity"})
    again = requests.get(
        address, headers={"Accept-Encoding": "zstd", "If-None-Match": stored.headers["ETag"]}
    )

    assert zstandard.ZstdDecompressor().decompress(raw) == plain.content
    assert len(raw) < len(plain.content) / 3
    assert msgspec.json.decode(plain.content, type=Manifest).build == 1
    assert (again.status_code, again.content) == (304, b"")


def test_chunk_is_not_sent_twice(served: tuple[str, str]) -> None:
    address = chunk_url(*served)
    first = requests.get(address)

    again = requests.get(address, headers={"If-None-Match": first.headers["ETag"]})

    assert (again.status_code, again.content) == (304, b"")


def test_one_connection_serves_many_requests(served: tuple[str, str]) -> None:
    url, id = served
    with requests.Session() as session:
        answers = [session.get(f"{url}/api/recordings/{id}", stream=False) for _ in range(5)]
        pools = list(session.adapters["http://"].poolmanager.pools._container.values())  # type: ignore[attr-defined]

    assert [answer.status_code for answer in answers] == [200] * 5
    assert pools[0].num_connections == 1


def test_body_of_a_refused_request_is_not_taken_for_the_next(served: tuple[str, str]) -> None:
    url, _ = served
    with requests.Session() as session:
        refused = session.post(f"{url}/api/recordings/none/jobs", data=b"GET / HTTP/1.1\r\n\r\n" * 50)
        after = session.get(f"{url}/api/health")

    assert refused.status_code == 400
    assert after.status_code == 200


def test_deleted_recording_is_gone(served: tuple[str, str]) -> None:
    url, id = served

    deleted = requests.delete(f"{url}/api/recordings/{id}")

    assert deleted.status_code == 204
    assert error_of(requests.get(f"{url}/api/recordings/{id}")).code == "recording_not_found"


def error_of(answer: requests.Response) -> ErrorBody:
    assert answer.status_code >= 400, answer.text
    assert answer.headers["Content-Type"] == "application/json"
    assert set(answer.json()) == {"code", "message", "hint", "where"}
    return msgspec.json.decode(answer.content, type=ErrorBody, strict=True)


def fill(path: str, **values: Any) -> str:
    return re.sub(r"<(?:\w+:)?(\w+)>", lambda found: str(values.get(found.group(1), 0)), path)


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: f"{endpoint.method} {endpoint.path}")
def test_every_route_of_a_recording_answers_an_unknown_id_in_our_shape(endpoint: Any, serve: Serve) -> None:
    if "<id>" not in endpoint.path:
        return
    url = serve()[1]

    for id, code in (("nobody", "recording_not_found"), ("..", "not_found"), ("%2e%2e%2fetc", "not_found")):
        answer = requests.request(endpoint.method, url + fill(endpoint.path, id=id, name="general"))
        assert error_of(answer).code in (code, "recording_not_found", "method_not_allowed")


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/api/recordings/{id}/builds/99/chunks/0/0/0/0", "build_not_found"),
        ("/api/recordings/{id}/builds/{build}/chunks/0/0/0/99999999999999", "chunk_not_found"),
        ("/api/recordings/{id}/builds/{build}/chunks/70000/0/0/0", "chunk_not_found"),
        ("/api/recordings/{id}/builds/{build}/chunks/0/300/0/0", "chunk_not_found"),
        ("/api/recordings/{id}/builds/{build}/chunks/0/0/-1/0", "not_found"),
        ("/api/recordings/{id}/overview?columns=1", "invalid_input"),
        ("/api/recordings/{id}/overview?columns=1e3", "invalid_input"),
        ("/api/recordings/{id}/overview?t_start_us=-", "invalid_input"),
        ("/api/recordings/{id}/overview?t_start_us=5&t_stop_us=5", "invalid_time"),
        ("/api/recordings/{id}/overview?t_start_us=4000000", "invalid_time"),
        ("/api/recordings/{id}/scene?layout=../../etc", "invalid_input"),
        ("/api/recordings/{id}/projections/nothing/synapses", "unknown_layer"),
        ("/api/recordings/{id}/images/4.png", "not_found"),
        ("/assets/../../pyproject.toml", "not_found"),
        ("/assets/%2e%2e/%2e%2e/index.html", "not_found"),
        ("/nothing", "not_found"),
    ],
)
def test_bad_address_is_told_in_our_shape(served: tuple[str, str], path: str, code: str) -> None:
    url, id = served
    build = requests.get(f"{url}/api/recordings/{id}").json()["build"]

    assert error_of(requests.get(url + path.format(id=id, build=build))).code == code


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", "invalid_input"),
        (b'{"window": {"t_start_us": 5}}', "invalid_input"),
        (b'{"window": {"t_start_us": 5, "t_stop_us": 5}}', "invalid_time"),
        (b'{"surprise": 1}', "invalid_input"),
        (b"[" * 100_000, "invalid_input"),
    ],
)
def test_bad_module_request_is_told(served: tuple[str, str], body: bytes, code: str) -> None:
    url, id = served

    answer = requests.post(f"{url}/api/recordings/{id}/modules/general", data=body)

    assert (answer.status_code, error_of(answer).code) == (400, code)


def test_unknown_module_is_told(served: tuple[str, str]) -> None:
    url, id = served

    assert (
        error_of(requests.post(f"{url}/api/recordings/{id}/modules/nothing", json={})).code
        == "module_not_found"
    )


def test_too_large_a_body_is_refused(served: tuple[str, str]) -> None:
    url, id = served

    answer = requests.post(f"{url}/api/recordings/{id}/modules/general", data=b" " * (2 * 1024 * 1024))

    assert answer.status_code == 413
    assert error_of(answer).code == "too_large"


def test_manifest_before_the_first_precompute(store: Store, serve: Serve) -> None:
    from synaptarium.store.importing import import_source

    url = serve()[1]
    id = import_source(store, everything()).id

    error = error_of(requests.get(f"{url}/api/recordings/{id}/manifest"))

    assert error.code == "build_not_found"
    assert f"synaptarium precompute {id}" in error.hint


def test_openapi_describes_every_route(served: tuple[str, str]) -> None:
    document = requests.get(f"{served[0]}/api/openapi.json").json()

    described = {(method.upper(), path) for path, found in document["paths"].items() for method in found}
    assert described == {(e.method, re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", e.path)) for e in ENDPOINTS}
    references = re.findall(r'"#/components/(\w+)/(\w+)"', str(document).replace("'", '"'))
    assert references
    for kind, name in references:
        assert name in document["components"][kind]
