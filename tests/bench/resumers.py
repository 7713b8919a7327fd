#!/usr/bin/python3
"""The matrix of interrupted downloads (tests/integration/resuming.py) with curl -C -, wget -c and aria2c -c: where each
says that all is well and has a file that is no version of the remote one. Prints the tables of docs/RESUMING.md.

Each download is interrupted in its middle: by SIGTERM, by SIGKILL, by a reset of its connection, or by SIGTERM with
another URL for the same file afterwards. Then the same command runs again, up to three times while it fails.
Needs no service and no root; curl, wget and aria2 must be installed.

usage: resumers.py [TOOL]...
"""

import collections
import concurrent.futures
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "integration"))

import resuming  # noqa: E402
from misbehaving import BODIES, HALF, Misbehaving  # noqa: E402
from raw import RawOrigin  # noqa: E402

RUNS, LIMIT_SEC, AT_ONCE = 3, 60, 8
TERM, KILL = "SIGTERM", "SIGKILL"
INTERRUPTIONS = {TERM: resuming.SUSPEND, KILL: resuming.KILL_NET, resuming.RESET: resuming.RESET, "another URL": resuming.RENAME}


def curl(url, path):
    return ["curl", "-q", "-sS", "-f", "-L", "-C", "-", "-o", path, url]


def wget(url, path):
    return ["wget", "--no-config", "-q", "-c", "--tries=3", "--waitretry=0", "-O", path, url]


def aria2c(url, path):
    """Without its cache, so that what came is there when it is killed; it retries by itself."""
    return ["aria2c", "--no-conf", "-q", "-c", "--disk-cache=0", "--file-allocation=none", "--max-tries=3", "--retry-wait=0",
            "--auto-file-renaming=false", "-d", path.parent, "-o", path.name, url]


TOOLS = {"curl": (curl, "curl -C -"), "wget": (wget, "wget -c"), "aria2c": (aria2c, "aria2c -c")}
RIGHT, WRONG, ERROR = "right", "wrong", "error"


def start(argv):
    return subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def wait_half(process, path):
    """Until half of the file has come, as far as the program writes it before the rest is there."""
    size, since = -1, time.monotonic()
    while process.poll() is None and size < HALF:
        found = path.stat().st_size if path.exists() else 0
        if found != size:
            size, since = found, time.monotonic()
        if time.monotonic() - since > (2 if size > 0 else LIMIT_SEC):
            return
        time.sleep(0.02)


def download(tool, url, other_url, path, interruption, cell):
    """The last exit status."""
    process = start(tool(url, path))
    wait_half(process, path)
    cell.later = True
    if interruption == resuming.RESET:
        cell.go.set()
    else:
        process.send_signal(signal.SIGKILL if interruption == KILL else signal.SIGTERM)
    status = process.wait(LIMIT_SEC)
    for _ in range(RUNS):
        if status == 0:
            break
        status = start(tool(other_url, path)).wait(LIMIT_SEC)
    cell.go.set()
    return status


def outcome(name, number, validator, server, interruption):
    with tempfile.TemporaryDirectory() as directory, RawOrigin({}, "127.0.0.2") as elsewhere:
        cell = Misbehaving(number, validator, server, INTERRUPTIONS[interruption], elsewhere)
        elsewhere.answers = {cell.name: cell.act_elsewhere}
        path = pathlib.Path(directory) / "file"
        with RawOrigin({cell.name: cell, cell.name + "-new": cell}) as origin:
            end = "-new" if INTERRUPTIONS[interruption] == resuming.RENAME else ""
            status = download(TOOLS[name][0], origin.url(cell.name), origin.url(cell.name + end), path, interruption, cell)
        if status != 0:
            return ERROR
        return RIGHT if path.exists() and path.read_bytes() in BODIES.values() else WRONG


def version(name):
    return subprocess.run([name, "--version"], capture_output=True, text=True, check=True).stdout.split("\n")[0]


def tables(names):
    keys = [(v, s, i) for s in resuming.SERVERS for v in resuming.VALIDATORS for i in INTERRUPTIONS]
    found = {}
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        runs = {(name, key): pool.submit(outcome, name, number, *key) for name in names for number, key in enumerate(keys)}
        found = {key: run.result() for key, run in runs.items()}

    print("Versions: " + "; ".join(version(name) for name in names) + ".\n")
    print("| the server, when the download goes on |" + "".join(f" `{TOOLS[name][1]}` |" for name in names))
    print("|---|" + "---|" * len(names))
    total = {name: collections.Counter() for name in names}
    for server in resuming.SERVERS:
        line = f"| {server} |"
        for name in names:
            counts = collections.Counter(found[name, key] for key in keys if key[1] == server)
            total[name] += counts
            line += " " + (f"**{counts[WRONG]} wrong**, " if counts[WRONG] else "") + f"{counts[RIGHT]} right, {counts[ERROR]} errors |"
        print(line)
    print("| all |" + "".join(f" **{total[n][WRONG]} wrong**, {total[n][RIGHT]} right, {total[n][ERROR]} errors |" for n in names))
    print("\nWrong files by what names the version:\n")
    print("| |" + "".join(f" `{TOOLS[name][1]}` |" for name in names))
    print("|---|" + "---|" * len(names))
    for validator in resuming.VALIDATORS:
        wrong = [sum(found[name, key] == WRONG for key in keys if key[0] == validator) for name in names]
        print(f"| {validator} |" + "".join(f" {n} |" for n in wrong))


if __name__ == "__main__":
    tables(sys.argv[1:] or list(TOOLS))
