"""The command line: ``synaptarium COMMAND``. Exit code 0 is success, 1 an error that was told, 2 a wrong call."""

from __future__ import annotations

import argparse
import importlib
import importlib.metadata
import logging
import os
import signal
import sys
from collections.abc import Sequence
from types import FrameType
from typing import NamedTuple, NoReturn

from synaptarium.kernels.processor import prefer_quick_sorts
from synaptarium.schemas.errors import SynaptariumError
from synaptarium.server.config import add_flags


class Argument(NamedTuple):
    """One argument of a command, as argparse takes it."""

    names: tuple[str, ...]
    options: dict[str, object]


def _argument(*names: str, **options: object) -> Argument:
    return Argument(names, options)


class Command(NamedTuple):
    """One command.

    Parameters
    ----------
    name, summary : str
        The word, and what it does.
    run : str
        ``module:function`` below ``synaptarium.server``; loaded when it is called, so that --help is quick.
    example : str
        Shown by --help.
    arguments : tuple of Argument
        Its own.
    settings : tuple of str
        Settings of :class:`synaptarium.server.config.Config` that it takes as flags.
    interrupted : str
        Hint for who stopped it with Ctrl-C.
    """

    name: str
    summary: str
    run: str
    example: str
    arguments: tuple[Argument, ...] = ()
    settings: tuple[str, ...] = ("data", "mongo_uri")
    interrupted: str = ""


_ID = _argument("id", metavar="ID", help="recording id, as `synaptarium list` shows it")
_JSON = _argument("--json", action="store_true", help="print JSON")
_ENGINE = _argument(
    "--engine",
    choices=("auto", "spark", "local"),
    default="auto",
    help="what computes: Spark, this process, or by size (default: auto)",
)
_MASTER = _argument(
    "--master", metavar="URL", help="Spark master, e.g. spark://host:7077 (default: local[*])"
)
_GENERATE = (
    _argument("--layers", metavar="NAME:SHAPE,...", default="3", help="layers, or how many (default: 3)"),
    _argument("--neurons", type=int, help="neurons in all, where --layers is a number (default: 1000)"),
    _argument("--spikes", type=int, help="spikes in all (default: by --rates)"),
    _argument("--seconds", type=float, default=10.0, help="length of the run (default: 10)"),
    _argument("--seed", type=int, default=0, help="same seed, same recording (default: 0)"),
    _argument(
        "--rates", metavar="HZ,...", default="5", help="mean rate of each layer, or of all (default: 5)"
    ),
    _argument("--sigma", type=float, default=1.0, help="spread of the log rates in a layer (default: 1)"),
    _argument("--oscillation", metavar="HZ", type=float, default=8.0, help="of the population (default: 8)"),
    _argument("--depth", type=float, default=0.5, help="of the oscillation, 0 to 1 (default: 0.5)"),
    _argument("--bursts", metavar="HZ", type=float, default=0.2, help="bursts a second (default: 0.2)"),
    _argument("--fan-in", type=int, help="synapses onto a neuron (default: 10 with --weights, else 0)"),
    _argument("--weights", type=int, default=0, help="weight changes in all (default: 0)"),
    _argument("--stimuli", type=int, default=0, help="presentations (default: 0)"),
    _argument(
        "--potentials",
        metavar="N",
        type=int,
        default=0,
        help="record the membrane potential of N neurons of each layer (default: 0)",
    ),
    _argument(
        "--sampling-us", type=int, default=1000, help="microseconds between its values (default: 1000)"
    ),
    _argument("--bin-us", type=int, default=1000, help="width of a frame in microseconds (default: 1000)"),
    _argument("--name", default="generated", help="name of the recording (default: generated)"),
    _argument(
        "--to",
        metavar="PATH",
        help="write PATH/ (a folder of columns), PATH.parquet (spikes) or PATH.synaptarium, store nothing",
    ),
    _JSON,
)
_LISTEN = (
    "host",
    "port",
    "https",
    "token",
    "viewer_token",
    "allowed_hosts",
    "allowed_origins",
    "embed_from",
    "modules",
    "data",
    "mongo_uri",
)

