"""The embedded mongod as a child process: private, restarted, shared, and gone when its owner is."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pymongo
import pytest

from synaptarium.schemas.errors import MissingDependency, StoreUnavailable
from synaptarium.server.mongod import Mongod
from synaptarium.server.mongod_binary import find_mongod
from synaptarium.server.mongod_log import last_words
from synaptarium.server.private_socket import socket_path

HOLD = textwrap.dedent(
    """
    import sys, time
    from pathlib import Path
    from synaptarium.server.mongod import Mongod
    with Mongod(Path(sys.argv[1]), purpose="hold") as mongod:
        print(mongod.status().pid, flush=True)
        time.sleep(60)
    """
)


def wait_until(condition: Callable[[], bool], timeout_s: float = 20.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)


def holder_of(data: Path) -> tuple[subprocess.Popen[str], int]:
    """Start a process that owns the data folder's mongod; returns it and the mongod's pid."""
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(data)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, int(process.stdout.readline())


def end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait()
    assert process.stdout is not None
    process.stdout.close()


def gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def ping(mongod: Mongod) -> float:
    with pymongo.MongoClient(mongod.uri, serverSelectionTimeoutMS=3000) as client:
        return client.admin.command("ping")["ok"]


def test_mongod_is_private_to_its_owner(data_folder: Path) -> None:
    with Mongod(data_folder, purpose="test") as mongod:
        child = psutil.Process(mongod.status().pid)

        assert ping(mongod) == 1.0
        assert [c for c in child.net_connections("inet") if c.status == psutil.CONN_LISTEN] == []
        assert {c.laddr for c in child.net_connections("unix") if c.laddr} == {str(mongod.socket)}
        assert mongod.socket.parent.stat().st_mode & 0o777 == 0o700
        assert mongod.data.stat().st_mode & 0o777 == 0o700

    assert gone(child.pid)
    assert mongod.status().state == "stopped"
    assert not mongod.socket.exists()


def test_socket_of_a_long_data_path_moves_to_a_short_private_folder(tmp_path: Path) -> None:
    data = tmp_path / ("long-" * 30)

    with Mongod(data, purpose="test") as mongod:
        assert len(os.fsencode(mongod.socket)) <= 100
        assert mongod.socket == socket_path(data)
        assert mongod.socket.parent.stat().st_mode & 0o777 == 0o700
        assert ping(mongod) == 1.0
    assert not mongod.socket.parent.exists()


def test_killed_mongod_is_started_again(data_folder: Path) -> None:
    with Mongod(data_folder, purpose="test") as mongod:
        first = mongod.status().pid
        assert first is not None
        with pymongo.MongoClient(mongod.uri, serverSelectionTimeoutMS=5000) as client:
            client.t.get_collection("c", write_concern=pymongo.WriteConcern(j=True)).insert_one({"_id": 1})

            os.kill(first, signal.SIGKILL)
            wait_until(lambda: mongod.status().state == "ready" and mongod.status().pid != first)

            assert client.t.c.count_documents({}) == 1
        assert mongod.status().restarts == 1
        assert "SIGKILL" in mongod.status().message


def test_killed_owner_leaves_no_orphan(data_folder: Path) -> None:
    owner, pid = holder_of(data_folder)

    end(owner)  # kill -9

    wait_until(lambda: gone(pid))


def test_orphan_of_an_earlier_owner_is_ended_at_the_next_start(data_folder: Path) -> None:
    (data_folder / "mongo").mkdir(mode=0o700)
    command = [
        find_mongod().path,
        "--dbpath",
        data_folder / "mongo",
        "--bind_ip",
        data_folder / "orphan.sock",
    ]
    orphan = subprocess.Popen(
        [*command, "--nounixsocket"], stdout=subprocess.DEVNULL
    )  # nobody watches this one
    wait_until(lambda: (data_folder / "mongo" / "mongod.lock").exists())
    wait_until(lambda: (data_folder / "mongo" / "mongod.lock").read_text() != "")

    with Mongod(data_folder, purpose="test") as mongod:
        assert orphan.wait(0) == 0
        assert ping(mongod) == 1.0


def test_second_process_attaches_and_takes_over(data_folder: Path) -> None:
    owner, pid = holder_of(data_folder)
    with Mongod(data_folder, purpose="test") as mongod:
        assert mongod.status().state == "attached"
        assert ping(mongod) == 1.0

        end(owner)
        wait_until(lambda: mongod.status().state == "ready")

        assert mongod.status().pid not in (None, pid)
        assert ping(mongod) == 1.0


def test_stopped_owner_hands_over_within_a_process(data_folder: Path) -> None:
    with Mongod(data_folder, purpose="first") as first, Mongod(data_folder, purpose="second") as second:
        assert (first.status().state, second.status().state) == ("ready", "attached")

        first.stop()
        wait_until(lambda: second.status().state == "ready")

        assert ping(second) == 1.0


def test_database_that_does_not_start_says_why(data_folder: Path) -> None:
    (data_folder / "mongo").mkdir(mode=0o700)
    (data_folder / "mongo" / "WiredTiger").write_text("not a database\n")
    (data_folder / "mongo" / "WiredTiger.turtle").write_text("not a database\n")
    (data_folder / "mongo" / "storage.bson").write_bytes(b"not a database")

    with pytest.raises(StoreUnavailable, match="did not start: mongod ended with") as caught:
        Mongod(data_folder, purpose="test").start()

    assert "mongod.log" in caught.value.hint


def test_socket_folder_of_somebody_else_is_refused(data_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (data_folder / "run").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(StoreUnavailable, match="is not a folder of this user"):
        Mongod(data_folder, purpose="test")


def test_mongod_named_by_the_user_must_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SYNAPTARIUM_MONGOD", str(tmp_path / "nothing"))

    with pytest.raises(MissingDependency, match="nothing does not run"):
        find_mongod()


def test_old_mongod_on_the_path_gives_way_to_a_newer_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    old = tmp_path / "mongod"  # as Debian 9 shipped it
    old.write_text("#!/bin/sh\necho 'db version v3.2.11'\n")
    old.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")

    try:
        found = find_mongod()
    except MissingDependency as error:
        assert f"{old} is 3.2.11, too old" in error.message
    else:
        assert found.path != old
        assert found.origin != "PATH"


def test_last_words_of_a_log_are_its_last_error(tmp_path: Path) -> None:
    log = tmp_path / "mongod.log"
    log.write_text(
        '{"s":"E","msg":"Failed","attr":{"error":"disk full"}}\n{"s":"I","msg":"Shutting down"}\nhalf a li'
    )

    assert last_words(log) == "It said: Failed disk full"
    assert last_words(tmp_path / "none.log") == ""


def test_last_words_tell_the_reason_before_the_bare_abort(tmp_path: Path) -> None:
    log = tmp_path / "mongod.log"
    log.write_text(
        '{"s":"F", "msg":"Fatal assertion", "attr":{"error":"metadata corruption"}}\n'
        '{"s":"F", "msg":"\\n\\n***aborting after fassert() failure\\n\\n"}\n'
    )

    assert last_words(log) == "It said: Fatal assertion metadata corruption"


def test_last_words_name_the_cause_rather_than_the_assertion(tmp_path: Path) -> None:
    log = tmp_path / "mongod.log"
    entries = [
        {
            "s": "E",
            "msg": "WiredTiger error message",
            "attr": {"message": {"error_str": "No space left on device", "error_code": 28}},
        },
        {
            "s": "E",
            "msg": "WiredTiger error message",
            "attr": {"message": {"error_str": "WT_PANIC", "error_code": -31804}},
        },
        {"s": "F", "msg": "Writing fatal message", "attr": {"message": "Got signal: 6 (Aborted)."}},
    ]
    log.write_text("".join(json.dumps(entry) + "\n" for entry in entries))

    assert last_words(log) == "It said: No space left on device"
