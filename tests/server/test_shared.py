"""Shared sessions over real sockets: who presents, what followers are told and in which order, who may do what."""

from __future__ import annotations

import queue
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import msgspec
import pytest
import requests
import socketio

from synaptarium.schemas.errors import InvalidInput
from synaptarium.schemas.session_state import playhead_us
from synaptarium.schemas.shared_messages import Acted, Person, SharedSession, Welcome
from synaptarium.server.shared import room as rooms
from synaptarium.server.shared.room import Room
from synaptarium.store.database import Store

from .conftest import Serve, add, one_spike

RED, BLUE = "#e4572e", "#3a86ff"
LOOK = {"op": "pose", "at_ms": 0, "position": [1.0, 2.0, 3.0], "target": [0.0, 0.0, 0.0]}
PRESENCE = {"head": {"position": [1, 2, 3], "rotation": [0, 0, 0, 1]}, "points": [4, 5, 6], "lit": True}


class Someone:
    """A connection in a shared session, and what it was told."""

    def __init__(self, url: str, room: str, name: str, **more: Any) -> None:
        self.heard: queue.Queue[tuple[str, Any]] = queue.Queue()
        self.token = more.pop("token", "")
        self.asked = {"room": room, "key": name, "name": name, "colour": RED, "seat": "presenter"} | more
        self.url = url
        self.connect()

    def connect(self) -> None:
        self.socket = socketio.Client(reconnection=False)
        for event in ("welcome", "people", "acted", "moved", "time", "ended", "error"):
            self.socket.on(event, self._hear(event), namespace="/shared")
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        self.socket.connect(self.url, headers=headers, namespaces=["/shared"], transports=["websocket"])
        self.say("join", self.asked)

    def _hear(self, event: str) -> Any:
        return lambda data: self.heard.put((event, data))

    def say(self, event: str, data: Any) -> None:
        self.socket.emit(event, data, namespace="/shared")

    def next(self, event: str, timeout_s: float = 10.0) -> Any:
        """Return the next event of a kind, letting others go by; an error that was not asked for fails."""
        deadline = time.monotonic() + timeout_s
        while True:
            found, data = self.heard.get(timeout=max(0.01, deadline - time.monotonic()))
            if found == event:
                return data
            assert found != "error", data

    def heard_error(self) -> Any:
        """Return the next error, letting all else go by."""
        while (found := self.heard.get(timeout=10))[0] != "error":
            pass
        return found[1]

    def people(self, holds: Any) -> dict[str, Any]:
        """Return the next list of people for which something holds."""
        while not holds(found := self.next("people")):
            pass
        return found

    def acts(self, *operations: dict[str, Any]) -> None:
        self.say("act", {"operations": list(operations)})


@pytest.fixture
def url(store: Store, serve: Serve) -> str:
    add(store, one_spike())
    return serve()[1]


@pytest.fixture
def room(url: str) -> str:
    return opened(url).room


def opened(url: str, token: str = "") -> SharedSession:
    answer = requests.post(
        f"{url}/api/recordings/one-spike/shared",
        headers={"Authorization": f"Bearer {token}"} if token else {},
        timeout=10,
    )
    assert answer.status_code == 200, answer.text
    return msgspec.json.decode(answer.content, type=SharedSession)


@contextmanager
def together(url: str, room: str, *names: str) -> Iterator[list[Someone]]:
    with ExitStack() as stack:
        people = []
        for name in names:
            people.append(Someone(url, room, name))
            stack.callback(people[-1].socket.disconnect)
            people[-1].next("welcome")
        yield people


def test_first_presents_and_late_joiner_gets_the_state(url: str, room: str) -> None:
    with together(url, room, "Ada") as (ada,):
        clock = {"op": "clock", "at_ms": 0, "t_us": 500.0, "speed": 2.0, "playing": True, "loop": None}
        view = {"op": "view", "at_ms": 0, "changes": {"selection": [{"layer": "a", "neuron": 1}]}}
        ada.acts(LOOK, clock, view)
        ada.next("acted")

        bob = Someone(url, room, "Bob", colour=BLUE)
        welcome = msgspec.convert(bob.next("welcome"), Welcome)
        people = bob.next("people")
        bob.socket.disconnect()

    assert (welcome.recording, welcome.seq) == ("one-spike", 3)
    assert welcome.state.pose and welcome.state.pose.position == (1.0, 2.0, 3.0)
    assert welcome.state.clock
    # The clock is a formula of the session's time: no message is needed to know where the playhead is.
    ran_ms = welcome.now_ms - welcome.state.clock.at_ms
    assert playhead_us(welcome.state.clock, welcome.now_ms) == pytest.approx(500 + 2000 * ran_ms)
    assert people["presenter"] == people["people"][0]["id"]
    assert [person["name"] for person in people["people"]] == ["Ada", "Bob"]
    assert [person["colour"] for person in people["people"]] == [RED, BLUE]


