"""DataFrames written as events: to an open recording, or as a new one; all tasks together and once, or nothing."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import cast

import msgspec
import pyarrow as pa
from pyspark.sql.datasource import (
    DataSourceArrowWriter,
    DataSourceStreamArrowWriter,
    WriterCommitMessage,
)

from synaptarium.adapters.layer_list import layer_list
from synaptarium.adapters.times import DEFAULT_BIN_US
from synaptarium.jobs.datasource_columns import stored_columns
from synaptarium.jobs.datasource_events import check_stream
from synaptarium.jobs.datasource_options import Choice, told
from synaptarium.schemas.errors import Conflict, InvalidInput, RecordingExists, RecordingNotFound
from synaptarium.schemas.events import EventKind
from synaptarium.schemas.recording import Counts, Header, Layer, Recording, Source, check_header
from synaptarium.store import closing, jobs, network, open_runs, recordings, staging
from synaptarium.store.database import Store, call, prepare


@dataclass(frozen=True)
class TaskDone(WriterCommitMessage):
    """What a task tells the driver."""

    staged: staging.Staged


class EventWriter(DataSourceArrowWriter):
    """Writes a DataFrame of events.

    Parameters
    ----------
    choice : Choice
        Recording, kind, stream and address.
    overwrite : bool
        Refused: what was recorded is never altered.
    """

    def __init__(self, choice: Choice, overwrite: bool) -> None:
        with told():
            self._write = _Write(choice, overwrite, f"spark/{uuid.uuid4().hex}")

    def write(self, iterator: Iterator[pa.RecordBatch]) -> WriterCommitMessage:
        """Stage the rows of a task."""
        return self._write.stage(iterator)

    def commit(self, messages: Sequence[WriterCommitMessage | None]) -> None:
        """Make all that the tasks have staged part of the recording."""
        self._write.commit(messages, 0)
        self._write.forget()

    def abort(self, messages: Sequence[WriterCommitMessage | None]) -> None:
        """Leave nothing."""
        self._write.abort(0)


class EventStreamWriter(DataSourceStreamArrowWriter):
    """Appends the batches of a streaming query, each once, also after the query was killed and started again.

    Parameters
    ----------
    choice : Choice
        Recording, kind, stream, address and checkpointLocation: that folder says which query it is.
    overwrite : bool
        Refused.
    """

    def __init__(self, choice: Choice, overwrite: bool) -> None:
        with told():
            place = choice.texts.get("checkpointlocation")
            if not place:
                raise InvalidInput(
                    "A streaming write needs .option('checkpointLocation', FOLDER): by it a batch is known again."
                )
            if "close" in choice.texts:
                raise InvalidInput(
                    "A streaming write does not end, so it cannot close the recording.",
                    hint="Close it afterwards: synaptarium.store.closing.close.",
                    where="close",
                )
            name = hashlib.sha256(f"{choice.recording}\n{place}".encode()).hexdigest()[:32]
            self._write = _Write(choice, overwrite, f"stream/{name}")

    def write(self, iterator: Iterator[pa.RecordBatch]) -> WriterCommitMessage:
        """Stage the rows of a task."""
        return self._write.stage(iterator)

    def commit(self, messages: Sequence[WriterCommitMessage | None], batchId: int) -> None:
        """Make a batch part of the recording, unless it is already."""
        self._write.commit(messages, batchId)

    def abort(self, messages: Sequence[WriterCommitMessage | None], batchId: int) -> None:
        """Leave nothing of a batch."""
        self._write.abort(batchId)


class _Write:
    """What both writers do; made on the driver, where it checks all that can be checked before a task runs."""

    def __init__(self, choice: Choice, overwrite: bool, name: str) -> None:
        if choice.kind in ("images", "chunks", "vs2n"):
            why = {
                "images": "Images are numbered by their order, which a DataFrame does not have.",
                "chunks": "Chunks are made from events alone.",
                "vs2n": "VS2N databases are read, never written to.",
            }[choice.kind]
            raise InvalidInput(
                why, hint="Written are spikes, potentials, weights, stimuli and metrics.", where="kind"
            )
        if overwrite:
            raise InvalidInput(
                f"Recording {choice.recording!r} cannot be overwritten: what was recorded is never altered.",
                hint="Take .mode('append') and another id; synaptarium delete ID deletes one.",
            )
        self._choice, self._name = choice, name
        self._kind: EventKind = cast("EventKind", choice.kind)
        self._close = choice.flag("close")
        store = choice.store()
        try:
            if not call(store, lambda: store.db.list_collection_names(filter={"name": "staged"})):
                prepare(store)  # a database of before this was there
            staging.sweep(store)
            self._recording = _recording(store, choice)
        finally:
            store.close()
        check_stream(self._recording.header, self._kind, choice.stream)

    def stage(self, batches: Iterable[pa.RecordBatch]) -> TaskDone:
        """Stage the rows of one attempt of a task; what a failed one has staged is deleted with the write."""
        header = self._recording.header
        with told():
            store = self._choice.store()
            try:
                return TaskDone(
                    staging.stage(
                        store,
                        self._recording,
                        self._kind,
                        self._choice.stream,
                        (stored_columns(self._kind, header, batch) for batch in batches if batch.num_rows),
                        writer=self._name,
                        attempt=uuid.uuid4().hex,
                    )
                )
            finally:
                store.close()

    def commit(self, messages: Sequence[WriterCommitMessage | None], batch: int) -> None:
        """Commit what attempts have staged, making the recording first where there is none."""
        staged = [message.staged for message in messages if isinstance(message, TaskDone)]
        id = self._choice.recording
        with told():
            store = self._choice.store()
            try:
                made = _made(store, self._choice, self._recording.header, self._name)
                try:
                    staging.commit(store, id, self._kind, staged, writer=self._name, batch=batch)
                except (Conflict, InvalidInput):
                    if made:
                        recordings.delete(store, id)
                    raise
                if self._close:
                    closing.close(store, id)
            finally:
                store.close()

    def forget(self) -> None:
        """Forget that this was committed: nobody asks for it again."""
        store = self._choice.store()
        try:
            staging.forget(store, self._choice.recording, self._name)
        finally:
            store.close()

    def abort(self, batch: int) -> None:
        """Delete what was staged; a write that is committed already is finished instead."""
        store = self._choice.store()
        try:
            if staging.is_committed(store, self._choice.recording, self._name, batch):
                staging.settle(store, self._choice.recording)
            staging.discard(store, self._name)
        finally:
            store.close()


def _recording(store: Store, choice: Choice) -> Recording:
    """Return the open recording that is written to, or one that the options describe and that is not stored yet."""
    wanted = _header(store, choice)
    try:
        found = recordings.get(store, choice.recording)
    except RecordingNotFound as error:
        if wanted is None:
            raise RecordingNotFound(
                f"There is no recording {choice.recording!r}.",
                hint=".option('layers', 'input:28x28,exc:400') or .option('like', ID) makes a new one.",
            ) from error
        return Recording(id=choice.recording, num=0, status="open", header=check_header(wanted))
    open_runs.check_open(found)
    if wanted is not None and _shapes(wanted.layers) != _shapes(found.header.layers):
        raise RecordingExists(
            f"There is an open recording {choice.recording!r} already, of other layers: "
            f"{', '.join(layer.name for layer in found.header.layers)}.",
            hint="Leave out 'layers' and 'like' to append to it, or take another id.",
        )
    return found


def _header(store: Store, choice: Choice) -> Header | None:
    """Return the header that the options describe, None where they describe none; raises InvalidInput."""
    layers, like = choice.texts.get("layers"), choice.texts.get("like")
    if layers and like:
        raise InvalidInput(
            "Both 'layers' and 'like' are given.", hint="Each describes a whole network.", where="like"
        )
    name = choice.texts.get("name", choice.recording)
    if like:
        other = recordings.get(store, like)
        refused = [option for option in ("bin_us", "t_start_us", "t_stop_us") if option in choice.numbers]
        if refused:
            raise InvalidInput(f"{refused[0]!r} is that of {like!r}.", hint="Leave it out.", where=refused[0])
        source = Source(format="spark", details={"like": like}, notes=(f"its network is that of {like!r}",))
        return msgspec.structs.replace(other.header, name=name, source=source)
    if not layers:
        return None
    start_us, bin_us = choice.t_start_us or 0, choice.numbers.get("bin_us", DEFAULT_BIN_US)
    return Header(
        name=name,
        bin_us=bin_us,
        t_start_us=start_us,
        t_stop_us=start_us + max(1, bin_us) if choice.t_stop_us is None else choice.t_stop_us,
        layers=layer_list(layers),
        source=Source(format="spark"),
    )


def _shapes(layers: tuple[Layer, ...]) -> list[tuple[str, int]]:
    return [(layer.name, layer.neurons) for layer in layers]


def _made(store: Store, choice: Choice, header: Header, writer: str) -> bool:
    """Make the recording of a write unless it is there; returns whether it was made now."""
    id, fingerprint = choice.recording, f"made by {writer}"
    try:
        found = recordings.get(store, id)
    except RecordingNotFound:
        like = choice.texts.get("like")
        made = recordings.create(store, header, id=id, status="importing", fingerprint=fingerprint)
        owner = jobs.new_owner()
        jobs.claim(store, made.num, 0, owner)
        try:
            if like:
                other = recordings.get(store, like)
                network.copy(store, other, made)
                open_runs.grow(store, id, Counts(images=other.counts.images), header.t_start_us)
            recordings.set_status(store, id, "open")
        except BaseException:
            jobs.release(store, made.num, 0, owner)
            recordings.delete(store, id)
            raise
        jobs.release(store, made.num, 0, owner)
        return True
    if _shapes(found.header.layers) != _shapes(header.layers):
        raise RecordingExists(
            f"Another recording {id!r} was made meanwhile.", hint="Take another id."
        ) from None
    return False
