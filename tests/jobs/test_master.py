"""A Spark master that is none, or does not answer, is told before anything is started."""

from __future__ import annotations

import socket

import pytest

from synaptarium.jobs.build import precompute
from synaptarium.jobs.master import check_master
from synaptarium.schemas.errors import InvalidInput, MissingDependency
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
