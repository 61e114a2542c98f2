"""A real SLURM on this host, for tests and to try the profile: a controller, nodes with GPUs that are none, on request accounting.

    python tests/support/slurm_cluster.py FOLDER [--accounting]

starts it, says which line to type to use it, and stops it when this program is interrupted. Needs root and, on Debian,

    apt-get install munge slurmctld slurmd slurm-client slurm-wlm-basic-plugins slurmdbd mariadb-server

Everything it writes is under FOLDER; nothing below /etc is changed. A job's processes are held together by a control group, as on
most clusters, where this machine lets us make one (it decides who gets a job's signals), else by their process group.
Memory and GPUs are handed out and not enforced.
"""

import argparse
import contextlib
import os
import secrets
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

import psutil

CLIENTS = ("sacct", "sacctmgr", "salloc", "sbatch", "scancel", "scontrol", "sinfo", "squeue", "srun")
DAEMONS = ("munged", "slurmctld", "slurmd")
ACCOUNTING_DAEMONS = ("slurmdbd", "mariadbd")
ACCOUNT = "lab"

CONFIGURATION = """
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller_port}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd-%n.log
ProctrackType=proctrack/{tracking}
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
ReturnToService=2
SlurmdParameters=config_overrides
SlurmdTimeout=20
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerParameters=batch_sched_delay=1,sched_interval=2,bf_interval=3
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
KillWait=10
MinJobAge=600
GresTypes=gpu
{accounting}
{nodes}
PartitionName=gpu Nodes=ALL Default=YES MaxTime=1-00:00:00 PriorityTier=1 PreemptMode=REQUEUE GraceTime=5
PartitionName=cpu Nodes=ALL MaxTime=1-00:00:00 PriorityTier=1 PreemptMode=REQUEUE GraceTime=5
PartitionName=spare Nodes=ALL MaxTime=1-00:00:00 PriorityTier=1 PreemptMode=REQUEUE GraceTime=0
PartitionName=urgent Nodes=ALL MaxTime=1-00:00:00 PriorityTier=10 PreemptMode=OFF
"""
ACCOUNTING = """AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=127.0.0.1
AccountingStoragePort={database_daemon_port}
AccountingStoragePass={folder}/munge.socket
AccountingStorageTRES=gres/gpu
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=5"""
CONTROL_GROUPS = """CgroupPlugin=cgroup/v1
CgroupMountpoint=/sys/fs/cgroup
ConstrainCores=no
ConstrainDevices=no
ConstrainRAMSpace=no
"""
FREEZER = Path("/sys/fs/cgroup/freezer")
NODE = "NodeName={name} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs={cpus} RealMemory={memory} Gres=gpu:fake:{gpus}"
CLAIMS = {"cpus": 8, "memory": 64000, "gpus": 2}
DATABASE_DAEMON = """
AuthType=auth/munge
AuthInfo={folder}/munge.socket
DbdHost=localhost
DbdAddr=127.0.0.1
DbdPort={database_daemon_port}
SlurmUser=root
LogFile={folder}/slurmdbd.log
PidFile={folder}/slurmdbd.pid
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StoragePort={database_port}
StorageUser=slurm
StoragePass=slurm
StorageLoc=slurm
"""


def missing(accounting: bool) -> str | None:
    """What keeps a cluster from starting here, in a few words."""
    if os.getuid() != 0:
        return "starting SLURM needs root"
    wanted = DAEMONS + CLIENTS + (ACCOUNTING_DAEMONS if accounting else ())
    absent = [name for name in wanted if not shutil.which(name, path="/usr/bin:/usr/sbin:/bin:/sbin")]
    return f"SLURM's programs are not installed: {', '.join(absent)}" if absent else None


def tracking() -> str:
    """What holds a job's processes together here: `cgroup`, or `pgid` where this machine lets us make no control group."""
    probe = FREEZER / f"slurm-probe-{os.getpid()}"
    try:
        probe.mkdir()
    except OSError:
        return "pgid"
    probe.rmdir()
    return "cgroup"


