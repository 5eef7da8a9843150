"""Sessions over HTTP and the command line: recorded, read, refused by role, exported, brought in."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest
import requests

from synaptarium.client import Client
from synaptarium.schemas.errors import Conflict, Forbidden, ForeignFile, InvalidInput, SessionNotFound
from synaptarium.schemas.session_messages import SessionChange
from synaptarium.schemas.session_state import moment_at
from synaptarium.schemas.sessions import NoteOp
from synaptarium.server.cli import main
from synaptarium.server.library import open_library
from synaptarium.store import sessions
from synaptarium.store.database import Store

from .conftest import Serve, add, one_spike

POSE = {"op": "pose", "position": [1, 2, 3], "target": [0, 0, 0]}
CLOCK = {"op": "clock", "t_us": 1000, "speed": 0.01, "playing": True}


def record(url: str, recording: str, name: str = "tour", **headers: str) -> str:
    """Record a session of two seconds over HTTP; returns its id."""
    begun = requests.post(
        f"{url}/api/recordings/{recording}/sessions", json={"name": name, "author": "Ada"}, headers=headers
    ).json()
    batch = {
        "first": 0,
        "at_ms": 2000,
        "operations": [
            CLOCK | {"at_ms": 0},
            POSE | {"at_ms": 0},
            {"op": "view", "at_ms": 500, "changes": {"selection": [{"layer": "a", "neuron": 2}]}},
            POSE | {"at_ms": 1000, "position": [5, 2, 3]},
        ],
    }
    log = f"{url}/api/sessions/{begun['id']}/log"
    assert requests.post(log, json=batch, headers=headers).status_code == 200
    stopped = {"state": "done", "duration_ms": 2500}
    requests.post(f"{url}/api/sessions/{begun['id']}", json=stopped, headers=headers).raise_for_status()
    return begun["id"]


def test_what_was_recorded_is_replayed_by_the_client(store: Store, serve: Serve) -> None:
    url = serve()[1]
    recording = add(store, one_spike())
    id = record(url, recording)
    client = Client(url)

    [found] = client.sessions(recording)
    client.note(id, NoteOp(at_ms=400, id="n", text="here", position=(0, 0, 1)))
    moment = moment_at(client.session_segment(id, 950), recording, client.session(id).notes, 950)

    assert (found.id, found.author, found.duration_ms, found.fit) == (id, "Ada", 2500, "ready")
    assert moment.view.t_us == 1000 + 9500
    assert moment.view.camera and moment.view.camera.position[0] == pytest.approx(1 + 4 * 2 / 3)
    assert [ref.neuron for ref in moment.view.selection] == [2]
    assert [note.text for note in moment.notes] == ["here"]


def test_a_session_moves_between_servers_as_a_file(store: Store, serve: Serve) -> None:
    client = Client(serve()[1])
    recording = add(store, one_spike())
    id = record(client.url, recording)
    file = client.export_session(id)
    client.delete_session(id)

    made = client.import_session(file)

    assert (made.id, made.state, made.replays_on, made.n_operations) == (id, "done", recording, 4)
    assert client.export_session(made.id) == file
    with pytest.raises(ForeignFile, match="is no session"):
        client.import_session(b"hello")
    with pytest.raises(InvalidInput, match="was changed after"):
        client.import_session(file.replace(b"tour", b"trip"))


def test_trim_rename_and_what_does_not_exist(store: Store, serve: Serve) -> None:
    client = Client(serve()[1])
    id = record(client.url, add(store, one_spike()))

    found = client.change_session(id, SessionChange(name="better", trim=(100, 900)))

    assert (found.name, found.trim) == ("better", (100, 900))
    with pytest.raises(InvalidInput, match=r"lasts 2\.5 s"):
        client.change_session(id, SessionChange(trim=(0, 9000)))
    with pytest.raises(SessionNotFound, match="no session 'nope'"):
        client.session("nope")
    with pytest.raises(Conflict, match="was stopped"):
        answer = requests.post(f"{client.url}/api/sessions/{id}/log", json={"first": 4, "at_ms": 9000})
        raise Conflict(answer.json()["message"])


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "teleport", "at_ms": 1},
        POSE | {"at_ms": 1, "position": [1, 2]},
        POSE | {"at_ms": 1, "extra": 1},
        {"op": "view", "at_ms": 1, "changes": {"colour": "pink"}},
        {"op": "view", "at_ms": 1, "changes": {"nonsense": 1}},
        CLOCK | {"at_ms": -5},
    ],
)
def test_operations_that_cannot_be_used_are_refused(
    store: Store, serve: Serve, operation: dict[str, Any]
) -> None:
    url = serve()[1]
    id = add(store, one_spike())
    begun = requests.post(f"{url}/api/recordings/{id}/sessions", json={}).json()

    answer = requests.post(
        f"{url}/api/sessions/{begun['id']}/log",
        json={"first": 0, "at_ms": 100, "operations": [operation]},
    )

    assert answer.status_code == 400
    assert answer.json()["code"] == "invalid_input"


def test_presenters_record_and_viewers_replay(store: Store, serve: Serve) -> None:
    url = serve(token="secret", viewer_token="look", presenter_token="lead")[1]
    recording = add(store, one_spike())
    viewer, presenter = Client(url, "look"), Client(url, "lead")
    id = record(url, recording, Authorization="Bearer lead")

    assert viewer.session(id).fit == "ready"
    assert viewer.session_segment(id).operations
    assert viewer.export_session(id)
    roles = {
        token: requests.get(f"{url}/api/me", headers={"Authorization": f"Bearer {token}"}).json()
        for token in ("secret", "lead", "look")
    }
    assert {token: me["role"] for token, me in roles.items()} == {
        "secret": "admin",
        "lead": "presenter",
        "look": "viewer",
    }
    assert roles["lead"]["may"] == ["look", "present"]
    for refused in (
        lambda: viewer.note(id, NoteOp(at_ms=1, id="n", text="x")),
        lambda: viewer.change_session(id, SessionChange(name="mine")),
        lambda: viewer.import_session(b""),
        lambda: viewer.delete_session(id),
        lambda: presenter.delete(recording),
    ):
        with pytest.raises(Forbidden, match="may not do this"):
            refused()
    presenter.delete_session(id)
    assert presenter.sessions() == []


def test_the_presenters_cookie_is_a_presenters(serve: Serve) -> None:
    url = serve(token="secret", presenter_token="lead")[1]
    browser = requests.Session()

    browser.get(f"{url}/?token=lead")

    assert browser.get(f"{url}/api/me").json()["role"] == "presenter"


def test_the_command_line_does_it_all(
    data_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from synaptarium.schemas.sessions import ClockOp

    def run(*words: str) -> tuple[int, str, str]:
        code = main(["session", *words])
        said = capsys.readouterr()
        return code, said.out, said.err

    # One that has the library open keeps its database running: each command would start it anew.
    with open_library(data_folder, purpose="test") as library:
        assert "No sessions yet" in run("list")[1]
        recording = add(library.store, one_spike())
        from synaptarium.store import recordings

        made = sessions.create(library.store, recordings.get(library.store, recording), name="First look")
        sessions.append(
            library.store, made.id, 0, 4000, [ClockOp(at_ms=0, t_us=10, speed=0.001, playing=True)]
        )
        sessions.note(library.store, made.id, NoteOp(at_ms=100, id="n", text="a spike"))
        sessions.change(library.store, made.id, SessionChange(state="done"))

        code, out, _ = run("list", "--json")
        assert (code, [one["id"] for one in json.loads(out)]) == (0, ["first-look"])
        assert "a spike" in run("show", "first-look")[1]
        shown = json.loads(run("show", "first-look", "--at", "2")[1])
        assert (shown["view"]["t_us"], shown["notes"]) == (2010, ["a spike"])
        code, out, err = run("replay", "first-look", "--at", "1.5", "--no-open")
        assert (code, out) == (0, f"/view/{recording}?session=first-look&at=1.5\n")
        assert "synaptarium serve" in err
        file = tmp_path / "s.jsonl"
        assert run("export", "first-look", "--to", str(file))[0] == 0
        assert "Imported 'first-look-2'" in run("import", str(file))[1]
        monkeypatch.setattr(sys, "stdin", io.StringIO())
        code, _, err = run("delete", "first-look")
        assert (code, "--yes" in err) == (1, True)
        assert run("delete", "first-look", "--yes")[0] == 0
        file.write_bytes(file.read_bytes()[:-30])
        code, _, err = run("import", str(file))
        assert (code, "s.jsonl is cut off" in err) == (1, True)
        assert "needs a session" in run("show")[2]
        code, _, err = run("import", str(tmp_path / "nowhere"))
        assert (code, "Traceback" in err) == (1, False)
