"""Where the attacks take place: things outside the sandbox that they go for, and a count of what is left."""

import ctypes
import os
import shutil
import socket
import subprocess
import sysconfig
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from attacks import PRELUDE, Attack
from attacks.reading import ENVIRONMENT_MARK

from ddpt_core.data.task import Task
from ddpt_core.metrics.execution import Execution, Limits, execute_many

PROJECT = Path(__file__).resolve().parents[3]
NOBODY = 65_534
KEPT = "27182818284590452353 is in a file that every user may read\n"
ENDLESS = Limits(timeout=1.0, memory_mb=256, output_kb=256, disk_mb=4)  # for what is expected to run into its time
OTHERS = Limits(timeout=30.0, memory_mb=256, output_kb=256, disk_mb=4)
_PLAIN_CODE = """
import json, math, os
def double(x):
    return 2 * x
clean = [sorted([3, 1]), json.dumps([1]), math.isclose(1, 2), os.listdir("."), abs(-1), len("ab")]
"""
_PLAIN_TESTS = ("assert double(21) == 42", "assert clean == [[1, 3], '[1]', False, [], 1, 2]")
PLAIN = (_PLAIN_CODE, Task("plain", "doubles, in a place where nothing was left or changed", tests=_PLAIN_TESTS))
_PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h
_WORKERS = 2


@dataclass(frozen=True)
class Fought:
    """What became of an attack, and of a plain program that ran right after it."""

    attack: Execution
    next: Execution


class Arena:
    """A folder, a process and servers that any user may reach.

    Orphans come to this process, so that whatever a program leaves running is found among its descendants.
    """

    def __init__(self) -> None:
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        self._root = Path(tempfile.mkdtemp(prefix="ddpt-arena-"))
        self._root.chmod(0o755)
        self.outside = self._root / "outside"
        (self.outside / "folder").mkdir(parents=True)
        (self.outside / "kept.txt").write_text(KEPT)
        (self.outside / "planted.py").write_text("print('WORKED')\n")
        for path in (self.outside, *self.outside.iterdir()):
            path.chmod(0o777)
        user = {"user": NOBODY} if os.geteuid() == 0 else {}
        self._victim = subprocess.Popen(["/bin/sleep", "3600"], stdout=subprocess.DEVNULL, **user)
        self._tcp = socket.create_server(("127.0.0.1", 0))
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.bind(self._tcp.getsockname())
        self._abstract = f"\0ddpt-arena-{os.getpid()}"
        self._unix = [_unix_server(str(self.outside / "socket")), _unix_server(self._abstract)]
        (self.outside / "socket").chmod(0o777)
        self._before = self._state()
        os.environ["DDPT_HOSTILE_MARK"] = ENVIRONMENT_MARK
        where_it_runs = Task("where", "says where it runs")
        where = self.run(
            [(f"import {module}, os\nprint(os.getcwd())", where_it_runs) for module in ("os", "os", "numpy")]
        )
        self._scratches = {Path(execution.output.strip()).parent for execution in where}
        self._processes, self._files = len(descendants()), self._scratch_files()

    def close(self) -> None:
        """Gives back all that was taken."""
        os.environ.pop("DDPT_HOSTILE_MARK")
        self._victim.kill()
        self._victim.wait()
        for server in (self._tcp, self._udp, *self._unix):
            server.close()
        shutil.rmtree(self._root)
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)

    def setup(self) -> str:
        """Returns the setup of an attack on the system: its functions, and where to find what it goes for."""
        places = {
            "OUTSIDE": str(self.outside),
            "HOME": os.path.expanduser("~"),
            "PROJECT": str(PROJECT),
            "PACKAGES": sysconfig.get_path("purelib"),
            "VICTIM": self._victim.pid,
            "PORT": self._tcp.getsockname()[1],
            "ABSTRACT": self._abstract,
        }
        return PRELUDE + "".join(f"{name} = {value!r}\n" for name, value in places.items())

    def fight(self, attacks: list[Attack]) -> dict[str, Fought]:
        """Returns what became of each attack, by its id; the endless ones run by themselves, with little time."""
        found = {}
        for limits in (ENDLESS, OTHERS):
            batch = [attack for attack in attacks if ("timeout" in attack.allowed) == (limits is ENDLESS)]
            programs = []
            for attack in batch:
                setup = "" if attack.tests else self.setup()
                programs += [(attack.code, Task(attack.id, attack.tries, tests=attack.tests, setup=setup)), PLAIN]
            executions = self.run(programs, limits)
            for place, attack in enumerate(batch):
                found[attack.id] = Fought(executions[2 * place], executions[2 * place + 1])
        return found

    def run(self, programs: list[tuple[str, Task]], limits: Limits = OTHERS) -> list[Execution]:
        """Returns the executions of `programs`, two at a time."""
        return execute_many(programs, limits, _WORKERS)

    def left_processes(self) -> list[str]:
        """Returns the processes there are beyond those that a plain program leaves (a pool may keep some warm)."""
        for _ in range(50):
            found = descendants()
            if len(found) <= self._processes:
                return []
            time.sleep(0.1)
        return found

    def left_files(self) -> list[str]:
        """Returns what lies where the scratch folders are made, and did not after plain programs."""
        return sorted(self._scratch_files() - self._files)

    def _scratch_files(self) -> set[str]:
        return {str(path) for folder in self._scratches for path in folder.rglob("*")}

    def changes(self) -> list[str]:
        """Returns what has changed outside: files, the process, what the servers were told."""
        found = [] if self._state() == self._before else [f"files: {self._state()} was {self._before}"]
        if self._victim.poll() is not None:
            found.append(f"the process ended with {self._victim.returncode}")
        for server in (self._tcp, self._udp, *self._unix):
            server.setblocking(False)
            try:
                server.recv(100) if server is self._udp else server.accept()
                found.append(f"{server} was reached")
            except BlockingIOError:
                continue
        return found

    def _state(self) -> list[tuple]:
        everything = [self.outside, *sorted(self.outside.rglob("*"))]
        kinds = [(path.name, oct(path.stat().st_mode), path.stat().st_nlink) for path in everything]
        return [*kinds, (self.outside / "kept.txt").read_text()]


def _unix_server(address: str) -> socket.socket:
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    server.bind(address)
    server.listen()
    return server


def descendants() -> list[str]:
    """Returns "pid (name) state parent" of each process that descends from this one."""
    lines = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            line = Path("/proc", name, "stat").read_text()
        except OSError:
            continue
        lines[int(name)] = (int(line.rpartition(")")[2].split()[1]), " ".join(line.split()[:4]))
    found, parents = [], {os.getpid()}
    while parents:
        children = {pid for pid, (parent, _) in lines.items() if parent in parents}
        found += [lines[pid][1] for pid in sorted(children)]
        parents = children
    return found