class Cluster:
    """Daemons on this host; a context manager that starts and stops them.

    Args:
        folder: for configuration, logs and state; made if missing.
        accounting: with a database, so that `sacct` answers.
        nodes: how many; each claims to have what `CLAIMS` says.
    """

    def __init__(self, folder: Path, accounting: bool, nodes: int = 2):
        self.folder, self.accounting = folder, accounting
        place = secrets.token_hex(2)  # control groups are named by node and job; short, for SLURM puts both twice into the path of a socket
        self.nodes = [f"n{place}{number}" for number in range(1, nodes + 1)]
        self._daemons: dict[str, subprocess.Popen] = {}

    @property
    def environment(self) -> dict[str, str]:
        """What a user's shell needs to use this cluster."""
        return {"SLURM_CONF": f"{self.folder}/slurm.conf", "PATH": f"{self.folder}/bin:{os.environ['PATH']}"}

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o755)
        try:
            self._configure()
            self._start_munge()
            if self.accounting:
                self._start_accounting()
            self._start("slurmctld", "/usr/sbin/slurmctld", "-D", "-f", self.environment["SLURM_CONF"])
            self._wait("the controller", lambda: "UP" in self.client("scontrol", "ping"))
            for node in self.nodes:
                self.start_node(node)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_) -> None:
        with contextlib.suppress(Exception):
            self.client("scancel", "--user", "root", "--full")
            self.wait_until_idle(20)
        for name in reversed(list(self._daemons)):
            self._stop(name)
        for node in self.nodes:  # what a node that was lost had left
            for group in sorted(FREEZER.glob(f"slurm_{node}/**/"), reverse=True):
                with contextlib.suppress(OSError):
                    group.rmdir()

    def client(self, *command: str) -> str:
        """Output of a SLURM command; a configuration it cannot use would let it wait for ever."""
        done = subprocess.run(command, env=os.environ | self.environment, capture_output=True, text=True, timeout=30, check=True)
        return done.stdout

    def start_node(self, node: str) -> None:
        """Start a node's daemon, and wait until it takes jobs."""
        (self.folder / node).mkdir(exist_ok=True)
        self._start(f"slurmd-{node}", "/usr/sbin/slurmd", "-D", "-N", node, "-f", self.environment["SLURM_CONF"])
        ready = ("idle", "mixed", "allocated")
        self._wait(node, lambda: self.client("sinfo", "-h", "-N", "-n", node, "-o", "%T").split()[0] in ready)

    def fail_node(self, node: str) -> None:
        """Take a node away as a machine that loses power: its daemon and all processes of its jobs, without a word to anybody."""
        jobs = self.client("squeue", "-h", "-w", node, "-o", "%A").split()
        daemon = self._daemons.pop(f"slurmd-{node}")
        daemon.kill()
        daemon.wait()
        for process in psutil.process_iter(["cmdline"]):
            title = " ".join(process.info["cmdline"] or [])
            if any(f"slurmstepd: [{job}." in title for job in jobs):
                for child in [process, *process.children(recursive=True)]:
                    with contextlib.suppress(psutil.NoSuchProcess):
                        child.kill()
        self.client("scontrol", "update", f"NodeName={node}", "State=DOWN", "Reason=test")

    def wait_until_idle(self, seconds: float = 300) -> None:
        """Wait until no job is queued or runs."""
        self._wait("the jobs to end", lambda: not self.client("squeue", "-h").strip(), seconds)

    def _configure(self) -> None:
        host = socket.gethostname().partition(".")[0]
        ports = _free_ports(3 + len(self.nodes))
        names = ("controller_port", "database_daemon_port", "database_port")
        values = {"folder": self.folder, "host": host, **dict(zip(names, ports, strict=False))}
        nodes = [NODE.format(name=node, host=host, port=port, **CLAIMS) for node, port in zip(self.nodes, ports[3:], strict=True)]
        storage = ACCOUNTING.format(**values) if self.accounting else "AccountingStorageType=accounting_storage/none"
        held = tracking()
        self._write("slurm.conf", CONFIGURATION.format(accounting=storage, nodes="\n".join(nodes), tracking=held, **values))
        self._write("cgroup.conf", CONTROL_GROUPS if held == "cgroup" else "")
        self._write("gres.conf", "".join(f"NodeName={node} Name=gpu Type=fake File={self._gpu_files()}\n" for node in self.nodes))
        self._write("slurmdbd.conf", DATABASE_DAEMON.format(**values), 0o600)
        self._database_port = values["database_port"]
        (self.folder / "state").mkdir(exist_ok=True)
        (self.folder / "bin").mkdir(exist_ok=True)
        for name in CLIENTS:  # Snakemake's step plugin drops SLURM_CONF from a job's environment; these bring it back
            real = shutil.which(name, path="/usr/bin:/bin")
            self._write(f"bin/{name}", f'#!/bin/sh\nSLURM_CONF={self.folder}/slurm.conf exec {real} "$@"\n', 0o755)

    def _gpu_files(self) -> str:
        """Device files for the GPUs: any will do, nobody opens them."""
        for number in range(CLAIMS["gpus"]):
            path = self.folder / f"gpu{number}"
            if not path.exists():
                os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 3))
        return f"{self.folder}/gpu[0-{CLAIMS['gpus'] - 1}]"

    def _start_munge(self) -> None:
        key = self.folder / "munge.key"
        key.touch(0o600)
        key.write_bytes(os.urandom(1024))
        own = {"key-file": key, "socket": "munge.socket", "log-file": "munged.log", "pid-file": "munged.pid", "seed-file": "munged.seed"}
        options = [f"--{option}={self.folder / name}" for option, name in own.items()]
        self._start("munged", "/usr/sbin/munged", "--foreground", "--force", *options)
        self._wait("munge", lambda: self.client("munge", "-S", f"{self.folder}/munge.socket", "-n"))

    def _start_accounting(self) -> None:
        data = self.folder / "database"
        if not data.exists():
            data.mkdir()
            command = ["mariadb-install-db", "--no-defaults", "--user=root", f"--datadir={data}", "--skip-test-db"]
            with (self.folder / "install.log").open("w") as log:
                subprocess.run(command, stdout=log, stderr=log, check=True)
        where = [f"--datadir={data}", f"--socket={data}/socket", f"--port={self._database_port}", "--bind-address=127.0.0.1"]
        small = ["--innodb-buffer-pool-size=64M", "--innodb-lock-wait-timeout=900", "--skip-log-bin"]
        self._start("mariadbd", "/usr/sbin/mariadbd", "--no-defaults", "--user=root", f"--pid-file={data}/pid", *where, *small)
        door = f"{data}/socket"
        self._wait("the database", lambda: self.client("mariadb-admin", "--no-defaults", "-uroot", f"--socket={door}", "ping"))
        users = "".join(
            f"CREATE USER IF NOT EXISTS slurm@'{host}' IDENTIFIED BY 'slurm'; GRANT ALL ON slurm.* TO slurm@'{host}';"
            for host in ("localhost", "127.0.0.1")
        )
        self.client("mariadb", "--no-defaults", "-uroot", f"--socket={door}", "-e", f"CREATE DATABASE IF NOT EXISTS slurm;{users}")
        self._start("slurmdbd", "/usr/sbin/slurmdbd", "-D")
        self._wait("accounting", lambda: self.client("sacctmgr", "-n", "show", "cluster") or True)
        for entity in (("cluster", "test"), ("account", ACCOUNT), ("user", "root", f"account={ACCOUNT}")):
            subprocess.run(["sacctmgr", "-i", "add", *entity], env=os.environ | self.environment, capture_output=True, timeout=30)

    def _start(self, name: str, *command: str) -> None:
        with (self.folder / f"{name}.out").open("ab") as out:
            self._daemons[name] = subprocess.Popen(
                command, stdout=out, stderr=out, stdin=subprocess.DEVNULL, start_new_session=True, env=os.environ | self.environment
            )

    def _stop(self, name: str) -> None:
        daemon = self._daemons.pop(name)
        daemon.terminate()
        try:
            daemon.wait(timeout=15)
        except subprocess.TimeoutExpired:
            daemon.kill()
            daemon.wait()

    def _wait(self, what: str, done: Callable[[], object], seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            with contextlib.suppress(subprocess.SubprocessError, IndexError):
                if done():
                    return
            time.sleep(0.2)
        raise TimeoutError(f"waited {seconds:g} s for {what}; the logs are in {self.folder}")

    def _write(self, name: str, text: str, mode: int = 0o644) -> None:
        path = self.folder / name
        path.write_text(text)
        path.chmod(mode)


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="for everything it writes")
    parser.add_argument("--accounting", action="store_true", help="with a database, so that sacct answers")
    args = parser.parse_args()
    if reason := missing(args.accounting):
        sys.exit(f"slurm_cluster.py: {reason}")
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    with Cluster(args.folder.resolve(), args.accounting) as cluster:
        print(f"export {' '.join(f'{name}={value}' for name, value in cluster.environment.items())}", flush=True)
        signal.pause()


if __name__ == "__main__":
    main()
