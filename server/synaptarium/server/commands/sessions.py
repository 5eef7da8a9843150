"""``session``: the recorded viewings: list, show, replay, export, import and delete them."""

from __future__ import annotations

import argparse
import contextlib
import sys
import time
import webbrowser
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import msgspec

from synaptarium.schemas.errors import Conflict, InvalidInput
from synaptarium.schemas.session_file import lines_of, read_lines
from synaptarium.schemas.session_messages import SessionSummary
from synaptarium.schemas.session_state import moment_at
from synaptarium.server.commands.console import config_of, duration, library_of, print_json, print_table
from synaptarium.server.commands.serving import address, run
from synaptarium.server.config import data_folder
from synaptarium.server.library import Library, served_by
from synaptarium.store import sessions


def session(arguments: argparse.Namespace) -> int:
    """Do what the action says with the session that was named."""
    action: str = arguments.action
    if action != "list" and not arguments.target:
        what = "the file of a session" if action == "import" else "a session"
        raise InvalidInput(
            f"`session {action}` needs {what}.", hint=f"synaptarium session {action} {_EXAMPLES[action]}"
        )
    if action == "list" and arguments.target:
        raise InvalidInput("`session list` takes no session.", hint="synaptarium session show ID shows one.")
    return _ACTIONS[action](arguments)


def _list(arguments: argparse.Namespace) -> int:
    with library_of(arguments, "session") as library:
        found = [sessions.summary(library.store, one) for one in sessions.all_sessions(library.store)]
    if arguments.json:
        print_json([_told(one) for one in found])
        return 0
    if not found:
        print("No sessions yet. The record button of the viewer (O) makes one, `session import` brings one.")
        return 0
    print_table(
        ("id", "recording", "length", "by", "when", "notes", "state"),
        [
            (
                one.id,
                one.recording.id,
                duration(one.duration_ms / 1000),
                one.author or "-",
                time.strftime("%Y-%m-%d %H:%M", time.localtime(one.created_us / 1e6)),
                f"{len(one.notes)}",
                _state(one),
            )
            for one in found
        ],
    )
    return 0


def _show(arguments: argparse.Namespace) -> int:
    with library_of(arguments, "session") as library:
        found = sessions.summary(library.store, sessions.get(library.store, arguments.target))
        if arguments.at is not None:
            at_ms = _moment(found, arguments.at)
            part = sessions.segment(library.store, found.id, int(at_ms))
            moment = moment_at(part, found.replays_on or found.recording.id, found.notes, at_ms)
            print_json(
                {
                    "at_ms": at_ms,
                    "view": moment.view,
                    "playing": moment.playing,
                    "pointer": moment.pointer,
                    "notes": [note.text for note in moment.notes],
                }
            )
            return 0
        kinds = Counter(op.__struct_config__.tag for op in sessions.operations_of(library.store, found))
    if arguments.json:
        print_json(_told(found) | {"operations": dict(kinds), "notes": msgspec.to_builtins(found.notes)})
        return 0
    print(f"{found.id}: {found.name}" + (f" (by {found.author})" if found.author else ""))
    print(f"  recording   {found.recording.id}: {found.recording.name} ({_state(found)})")
    if found.fit_note:
        print(f"              {found.fit_note}")
    trimmed = f", of which {_span(found.trim)} is shown" if found.trim else ""
    print(f"  length      {duration(found.duration_ms / 1000)}{trimmed}")
    if found.forked_from:
        print(f"  forked      from {found.forked_from.session} at {found.forked_from.at_ms / 1000:.1f} s")
    listed = ", ".join(f"{n:,} {kind}" for kind, n in sorted(kinds.items()))
    print(f"  operations  {found.n_operations:,}" + (f" ({listed})" if listed else ""))
    for note in found.notes:
        print(f"  note        {note.at_ms / 1000:8.1f} s  {note.text or '(points at a place)'}")
    return 0


def _replay(arguments: argparse.Namespace) -> int:
    """Print the link, and open it unless told not to; a server is started where none runs."""
    config = config_of(arguments)
    holder = None if config.mongo_uri else served_by(data_folder(config))
    running = holder.url if holder else ""
    with library_of(arguments, "session" if running else "serve") as library:
        path = _path(library, arguments)
        if not running:
            if not arguments.no_open:
                run(library, arguments, path, open_browser=True)
                return 0
            print(path)
            print(
                "No server runs: `synaptarium serve` starts one, the link is below its address.",
                file=sys.stderr,
            )
            return 0
    home, _, query = path.partition("?")
    url = address(running, home)
    url += ("&" if "?" in url else "?") + query
    print(url)
    if not arguments.no_open:
        webbrowser.open(url)
    return 0


