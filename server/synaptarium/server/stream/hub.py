"""All viewers of this process, the recordings they watch, and the thread that looks after both.

The thread asks the database for its health, follows open recordings (folding what was appended into chunks), and
tells viewers when a recording grew, was precomputed again, or was deleted.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import msgspec

from synaptarium.jobs import live
from synaptarium.schemas.chunk_key import ChunkKey
from synaptarium.schemas.chunks import SeriesFrames, decode_series
from synaptarium.schemas.errors import (
    BuildNotFound,
    CorruptData,
    RecordingBusy,
    RecordingNotFound,
    StoreUnavailable,
    SynaptariumError,
)
from synaptarium.schemas.manifest import Manifest
from synaptarium.schemas.recording import Recording
from synaptarium.schemas.sealing import Sealed, unseal
from synaptarium.server.stream.plan import Catalogue
from synaptarium.server.stream.sender import Outdated, Reader
from synaptarium.server.stream.shelf import Shelf
from synaptarium.server.stream.viewer import Viewer
from synaptarium.store import chunks, database, recordings, summaries
from synaptarium.store.database import Store

log = logging.getLogger("synaptarium.stream")

#: How often an open recording is looked at although nothing came.
CLOSE_EVERY_S = 1.0
#: Recordings whose manifests are kept ready for planning.
MAX_CATALOGUES = 64
#: sum f64; min, max and last u32
SERIES_FRAME_BYTES = 20
#: Threads that read the next batches of all viewers: while one sends, the database fetches.
READING_AHEAD = 2


class Hub:
    """Viewers by connection, catalogues by recording.

    Parameters
    ----------
    store : Store
        The database.
    follow_s : float
        How often open recordings and the database are looked at.
    shelf_bytes : int
        Stored bytes of chunks that are kept for the next who wants them; half as many hold decoded series.
    """

    def __init__(self, store: Store, *, follow_s: float, shelf_bytes: int) -> None:
        self._store = store
        self._shelf = Shelf[Sealed](
            self._read,
            size_of=lambda sealed: len(sealed.stored),
            max_bytes=shelf_bytes,
            may_change=self._may_change,
        )
        self._series = Shelf[SeriesFrames](
            lambda keys: {key: decode_series(unseal(sealed)) for key, sealed in self._read(keys).items()},
            size_of=lambda frames: SERIES_FRAME_BYTES * len(frames.total),
            max_bytes=shelf_bytes // 2,
            may_change=self._may_change,
        )
        self._follow_s = follow_s
        self._ahead = ThreadPoolExecutor(READING_AHEAD, thread_name_prefix="read ahead")
        self._lock = threading.Lock()
        self._viewers: dict[str, Viewer] = {}
        self._catalogues: dict[str, Catalogue] = {}
        self._by_num: dict[int, Catalogue] = {}
        self._followed: dict[str, tuple[int, float]] = {}
        self._seen: set[int] = set()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="follower", daemon=True)
        self.database_error: StoreUnavailable | None = None

    def start(self) -> None:
        """Begin to look after viewers and open recordings."""
        self._thread.start()

    def close(self) -> None:
        """Stop, and let go of every viewer."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout=10)
        for viewer in self.viewers():
            viewer.end()
        self._ahead.shutdown(wait=False)

    # --- viewers -------------------------------------------------------------------------------------------------

    def viewers(self, recording: str | None = None) -> list[Viewer]:
        """Return the viewers of a recording, or all."""
        with self._lock:
            known = list(self._viewers.values())
        return [viewer for viewer in known if recording is None or viewer.recording == recording]

    def join(self, sid: str, viewer: Viewer) -> None:
        """Take in a new connection."""
        with self._lock:
            self._viewers[sid] = viewer

    def leave(self, sid: str) -> None:
        """Let a connection go."""
        with self._lock:
            viewer = self._viewers.pop(sid, None)
        if viewer:
            viewer.end()

    def viewer(self, sid: str) -> Viewer | None:
        """Return the viewer of a connection."""
        with self._lock:
            return self._viewers.get(sid)

    # --- recordings ----------------------------------------------------------------------------------------------

    def catalogue(self, recording_id: str) -> Catalogue:
        """Return the published manifest of a recording, ready for planning.

        Raises
        ------
        RecordingNotFound, BuildNotFound, StoreUnavailable
        """
        recording = recordings.get(self._store, recording_id)
        with self._lock:
            known = self._catalogues.get(recording_id)
        if known and self._is_current(known.manifest, recording):
            return known
        return self._remember(read_manifest(self._store, recording))

    @staticmethod
    def _is_current(manifest: Manifest, recording: Recording) -> bool:
        # An open recording is ahead of its manifest until it was followed; the follower remembers what it publishes.
        same = (manifest.num, manifest.build) == (recording.num, recording.build)
        return same and (manifest.revision == recording.revision or recording.status == "open")

    def _remember(self, manifest: Manifest) -> Catalogue:
        catalogue = Catalogue(manifest)
        with self._lock:
            known = self._catalogues.get(manifest.recording)
            if known and known.manifest == manifest:
                return known
            self._catalogues[manifest.recording] = self._by_num[manifest.num] = catalogue
            if known and known.manifest.num != manifest.num:
                self._by_num.pop(known.manifest.num, None)
            if len(self._catalogues) > MAX_CATALOGUES:
                oldest = self._catalogues.pop(next(iter(self._catalogues)))
                self._by_num.pop(oldest.manifest.num, None)
        return catalogue

    def chunks(self, keys: Sequence[ChunkKey]) -> dict[ChunkKey, Sealed]:
        """Return those of some chunks that are stored, or were read a moment ago."""
        return self._shelf.read(keys)

    def series(self, keys: Sequence[ChunkKey]) -> dict[ChunkKey, SeriesFrames]:
        """Return those of some chunks of a series that are stored, decoded."""
        return self._series.read(keys)

    def _read(self, keys: Sequence[ChunkKey]) -> dict[ChunkKey, Sealed]:
        with self._lock:
            catalogue = self._by_num.get(keys[0].recording)
        return chunks.read_many(self._store, keys, catalogue.tiles if catalogue else None)

    def _may_change(self, key: ChunkKey) -> bool:
        with self._lock:
            catalogue = self._by_num.get(key.recording)
        return catalogue is None or catalogue.manifest.build != key.build or catalogue.is_open(key)

    def reader_for(self, viewer: Callable[[], str]) -> Reader:
        """Return how a viewer reads chunks; ``viewer()`` names its recording at that time."""

        def read(keys: Sequence[ChunkKey]) -> Mapping[ChunkKey, Sealed]:
            # Away, it must be asked whether it is back; what lies on the shelf would say that it is.
            away = self.database_error is not None
            found = self._read(keys) if away else self.chunks(keys)
            missing = next((key for key in keys if key not in found), None)
            if missing is None:
                return found
            recording = recordings.get(self._store, viewer())  # RecordingNotFound, where that is why
            if recording.build not in (None, missing.build):
                # Precomputed again meanwhile: the old build's chunks are gone.
                self._renew(read_manifest(self._store, recording))
                raise Outdated
            if recording.build is None and recording.status == "failed":
                raise _deleted(recording.id)
            if recording.build is None:
                raise _unbuilt(recording.id)
            raise CorruptData(
                f"Chunk {missing.chunk} of stream {missing.stream}, level {missing.level}, tile {missing.tile} stands "
                "in the manifest and is not stored.",
                hint="Precompute the recording again.",
                where=recording.id,
            )

        def ahead(keys: Sequence[ChunkKey]) -> Future[Mapping[ChunkKey, Sealed]] | None:
            if self._stop.is_set() or self._shelf.has(keys):
                return None
            try:
                return self._ahead.submit(read, keys)
            except RuntimeError:  # closed at this very moment
                return None

        return Reader(read, ahead)

    def deleted(self, recording_id: str) -> None:
        """Tell everyone who watches that the recording is gone."""
        with self._lock:
            known = self._catalogues.pop(recording_id, None)
            self._followed.pop(recording_id, None)
            if known:
                self._by_num.pop(known.manifest.num, None)
        if known:
            self._shelf.forget(known.manifest.num)
            self._series.forget(known.manifest.num)
        for viewer in self.viewers(recording_id):
            viewer.fail(_deleted(recording_id))

    # --- the follower --------------------------------------------------------------------------------------------

    def _watch(self) -> None:
        while not self._stop.wait(self._follow_s):
            try:
                database.call(self._store, lambda: self._store.db.command("ping"))
                self._database(None)
                self._follow()
            except StoreUnavailable as error:
                self._database(error)
            except Exception:
                log.exception("following the recordings failed")

    def _database(self, error: StoreUnavailable | None) -> None:
        if (error is None) != (self.database_error is None):
            log.warning("the database %s", "answers again" if error is None else "does not answer")
        self.database_error = error
        for viewer in self.viewers():
            viewer.database(error)

    def _follow(self) -> None:
        known = {recording.id: recording for recording in recordings.all_recordings(self._store)}
        for recording_id in {viewer.recording for viewer in self.viewers()} - {""} - known.keys():
            self.deleted(recording_id)
        for recording in known.values():
            try:
                self._follow_one(recording)
            except StoreUnavailable:
                raise
            except RecordingBusy:
                log.debug("%s is followed by another process", recording.id)
            except SynaptariumError as error:
                log.warning("following %s: %s", recording.id, error.message)
            except Exception:
                log.exception("following %s failed", recording.id)

    def _follow_one(self, recording: Recording) -> None:
        self._resume_unfinished(recording)
        revision, looked_s = self._followed.get(recording.id, (-1, 0.0))
        if recording.status == "open" or (revision >= 0 and recording.status == "ready"):
            # Without new events, too, ranges close as time goes on.
            if revision != recording.revision or time.monotonic() - looked_s > CLOSE_EVERY_S:
                manifest = live.extend(self._store, recording.id)
                self._followed[recording.id] = (recording.revision, time.monotonic())
                with self._lock:
                    known = self._catalogues.get(recording.id)
                if known is None or known.manifest != manifest:
                    self._renew(manifest)
            if recording.status != "open":
                self._followed.pop(recording.id, None)
            return
        with self._lock:
            catalogue = self._catalogues.get(recording.id)
        if catalogue is None or recording.build is None or not self.viewers(recording.id):
            return
        old = catalogue.manifest
        if (old.num, old.build, old.revision) != (recording.num, recording.build, recording.revision):
            new = read_manifest(self._store, recording)
            if new != old:
                self._renew(new)

    def _resume_unfinished(self, recording: Recording) -> None:
        """Follow a recording that was closed while no server ran: its live build still waits for its end."""
        if recording.num in self._seen or recording.status != "ready":
            return
        self._seen.add(recording.num)
        if recording.build is not None and read_manifest(self._store, recording).open:
            self._followed.setdefault(recording.id, (0, 0.0))

    def _renew(self, manifest: Manifest) -> None:
        catalogue = self._remember(manifest)
        for viewer in self.viewers(manifest.recording):
            viewer.renew(catalogue)


def read_manifest(store: Store, recording: Recording) -> Manifest:
    """Return the manifest of a recording's published build.

    Raises
    ------
    BuildNotFound
        It was not precomputed yet.
    """
    if recording.build is not None:
        document = summaries.read(store, recording.num, "manifest", str(recording.build))
        if document is not None:
            return msgspec.convert(document, Manifest)
        log.warning("the manifest of %s, build %s is missing", recording.id, recording.build)
    raise _unbuilt(recording.id)


def _unbuilt(recording_id: str) -> BuildNotFound:
    return BuildNotFound(
        f"The recording {recording_id!r} has no chunks: it was not precomputed yet, or they were dropped.",
        hint=f"Run `synaptarium precompute {recording_id}`, or press Precompute on the home page.",
        where=recording_id,
    )


def _deleted(recording_id: str) -> RecordingNotFound:
    return RecordingNotFound(
        f"The recording {recording_id!r} was deleted while it was watched.",
        hint="Choose another recording on the home page.",
        where=recording_id,
    )
