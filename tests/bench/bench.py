#!/usr/bin/python3
"""1 file of 1 GiB, 1,000 of 1 MiB and 10,000 of 4 KiB, over http and https: bits beside curl, aria2c and wget2, in one run.

Wall time is that of the command: for bits `bitsctl transfer`, job made to job complete, when every file and every name is
on the disk. The others leave that to the system, so each has a second figure, with a `sync -d` of all its files
after it, which still promises less: no name, and nothing if the power fails before the end. CPU time is user and system
time of everything that worked for the download: for bits bitsctl and all programs of the service; nginx counts for nobody.
The tools take turns, so that a drift of the machine meets all, and each ratio is taken within its round.

nginx offers HTTP/2 over https; wget2 and curl take it, aria2c has none. Files side by side: bits as configured, curl 50
(its default), aria2c and wget2 16. All read the system's certificates. Runs inside the sandbox (./dev bench), targets
and the service's store on the disk of the tree, the sources in memory.
"""

import argparse
import dataclasses
import os
import pathlib
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "integration"))

import configuration  # noqa: E402
import jobs  # noqa: E402
import people  # noqa: E402
from origins import Nginx, free_port, secure  # noqa: E402
from waiting import wait_for  # noqa: E402

OWNER = "alice"
TICK = os.sysconf("SC_CLK_TCK")
BLOCK = os.urandom(1 << 20)
LOADS = {"large": (1, 1 << 30), "medium": (1000, 1 << 20), "small": (10000, 4 << 10)}
SIDE_BY_SIDE = 16
LIMIT_SEC = 900
TARGET = pathlib.Path("/run/target")  # short: 10,000 names go into one call


# ---- the origin ------------------------------------------------------------------------------------


def make_source(directory, number, size):
    directory.mkdir(parents=True)
    names = [f"{index:04}" for index in range(number)]
    for name in names:
        with (directory / name).open("wb") as stream:
            for begin in range(0, size, len(BLOCK)):
                stream.write(BLOCK[:size - begin])
    return names


# ---- what it costs ---------------------------------------------------------------------------------


def service_cpu():
    """CPU seconds of each process of the service, with those of the children it has reaped."""
    seconds = {}
    for link in pathlib.Path("/proc").glob("[0-9]*/exe"):
        try:
            if not os.readlink(link).startswith("/usr/libexec/bits/"):
                continue
            stat = (link.parent / "stat").read_text()
        except OSError:
            continue  # it has just ended: bitsd has reaped it and counts it
        fields = stat.rsplit(")", 1)[1].split()
        program = stat[stat.index("(") + 1:stat.rindex(")")]
        key = (program, int(link.parent.name))
        own, reaped = int(fields[11]) + int(fields[12]), int(fields[13]) + int(fields[14])
        seconds[key] = (own / TICK, reaped / TICK)
    return seconds


def difference(before, after):
    """CPU seconds by program between two looks. Children that bitsd reaped between them are its own second figure;
    what they had used before the first look is taken off again."""
    spent = {}
    for key, (own, reaped) in after.items():
        own_before, reaped_before = before.get(key, (0, 0))
        spent[key[0]] = spent.get(key[0], 0) + own - own_before
        spent["reaped"] = spent.get("reaped", 0) + reaped - reaped_before
    for key, (own, _) in before.items():
        if key not in after:
            spent["reaped"] -= own
    return spent


def children_cpu():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def measured(command):
    """Wall and CPU seconds of a command that alice runs in the directory of the targets."""
    cpu, begin = children_cpu(), time.monotonic()
    people.run(OWNER, command, cwd=TARGET, timeout=LIMIT_SEC)
    return time.monotonic() - begin, children_cpu() - cpu


# ---- the tools -------------------------------------------------------------------------------------


@dataclasses.dataclass
class Work:
    urls: list
    names: list

    def file(self, name, lines):
        """A list for a tool to read, which is written before the clock runs."""
        path = pathlib.Path("/run") / name
        path.write_text("".join(f"{line}\n" for line in lines))
        return path


@dataclasses.dataclass
class Spent:
    wall: float
    cpu: float
    synced_wall: float  # the same with what makes it durable
    synced_cpu: float


def curl(work):
    pairs = zip(work.urls, work.names)
    config = work.file("curl", (f'url = "{url}"\noutput = "{name}"' for url, name in pairs))
    return ["curl", "-sS", *(["-Z"] if len(work.urls) > 1 else []), "-K", config]


def aria2c(work):
    urls = work.file("aria2c", work.urls)
    return ["aria2c", "--no-conf", "-q", "--file-allocation=falloc", "-j", SIDE_BY_SIDE, "-i", urls]


def wget2(work):
    urls = work.file("wget2", work.urls)
    return ["wget2", "--no-config", "-q", "--no-hsts", f"--max-threads={SIDE_BY_SIDE}", "-i", urls]


OTHERS = {"curl": curl, "aria2c": aria2c, "wget2": wget2}


def run_other(tool, work):
    wall, cpu = measured(OTHERS[tool](work))
    sync_wall, sync_cpu = measured(["sync", "-d", *work.names])
    return Spent(wall, cpu, wall + sync_wall, cpu + sync_cpu), {}


def run_bits(work):
    pairs = [word for url, name in zip(work.urls, work.names) for word in (url, TARGET / name)]
    before = service_cpu()
    wall, client = measured(["bitsctl", "transfer", "-q", *pairs])
    parts = difference(before, service_cpu())
    parts["bitsctl"] = client
    return Spent(wall, sum(parts.values()), wall, sum(parts.values())), parts