def test_twenty_followers_hear_everything_in_one_order_and_one_that_was_cut_off_misses_nothing(
    url: str, room: str
) -> None:
    with together(url, room, "Ada", *(f"f{n}" for n in range(20))) as (ada, *followers):
        cut, *others = followers
        for n in range(50):
            ada.acts(LOOK | {"position": [float(n), 0.0, 0.0]})
        cut.socket.disconnect()
        for n in range(50, 100):
            ada.acts(LOOK | {"position": [float(n), 0.0, 0.0]})
        for follower in others:
            assert heard_operations(follower, range(100)) == {n: float(n) for n in range(100)}

        cut.heard = queue.Queue()
        cut.connect()
        welcome = msgspec.convert(cut.next("welcome"), Welcome)
        people = cut.next("people")["people"]
        assert len(people) == 21 and not any(person["away"] for person in people)
        for n in range(100, 120):
            ada.acts(LOOK | {"position": [float(n), 0.0, 0.0]})

        # What happened meanwhile is in the state that welcomes; what comes after it, whole, as to everybody.
        assert welcome.seq == 100 and welcome.state.pose and welcome.state.pose.position[0] == 99
        for follower in followers:
            assert heard_operations(follower, range(100, 120)) == {n: float(n) for n in range(100, 120)}


def heard_operations(follower: Someone, places: range) -> dict[int, float]:
    """Return the operations at these places as a follower heard them, by their places."""
    heard: dict[int, float] = {}
    while len(heard) < len(places):
        # This client hands each message to a thread of its own: their numbers tell the order, not their arrival.
        acted = msgspec.convert(follower.next("acted"), Acted)
        assert acted.seq not in heard
        for at, operation in enumerate(acted.operations, acted.seq):
            assert at in places
            heard[at] = operation.position[0]  # type: ignore[union-attr]
    return heard


def test_followers_forged_operation_is_refused_and_changes_nothing(url: str, room: str) -> None:
    with together(url, room, "Ada", "Bob") as (ada, bob):
        bob.acts(LOOK)
        error = bob.heard_error()
        late = Someone(url, room, "Cy")
        welcome = late.next("welcome")
        late.socket.disconnect()
        ada.acts(LOOK)

        assert ada.next("acted")["seq"] == 0

    assert error["code"] == "forbidden"
    assert error["message"] == "Ada presents; you follow."
    assert "Ask to present" in error["hint"]
    assert welcome["seq"] == 0 and not welcome["state"].get("pose")


def test_hand_over_needs_one_click_of_each(url: str, room: str) -> None:
    with together(url, room, "Ada", "Bob") as (ada, bob):
        ids = {
            person["name"]: person["id"] for person in bob.people(lambda p: len(p["people"]) == 2)["people"]
        }

        bob.say("ask", {})
        ada.people(lambda found: any(person["asks"] for person in found["people"]))
        ada.say("offer", {"to": ids["Bob"]})
        handed = bob.people(lambda found: found["presenter"] == ids["Bob"])
        assert not any(person["asks"] for person in handed["people"])

        bob.say("offer", {"to": ids["Ada"]})
        ada.people(lambda found: found["offered"] == ids["Ada"])
        ada.say("ask", {})
        assert bob.people(lambda found: found["presenter"] == ids["Ada"])["offered"] == ""


def test_lost_connection_keeps_its_place_and_heals(url: str, room: str) -> None:
    with together(url, room, "Ada", "Bob") as (ada, bob):
        before = bob.next("people")
        ada.socket.disconnect()
        away = bob.people(lambda found: found["people"][0]["away"])
        assert away["presenter"] == before["presenter"]

        ada.connect()
        assert ada.next("welcome")["you"] == before["presenter"]
        back = bob.people(lambda found: not found["people"][0]["away"])

        assert len(back["people"]) == 2
        ada.acts(LOOK)
        assert bob.next("acted")["by"] == before["presenter"]


def test_somebody_else_presents_where_the_presenter_is_away(url: str, room: str) -> None:
    with together(url, room, "Ada", "Bob") as (ada, bob):
        ada.socket.disconnect()
        bob.people(lambda found: found["people"][0]["away"])
        bob.say("ask", {})

        bob.people(lambda found: found["presenter"] == found["people"][1]["id"])


def test_presence_and_notes_reach_the_others(url: str, room: str) -> None:
    with together(url, room, "Ada", "Bob") as (ada, bob):
        bob.say("move", {"presence": PRESENCE})
        ((_, moved),) = ada.next("moved")["people"].items()
        bob.acts(
            {"op": "note", "at_ms": 0, "id": "n1", "text": "look", "position": [1, 1, 1], "author": "Bob"}
        )

        assert ada.next("acted")["operations"][0]["text"] == "look"
        late = Someone(url, room, "Cy")
        assert late.next("welcome")["notes"][0]["text"] == "look"
        assert late.next("moved")["people"]
        late.socket.disconnect()

    assert (moved["points"], moved["lit"]) == ([4, 5, 6], True)


