#!/usr/bin/python3
"""A store of 100,000 jobs of ten files: start, list, create and complete, beside the same with ten jobs.

The store is filled by tests/bench/fill-store with the service's own code while bitsd is halted, on the disk that
the tree is on; then bits-queue is started by bitsd as after a crash. Start is from its exec (as bitsd forked it) to
the answer of the first call. CPU is that of bits-queue alone. A commit alone is one row of a job written and committed by
the same code without a service, alternating with the creations.

Runs inside the sandbox (./dev bench store).
usage: store.py DIRECTORY FILL-STORE [JOBS [PROGRAM WORD...]]
With a PROGRAM, that is run with the pid of bits-queue as its last word while jobs are listed (perf, strace ...).
"""

import os
import pathlib
import pwd
import signal
import socket
import statistics
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "integration"))

import bus  # noqa: E402
import configuration  # noqa: E402
import jobs  # noqa: E402
import people  # noqa: E402
import programs  # noqa: E402
from origins import Nginx  # noqa: E402
from waiting import wait_for  # noqa: E402

OWNER = "alice"
FILES = 10
CREATIONS = 200
ROUNDS = 4  # creations and commits alternate so often
COMPLETIONS = 10
CROWD_SEC = 20
LIST = ["bitsctl", "list", "--all-users", "--json"]
TICK = os.sysconf("SC_CLK_TCK")
KEY = pathlib.Path("/var/lib/bits/identity/row.key")


def queue_pid():
    (pid,) = wait_for(lambda: jobs.processes("bits-queue"), "bits-queue")
    return pid


