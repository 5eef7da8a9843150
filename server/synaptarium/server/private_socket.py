"""Where the private database of a data folder listens: a socket in a folder that only its owner can enter."""

from __future__ import annotations

import hashlib
import os
import socket
import stat
import tempfile
from pathlib import Path

from synaptarium.schemas.errors import StoreUnavailable

#: ``sun_path`` holds 108 bytes on Linux and 104 on macOS, the final zero included.
MAX_SOCKET_PATH = 100


def private_folder(path: Path) -> Path:
    """Create a folder that only its owner can enter, or check that it is one.

    Raises
    ------
    StoreUnavailable
        It belongs to somebody else or is a link: a socket in it would not be private.
    """
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = path.lstat()
    except OSError as error:
        raise StoreUnavailable(
            f"The folder {path} cannot be made: {error.strerror}.",
            hint="Name a folder that you can write to with SYNAPTARIUM_DATA or --data.",
        ) from error
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise StoreUnavailable(
            f"{path} is not a folder of this user; the private database cannot live there.",
            hint="Remove it, or name another data folder with SYNAPTARIUM_DATA or --data.",
        )
    if stat.S_IMODE(found.st_mode) & 0o077:
        path.chmod(0o700)
    return path


def socket_path(data: Path) -> Path:
    """Return where the database of a data folder listens; the same for every process that asks."""
    inside = data / "run" / "mongod.sock"
    if len(os.fsencode(inside)) <= MAX_SOCKET_PATH:
        return inside
    name = hashlib.sha256(os.fsencode(data)).hexdigest()[:16]
    for base in (os.environ.get("XDG_RUNTIME_DIR"), tempfile.gettempdir(), "/tmp"):
        if base and len(base) <= MAX_SOCKET_PATH - 60:
            break
    return Path(base or "/tmp") / f"synaptarium-{os.getuid()}-{name}" / "mongod.sock"


def accepts(path: Path) -> bool:
    """Return whether somebody listens at a socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(str(path))
        except OSError:
            return False
        return True