def test_invitation_lets_in_with_its_role_until_the_session_ends(store: Store, serve: Serve) -> None:
    add(store, one_spike())
    url = serve(token="secret")[1]
    shared = opened(url, "secret")
    ada = Someone(url, shared.room, "Ada", token="secret")
    invited = ada.next("welcome")["invitations"]
    assert (
        requests.get(f"{url}/api/me", params={"token": invited["presenter"]}, timeout=5).json()["role"]
        == "presenter"
    )

    guest = requests.Session()
    page = guest.get(
        f"{url}/view/one-spike", params={"token": invited["viewer"], "shared": shared.room}, timeout=5
    )
    assert "token" not in page.url and shared.room in page.url
    assert guest.get(f"{url}/api/me", timeout=5).json()["role"] == "viewer"
    assert guest.post(f"{url}/api/recordings/one-spike/shared", timeout=5).status_code == 403

    bob = Someone(url, shared.room, "Bob", token=invited["viewer"])
    assert bob.heard_error()["message"].startswith("Your role may follow")
    bob.say("join", bob.asked | {"seat": "viewer"})
    assert bob.next("welcome")["invitations"] == {}
    for event, data in (("ask", {}), ("act", {"operations": [LOOK]}), ("offer", {"to": "p1"}), ("leave", {"end": True}),
                        ("act", {"operations": [{"op": "note", "at_ms": 0, "id": "n", "text": "x"}]})):  # fmt: skip
        bob.say(event, data)
        assert bob.heard_error()["code"] == "forbidden", event
    ada.say("offer", {"to": "p2"})
    assert "following" in ada.heard_error()["message"]

    ada.say("leave", {"end": True})
    assert bob.next("ended")["by"] == "Ada"
    until = time.monotonic() + 5
    while requests.get(f"{url}/api/me", params={"token": invited["viewer"]}, timeout=5).status_code != 401:
        assert time.monotonic() < until
        time.sleep(0.05)
    for person in (ada, bob):
        person.socket.disconnect()


def test_unknown_session_and_broken_messages_get_a_sentence(url: str, room: str) -> None:
    lost = Someone(url, "nowhere", "Ada")
    assert lost.heard_error()["code"] == "shared_session_not_found"
    lost.say("act", {"operations": [LOOK]})
    assert "no shared session" in lost.heard_error()["message"]
    lost.say("join", lost.asked | {"room": room, "colour": "red"})
    assert lost.heard_error()["where"] == "colour"
    lost.say("join", lost.asked | {"room": room})
    lost.next("welcome")
    lost.say("move", {"presence": {"head": {"position": [1e300, 0, 0], "rotation": [0, 0, 0, 1]}}})
    assert lost.heard_error()["where"] == "presence"
    lost.say("dance", {})
    assert "no event 'dance'" in lost.heard_error()["message"]
    lost.socket.disconnect()


def test_presenters_page_opens_its_session_again_on_a_new_server(url: str) -> None:
    ada = Someone(url, "0123456789", "Ada", recording="one-spike")

    assert ada.next("welcome")["room"] == "0123456789"
    ada.socket.disconnect()


class Quiet:
    """An outlet that keeps what was said."""

    def __init__(self) -> None:
        self.said: list[tuple[str, Any]] = []

    def one(self, sid: str, event: str, message: msgspec.Struct) -> None:
        self.said.append((event, message))

    all = lambda self, event, message: self.one("", event, message)  # noqa: E731


def test_who_stays_away_is_let_go_and_an_empty_session_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    outlet = Quiet()
    room = Room("r", "rec", outlet, {}, clock_s=lambda: now[0])
    for name in ("Ada", "Bob"):
        join = rooms.Join(room="r", key=name, name=name, colour=RED, seat="presenter")
        room.enter(name, join, may_present=True)

    room.lost("Ada")
    now[0] += rooms.AWAY_S + 1
    room.tend()
    people = outlet.said[-1][1]
    assert [person.name for person in people.people] == ["Bob"] and people.presenter == ""

    room.lost("Bob")
    now[0] += rooms.EMPTY_S - 1
    room.tend()
    assert not room.ended
    now[0] += 2
    room.tend()
    assert room.ended


def test_operation_of_another_time_happened_now() -> None:
    outlet = Quiet()
    room = Room("r", "rec", outlet, {}, clock_s=lambda: 50.0)
    room.enter(
        "s", rooms.Join(room="r", key="k", name=" Ada  L ", colour=RED, seat="presenter"), may_present=True
    )
    for at_ms, told_ms in ((-9e6, 0), (100, 100), (9_000_000, 0)):
        asked = msgspec.convert({"operations": [LOOK | {"at_ms": int(max(0, at_ms))}]}, rooms.Act)
        room.act("s", asked)
        assert outlet.said[-1][1].operations[0].at_ms == told_ms
    assert isinstance(outlet.said[1][1].people[0], Person) and outlet.said[1][1].people[0].name == "Ada L"
    with pytest.raises(InvalidInput, match="0 operations"):
        room.act("s", rooms.Act(operations=()))
