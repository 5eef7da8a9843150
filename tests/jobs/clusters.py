"""A Spark standalone cluster and a MongoDB replica set on this machine: each part a process that can be killed."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pymongo
import pyspark

from synaptarium.jobs.java import find_java
from synaptarium.server.mongod import find_mongod

START_TIMEOUT_S = 60.0
MEMBERS = 3


@dataclass
class Part:
    """One process of a cluster, in a session of its own, so that what it started dies with it."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def kill(self) -> None:
        """End it and everything it started, as a power cut does."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def words(self) -> str:
        """Return what it has said so far."""
        return self.log.read_text(errors="replace")


def started(
    name: str, command: list[str], folder: Path, environment: Mapping[str, str] | None = None
) -> Part:
    """Start a process whose words go to a file."""
    log = folder / f"{name}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=folder, start_new_session=True,
            env=None if environment is None else dict(environment),
        )  # fmt: skip
    return Part(name, process, log)


def free_port() -> int:
    """Return a port of the loopback address that nothing listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


class SparkCluster:
    """A standalone master and its workers.

    Parameters
    ----------
    folder : Path
        For logs and what executors write.
    workers, cores, memory : int, int, str
        How many, and what each offers.
    python : str
        Of the executors.
    """

    def __init__(
        self,
        folder: Path,
        *,
        workers: int = 2,
        cores: int = 1,
        memory: str = "3g",
        python: str = sys.executable,
    ) -> None:
        self.folder, self.cores, self.memory = folder, cores, memory
        home = Path(pyspark.__file__).parent
        self._class = str(home / "bin" / "spark-class")
        self._environment = {name: value for name, value in os.environ.items() if not name.startswith(("SPARK_", "PYSPARK_"))} | {
            "JAVA_HOME": str(find_java().home), "SPARK_HOME": str(home), "PYSPARK_PYTHON": python,
            "SPARK_DAEMON_MEMORY": "192m", "SPARK_LOCAL_DIRS": str(folder), "SPARK_LOCAL_IP": "127.0.0.1",
            "SPARK_DAEMON_JAVA_OPTS": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
        }  # fmt: skip
        self.url = f"spark://127.0.0.1:{free_port()}"
        self.master = self._start_master()
        self.workers = [self._start_worker(f"worker-{number}") for number in range(workers)]
        self.wait_for_workers(workers)

    def _start_master(self) -> Part:
        port = self.url.rpartition(":")[2]
        arguments = ["--host", "127.0.0.1", "--port", port, "--webui-port", "0"]
        return started(
            "master",
            [self._class, "org.apache.spark.deploy.master.Master", *arguments],
            self.folder,
            self._environment,
        )

    def _start_worker(self, name: str) -> Part:
        arguments = [
            "--host",
            "127.0.0.1",
            "--webui-port",
            "0",
            "--cores",
            str(self.cores),
            "--memory",
            self.memory,
        ]
        arguments += ["--work-dir", str(self.folder / name), self.url]
        return started(
            name,
            [self._class, "org.apache.spark.deploy.worker.Worker", *arguments],
            self.folder,
            self._environment,
        )

    def wait_for_workers(self, workers: int) -> None:
        """Return when the master knows so many workers."""
        deadline = time.monotonic() + START_TIMEOUT_S
        while self.master.words().count("Registering worker") < workers:
            assert time.monotonic() < deadline, self.master.words() + "".join(
                part.words() for part in self.workers
            )
            time.sleep(0.1)

    def add_worker(self) -> None:
        """Start one more worker and wait until the master knows it."""
        self.workers.append(self._start_worker(f"worker-{len(self.workers)}"))
        self.wait_for_workers(len(self.workers))

    def stop(self) -> None:
        """End every process."""
        for part in [*self.workers, self.master]:
            part.kill()


class ReplicaSet:
    """Three members; an election takes about a second here, in the wild ten."""

    def __init__(self, folder: Path) -> None:
        binary = find_mongod().path
        self.members: dict[int, Part] = {}
        for number in range(MEMBERS):
            port = free_port()
            data = folder / f"member-{number}"
            data.mkdir()
            command = [
                str(binary), "--dbpath", str(data), "--port", str(port), "--bind_ip", "127.0.0.1", "--replSet", "rs",
                "--nounixsocket", "--wiredTigerCacheSizeGB", "0.25", "--oplogSize", "1024",
                "--setParameter", "diagnosticDataCollectionEnabled=false",
            ]  # fmt: skip
            self.members[port] = started(f"mongod-{number}", command, folder)
        hosts = [f"127.0.0.1:{port}" for port in self.members]
        self.uri = f"mongodb://{','.join(hosts)}/?replicaSet=rs"
        self._initiate(hosts)

    def _initiate(self, hosts: list[str]) -> None:
        members = [{"_id": number, "host": host} for number, host in enumerate(hosts)]
        settings = {"electionTimeoutMillis": 1000, "heartbeatIntervalMillis": 300}
        for host in hosts:
            self._answers(host)
        with pymongo.MongoClient(f"mongodb://{hosts[0]}/?directConnection=true") as client:
            client.admin.command("replSetInitiate", {"_id": "rs", "members": members, "settings": settings})
        self.primary()

    def _answers(self, host: str) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        name, _, port = host.partition(":")
        while True:
            try:
                socket.create_connection((name, int(port)), 1.0).close()
                return
            except OSError:
                assert time.monotonic() < deadline, "".join(part.words() for part in self.members.values())
                time.sleep(0.05)

    def primary(self) -> int:
        """Return the port of the primary, waiting for an election."""
        with pymongo.MongoClient(self.uri, serverSelectionTimeoutMS=30_000) as client:
            client.admin.command("ping")
            assert client.primary is not None
            return client.primary[1]

    def kill_primary(self) -> int:
        """Kill the primary as it is; returns its port."""
        port = self.primary()
        self.members[port].kill()
        return port

    def stop(self) -> None:
        """End every member."""
        for part in self.members.values():
            part.kill()


@contextmanager
def spark_cluster(folder: Path, **parts: int | str) -> Iterator[SparkCluster]:
    """A Spark cluster that is gone after the block."""
    with ExitStack() as cleanup:
        cluster = SparkCluster(folder, **parts)  # type: ignore[arg-type]
        cleanup.callback(cluster.stop)
        yield cluster


def executors_of(cluster: SparkCluster) -> set[str]:
    """Return the executors that the master has started, as ``application/number``."""
    return set(re.findall(r"Launching executor (\S+) on worker", cluster.master.words()))
