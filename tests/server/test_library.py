"""The library: one folder, one database, whoever opens it."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest

from synaptarium.schemas.errors import DataFolderInUse, InvalidInput, RecordingExists, StoreUnavailable
from synaptarium.server.library import data_folder as find_data_folder
from synaptarium.server.library import open_library, served_by, write_recording, write_source
from synaptarium.server.mongod import Mongod
from synaptarium.store import database, recordings
from synaptarium.store.recording_info import recording_info

SERVE = textwrap.dedent(
    """
    import sys
    from pathlib import Path
    from synaptarium.server.library import open_library
    with open_library(Path(sys.argv[1]), purpose=sys.argv[2]) as library:
        library.announce("http://127.0.0.1:8000/")
        print(library.mongod.status().pid, flush=True)
        sys.stdin.readline()
    """
)


def opened_elsewhere(data: Path, purpose: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", SERVE, str(data), purpose],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline().strip()
    return process


def wait_until(condition: Callable[[], bool], timeout_s: float = 20.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)


def test_a_second_server_is_told_who_holds_the_folder(data_folder: Path) -> None:
    with opened_elsewhere(data_folder, "serve") as server:
        with pytest.raises(DataFolderInUse) as caught, open_library(purpose="serve"):
            pass
        holder = served_by()
        server.kill()

    found = re.search(
        r"served by process (\d+) \(synaptarium serve, since (.*), at (.*)\) already", caught.value.message
    )
    assert found is not None
    assert int(found.group(1)) == server.pid
    assert abs(time.mktime(time.strptime(found.group(2), "%Y-%m-%d %H:%M:%S")) - time.time()) < 60
    assert found.group(3) == "http://127.0.0.1:8000/"
    assert f"kill {server.pid}" in caught.value.hint
    assert "--data" in caught.value.hint
    assert holder is not None
    assert (holder.pid, holder.url) == (server.pid, "http://127.0.0.1:8000/")
    assert served_by() is None
    with open_library(purpose="serve") as library:  # the folder of a killed server is free at once
        assert recordings.all_recordings(library.store) == []


def test_a_command_shares_the_database_of_a_running_server(data_folder: Path) -> None:
    with opened_elsewhere(data_folder, "serve") as server, open_library(purpose="list") as library:
        assert library.mongod is not None
        assert library.mongod.status().state == "attached"
        id = write_recording(
            "from a script", layers=[{"name": "a", "neurons": 2}], spikes={"a": ([1, 2], [0, 1])}
        )
        assert [recording.id for recording in recordings.all_recordings(library.store)] == [id]
        server.kill()


def test_a_server_outlives_the_command_whose_database_it_shared(data_folder: Path) -> None:
    with opened_elsewhere(data_folder, "import") as command, open_library(purpose="serve") as library:
        assert library.mongod is not None
        assert library.mongod.status().state == "attached"

        print(file=command.stdin, flush=True)
        assert command.wait(20) == 0

        wait_until(lambda: library.mongod is not None and library.mongod.status().state == "ready")
        assert recordings.all_recordings(library.store) == []


def test_a_killed_database_heals(data_folder: Path) -> None:
    with open_library(purpose="serve") as library:
        assert library.mongod is not None
        pid = library.mongod.status().pid
        assert pid is not None

        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: library.mongod is not None and library.mongod.status().restarts == 1)
        wait_until(lambda: library.mongod is not None and library.mongod.status().answers)

        assert recordings.all_recordings(library.store) == []


def test_a_database_that_hangs_is_told_and_heals(data_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "SELECTION_TIMEOUT_S", 0.5)
    monkeypatch.setattr(database, "HEARTBEAT_MS", 500)
    with open_library(purpose="serve") as library:
        assert library.mongod is not None
        pid = library.mongod.status().pid
        assert pid is not None

        os.kill(pid, signal.SIGSTOP)
        try:
            with pytest.raises(StoreUnavailable, match="does not answer"):
                recordings.all_recordings(library.store)
        finally:
            os.kill(pid, signal.SIGCONT)

        assert recordings.all_recordings(library.store) == []


def test_a_mongodb_of_the_users_own_wins(
    data_folder: Path, mongod: Mongod, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SYNAPTARIUM_MONGO_URI", mongod.uri)
    try:
        with open_library(purpose="serve") as library, open_library(purpose="serve") as another:
            assert library.mongod is None
            assert another.store.uri == mongod.uri
            assert not (data_folder / "mongo").exists()
    finally:
        with open_library(purpose="test") as library:
            library.store.client.drop_database(library.store.name)


def test_a_mongodb_that_does_not_answer_is_told(
    data_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "SELECTION_TIMEOUT_S", 0.2)
    monkeypatch.setenv("SYNAPTARIUM_MONGO_URI", f"mongodb://{quote(str(tmp_path / 'no.sock'), safe='')}/")

    with pytest.raises(StoreUnavailable, match="does not answer"), open_library(purpose="list"):
        pass


def test_the_data_folder_is_the_one_given_or_named_or_the_platforms(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SYNAPTARIUM_DATA", str(tmp_path / "named"))
    assert find_data_folder(tmp_path / "given") == tmp_path / "given"
    assert find_data_folder() == tmp_path / "named"

    monkeypatch.delenv("SYNAPTARIUM_DATA")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    monkeypatch.setattr(sys, "platform", "linux")
    assert find_data_folder() == tmp_path / "share" / "synaptarium"


def test_a_data_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with (
        pytest.raises(StoreUnavailable, match="cannot be made"),
        open_library(tmp_path / "file" / "x", purpose="list"),
    ):
        pass


def test_one_call_writes_a_recording_from_plain_arrays(data_folder: Path) -> None:
    layers = [{"name": "input", "shape": (2, 2)}, {"name": "output", "neurons": 3}]
    spikes = {"input": ([0.0, 1.0, 1.0], [3, 0, 2]), "output": ([2.0], [1])}

    id = write_recording("two layers", time_unit="ms", bin_us=1000, layers=layers, spikes=spikes)

    with open_library(purpose="info") as library:
        info = recording_info(library.store, id)
    assert json.loads(json.dumps(info)) == info
    assert (id, info["status"], info["span_us"]) == ("two-layers", "ready", [0, 3000])
    assert [layer["spikes"] for layer in info["layers"]] == [3, 1]
    with pytest.raises(RecordingExists):
        write_recording("two layers", time_unit="ms", bin_us=1000, layers=layers, spikes=spikes)
    with pytest.raises(InvalidInput):
        write_recording("no layers", layers=[])
    with pytest.raises(InvalidInput, match="A str is no source of events") as caught:
        write_source("run.parquet", data=str(data_folder))  # type: ignore[arg-type]
    assert "open_source(path)" in caught.value.hint


def test_why_the_embedded_database_is_down_is_told(data_folder: Path) -> None:
    with (
        pytest.raises(StoreUnavailable, match=r"The database in .* is down: mongod ended with") as caught,
        open_library(data_folder, purpose="test") as library,
    ):
        mongod = library.mongod
        assert mongod is not None and mongod.binary is not None
        pid = mongod.status().pid
        assert pid is not None
        mongod.binary = dataclasses.replace(mongod.binary, path=Path("/bin/false"))  # as on a full disk
        os.kill(pid, signal.SIGKILL)
        recordings.all_recordings(library.store)

    assert "make room" in caught.value.hint
