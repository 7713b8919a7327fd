#!/usr/bin/python3
"""One file of 1 GiB from nginx on loopback: bits beside curl followed by `sync -d`, in one run.

Wall time is that of `bitsctl transfer` (job made to file complete) and of `curl && sync -d`. CPU time is user
and system time of everything that worked for the download: for bits bitsctl and all programs of the service, for
curl curl and sync; nginx counts for nobody. Runs alternate A B A B, so that a drift of the machine meets both.

Runs inside the sandbox (./dev bench), targets on the disk of the tree, the source in memory.
usage: bench.py DIRECTORY [RUNS]
"""

import os
import pathlib
import pwd
import resource
import statistics
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "integration"))

import people  # noqa: E402
from origins import Nginx  # noqa: E402

SIZE = 1 << 30
NAME = "large.bin"
OWNER = "alice"
TICK = os.sysconf("SC_CLK_TCK")


def make_source():
    directory = pathlib.Path("/run/origin")
    directory.mkdir()
    block = os.urandom(1 << 20)
    with (directory / NAME).open("wb") as stream:
        for _ in range(SIZE >> 20):
            stream.write(block)
    return directory


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


def measured(*commands):
    """Wall and CPU seconds of commands that alice runs one after another."""
    cpu, begin = children_cpu(), time.monotonic()
    for command in commands:
        people.run(OWNER, command)
    return time.monotonic() - begin, children_cpu() - cpu


def run_curl(url, target):
    return measured(["curl", "-sS", "-o", target, url], ["sync", "-d", target])


def run_bits(url, target):
    before = service_cpu()
    wall, client = measured(["bitsctl", "transfer", url, target])
    parts = difference(before, service_cpu())
    parts["bitsctl"] = client
    return wall, sum(parts.values()), parts


def checked(target):
    assert target.stat().st_size == SIZE
    target.unlink()
    os.sync()  # the next run starts with a quiet disk


def spread(values):
    return f"{statistics.median(values):6.2f}  ({min(values):.2f} .. {max(values):.2f})"


def main():
    directory, runs = pathlib.Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 5
    owner = pwd.getpwnam(OWNER)
    os.chown(directory, owner.pw_uid, owner.pw_gid)
    rows, parts = [], {}
    with Nginx(make_source(), "/run/nginx-work") as nginx:
        url, target = nginx.url(NAME), directory / "target.bin"
        for number in range(runs + 1):  # the first pair warms up and is not counted
            curl_wall, curl_cpu = run_curl(url, target)
            checked(target)
            bits_wall, bits_cpu, by_program = run_bits(url, target)
            checked(target)
            print(f"{'warm-up' if number == 0 else number}: curl {curl_wall:.2f} s, {curl_cpu:.2f} s CPU; "
                  f"bits {bits_wall:.2f} s, {bits_cpu:.2f} s CPU", flush=True)
            if number > 0:
                rows.append((curl_wall, curl_cpu, bits_wall, bits_cpu))
                for program, seconds in by_program.items():
                    parts.setdefault(program, []).append(seconds)

    print("\n                     median  (spread)")
    for title, column in (("curl wall s", 0), ("curl CPU s", 1), ("bits wall s", 2), ("bits CPU s", 3)):
        print(f"{title:20} {spread([row[column] for row in rows])}")
    print(f"{'wall bits / curl':20} {spread([row[2] / row[0] for row in rows])}")
    print(f"{'CPU bits / curl':20} {spread([row[3] / row[1] for row in rows])}")
    print("\nCPU s of bits by program, median: " + ", ".join(
        f"{program} {statistics.median(seconds):.2f}" for program, seconds in sorted(parts.items())))
    return 0


if __name__ == "__main__":
    sys.exit(main())
