"""HTTPS with our own certificate: pages, the stream over real TLS, slow and rude clients, both ways at once."""

from __future__ import annotations

import hashlib
import json
import os
import socket
import ssl
import stat
import threading
import urllib.request
from pathlib import Path

import pytest
import segno

from synaptarium.client import Client, Received
from synaptarium.schemas.messages import Opened
from synaptarium.server.qr_code import qr_terminal
from synaptarium.server.tls import TwoWaySocket, own_certificate, server_context
from synaptarium.store.database import Store

from .conftest import Serve, add, everything


@pytest.fixture
def url(store: Store, serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """An HTTPS server with one recording, whose certificate this process trusts."""
    add(store, everything())
    address = serve(https=True)[1]
    for name in ("SSL_CERT_FILE", "WEBSOCKET_CLIENT_CA_BUNDLE"):
        monkeypatch.setenv(name, str(tmp_path / "tls" / "certificate.pem"))
    return address


def test_the_key_is_its_owners_and_the_certificate_is_kept(tmp_path: Path) -> None:
    certificate, key = own_certificate(tmp_path, "127.0.0.1")
    first = certificate.read_bytes()

    own_certificate(tmp_path, "127.0.0.1")

    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert stat.S_IMODE(key.parent.stat().st_mode) == 0o700
    assert certificate.read_bytes() == first


def test_another_address_or_a_broken_file_makes_another_certificate(tmp_path: Path) -> None:
    certificate, _ = own_certificate(tmp_path, "127.0.0.1")
    first = certificate.read_bytes()

    own_certificate(tmp_path, "192.0.2.44")
    second = certificate.read_bytes()
    certificate.write_text("no certificate")
    own_certificate(tmp_path, "192.0.2.44")

    assert second != first
    assert certificate.read_bytes().startswith(b"-----BEGIN CERTIFICATE")
    assert server_context(certificate, certificate.parent / "key.pem").cert_store_stats() is not None


def test_pages_come_over_tls_and_the_socket_streams_the_same_chunks(url: str) -> None:
    assert url.startswith("https://127.0.0.1:")
    with urllib.request.urlopen(f"{url}/api/health") as answer:
        assert json.load(answer)["status"] == "ok"

    with Client(url).open_stream() as stream:
        stream.open("small", ("spikes",))
        assert isinstance(stream.next(), Opened)
        stream.play(0, 4.0)
        chunk = next(event for event in iter(lambda: stream.next(5), None) if isinstance(event, Received))

    message = chunk.message
    path = f"/api/recordings/small/builds/1/chunks/{message.stream}/{message.level}/{message.tile}/{message.chunk}"
    request = urllib.request.Request(f"{url}{path}", headers={"Accept-Encoding": "zstd"})
    with urllib.request.urlopen(request) as answer:
        assert answer.read() == chunk.stored


def test_a_client_that_never_shakes_hands_holds_up_nobody(url: str) -> None:
    host, port = url.removeprefix("https://").split(":")
    with socket.create_connection((host, int(port))), socket.create_connection((host, int(port))) as rude:
        rude.sendall(b"GET / HTTP/1.1\r\n\r\n")
        with urllib.request.urlopen(f"{url}/api/health", timeout=5) as answer:
            assert answer.status == 200


def test_a_headset_is_told_where_to_go(url: str, serve: Serve) -> None:
    with urllib.request.urlopen(f"{url}/api/headset") as answer:
        told = json.load(answer)
    assert told["url"] == ""
    assert "--host 0.0.0.0" in told["why"]

    _, everywhere = serve(https=True, host="0.0.0.0", token="secret")
    request = urllib.request.Request(f"{everywhere}/api/headset", headers={"Authorization": "Bearer secret"})
    with urllib.request.urlopen(request) as answer:
        told = json.load(answer)

    assert told["url"].startswith("https://")
    assert told["url"].endswith("/?token=secret")
    assert told["qr"] == segno.make(told["url"], error="m").svg_inline(
        scale=4, border=4, dark="#0b0e14", light="#ffffff"
    )
    assert "█" in qr_terminal(told["url"]) or "▀" in qr_terminal(told["url"])


def test_one_thread_reads_while_two_write_and_no_byte_is_lost(tmp_path: Path) -> None:
    ours, theirs = socket.socketpair()
    context = server_context(*own_certificate(tmp_path, "127.0.0.1"))
    trusting = ssl.create_default_context(cafile=str(tmp_path / "tls" / "certificate.pem"))
    server = context.wrap_socket(ours, server_side=True, do_handshake_on_connect=False)
    client = trusting.wrap_socket(theirs, server_hostname="localhost", do_handshake_on_connect=False)
    shaking = threading.Thread(target=server.do_handshake)
    shaking.start()
    client.do_handshake()
    shaking.join()
    left, right = TwoWaySocket(server), TwoWaySocket(client)
    sent = {side: [os.urandom(size) for size in (1, 70_000, 5, 300_000, 16_384) * 8] for side in "lr"}
    total = sum(map(len, sent["l"]))
    found: dict[str, str] = {}

    def read(name: str, end: TwoWaySocket) -> None:
        digest, n_bytes = hashlib.sha256(), 0
        while n_bytes < total:
            part = end.recv(65_536)
            digest.update(part)
            n_bytes += len(part)
        found[name] = digest.hexdigest()

    threads = [
        threading.Thread(target=read, args=("l", right)),
        threading.Thread(target=read, args=("r", left)),
        threading.Thread(target=left.send_parts, args=(sent["l"],)),
        threading.Thread(target=right.send_parts, args=(sent["r"],)),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    left.close()
    right.close()

    assert found == {side: hashlib.sha256(b"".join(parts)).hexdigest() for side, parts in sent.items()}
