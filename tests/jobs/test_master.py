"""A Spark master that is none, or does not answer, is told before anything is started."""

from __future__ import annotations

import re
import socket
from pathlib import Path

import pytest

from synaptarium.jobs import cluster
from synaptarium.jobs.build import precompute
from synaptarium.jobs.master import check_master
from synaptarium.schemas.errors import Internal, InvalidInput, MissingDependency
from synaptarium.store import jobs


@pytest.mark.parametrize(
    "master", ["local", "local[*]", "local[2]", "local[2,3]", "yarn", "k8s://https://host:1"]
)
def test_masters_that_need_no_question_pass(master: str) -> None:
    check_master(master)


@pytest.mark.parametrize(
    "master", ["foo", "", "spark://", "spark://host", "spark://host:x", "localhost:7077", "local[]"]
)
def test_what_is_no_master_is_refused(master: str) -> None:
    with pytest.raises(InvalidInput, match="is no Spark master") as caught:
        check_master(master)
    assert "spark://host:port" in caught.value.hint


def test_one_of_several_masters_is_enough() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        check_master(f"spark://127.0.0.1:1,127.0.0.1:{server.getsockname()[1]}")


@pytest.mark.parametrize("engine", ["spark", "auto"])
def test_a_master_that_does_not_answer_starts_nothing(store, learning_run, engine: str) -> None:
    recording = learning_run(seconds=1.0).stored(store)

    with pytest.raises(
        MissingDependency, match=r"No Spark master answers at spark://127\.0\.0\.1:1: Connection refused"
    ):
        precompute(store, recording.id, engine=engine, master="spark://127.0.0.1:1")

    assert jobs.latest(store, recording.num) is None


def test_the_local_engine_wants_no_master(store, learning_run) -> None:
    recording = learning_run(seconds=1.0).stored(store)

    with pytest.raises(InvalidInput, match="no use for the Spark master"):
        precompute(store, recording.id, engine="local", master="local[2]")


SAID = """An error occurred while calling z:org.apache.spark.api.python.PythonRDD.collectAndServe.
: org.apache.spark.SparkException: Job aborted due to stage failure: {}
Driver stacktrace:
"""


@pytest.mark.parametrize(
    ("said", "error", "words"),
    [
        ("ModuleNotFoundError: No module named 'synaptarium'", MissingDependency, "has no synaptarium"),
        ("ModuleNotFoundError: No module named 'pyarrow.lib'", MissingDependency, "has no pyarrow"),
        (
            'java.io.IOException: Cannot run program "/opt/py": error=2',
            MissingDependency,
            "cannot start .* /opt/py",
        ),
        (
            "[PYTHON_VERSION_MISMATCH] Python in worker has 3.9",
            MissingDependency,
            "another Python: Python in worker has 3.9",
        ),
        (
            "All masters are unresponsive! Giving up.",
            MissingDependency,
            "went away: All masters are unresponsive",
        ),
        ("Job 0 cancelled because SparkContext was shut down", MissingDependency, "at spark://h:1 went away"),
        ("something else", Internal, "Spark failed: org.apache.spark.SparkException: .*something else"),
    ],
)
def test_what_spark_says_is_told_in_a_sentence(said: str, error: type[Exception], words: str) -> None:
    found = cluster.explained(RuntimeError(SAID.format(said)), "spark://h:1")

    assert type(found) is error
    assert re.search(words, found.message) and "\n" not in found.message
    assert found.hint


THROWN = """An error occurred while calling z:org.apache.spark.api.python.PythonRDD.collectAndServe.
: org.apache.spark.api.python.PythonException: [PYTHON_EXCEPTION] An exception was thrown from the Python worker: Traceback (most recent call last):
  File "worker.py", line 12, in main
    process()
    ~~~~~~~^^
ValueError: what went wrong
 SQLSTATE: 38000
\tat org.apache.spark.api.python.BasePythonRunner.handle(PythonRunner.scala:1)
"""


def test_the_python_error_of_a_task_is_told_without_its_traceback() -> None:
    found = cluster.explained(RuntimeError(THROWN), "spark://h:1")

    assert found.message == "Spark failed: ValueError: what went wrong"


@pytest.mark.parametrize("master", ["spark://far:7077", "yarn", "k8s://https://far:6443"])
@pytest.mark.parametrize(
    "uri", ["mongodb://%2Ftmp%2Fm.sock/", "mongodb://me:x@localhost:27017,127.0.0.1:1/?w=1"]
)
def test_executors_elsewhere_cannot_reach_a_database_of_this_machine(master: str, uri: str) -> None:
    with pytest.raises(InvalidInput, match="only this machine sees") as caught:
        cluster.check_reachable(master, uri)
    assert "SYNAPTARIUM_MONGO_URI" in caught.value.hint and ":x@" not in caught.value.message

    cluster.check_reachable(master, "mongodb://me:x@localhost:27017,db.example:27017/?replicaSet=rs")
    cluster.check_reachable("spark://127.0.0.1:7077", uri)
    cluster.check_reachable("local[*]", uri)


def test_what_the_site_says_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SPARK_CONF_DIR", raising=False)
    monkeypatch.delenv("SPARK_HOME", raising=False)
    assert cluster.site_settings() == {}
    (tmp_path / "conf").mkdir()
    text = "# ours\n\nspark.executor.memory 2g\nspark.a=b c\n  spark.k8s.x : y\nspark.alone\n"
    (tmp_path / "conf" / "spark-defaults.conf").write_text(text)
    wanted = {"spark.executor.memory": "2g", "spark.a": "b c", "spark.k8s.x": "y"}

    monkeypatch.setenv("SPARK_HOME", str(tmp_path))
    assert cluster.site_settings() == wanted
    monkeypatch.setenv("SPARK_CONF_DIR", str(tmp_path / "conf"))
    assert cluster.site_settings() == wanted
    monkeypatch.setenv("SPARK_CONF_DIR", str(tmp_path))
    assert cluster.site_settings() == {}


def test_executors_with_other_packages_are_refused() -> None:
    here = cluster.versions()
    cluster.check_versions(here)
    cluster.check_versions({})

    with pytest.raises(
        MissingDependency, match=rf"pyarrow {here['pyarrow']} in place of 1\.0: it would write other"
    ):
        cluster.check_versions({**here, "pyarrow": "1.0"})
