"""What one running server has: made once by ``create_app`` and handed to every route and event."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from synaptarium.modules.registry import Registry
from synaptarium.schemas.recording import Recording
from synaptarium.server.config import Config
from synaptarium.server.jobs_runner import JobsRunner
from synaptarium.server.security import Gate
from synaptarium.server.shared.rooms import Rooms
from synaptarium.server.stream.hub import Hub
from synaptarium.store import storage
from synaptarium.store.database import Store

if TYPE_CHECKING:
    from synaptarium.server.library import Library


@dataclasses.dataclass(kw_only=True)
class Site:
    """The parts of one server.

    Parameters
    ----------
    library : Library
        The database and the data folder.
    config : Config
        Settings in force.
    gate : Gate
        Who may come in.
    hub : Hub
        Viewers and recordings.
    jobs : JobsRunner
        Precomputes in child processes.
    modules : Registry
        The analyses.
    rooms : Rooms
        Shared sessions.
    headset_url : callable
        Address for others in the network, with a token; "" where none can reach us.
    """

    library: Library
    config: Config
    gate: Gate
    hub: Hub
    jobs: JobsRunner
    modules: Registry
    rooms: Rooms
    headset_url: Callable[[str], str] = lambda token: ""
    _sizes: dict[int, tuple[tuple[int | None, int], int, float]] = dataclasses.field(default_factory=dict)
    _sizes_lock: threading.Lock = dataclasses.field(default_factory=threading.Lock)

    @property
    def store(self) -> Store:
        """The database."""
        return self.library.store

    def stored_bytes(self, recording: Recording) -> int:
        """Return the stored bytes of a recording; counting an open one reads a lot, so the last count is kept."""
        key = (recording.build, recording.revision if recording.status != "open" else -1)
        with self._sizes_lock:
            known = self._sizes.get(recording.num)
        if known and known[0] == key and time.monotonic() - known[2] < 10:
            return known[1]
        size = storage.stored_bytes(self.store, recording)
        with self._sizes_lock:
            self._sizes[recording.num] = (key, size, time.monotonic())
        return size

    def close(self) -> None:
        """Stop everything that was started."""
        self.jobs.close()
        self.rooms.close()
        self.hub.close()
