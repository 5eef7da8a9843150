"""The command line as scripts use it: words, exit codes, JSON, errors with hints."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from synaptarium.adapters.archive import save
from synaptarium.server.cli import COMMANDS, main, parser
from synaptarium.server.commands.console import ProgressLine, amount, duration, size
from synaptarium.server.commands.serving import address
from synaptarium.server.library import open_library

from .conftest import add, everything, one_spike


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    """Run a command in this process; returns exit code, stdout and stderr."""
    code = main(words)
    out, err = capsys.readouterr()
    return code, out, err


@pytest.fixture(autouse=True)
def terminated_as_before() -> object:
    """The command line sets handlers for SIGTERM and SIGINT; tests give them back."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """A .synaptarium folder with everything."""
    return save(everything(), tmp_path / "small.synaptarium")


def test_commands_are_the_contract() -> None:
    words = [
        "demo",
        "import",
        "list",
        "info",
        "generate",
        "precompute",
        "serve",
        "open",
        "stats",
        "drop-chunks",
        "delete",
        "session",
        "export",
        "doctor",
    ]

    assert [command.name for command in COMMANDS] == words


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_help_shows_an_example_that_parses(command: object, capsys: pytest.CaptureFixture[str]) -> None:
    name, example = command.name, command.example  # type: ignore[attr-defined]
    with pytest.raises(SystemExit) as ended:
        main([name, "--help"])

    assert ended.value.code == 0
    assert f"Example: {example}" in " ".join(capsys.readouterr().out.split())
    assert parser().parse_args(example.split()[1:]).command == name


def test_way_of_a_recording(archive: Path, data_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "import", str(archive), "--dry-run")
    assert (code, "Nothing was stored." in out, "784 neurons (28x28)" in out) == (0, True, True)

    code, out, err = run(capsys, "import", str(archive), "--name", "My run")
    assert code == 0
    assert "Imported 'my-run'" in out
    assert "Next: synaptarium precompute my-run" in out
    assert "Importing  done in" in err

    code, out, _ = run(capsys, "list", "--json")
    assert [one["id"] for one in json.loads(out)] == ["my-run"]

    code, out, _ = run(capsys, "precompute", "my-run", "--engine", "local", "--json")
    assert (code, json.loads(out)["id"]) == (0, "my-run")

    code, out, _ = run(capsys, "info", "my-run", "--json")
    info = json.loads(out)
    assert info["span_us"] == [0, 4_000_000]
    assert [(layer["name"], layer["neurons"], layer["spikes"]) for layer in info["layers"]] == [
        ("input", 784, 94_080),
        ("output", 30, 3_600),
    ]

    code, out, _ = run(capsys, "info", "my-run")
    assert "projection  input/output: 23,520 synapses (explicit)" in out

    code, out, _ = run(capsys, "stats", "my-run", "--json")
    rows = json.loads(out)["streams"]
    exact = next(row for row in rows if (row["stream"], row["level"]) == ("spikes", 0))
    assert exact["events"] == 97_680
    assert 0.5 < exact["bytes_per_event"] < 4
    code, out, _ = run(capsys, "stats", "my-run")
    assert out.startswith("my-run: ") and "spikes, level 0" in out and "entropy bound" in out

    code, out, _ = run(capsys, "list")
    assert out.splitlines()[1].split()[:2] == ["my-run", "ready"]

    code, out, err = run(capsys, "delete", "my-run")
    assert (code, "--yes" in err) == (1, True)
    assert run(capsys, "delete", "my-run", "--yes")[:2] == (0, "Deleted 'my-run'.\n")
    assert "No recordings yet" in run(capsys, "list")[1]


def test_import_can_precompute_at_once(
    tmp_path: Path, data_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = save(one_spike(), tmp_path / "one.synaptarium")

    code, out, _ = run(capsys, "import", str(path), "--precompute", "--json")

    assert (code, json.loads(out)["build"]) == (0, 1)


def test_an_import_tells_what_it_sorted_and_a_build_what_it_reduced(
    tmp_path: Path, data_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pq.write_table(pa.table({"time_us": [3000, 1000, 2000], "neuron": [0, 1, 2]}), tmp_path / "mixed.parquet")
    archive = save(everything(), tmp_path / "small.synaptarium")

    _, mixed, _ = run(capsys, "import", str(tmp_path / "mixed.parquet"))
    _, whole, _ = run(capsys, "import", str(archive), "--name", "small")
    _, built, _ = run(capsys, "precompute", "small", "--engine", "local")

    assert "reduced: rows of mixed.parquet in time order: 2 of 3; the others step back in time" in mixed
    assert "reduced" not in whole
    assert "reduced: weights of input/output: 25,120 of 25,120; stored in 16 bits" in built


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("info", "nobody"), "There is no recording 'nobody'."),
        (("stats", "nobody"), "There is no recording 'nobody'."),
        (("precompute", "nobody"), "There is no recording 'nobody'."),
        (("delete", "nobody", "--yes"), "There is no recording 'nobody'."),
        (("open", "nobody"), "There is no recording 'nobody'."),
        (("import", "/nowhere/at/all"), "There is no file or folder '/nowhere/at/all'"),
        (("import", ""), "The source is an empty text"),
        (("import", "/nowhere", "--format", "tape"), "There is no format 'tape'"),
        (("import", "/nowhere", "--option", "fast"), "is no NAME=VALUE"),
        (("list", "--mongo-uri", "postgres://x"), "is not a MongoDB address"),
        (("serve", "--host", "203.0.113.7", "--port", "0"), "This machine has no address '203.0.113.7'"),
        (("serve", "--port", "99999"), "port is 99999"),
        (("serve", "--allowed-origins", "???", "--port", "0"), "'???' is no origin"),
        (("serve", "--allowed-hosts", "http://viewer.lab", "--port", "0"), "is no host name"),
        (("generate", "--to", "/nowhere/run.parquet"), "There is no folder '/nowhere'"),
        (("generate", "--to", ""), "--to is empty"),
        (("generate", "--rates", "-1"), "A rate of -1 Hz"),
        (("generate", "--neurons", "10", "--spikes", "999999999999"), "spikes of 10 neurons in 10 s"),
    ],
)
def test_error_is_one_sentence_with_a_hint(
    words: tuple[str, ...], message: str, data_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = run(capsys, *words)

    assert code == 1
    assert out == ""
    first, second = err.splitlines()[:2]
    assert first.startswith("error: ")
    assert message in first
    assert second.startswith("hint: ")
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (PermissionError(13, "Permission denied", "/data/x"), "'/data/x': Permission denied."),
        (OSError(28, "No space left on device"), "No space left on device."),
        (MemoryError(), "There is not enough memory."),
        (KeyError("x"), "Unexpectedly, KeyError: 'x'."),
    ],
)
def test_unforeseen_errors_are_one_sentence_too(
    error: Exception, message: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(arguments: object) -> int:
        raise error

    monkeypatch.setattr("synaptarium.server.commands.recordings.list_recordings", fail)

    code, _, err = run(capsys, "list")

    assert code == 1
    assert err.splitlines()[0] == f"error: {message}"
    assert err.splitlines()[1].startswith("hint: ")


def test_an_interrupt_while_the_command_loads_ends_it_quietly(tmp_path: Path) -> None:
    # The errors need msgspec: here it takes its time.
    (tmp_path / "msgspec.py").write_text("import time\nprint('loading', flush=True)\ntime.sleep(60)\n")
    path = os.pathsep.join([str(tmp_path), *sys.path])
    process = subprocess.Popen(
        [sys.executable, "-m", "synaptarium.server", "list"],
        env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None and process.stdout.readline() == "loading\n"
    process.send_signal(signal.SIGINT)

    _, err = process.communicate(timeout=20)

    assert (process.returncode, err) == (130, "interrupted\n")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_that_a_library_swallows_is_one_all_the_same(
    number: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fall(arguments: object) -> int:
        try:
            os.kill(os.getpid(), number)
        except KeyboardInterrupt:
            raise AttributeError("partially initialized module") from None
        return 0

    monkeypatch.setattr("synaptarium.server.commands.making.import_recording", fall)
    # Whatever an earlier command of this process, or the shell that started the tests, left there.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)

    try:
        code, _, err = run(capsys, "import", "x")
    finally:
        signal.signal(signal.SIGINT, before)

    assert (code, err.splitlines()[0]) == (130, "interrupted")
    assert "the same command goes on" in err


def test_serve_stops_for_an_interrupt_that_was_swallowed_on_its_way_up(
    data_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def swallow() -> None:
        with contextlib.suppress(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr("synaptarium.server.commands.serving.share_arenas", swallow)

    code, _, err = run(capsys, "serve", "--port", "0")

    assert (code, err) == (0, "Stopped.\n")


def test_error_as_json(data_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "info", "nobody", "--json")

    assert (code, json.loads(out)["code"]) == (1, "recording_not_found")


def test_unreachable_mongodb_is_told(data_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    code, _, err = run(capsys, "list", "--mongo-uri", f"mongodb://127.0.0.1:{port}/")

    assert code == 1
    assert f"MongoDB at mongodb://127.0.0.1:{port}/ does not answer" in err


def test_wrong_call_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["dance"], [], ["info"], ["precompute", "x", "--engine", "steam"]):
        with pytest.raises(SystemExit) as ended:
            main(words)
        assert ended.value.code == 2
    assert "usage: synaptarium" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("SYNAPTARIUM_PORT", "eighty", "SYNAPTARIUM_PORT is 'eighty'"),
        ("SYNAPTARIUM_LOOK_AHEAD_S", "nan", "look_ahead_s is nan"),
        ("SYNAPTARIUM_HTTPS", "perhaps", "SYNAPTARIUM_HTTPS is 'perhaps', which is neither yes nor no"),
    ],
)
def test_wrong_variable_is_told(
    variable: str,
    value: str,
    message: str,
    data_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv(variable, value)

    code, _, err = run(capsys, "list")

    assert (code, message in err) == (1, True)


def test_doctor_finds_what_this_machine_has(data_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "doctor", "--json")

    found = json.loads(out)
    states = {finding["name"]: finding["state"] for finding in found["findings"]}
    assert states["Python"] == states["Data folder"] == "ok"
    assert states["MongoDB"] in ("ok", "note")
    assert "SSPL" in next(f["found"] for f in found["findings"] if f["name"] == "MongoDB")
    assert states["Browser"] in ("ok", "missing")
    assert code == (0 if found["healthy"] else 1)


def test_doctor_fails_where_mongodb_is_missing(
    data_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SYNAPTARIUM_MONGOD", "/nowhere/mongod")

    code, out, _ = run(capsys, "doctor")

    assert code == 1
    line = next(line for line in out.splitlines() if "MongoDB" in line)
    assert line.startswith("missing")
    assert "synaptarium[mongod]" in out


def start(*words: str) -> tuple[subprocess.Popen[str], str]:
    """Start ``serve`` in a process of its own; returns it and its address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "synaptarium.server.cli", "serve", "--port", "0", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
        text=True,
    )
    assert process.stdout
    first = process.stdout.readline()
    assert first.startswith("Synaptarium is at "), first + (process.stderr.read() if process.stderr else "")
    return process, first.split()[-1]


