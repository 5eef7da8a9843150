"""A Spark standalone cluster and a MongoDB replica set on this machine: each part a process that can be killed."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pymongo
import pyspark

from synaptarium.jobs.java import find_java
from synaptarium.server.mongod_binary import find_mongod

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


def wait_for_port(port: int, part: Part) -> None:
    """Return when a part accepts connections on a port."""
    deadline = time.monotonic() + START_TIMEOUT_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1.0).close()
            return
        except OSError:
            assert time.monotonic() < deadline and part.process.poll() is None, part.words()
            time.sleep(0.05)


class SparkCluster:
    """A standalone master, running, and workers as they are added.

    Parameters
    ----------
    folder : Path
        For logs and what executors write.
    cores, memory : int, str
        What each worker offers.
    """

    def __init__(self, folder: Path, *, cores: int = 1, memory: str = "2g") -> None:
        self.folder, self.cores, self.memory = folder, cores, memory
        home = Path(pyspark.__file__).parent
        self._class = str(home / "bin" / "spark-class")
        others = {
            name: value for name, value in os.environ.items() if not name.startswith(("SPARK_", "PYSPARK_"))
        }
        self._environment = others | {
            "JAVA_HOME": str(find_java().home),
            "SPARK_HOME": str(home),
            "SPARK_DAEMON_MEMORY": "192m",
            "SPARK_DAEMON_JAVA_OPTS": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",  # up in half the time
            "SPARK_LOCAL_DIRS": str(folder),
            "SPARK_LOCAL_IP": "127.0.0.1",
        }
        self.workers: list[Part] = []
        port = free_port()
        self.url = f"spark://127.0.0.1:{port}"
        self.master = self._started("master", "master.Master", "--port", str(port))

    def add_workers(self, n: int) -> None:
        """Start workers and wait until the master knows them."""
        wait_for_port(int(self.url.rpartition(":")[2]), self.master)
        before = len(self.workers)
        for number in range(before, before + n):
            name = f"worker-{number}"
            offer = (
                "--cores",
                str(self.cores),
                "--memory",
                self.memory,
                "--work-dir",
                str(self.folder / name),
            )
            self.workers.append(self._started(name, "worker.Worker", *offer, self.url))
        deadline = time.monotonic() + START_TIMEOUT_S
        while self.master.words().count("Registering worker") < before + n:
            assert time.monotonic() < deadline, "".join(part.words() for part in (self.master, *self.workers))
            time.sleep(0.1)

    def _started(self, name: str, main: str, *arguments: str) -> Part:
        place = ("--host", "127.0.0.1", "--webui-port", "0")
        command = [self._class, f"org.apache.spark.deploy.{main}", *place, *arguments]
        return started(name, command, self.folder, self._environment)

    def executors(self) -> set[str]:
        """Return every executor that the master has started, as ``application/number``."""
        return set(re.findall(r"Launching executor (\S+) on worker", self.master.words()))

    def stop(self) -> None:
        """End every process."""
        for part in (*self.workers, self.master):
            part.kill()


class ReplicaSet:
    """Three members of a MongoDB replica set; an election takes a second here, ten where nobody says otherwise."""

    def __init__(self, folder: Path) -> None:
        binary = find_mongod().path
        self.folder = folder
        self.members: dict[int, Part] = {}
        self._commands: dict[int, list[str]] = {}
        for number in range(MEMBERS):
            port = free_port()
            data = folder / f"member-{number}"
            data.mkdir()
            self._commands[port] = [
                str(binary), "--dbpath", str(data), "--port", str(port), "--bind_ip", "127.0.0.1", "--replSet", "rs",
                "--nounixsocket", "--wiredTigerCacheSizeGB", "0.25", "--oplogSize", "2048",
                "--setParameter", "diagnosticDataCollectionEnabled=false",
            ]  # fmt: skip
            self.members[port] = started(f"mongod-{port}", self._commands[port], folder)
        hosts = ",".join(f"127.0.0.1:{port}" for port in self.members)
        self.uri = f"mongodb://{hosts}/?replicaSet=rs"

    def initiate(self) -> None:
        """Make the members a set, and wait for its first primary."""
        for port, part in self.members.items():
            wait_for_port(port, part)
        members = [{"_id": number, "host": f"127.0.0.1:{port}"} for number, port in enumerate(self.members)]
        settings = {"electionTimeoutMillis": 1000, "heartbeatIntervalMillis": 300}
        with pymongo.MongoClient(f"mongodb://{members[0]['host']}/?directConnection=true") as client:
            client.admin.command("replSetInitiate", {"_id": "rs", "members": members, "settings": settings})
        self.primary()

    def primary(self) -> int:
        """Return the port of the primary, waiting for an election."""
        with pymongo.MongoClient(self.uri, serverSelectionTimeoutMS=30_000) as client:
            client.admin.command("ping")
            while client.primary is None:
                time.sleep(0.05)
            return client.primary[1]

    def kill_primary(self) -> int:
        """Kill the primary as it is; returns its port."""
        port = self.primary()
        self.members[port].kill()
        return port

    def revive(self) -> None:
        """Start the members that were killed, and wait until a majority has a primary and they have caught up."""
        for port, part in self.members.items():
            if part.process.poll() is not None:
                self.members[port] = started(f"mongod-{port}", self._commands[port], self.folder)
                wait_for_port(port, self.members[port])
        deadline = time.monotonic() + START_TIMEOUT_S
        with pymongo.MongoClient(self.uri, serverSelectionTimeoutMS=30_000) as client:
            while len(client.nodes) < MEMBERS or not self._healthy(client):
                assert time.monotonic() < deadline, "".join(part.words() for part in self.members.values())
                time.sleep(0.1)

    def _healthy(self, client: pymongo.MongoClient) -> bool:
        status = client.admin.command("replSetGetStatus")
        return {member["stateStr"] for member in status["members"]} <= {"PRIMARY", "SECONDARY"}

    def stop(self) -> None:
        """End every member."""
        for part in self.members.values():
            part.kill()


@contextmanager
def cluster(folder: Path, *, workers: int = 2) -> Iterator[tuple[SparkCluster, ReplicaSet]]:
    """Both, with all their members, until the end of the block."""
    with ExitStack() as cleanup:
        spark = SparkCluster(folder)
        cleanup.callback(spark.stop)
        replicas = ReplicaSet(folder)
        cleanup.callback(replicas.stop)
        replicas.initiate()
        spark.add_workers(workers)
        yield spark, replicas
