"""``export --video``: a film of a view, of its camera path or of a session, made by a browser without a window."""

from __future__ import annotations

import argparse
import re
import sys
import time
from pathlib import Path
from typing import Any, Literal

from synaptarium.schemas.errors import InvalidInput
from synaptarium.server.commands.console import ProgressLine, config_of, duration, size
from synaptarium.server.film import FilmOrder, FilmPlan, FilmProgress, make_film
from synaptarium.server.library import Library

FORMATS: dict[str, Literal["mp4", "webm", "gif"]] = {".mp4": "mp4", ".webm": "webm", ".gif": "gif"}
DEFAULT_FPS = {"mp4": 30.0, "webm": 30.0, "gif": 20.0}
EVERYWHERE = "H.264"


def film(library: Library, arguments: argparse.Namespace) -> dict[str, Any]:
    """Make the film that the arguments ask for, and return the file and what is in it."""
    order = order_of(arguments)
    with ProgressLine("Filming") as line:
        line.show(0, 0, "starting the browser", force=True)
        began_s = time.monotonic()

        def planned(plan: FilmPlan) -> None:
            nonlocal began_s
            began_s = time.monotonic()
            told = (
                f"{duration(plan.duration_s)}, {plan.frames:,} frames, {plan.codec}, about {size(plan.bytes)}"
            )
            line.show(0, plan.frames, told, force=True)

        def progress(done: FilmProgress) -> None:
            rate = done.frame / max(1e-6, time.monotonic() - began_s)
            line.show(
                done.frame,
                done.frames,
                f"{size(done.bytes)} so far" if done.bytes else "",
                rate=f"{rate:.1f} frames/s",
                eta_s=(done.frames - done.frame) / rate,
            )

        plan = make_film(
            library,
            config_of(arguments),
            arguments.id,
            order,
            Path(arguments.video),
            view=arguments.view,
            session=arguments.session,
            planned=planned,
            progress=progress,
        )
    if order.format == "mp4" and plan.codec != EVERYWHERE:
        print(
            f"This browser encodes no {EVERYWHERE}: the MP4 holds {plan.codec}, which some players do not know. "
            "FILE.webm is as widely played; Google Chrome (--browser) encodes it.",
            file=sys.stderr,
        )
    return {
        "file": arguments.video,
        "bytes": Path(arguments.video).stat().st_size,
        "frames": plan.frames,
        "seconds": plan.duration_s,
        "codec": plan.codec,
    }


def order_of(arguments: argparse.Namespace) -> FilmOrder:
    """Return what the arguments ask for; raises InvalidInput."""
    format = FORMATS.get(Path(arguments.video).suffix.lower())
    if format is None:
        raise InvalidInput(
            f"{arguments.video!r} does not tell what kind of film it shall be.",
            hint=f"Give it one of these endings: {', '.join(FORMATS)}.",
            where="video",
        )
    if arguments.session and arguments.path:
        raise InvalidInput("A film is of a session or of a camera path, not of both.", where="path")
    if arguments.path and arguments.stop is not None:
        raise InvalidInput(
            "A camera path has a length of its own: --to says nothing.",
            hint="Its seconds are in the view's address (path=); --from is where the run begins.",
            where="to",
        )
    folder = Path(arguments.video).resolve().parent
    if not folder.is_dir():
        raise InvalidInput(f"There is no folder {str(folder)!r} to write to.", where="video")
    width, height = _size(arguments.size)
    return FilmOrder(
        of="session" if arguments.session else "path" if arguments.path else "view",
        format=format,
        width=width,
        height=height,
        fps=arguments.fps or DEFAULT_FPS[format],
        from_s=arguments.start,
        to_s=arguments.stop,
        speed=arguments.speed,
        words=not arguments.no_words,
    )


def _size(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"(\d+)[x×](\d+)", text.strip().lower())
    if found is None:
        raise InvalidInput(
            f"{text!r} is no size.",
            hint="Give width and height in pixels, as in --size 1920x1080.",
            where="size",
        )
    return int(found[1]), int(found[2])