def check(names, size):
    """All there and right; then all gone, and the disk quiet."""
    assert sorted(path.name for path in TARGET.iterdir()) == names
    for name in names:
        with (TARGET / name).open("rb") as stream:
            for begin in range(0, size, len(BLOCK)):
                assert stream.read(len(BLOCK)) == BLOCK[:size - begin], name
            assert not stream.read(1), name
        (TARGET / name).unlink()
    os.sync()


# ---- the service -----------------------------------------------------------------------------------


def move_store(directory):
    """From the sandbox's memory to a disk: a store in memory would make commits look cheap."""
    made = directory / "store"
    keeper = min(jobs.processes("bitsd"))  # the others are children that have not become what they will be
    os.kill(keeper, signal.SIGSTOP)
    (old,) = jobs.processes("bits-queue")
    os.kill(old, signal.SIGKILL)
    subprocess.run(["cp", "-a", jobs.STORE, made], check=True)
    subprocess.run(["mount", "--bind", made, jobs.STORE], check=True)
    os.kill(keeper, signal.SIGCONT)
    wait_for(lambda: set(jobs.processes("bits-queue")) - {old}, "another bits-queue", 60)


def make_target(directory):
    owner, made = people.account(OWNER), directory / "target"
    for path in (made, TARGET):
        path.mkdir()
    os.chown(made, owner.pw_uid, owner.pw_gid)
    subprocess.run(["mount", "--bind", made, TARGET], check=True)


# ---- the figures -----------------------------------------------------------------------------------


def spread(values, digits=2):
    values = sorted(values)
    return f"{statistics.median(values):.{digits}f} ({values[0]:.{digits}f}-{values[-1]:.{digits}f})"


def ratios(rows, tool, field):
    return spread([getattr(row["bits"], field) / getattr(row[tool], field) for row in rows if getattr(row[tool], field) > 0])


def report(title, rows, parts):
    print(f"\n{title}, {len(rows)} rounds: median (least-most); the ratios are bits / tool")
    print(f"{'':8}{'wall s':>20}{'CPU s':>20}{'wall ratio':>20}{'CPU ratio':>20}{'ratio with sync':>20}{'CPU with sync':>20}")
    for tool in rows[0]:
        values = [row[tool] for row in rows]
        line = f"{tool:8}{spread([v.wall for v in values]):>20}{spread([v.cpu for v in values]):>20}"
        if tool != "bits":
            fields = ("wall", "cpu", "synced_wall", "synced_cpu")
            line += "".join(f"{ratios(rows, tool, field):>20}" for field in fields)
        print(line)
    print("CPU s of bits, median: " + ", ".join(
        f"{program} {statistics.median(seconds):.2f}" for program, seconds in sorted(parts.items()) if max(seconds) > 0), flush=True)


def compare(title, work, size, tools, rounds):
    rows, parts = [], {}
    for number in range(rounds + 1):  # the first warms up and is not counted
        row = {}
        for tool in tools:
            spent, by_program = run_bits(work) if tool == "bits" else run_other(tool, work)
            check(work.names, size)
            row[tool] = spent
            for program, seconds in by_program.items():
                if number > 0:
                    parts.setdefault(program, []).append(seconds)
        if number > 0:
            rows.append(row)
        print(f"{title} {number or 'warm-up'}: " + "; ".join(f"{tool} {s.wall:.2f} s, {s.cpu:.2f} s CPU" for tool, s in row.items()),
              file=sys.stderr, flush=True)
    report(title, rows, parts)


def arguments():
    parser = argparse.ArgumentParser(prog="./dev bench", description="bits beside curl, aria2c and wget2")
    parser.add_argument("directory", type=pathlib.Path, help=argparse.SUPPRESS)
    parser.add_argument("rounds", type=int, nargs="?", help="of each workload, after one that warms up (default 5)")
    parser.add_argument("--quick", action="store_true", help="a tenth of the files, an eighth of the large one, 3 rounds")
    parser.add_argument("--load", choices=[*LOADS], action="append", help="only this one; can be repeated")
    parser.add_argument("--scheme", choices=["http", "https"], action="append", help="likewise")
    parser.add_argument("--tool", choices=[*OTHERS], action="append", help="likewise, beside bits")
    return parser.parse_intermixed_args()


def main():
    options = arguments()
    tools = ["bits", *(options.tool or OTHERS)]
    missing = [tool for tool in tools if tool in OTHERS and not shutil.which(tool)]
    assert not missing, f"not installed: {missing}"
    rounds = options.rounds or (3 if options.quick else 5)
    source = pathlib.Path("/run/origin")
    make_target(options.directory)
    move_store(options.directory)
    port = free_port()
    more = secure(port, "/run/tls") + " keepalive_requests 1000000;"
    with Nginx(source, "/run/nginx-work", more) as nginx, configuration.settings(MaxFilesPerJob=20000):
        bases = {"http": nginx.base, "https": f"https://127.0.0.1:{port}"}
        for load in options.load or LOADS:
            number, size = LOADS[load]
            if options.quick:
                number, size = (number // 10, size) if number > 1 else (number, size // 8)
            names = make_source(source / load, number, size)
            for scheme in options.scheme or bases:
                urls = [f"{bases[scheme]}/{load}/{name}" for name in names]
                compare(f"{number} x {size >> 10} KiB, {scheme}", Work(urls, names), size, tools, rounds)
            shutil.rmtree(source / load)
    print(f"\nload of the machine now, 5 and 15 minutes ago: {' '.join(f'{load:.1f}' for load in os.getloadavg())}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