COMMANDS = (
    Command(
        "demo",
        "record a small network that learns handwritten digits, precompute it, and show it",
        "commands.serving:demo",
        "synaptarium demo --no-open",
        (
            _argument("--no-open", action="store_true", help="do not open the browser"),
            _argument("--no-serve", dest="serve", action="store_false", help="only make the recording"),
            _argument("--seconds", type=float, default=45.0, help="simulated time (default: 45)"),
            _argument(
                "--engine",
                choices=("auto", "spark", "local"),
                default="spark",
                help="what precomputes (default: spark)",
            ),
            _MASTER,
        ),
        _LISTEN,
    ),
    Command(
        "import",
        "import a recording: Parquet, Arrow or CSV files, NWB units, SONATA spikes, a VS2N database or folder, a "
        ".synaptarium archive",
        "commands.making:import_recording",
        "synaptarium import run.synaptarium --dry-run",
        (
            _argument("source", metavar="SRC", help="file, folder or mongodb:// address"),
            _argument("--name", help="name of the recording (default: the source's)"),
            _argument("--format", help="adapter, where it is not found by itself"),
            _argument("--dry-run", action="store_true", help="only report what would be stored"),
            _argument(
                "--option",
                action="append",
                default=[],
                metavar="NAME=VALUE",
                help="what the format's adapter understands, e.g. time_unit=s",
            ),
            _argument("--precompute", action="store_true", help="precompute it at once"),
            _JSON,
        ),
        interrupted="What is stored is kept: the same command goes on from there, `synaptarium delete` removes it.",
    ),
    Command(
        "list", "list the recordings", "commands.recordings:list_recordings", "synaptarium list", (_JSON,)
    ),
    Command(
        "info",
        "say what a recording holds",
        "commands.recordings:info",
        "synaptarium info digits --json",
        (_ID, _JSON),
    ),
    Command(
        "generate",
        "generate a recording of any size from a seed, to try or measure with",
        "commands.generating:generate",
        "synaptarium generate --layers input:28x28,exc:400 --spikes 1000000 --seconds 60 --seed 1",
        _GENERATE,
    ),
    Command(
        "precompute",
        "make the frames of a recording; goes on where it was stopped",
        "commands.making:precompute",
        "synaptarium precompute digits --engine spark",
        (_ID, _ENGINE, _MASTER, _JSON),
        interrupted="What is done is kept: the same command goes on from there.",
    ),
    Command(
        "serve",
        "serve the recordings to browsers",
        "commands.serving:serve",
        "synaptarium serve --port 8765",
        (_argument("--open", action="store_true", help="open the browser"), _JSON),
        _LISTEN,
    ),
    Command(
        "open",
        "open the viewer on a recording",
        "commands.serving:open_viewer",
        "synaptarium open digits",
        (_ID,),
        _LISTEN,
    ),
    Command(
        "stats",
        "say where the bytes of a recording are, and how near they come to what its data must take",
        "commands.storage:stats",
        "synaptarium stats digits",
        (_ID, _JSON),
    ),
    Command(
        "drop-chunks",
        "delete what precomputing made of a recording; its events stay, precompute makes it again",
        "commands.storage:drop_chunks",
        "synaptarium drop-chunks digits",
        (_ID, _JSON),
        interrupted="The same command goes on from there.",
    ),
    Command(
        "delete",
        "delete a recording and everything made from it",
        "commands.recordings:delete",
        "synaptarium delete digits --yes",
        (_ID, _argument("--yes", action="store_true", help="do not ask"), _JSON),
    ),
    Command(
        "session",
        "list, show, replay, export, import or delete sessions: recorded viewings",
        "commands.sessions:session",
        "synaptarium session replay first-look --at 12.5",
        (
            _argument("action", choices=("list", "show", "replay", "export", "import", "delete")),
            _argument(
                "target",
                metavar="ID|FILE",
                nargs="?",
                help="session, as `session list` shows it; a file to import",
            ),
            _argument("--at", type=float, metavar="S", help="show or replay this moment, seconds"),
            _argument(
                "--to", metavar="FILE", help="file to export to, - for stdout (default: ID.session.jsonl)"
            ),
            _argument("--name", help="name of an imported session (default: its own)"),
            _argument("--no-open", action="store_true", help="print the link to replay, open no browser"),
            _argument("--yes", action="store_true", help="delete without asking"),
            _JSON,
        ),
        _LISTEN,
    ),
    Command(
        "export",
        "write the scene at one moment as glTF, a part of the run as a page that plays offline or as a film, or all "
        "events as Parquet",
        "commands.export:export",
        "synaptarium export digits --html digits.html --from 10 --to 20",
        (
            _ID,
            _argument("--glb", metavar="FILE", help="points and lines, which every viewer opens"),
            _argument(
                "--glyphs", metavar="FILE", help="a glyph for each neuron by cell type, as GPU instances"
            ),
            _argument(
                "--parquet",
                metavar="FOLDER",
                help="spikes, potentials, weights, synapses, stimuli, metrics; `import` reads it",
            ),
            _argument("--at", type=float, metavar="SECONDS", help="the moment (default: the end)"),
            _argument(
                "--layout", metavar="NAME", default="auto", help="layout (default: the recording's own)"
            ),
            _argument(
                "--spread", type=float, default=1.0, help="how far apart the layers stand (default: 1)"
            ),
            _argument(
                "--fan",
                type=float,
                default=0.0,
                help="0 as laid out, 1 each layer beside the one before (default: 0)",
            ),
            _argument(
                "--hide",
                metavar="LAYER",
                action="append",
                default=[],
                help="leave a layer out; may be repeated",
            ),
            _argument(
                "--clip",
                metavar="X0,X1,Y0,Y1,Z0,Z1",
                default="0,1,0,1,0,1",
                help="what the clipping planes leave, from and to along x, y and z as parts of the network's extent, as "
                "clip= in the address of a view (default: 0,1,0,1,0,1, all of it)",
            ),
            _argument("--synapses", type=int, default=3000, help="synapses at most (default: 3000)"),
            _argument("--html", metavar="FILE", help="one page that plays a part of the run from the disk"),
            _argument(
                "--video", metavar="FILE", help="a film, .mp4, .webm or .gif, of the run from --from to --to"
            ),
            _argument(
                "--from",
                dest="start",
                type=float,
                metavar="SECONDS",
                help="start of the page or film (default: the run's)",
            ),
            _argument(
                "--to", dest="stop", type=float, metavar="SECONDS", help="its end (default: the run's)"
            ),
            _argument(
                "--view",
                metavar="QUERY",
                default="",
                help="what page or film shows: what stands after ? in the address of a view",
            ),
            _argument("--session", metavar="ID", help="the film is of this session, of its own seconds"),
            _argument(
                "--path",
                action="store_true",
                help="the film's camera goes through the places that --view keeps",
            ),
            _argument("--size", metavar="WxH", default="1280x720", help="of the film (default: 1280x720)"),
            _argument("--fps", type=float, help="frames a second (default: 30, of a GIF 20)"),
            _argument(
                "--speed",
                type=float,
                default=1.0,
                help="recorded seconds a second of film, below 0 in reverse; of a session, how many times as fast "
                "as it was (default: 1)",
            ),
            _argument("--no-words", action="store_true", help="no names, time and notes in the film"),
            _JSON,
        ),
        settings=("data", "mongo_uri", "browser"),
    ),
    Command(
        "doctor",
        "say what was found on this machine, what is missing, and what to do",
        "doctor:doctor",
        "synaptarium doctor",
        (_JSON,),
    ),
)


def parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    top = argparse.ArgumentParser(
        prog="synaptarium",
        description="A planetarium for spiking neural networks.",
        epilog="Example: synaptarium demo",
    )
    top.add_argument("--version", action="version", version=importlib.metadata.version("synaptarium"))
    top.add_argument("--verbose", action="store_true", help="log what happens, and tracebacks of errors")
    words = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in COMMANDS:
        sub = words.add_parser(
            command.name,
            help=command.summary,
            description=command.summary[0].upper() + command.summary[1:] + ".",
            epilog=f"Example: {command.example}",
        )
        for argument in command.arguments:
            sub.add_argument(*argument.names, **argument.options)  # type: ignore[arg-type]
        add_flags(sub, *command.settings)
        sub.set_defaults(run=command.run, interrupted=command.interrupted)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code."""
    prefer_quick_sorts()  # before a command imports numpy
    arguments = parser().parse_args(argv)
    verbose = arguments.verbose or bool(os.environ.get("SYNAPTARIUM_VERBOSE"))
    logging.basicConfig(
        level=logging.DEBUG if verbose else logging.WARNING,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    logging.getLogger("pymongo").setLevel(logging.WARNING)
    # A terminated command ends as an interrupted one: what it started stops, what it did is kept.
    stop = _Stop()
    signal.signal(signal.SIGTERM, stop)
    if signal.getsignal(signal.SIGINT) != signal.SIG_IGN:  # a shell's background jobs ignore it
        signal.signal(signal.SIGINT, stop)
    place, _, name = arguments.run.partition(":")
    try:
        run = getattr(importlib.import_module(f"synaptarium.server.{place}"), name)
        return int(run(arguments))
    except SynaptariumError as error:
        from synaptarium.server.commands.console import print_error

        if verbose:
            logging.getLogger("synaptarium").exception("the command failed")
        print_error(error, as_json=getattr(arguments, "json", False))
        return 1
    except KeyboardInterrupt:
        return _interrupted(arguments.interrupted)
    except BrokenPipeError:
        # The reader of a pipe has seen enough; a closed stdout must not fail at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if stop.asked:  # it fell into a library, which made something else of it
            return _interrupted(arguments.interrupted)
        from synaptarium.server.commands.console import print_error, unforeseen

        if verbose:
            logging.getLogger("synaptarium").exception("the command failed")
        print_error(unforeseen(error), as_json=getattr(arguments, "json", False))
        return 1


class _Stop:
    """Handler of SIGINT and SIGTERM: interrupts, and remembers that it did."""

    asked = False

    def __call__(self, number: int, frame: FrameType | None) -> NoReturn:
        self.asked = True
        raise KeyboardInterrupt


def _interrupted(hint: str) -> int:
    print("interrupted", file=sys.stderr)
    if hint:
        print(f"hint: {hint}", file=sys.stderr)
    return 130


if __name__ == "__main__":
    sys.exit(main())
