"""The embedded MongoDB: a real ``mongod`` as a child process, private to its owner, that dies with us.

Every process that works on a data folder holds one :class:`Mongod`. Exactly one of them owns the database (a lock on
the folder decides) and runs the child; the others attach to its socket and take over when the owner goes away. So a
command beside a running server uses the server's database, and a server started during a long import shares it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self
from urllib.parse import quote

from synaptarium.schemas.errors import StoreUnavailable
from synaptarium.server.folder_lock import FolderLock
from synaptarium.server.mongod_binary import MongodBinary, find_mongod
from synaptarium.server.mongod_log import last_words
from synaptarium.server.private_socket import accepts, private_folder, socket_path

CACHE_GB = 0.5
POLL_S = 0.02
WATCH_S = 0.1
START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 20.0
MAX_BACKOFF_S = 5.0

# Runs in a fresh interpreter between us and mongod: asking for a signal at the parent's death in a preexec_fn would
# run Python between fork and exec of a process with threads. Exits when the parent died before the request was made.
_LAUNCH = """
import os, sys
parent, binary, *arguments = sys.argv[1:]
if sys.platform == "linux":
    import ctypes, signal
    ctypes.CDLL(None).prctl(1, int(signal.SIGTERM), 0, 0, 0)
if os.getppid() != int(parent):
    sys.exit("the parent process is gone")
