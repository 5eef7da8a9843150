"""A film without anybody at the screen: our own page, in a browser without a window, makes it frame by frame."""

from __future__ import annotations

import base64
import dataclasses
import json
import secrets
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Literal
from urllib.parse import parse_qsl, quote, urlencode

import msgspec

from synaptarium.schemas.errors import BrowserFailed, Conflict, InvalidInput
from synaptarium.server.app import serving
from synaptarium.server.browser import HeadlessBrowser, find_browser
from synaptarium.server.config import Config
from synaptarium.server.library import Library
from synaptarium.store import recordings, sessions

READY_TIMEOUT_S = 120.0
LOOK_S = 0.1
SLICE_BYTES = 3 << 20
#: The page has the film's size up to this; a larger film shows the same with as many more pixels.
WINDOW_PX = 1280
#: The bar below the scene of a page in a frame.
BAR_PX = 34


class FilmOrder(msgspec.Struct, frozen=True, kw_only=True):
    """What a film is to be, as ``static/src/film/film_order.ts`` takes it.

    Parameters
    ----------
    of : {"view", "path", "session"}
        The view as it stands, the way through its kept places, or a session.
    format : {"mp4", "webm", "gif"}
    width, height : int
        Pixels, even.
    fps : float
        Frames a second.
    from_s, to_s : float or None
        Seconds of the run, or of the session's own time; None for its start and its end.
    speed : float
        Recorded seconds a second of film, below 0 in reverse; of a session, how many times as fast as it was.
    words : bool
        Names of the layers, the time, and what notes say.
    """

    of: Literal["view", "path", "session"]
    format: Literal["mp4", "webm", "gif"]
    width: int
    height: int
    fps: float
    from_s: float | None
    to_s: float | None
    speed: float
    words: bool


class FilmPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What comes of an order: its length, its number of frames, what codes them, and about how many bytes."""

    duration_s: float
    frames: int
    codec: str
    bytes: float


class FilmProgress(msgspec.Struct, frozen=True, kw_only=True):
    """How far a film is: frames drawn and coded, of how many, and the file's bytes so far."""

    frame: int
    frames: int
    bytes: int
    codec: str


class _Work(msgspec.Struct, frozen=True, kw_only=True):
    progress: FilmProgress | None
    size: int | None
    failure: str | None


def make_film(
    library: Library,
    config: Config,
    id: str,
    order: FilmOrder,
    file: Path,
    *,
    view: str = "",
    session: str | None = None,
    planned: Callable[[FilmPlan], None] = lambda plan: None,
    progress: Callable[[FilmProgress], None] = lambda done: None,
) -> FilmPlan:
    """Make a film of a recording and write it to a file, whole or not at all.

    Parameters
    ----------
    library : Library
        Open data folder.
    config : Config
        Which browser; what else a server of this command needs.
    id : str
        The recording.
    order : FilmOrder
        What the film is to be.
    file : pathlib.Path
        Where to.
    view : str
        What stands after ``?`` in the address of a view.
    session : str or None
        The session that an order of one is about.
    planned, progress : callable
        Told once what comes of the order, and then how far it is.

    Raises
    ------
    InvalidInput
        The order cannot be filled: the message says why.
    Conflict
        The session does not replay on this recording.
    MissingDependency
        There is no browser.
    BrowserFailed
        The browser did not start, or went away.
    """
    recordings.get(library.store, id)
    if session is not None:
        _check_session(library, id, session)
    path = find_browser(config.browser)
    # A server of its own on a free port, and a token that only our browser has.
    own = dataclasses.replace(
        config, host="127.0.0.1", port=0, https=False, token=secrets.token_urlsafe(16), allowed_hosts=""
    )
    scale = min(1.0, WINDOW_PX / max(order.width, order.height))
    width, height = round(order.width * scale), round(order.height * scale)
    with (
        serving(library, own) as (app, server),
        HeadlessBrowser(path, width=width, height=height + BAR_PX) as browser,
    ):
        query = urlencode(parse_qsl(view.partition("?")[2] or view, keep_blank_values=True))
        browser.open(f"{app.url(server.port, f'/embed/{quote(id)}')}&{query}")
        _wait_for_page(browser)
        asked = f"{msgspec.json.encode(order).decode()}, {json.dumps(session)}"
        plan = _plan(browser, asked)
        planned(plan)
        browser.evaluate(_FILM.replace("ASKED", asked))
        size = _wait_for_film(browser, progress)
        unfinished = file.with_name(file.name + ".part")
        try:
            with unfinished.open("wb") as out:
                _fetch(browser, size, out)
            unfinished.replace(file)
        finally:
            unfinished.unlink(missing_ok=True)
    return plan


_PLAN = """window.synaptarium.planFilm(ASKED)
  .then((plan) => JSON.stringify({ plan }), (error) => JSON.stringify({ wrong: error.message }))"""
_FILM = """(() => {
  const work = { progress: null, blob: null, failure: null };
  window.synaptariumFilm = work;
  window.synaptarium.film(ASKED, (progress) => { work.progress = progress; })
    .then((blob) => { work.blob = blob; }, (error) => { work.failure = error.message; });
})()"""
_LOOK = """(() => {
  const { progress, blob, failure } = window.synaptariumFilm;
  return JSON.stringify({ progress, size: blob && blob.size, failure });
})()"""
_FETCH = """new Promise((done, failed) => {
  const reader = new FileReader();
  reader.onload = () => done(reader.result.slice(reader.result.indexOf(',') + 1));
  reader.onerror = () => failed(reader.error);
  reader.readAsDataURL(window.synaptariumFilm.blob.slice(FROM, TO));
})"""


def _check_session(library: Library, id: str, session: str) -> None:
    found = sessions.summary(library.store, sessions.get(library.store, session))
    if found.fit not in ("ready", "rebuilt"):
        raise Conflict(f"The session {session!r} cannot be replayed. {found.fit_note}", where="session")
    if found.replays_on != id:
        raise Conflict(
            f"The session {session!r} is one of {found.replays_on!r}, not of {id!r}.",
            hint=f"synaptarium export {found.replays_on} --session {session} --video FILE",
            where="session",
        )


def _wait_for_page(browser: HeadlessBrowser) -> None:
    until_s = time.monotonic() + READY_TIMEOUT_S
    while not browser.evaluate("window.synaptarium !== undefined"):
        if time.monotonic() > until_s:
            raise BrowserFailed("Our page did not load in the browser.")
        time.sleep(LOOK_S)
    failure = browser.evaluate("window.synaptarium.ready.then(() => null, (error) => error.message)")
    if failure:
        raise InvalidInput(failure)


def _plan(browser: HeadlessBrowser, asked: str) -> FilmPlan:
    answer = json.loads(browser.evaluate(_PLAN.replace("ASKED", asked)))
    if "wrong" in answer:
        raise InvalidInput(answer["wrong"])
    return msgspec.convert(answer["plan"], FilmPlan)


def _wait_for_film(browser: HeadlessBrowser, progress: Callable[[FilmProgress], None]) -> int:
    while True:
        work = msgspec.json.decode(browser.evaluate(_LOOK), type=_Work)
        if work.failure is not None:
            raise BrowserFailed(work.failure)
        if work.progress is not None:
            progress(work.progress)
        if work.size is not None:
            return work.size
        time.sleep(LOOK_S)


def _fetch(browser: HeadlessBrowser, size: int, out: IO[bytes]) -> None:
    for start in range(0, size, SLICE_BYTES):
        script = _FETCH.replace("FROM", str(start)).replace("TO", str(min(size, start + SLICE_BYTES)))
        out.write(base64.b64decode(browser.evaluate(script)))