def _path(library: Library, arguments: argparse.Namespace) -> str:
    found = sessions.summary(library.store, sessions.get(library.store, arguments.target))
    if found.fit not in ("ready", "rebuilt"):
        raise Conflict(
            f"The session {found.id!r} cannot be replayed. {found.fit_note}",
            hint="It can still be shown, exported and deleted.",
        )
    at = "" if arguments.at is None else f"&at={_moment(found, arguments.at) / 1000:g}"
    return f"/view/{found.replays_on}?session={found.id}{at}"


def _export(arguments: argparse.Namespace) -> int:
    with library_of(arguments, "session") as library:
        found = sessions.get(library.store, arguments.target)
        lines = lines_of(found, sessions.operations_of(library.store, found))
        if arguments.to == "-":
            sys.stdout.buffer.writelines(lines)
            return 0
        file = Path(arguments.to or f"{found.id}.session.jsonl")
        unfinished = file.with_name(file.name + ".part")
        try:
            with unfinished.open("wb") as out:
                out.writelines(lines)
            unfinished.replace(file)
        finally:
            with contextlib.suppress(FileNotFoundError):
                unfinished.unlink()
    if arguments.json:
        print_json({"id": found.id, "file": str(file), "operations": found.n_operations})
    else:
        print(f"Wrote {found.id!r} to {file}: {found.n_operations:,} operations.")
    return 0


def _import(arguments: argparse.Namespace) -> int:
    file = Path(arguments.target)
    header, operations = read_lines(file.read_bytes(), file.name)
    with library_of(arguments, "session") as library:
        made = sessions.bring_in(library.store, header, operations, arguments.name or "")
        found = sessions.summary(library.store, made)
    if arguments.json:
        print_json(_told(found))
        return 0
    print(f"Imported {found.id!r}: {found.n_operations:,} operations, {duration(found.duration_ms / 1000)}.")
    if found.fit_note:
        print(found.fit_note)
    if found.replays_on:
        print(f"Next: synaptarium session replay {found.id}")
    return 0


def _delete(arguments: argparse.Namespace) -> int:
    with library_of(arguments, "session") as library:
        found = sessions.get(library.store, arguments.target)
        if not arguments.yes:
            if not sys.stdin.isatty():
                raise InvalidInput(
                    f"Nobody is there to confirm that {found.id!r} shall be deleted.",
                    hint=f"Add --yes: synaptarium session delete {found.id} --yes",
                )
            if input(f"Delete the session {found.name!r}? [y/N] ").strip().lower() not in ("y", "yes"):
                print("Nothing was deleted.")
                return 1
        sessions.delete(library.store, found.id)
    if arguments.json:
        print_json({"deleted": found.id})
    else:
        print(f"Deleted the session {found.id!r}.")
    return 0


_ACTIONS: dict[str, Callable[[argparse.Namespace], int]] = {
    "list": _list,
    "show": _show,
    "replay": _replay,
    "export": _export,
    "import": _import,
    "delete": _delete,
}
_EXAMPLES = {
    "show": "first-look",
    "replay": "first-look --at 12.5",
    "export": "first-look --to first-look.session.jsonl",
    "import": "first-look.session.jsonl",
    "delete": "first-look --yes",
}


def _moment(found: SessionSummary, seconds: float) -> float:
    if not 0 <= seconds * 1000 <= found.duration_ms:
        raise InvalidInput(
            f"The session lasts {found.duration_ms / 1000:.1f} s; {seconds:g} s was asked for.", where="--at"
        )
    return seconds * 1000


def _span(trim: tuple[int, int]) -> str:
    return f"{trim[0] / 1000:.1f} to {trim[1] / 1000:.1f} s"


def _state(found: SessionSummary) -> str:
    if found.state == "recording":
        return "interrupted" if found.interrupted else "recording"
    return {
        "ready": "ready",
        "rebuilt": "ready (precomputed anew)",
        "unbuilt": "not precomputed",
        "missing": "recording missing",
        "other": "another recording",
    }[found.fit]


def _told(found: SessionSummary) -> dict[str, object]:
    told = msgspec.to_builtins(found)
    told["notes"] = len(found.notes)
    return told