os.execv(binary, [binary, *arguments])
"""

State = Literal["starting", "ready", "attached", "waiting", "down", "stopped"]


@dataclass(frozen=True, kw_only=True)
class MongodStatus:
    """What the database is doing.

    Parameters
    ----------
    state : str
        ``starting``, ``ready`` (our child), ``attached`` (another process's child), ``waiting`` (for that process's
        child to answer), ``down`` (died and not back yet) or ``stopped`` (by us).
    pid : int or None
        Of our child.
    restarts : int
        How often it died and was started again.
    message : str
        Last reason for being down.
    """

    state: State
    pid: int | None
    restarts: int
    message: str

    @property
    def answers(self) -> bool:
        """True when the database accepts connections."""
        return self.state in ("ready", "attached")


class Mongod:
    """The database of a data folder, ours or shared.

    Parameters
    ----------
    data : pathlib.Path
        The data folder; created where it is missing.
    purpose : str
        What this process does, told to others who find the folder held.
    """

    def __init__(self, data: Path, *, purpose: str) -> None:
        self.data = data.resolve()
        self.binary: MongodBinary | None = None
        private_folder(self.data)
        self._database = private_folder(self.data / "mongo")
        self.socket = socket_path(self.data)
        private_folder(self.socket.parent)
        self.log = self.data / "mongod.log"
        self._pid_file = self.data / "mongod.pid"
        self._lock = FolderLock(self.data / "mongo.lock", purpose)
        self._child: subprocess.Popen[bytes] | None = None
        self._changed = threading.Condition()
        self._state: State = "starting"
        self._message = ""
        self._restarts = 0
        self._answered = False
        self._failure: Exception | None = None
        self._stopping = threading.Event()
        self._watcher: threading.Thread | None = None

    @property
    def uri(self) -> str:
        """MongoDB URI of the private socket."""
        return f"mongodb://{quote(str(self.socket), safe='')}/"

    def status(self) -> MongodStatus:
        """Return the present state, at once."""
        with self._changed:
            child = self._child
            return MongodStatus(
                state=self._state,
                pid=child.pid if child is not None else None,
                restarts=self._restarts,
                message=self._message,
            )

    def start(self) -> Self:
        """Own or attach, and return when the database accepts connections.

        Raises
        ------
        MissingDependency
            There is no mongod to run.
        StoreUnavailable
            It did not come up; the message has its last words.
        """
        if self._watcher is None:
            # The watcher starts the child itself: the death signal follows the thread that forked, not the process.
            self._watcher = threading.Thread(target=self._watch, name="mongod-watcher", daemon=True)
            self._watcher.start()
        deadline = time.monotonic() + START_TIMEOUT_S
        with self._changed:
            while self._state not in ("ready", "attached"):
                left = deadline - time.monotonic()
                if self._failure is not None or left <= 0:
                    break
                self._changed.wait(left)
            failure, state = self._failure, self._state
        if state in ("ready", "attached"):
            return self
        self.stop()
        if failure is not None:
            raise failure
        holder = self._lock.holder()
        raise StoreUnavailable(
            f"The database in {self.data} did not answer within {START_TIMEOUT_S:.0f} s"
            + (f"; it belongs to {holder}." if holder else "."),
            hint=f"Its log is {self.log}.",
        )

    def stop(self) -> None:
        """Stop our child (cleanly, else by force) or detach; safe to call twice."""
        self._stopping.set()
        watcher, self._watcher = self._watcher, None
        if watcher is not None and watcher is not threading.current_thread():
            watcher.join()
        self._set("stopped")

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _set(self, state: State, message: str = "") -> None:
        with self._changed:
            self._state, self._message = state, message or self._message
            self._answered = self._answered or state in ("ready", "attached")
            self._changed.notify_all()

    def _watch(self) -> None:
        failures = 0
        try:
            while not self._stopping.is_set():
                if not self._lock.acquire():
                    self._set("attached" if accepts(self.socket) else "waiting")
                    self._stopping.wait(WATCH_S if self._state == "attached" else POLL_S)
                    continue
                started = time.monotonic()
                reason = self._run_child()
                if self._stopping.is_set():
                    return
                lived = time.monotonic() - started
                failures = failures + 1 if lived < START_TIMEOUT_S else 0
                self._restarts += 1
                self._set("down", reason)
                self._stopping.wait(min(MAX_BACKOFF_S, 0.1 * 2 ** min(failures - 1, 8)) if failures else 0)
        except Exception as error:  # handed to whoever waits in start()
            with self._changed:
                self._failure = error
                self._state, self._message = "down", str(error)
                self._changed.notify_all()
        finally:
            self._lock.release()

    def _run_child(self) -> str:
        """Run one child until it dies or we stop; returns why it died."""
        if self.binary is None:
            self.binary = find_mongod()
        self._end_orphan()
        private_folder(self.socket.parent)  # the owner before us may have taken it away, see _end_child
        self.socket.unlink(missing_ok=True)
        if self.log.exists():
            self.log.replace(self.log.with_suffix(".log.1"))
        child = subprocess.Popen(
            [
                sys.executable,
                "-I",
                "-S",
                "-c",
                _LAUNCH,
                str(os.getpid()),
                str(self.binary.path),
                *self._arguments(),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self.data,
            start_new_session=True,  # Ctrl+C reaches us alone; we stop it when our work is put away
        )
        self._pid_file.write_text(str(child.pid))
        with self._changed:
            self._child = child
        try:
            if self._wait_ready(child):
                self._set("ready")
                while child.poll() is None and not self._stopping.wait(WATCH_S):
                    pass
        finally:
            self._end_child(child)
            with self._changed:
                self._child = None
        if self._stopping.is_set():
            return ""
        reason = f"mongod ended with {_exit_text(child.returncode)}. {last_words(self.log)}".strip()
        if not self._answered:  # somebody waits in start(), and trying again would not help
            raise StoreUnavailable(
                f"The database in {self.data} did not start: {reason}",
                hint=f"Its log is {self.log}. If another version of MongoDB wrote this folder, name that mongod in "
                "SYNAPTARIUM_MONGOD; if the disk is full, make room.",
            )
        return reason

    def _arguments(self) -> list[str]:
        return [
            "--dbpath", str(self._database),
            "--bind_ip", str(self.socket),  # a path here means: this socket and no TCP port
            "--nounixsocket",  # not the world-visible one in /tmp
            "--filePermissions", "0600",
            "--wiredTigerCacheSizeGB", str(CACHE_GB),
            "--setParameter", "diagnosticDataCollectionEnabled=false",
            "--logpath", str(self.log),
            "--quiet",
        ]  # fmt: skip

    def _wait_ready(self, child: subprocess.Popen[bytes]) -> bool:
        # No time limit: recovery after a crash may take long, and start() has its own patience.
        while child.poll() is None and not self._stopping.is_set():
            if accepts(self.socket):
                return True
            self._stopping.wait(POLL_S)
        return False

    def _end_child(self, child: subprocess.Popen[bytes]) -> None:
        if child.poll() is None:
            child.terminate()
            try:
                child.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        self._pid_file.unlink(missing_ok=True)
        self.socket.unlink(missing_ok=True)
        if not self.socket.is_relative_to(self.data):  # a folder of its own among temporary files
            with contextlib.suppress(OSError):
                self.socket.parent.rmdir()

    def _end_orphan(self) -> None:
        """End a mongod on our folder that outlived its parent (we hold the lock, so its parent is gone)."""
        for note in (
            self._pid_file,
            self._database / "mongod.lock",
        ):  # ours, and mongod's own, written a little later
            try:
                pid = int(note.read_text())
            except (OSError, ValueError):
                continue
            deadline = time.monotonic() + STOP_TIMEOUT_S
            asked: signal.Signals | None = None
            while str(self._database) in _command_of(pid) and not self._stopping.is_set():
                wanted = signal.SIGKILL if time.monotonic() > deadline else signal.SIGTERM
                if wanted is not asked:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, wanted)
                    asked = wanted
                self._stopping.wait(POLL_S)


def _command_of(pid: int) -> list[str]:
    """Return the arguments of a running process, none where there is no such process."""
    try:
        if sys.platform == "linux":
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return []
            return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="surrogateescape").split("\0")
        ran = subprocess.run(
            ["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
        )
        return ran.stdout.split()
    except OSError:
        return []


def _exit_text(code: int | None) -> str:
    return f"signal {signal.Signals(-code).name}" if code is not None and code < 0 else f"exit code {code}"