def stop(process: subprocess.Popen[str], number: int) -> tuple[int, str]:
    process.send_signal(number)
    _, err = process.communicate(timeout=30)
    return process.returncode, err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serve_stops_cleanly(data_folder: Path, number: int) -> None:
    process, url = start()
    with urllib.request.urlopen(f"{url}api/health", timeout=10) as answer:
        assert json.load(answer)["status"] == "ok"

    code, err = stop(process, number)

    assert (code, err) == (0, "Stopped.\n")


def test_second_server_of_a_folder_says_who_serves_it(
    data_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    process, url = start()

    code, _, err = run(capsys, "serve", "--port", "0")

    stop(process, signal.SIGTERM)
    assert code == 1
    assert f"process {process.pid}" in err
    assert url.rstrip("/") in err


def test_commands_work_beside_a_server(
    data_folder: Path, capsys: pytest.CaptureFixture[str], archive: Path
) -> None:
    process, url = start()

    assert run(capsys, "import", str(archive), "--precompute")[0] == 0
    with urllib.request.urlopen(f"{url}api/recordings", timeout=10) as answer:
        assert [one["id"] for one in json.load(answer)] == ["small"]

    stop(process, signal.SIGTERM)


def test_open_uses_the_server_that_runs(
    data_folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BROWSER", "true")  # the program of that name opens nothing
    with open_library(data_folder, purpose="import") as library:
        add(library.store, one_spike())
    process, url = start("--token", "secret")

    code, out, _ = run(capsys, "open", "one-spike")

    stop(process, signal.SIGTERM)
    assert (code, out) == (0, address(url, "/view/one-spike") + "\n")
    assert "token=secret" in out


def test_port_in_use_is_told(data_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()

        code, _, err = run(capsys, "serve", "--port", str(taken.getsockname()[1]))

    assert code == 1
    assert "is in use" in err
    assert "--port" in err


def test_interrupted_precompute_keeps_what_is_done(data_folder: Path) -> None:
    with open_library(data_folder, purpose="import") as library:
        from synaptarium.store.importing import import_source

        id = import_source(library.store, everything(seconds=60, rate_hz=100.0)).id
    words = [sys.executable, "-m", "synaptarium.server.cli", "precompute", id, "--engine", "local"]
    process = subprocess.Popen(words, stderr=subprocess.PIPE, text=True)
    assert process.stderr
    assert "starting" in process.stderr.readline()
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=30)

    assert process.returncode == 130
    assert err.splitlines()[-2:] == [
        "interrupted",
        "hint: What is done is kept: the same command goes on from there.",
    ]
    again = subprocess.run(words, capture_output=True, text=True, timeout=120)
    assert again.returncode == 0, again.stderr


def test_progress_is_plain_lines_without_a_terminal() -> None:
    stream = io.StringIO()
    with ProgressLine("Importing", stream) as line:
        line.show(1, 4, "spikes", rate="5 k events/s", eta_s=75)
        line.show(2, 4, "spikes")  # too soon after the other

    lines = stream.getvalue().splitlines()
    assert lines[0] == "Importing   25%  5 k events/s  1 min 15 s to go  spikes"
    assert lines[1].startswith("Importing  done in")
    assert len(lines) == 2


def test_progress_is_a_bar_on_a_terminal() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    stream = Terminal()
    with ProgressLine("Importing", stream) as line:
        line.show(1, 2)

    assert "\r" in stream.getvalue()
    assert "[############............]" in stream.getvalue()


def test_numbers_for_people() -> None:
    assert [duration(s) for s in (0.04, 59.9, 60, 3600, 7300)] == [
        "0.0 s", "59.9 s", "1 min 0 s", "1 h 0 min", "2 h 1 min",
    ]  # fmt: skip
    assert [amount(n) for n in (7, 9999, 12_345, 3_700_000, 2.5e9)] == [
        "7",
        "9999",
        "12.3 k",
        "3.7 M",
        "2.5 G",
    ]
    assert [size(n) for n in (0, 1023, 1024, 5 << 20, 3 << 30)] == [
        "0 B",
        "1023 B",
        "1.0 KiB",
        "5.0 MiB",
        "3.0 GiB",
    ]