def cpu(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def age(pid):
    """Seconds since the process was made; exact to a tick."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return time.clock_gettime(time.CLOCK_BOOTTIME) - int(fields[19]) / TICK


def resident(pid):
    return int(programs.status(pid)["VmRSS"].split()[0]) / 1024


def percentiles(values):
    """p50 and p99 of seconds, in milliseconds."""
    ordered = sorted(values)
    return 1000 * statistics.median(ordered), 1000 * ordered[len(ordered) * 99 // 100]


class World:
    def __init__(self, tool, directory):
        self.tool, self.directory, self.key = tool, directory, KEY.read_bytes()
        self.service = pwd.getpwnam("bitsd")

    def run_tool(self, directory, *words):
        return subprocess.run([self.tool, directory, *map(str, words)], input=self.key, check=True, stdout=subprocess.PIPE,
                              user=self.service.pw_uid, group=self.service.pw_gid, extra_groups=[]).stdout

    def make_directory(self, name):
        made = self.directory / name
        made.mkdir(mode=0o700)
        os.chown(made, self.service.pw_uid, self.service.pw_gid)
        return made

    def replace_store(self, name, number, kind, url):
        """Another bits-queue is on its way when this returns, over a store of so many jobs."""
        made = self.make_directory(name)
        self.run_tool(made, number, FILES, people.account(OWNER).pw_uid, kind, url)
        os.sync()
        keeper = min(jobs.processes("bitsd"))  # the others are children that have not become what they will be
        os.kill(keeper, signal.SIGSTOP)
        old = queue_pid()
        os.kill(old, signal.SIGKILL)
        subprocess.run(["mount", "--bind", made, jobs.STORE], check=True)
        os.kill(keeper, signal.SIGCONT)
        wait_for(lambda: set(jobs.processes("bits-queue")) - {old}, "another bits-queue", 300)


def start():
    """(seconds to the first answer, CPU, MiB)"""
    pid = queue_pid()
    bus.Bus().manager("GetErrorDescription", "iu", -2145386495, 9)
    return age(pid), cpu(pid), resident(pid)


def restart():
    """kill -9, then as start()"""
    old = queue_pid()
    os.kill(old, signal.SIGKILL)
    wait_for(lambda: set(jobs.processes("bits-queue")) - {old}, "another bits-queue", 300)
    return start()


def list_all(profiler):
    pid = queue_pid()
    tracer = subprocess.Popen([*profiler, str(pid)]) if profiler else None
    before, begin = cpu(pid), time.monotonic()
    subprocess.run(LIST, check=True, stdout=subprocess.DEVNULL)
    spent = time.monotonic() - begin, cpu(pid) - before, resident(pid)
    if tracer:
        tracer.send_signal(signal.SIGINT)
        tracer.wait()
    return spent


def list_own():
    """Seconds for the first page of somebody who has few of the jobs, or none."""
    connection = bus.Bus()
    times = []
    for _ in range(50):
        begin = time.monotonic()
        connection.manager("ListJobs", "utu", 0, 0, 256)
        times.append(time.monotonic() - begin)
    return statistics.median(times)


def connect():
    """Seconds from a connection to its first answer and its end."""
    times = []
    for _ in range(50):
        begin = time.monotonic()
        connection = bus.Bus()
        connection.manager("GetErrorDescription", "iu", -2145386495, 9)
        connection.connection.close()
        times.append(time.monotonic() - begin)
    return times


def create(number):
    connection = bus.Bus()
    times = []
    for i in range(number):
        begin = time.monotonic()
        connection.create(f"bench {i}")
        times.append(time.monotonic() - begin)
    return times


def complete(url, target):
    """Seconds of each Complete of a job of ten files."""
    connection = jobs.session()
    times = []
    for number in range(COMPLETIONS):
        job = connection.create("bench")
        for i in range(FILES):
            job.add(url, f"{target}/{number}-{i}")
        job.call("Resume")
        jobs.wait_state(job, bus.TRANSFERRED, limit_sec=600)
        begin = time.monotonic()
        job.call("Complete")
        times.append(time.monotonic() - begin)
    return times


def measure(world, name, number, url, target, profiler):
    world.replace_store(name, number, "mixed", url)
    figures = {}
    starts = [start(), restart(), restart()]
    figures["start s"] = min(row[0] for row in starts)
    figures["start, CPU s"] = min(row[1] for row in starts)
    figures["resident after start MiB"] = starts[-1][2]
    figures["list everything s"], figures["list everything, CPU s"], figures["resident after list MiB"] = list_all(profiler)
    pid = queue_pid()
    before = cpu(pid)
    figures["list a few of one's own ms"] = 1000 * people.call(OWNER, list_own)
    figures["connect and go p50 ms"], _ = percentiles(people.call(OWNER, connect))
    commits, creations = [], []
    alone = world.make_directory(f"{name}-alone")
    for _ in range(ROUNDS):
        commits += [int(line) / 1e6 for line in world.run_tool(alone, "commits", CREATIONS // ROUNDS).split()]
        before = cpu(pid)
        creations += people.call(OWNER, create, CREATIONS // ROUNDS)
        figures["create, CPU ms"] = figures.get("create, CPU ms", 0) + 1000 * (cpu(pid) - before) / CREATIONS
    figures["commit alone p50 ms"], figures["commit alone p99 ms"] = percentiles(commits)
    figures["create p50 ms"], figures["create p99 ms"] = percentiles(creations)
    figures["create beside commit p50 ms"] = figures["create p50 ms"] - figures["commit alone p50 ms"]
    before = cpu(pid)
    completions = people.call(OWNER, complete, url, target)
    figures["job of 10 files, CPU ms"] = 1000 * (cpu(pid) - before) / COMPLETIONS
    figures["complete 10 files p50 ms"], _ = percentiles(completions)
    figures["resident at the end MiB"] = resident(pid)
    return figures


def set_priorities():
    """Seconds of each change of a priority, each of which makes the scheduler look."""
    session = jobs.session()
    job = session.create("bench")
    times, end = [], time.monotonic() + CROWD_SEC
    while time.monotonic() < end:
        begin = time.monotonic()
        job.call("SetPriority", "u", 1 + len(times) % 3)
        times.append(time.monotonic() - begin)
    return times


def measure_crowd(world, number):
    """So many jobs of one owner and of one host that does not answer, ready to run."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(100)
        world.replace_store(f"crowd-{number}", number, "queued", f"http://127.0.0.1:{silent.getsockname()[1]}")
        seconds, seconds_cpu, _ = start()
        pid = queue_pid()
        before = cpu(pid)
        times = people.call(OWNER, set_priorities)
        p50, p99 = percentiles(times)
        return {"start s": seconds, "start, CPU s": seconds_cpu, "calls": len(times), "call p50 ms": p50, "call p99 ms": p99,
                "longest call ms": 1000 * max(times), "CPU of a call ms": 1000 * (cpu(pid) - before) / len(times),
                "resident MiB": resident(pid)}


GOALS = {
    "start s": "< 2", "resident after start MiB": "< 200", "resident after list MiB": "< 200",
    "resident at the end MiB": "< 200", "create beside commit p50 ms": "< 5",
}


def table(titles, columns):
    print(f"\n{'':30}" + "".join(f"{title:>14}" for title in titles) + f"{'goal':>10}")
    for row in columns[0]:
        print(f"{row:30}" + "".join(f"{column[row]:14.2f}" for column in columns) + f"{GOALS.get(row, ''):>10}")
    sys.stdout.flush()


def main():
    directory, tool = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    number = int(sys.argv[3]) if len(sys.argv) > 3 else 100000
    world = World(tool, directory)
    configuration.write("MaxJobsPerUser=1000000\nMaxJobsPerMachine=1000000\nTimeSlice=1\n")
    configuration.reload()
    origin, target = pathlib.Path("/run/origin"), directory / "target"
    origin.mkdir()
    (origin / "small.bin").write_bytes(os.urandom(4096))
    target.mkdir()
    owner = people.account(OWNER)
    os.chown(target, owner.pw_uid, owner.pw_gid)
    with Nginx(origin, "/run/nginx-work") as nginx:
        url = nginx.url("small.bin")
        few = measure(world, "few", 10, url, target, [])
        many = measure(world, "many", number, url, target, sys.argv[4:])
        table(["10 jobs", f"{number} jobs"], [few, many])
        print("\nAll of them of one owner and of one host that does not answer, ready to run:")
        table(["10 jobs", f"{number} jobs"], [measure_crowd(world, 10), measure_crowd(world, number)])
    return 0


if __name__ == "__main__":
    sys.exit(main())
