"""One process at a time: a lock file that the kernel releases when its holder dies, however it dies."""

from __future__ import annotations

import json
import os
import time
import weakref
from dataclasses import asdict, dataclass, replace
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows: an embedded mongod has no Unix socket there either, see mongod.py.
    fcntl = None  # type: ignore[assignment]


@dataclass(frozen=True, kw_only=True)
class Holder:
    """Who holds a lock.

    Parameters
    ----------
    pid : int
        Process number.
    since : float
        Seconds since 1970.
    purpose : str
        ``"serve"``, ``"import"``, ...
    url : str
        Where it serves, once that is known.
    """

    pid: int
    since: float
    purpose: str
    url: str = ""

    def __str__(self) -> str:
        when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(self.since))
        return f"process {self.pid} (synaptarium {self.purpose}, since {when}{', at ' + self.url if self.url else ''})"


class FolderLock:
    """An exclusive lock on a file, held as long as this object (or its process) lives.

    Parameters
    ----------
    path : pathlib.Path
        The lock file; it stays behind, naming the last holder.
    purpose : str
        What the holder does, told to others.
    """

    def __init__(self, path: Path, purpose: str) -> None:
        self.path = path
        self.purpose = purpose
        self._descriptor: int | None = None
        self._holder: Holder | None = None

    @property
    def held(self) -> bool:
        """True while this object holds the lock."""
        return self._descriptor is not None

    def acquire(self) -> bool:
        """Take the lock if nobody has it; returns whether it is ours now."""
        if self._descriptor is not None:
            return True
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        if fcntl is not None:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                os.close(descriptor)
                return False
        self._descriptor = descriptor
        _held.add(self)
        self._write(Holder(pid=os.getpid(), since=time.time(), purpose=self.purpose))
        return True

    def announce(self, url: str) -> None:
        """Tell others where the holder serves."""
        if self._holder is not None:
            self._write(replace(self._holder, url=url))

    def release(self) -> None:
        """Give the lock back; does nothing when it is not held."""
        descriptor, self._descriptor, self._holder = self._descriptor, None, None
        if descriptor is not None:
            _held.discard(self)
            os.ftruncate(descriptor, 0)
            os.close(descriptor)

    def holder(self) -> Holder | None:
        """Return who holds the lock, None where nobody does or it is just being taken."""
        try:
            return Holder(**json.loads(self.path.read_text()))
        except (OSError, ValueError, TypeError):
            return None

    def _write(self, holder: Holder) -> None:
        if self._descriptor is None:
            return
        self._holder = holder
        text = json.dumps(asdict(holder)).encode()
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, text, 0)

    def forget(self) -> None:
        """Close our copy of the lock without giving it back; what a forked child does."""
        descriptor, self._descriptor, self._holder = self._descriptor, None, None
        if descriptor is not None:
            os.close(descriptor)


# A forked child shares its parent's locks; without this it would hold them beyond the parent's death.
_held: weakref.WeakSet[FolderLock] = weakref.WeakSet()


def _forget_all() -> None:
    for lock in list(_held):
        lock.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)
