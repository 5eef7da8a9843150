"""HTTPS of our own: a certificate that this machine makes for itself, and a socket that a websocket may read and write.

Browsers give a page to a headset only in a secure context. A headset in the same network reaches this machine by its
address, for which nobody issues a certificate; so we sign our own, and the viewer accepts it once.
"""

from __future__ import annotations

import datetime
import ipaddress
import os
import select
import socket
import ssl
import threading
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

#: The longest that browsers accept is a little over a year.
VALID_DAYS, RENEW_DAYS = 397, 30
HANDSHAKE_S = 10.0
#: The largest TLS record is 16 KiB; small parts are joined up to it, large ones are not copied.
_RECORD_BYTES = 16 * 1024


def own_certificate(folder: Path, host: str) -> tuple[Path, Path]:
    """Return a certificate and its key, making them where there are none, or none for this machine's addresses.

    Parameters
    ----------
    folder : Path
        The data folder; they lie in `tls/`, which only its owner may open.
    host : str
        The address that the server listens on.

    Returns
    -------
    tuple of Path
        PEM files of the certificate and of the key (mode 0600).
    """
    place = folder / "tls"
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    certificate, key = place / "certificate.pem", place / "key.pem"
    names, addresses = _reached_as(host)
    if not (certificate.is_file() and key.is_file() and _serves(certificate, names, addresses)):
        _make(certificate, key, names, addresses)
    return certificate, key


def server_context(certificate: Path, key: Path) -> ssl.SSLContext:
    """Return what a server needs to speak TLS 1.2 or newer."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    context.set_alpn_protocols(["http/1.1"])
    return context


def network_address() -> str:
    """Return the address by which others in the network reach this machine, or loopback where there is no network."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(
                ("192.0.2.1", 9)
            )  # an address for documentation: nothing is sent, only the way is chosen
            return str(probe.getsockname()[0])
        except OSError:
            return "127.0.0.1"


def _reached_as(host: str) -> tuple[list[str], list[str]]:
    names = sorted({"localhost", socket.gethostname().lower(), socket.getfqdn().lower()})
    addresses = {"127.0.0.1", "::1", network_address()}
    try:
        addresses.add(str(ipaddress.ip_address(host.strip("[]"))))
    except ValueError:
        names.append(host.lower())
    return names, sorted(addresses - {"0.0.0.0", "::"})


def _serves(path: Path, names: list[str], addresses: list[str]) -> bool:
    try:
        found = x509.load_pem_x509_certificate(path.read_bytes())
        told = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ValueError, x509.ExtensionNotFound):
        return False
    soon = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=RENEW_DAYS)
    return (
        found.not_valid_after_utc > soon
        and set(names) <= set(told.get_values_for_type(x509.DNSName))
        and set(addresses) <= {str(address) for address in told.get_values_for_type(x509.IPAddress)}
    )


def _make(certificate: Path, key: Path, names: list[str], addresses: list[str]) -> None:
    secret = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Synaptarium on this machine")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(secret.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))  # clocks of headsets run late
        .not_valid_after(now + datetime.timedelta(days=VALID_DAYS))
        .add_extension(
            x509.SubjectAlternativeName(
                [
                    *(x509.DNSName(name) for name in names),
                    *(x509.IPAddress(ipaddress.ip_address(address)) for address in addresses),
                ]
            ),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(secret, hashes.SHA256())
    )
    pem = secret.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    key.unlink(missing_ok=True)
    with os.fdopen(os.open(key, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(pem)
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))


class TwoWaySocket:
    """A TLS socket that one thread reads while others write.

    OpenSSL's connection is for one thread at a time, and a blocking read holds it; so it is used without blocking, under
    a lock, and waits for the network outside of it.

    Parameters
    ----------
    connection : ssl.SSLSocket
        After its handshake.
    """

    def __init__(self, connection: ssl.SSLSocket) -> None:
        self._connection = connection
        self._lock = threading.Lock()
        self._sending = threading.Lock()
        connection.setblocking(False)

    def fileno(self) -> int:
        """Return the descriptor, for those who wait."""
        return self._connection.fileno()

    def recv(self, size: int) -> bytes:
        """Return what has come, at most `size` bytes; waits for the first; b"" at the end."""
        while True:
            try:
                with self._lock:
                    return self._connection.recv(size)
            except ssl.SSLWantReadError:
                self._wait(read=True)
            except ssl.SSLWantWriteError:
                self._wait(read=False)

    def send(self, data: bytes | memoryview) -> int:
        """Send all of it; returns its length, as a socket that takes everything does."""
        left = memoryview(data)
        with self._sending:
            while left:
                try:
                    with self._lock:
                        left = left[self._connection.send(left) :]
                except ssl.SSLWantReadError:
                    self._wait(read=True)
                except ssl.SSLWantWriteError:
                    self._wait(read=False)
        return len(data)

    sendall = send

    def send_parts(self, parts: list[bytes]) -> None:
        """Send buffers in a row; small ones share a record."""
        small: list[bytes] = []
        n_bytes = 0
        for part in parts:
            if n_bytes + len(part) > _RECORD_BYTES and small:
                self.send(b"".join(small))
                small, n_bytes = [], 0
            if len(part) > _RECORD_BYTES:
                self.send(part)
            else:
                small.append(part)
                n_bytes += len(part)
        if small:
            self.send(b"".join(small))

    def settimeout(self, seconds: float | None) -> None:
        """Keep it as it is: waiting is done here."""

    def shutdown(self, how: int) -> None:
        """End the connection both ways; a reader wakes up."""
        self._connection.shutdown(how)

    def close(self) -> None:
        """Close it."""
        self._connection.close()

    def _wait(self, *, read: bool) -> None:
        number = self._connection.fileno()
        if number < 0:
            raise OSError("the socket is closed")
        select.select([number] if read else [], [] if read else [number], [], 1.0)
