"""The service's own processes, seen from outside through /proc."""

import os
import pathlib

import jobs
import people
from waiting import wait_for


def pids(program, uid=None):
    """The running processes of one of our programs; with uid, those of that uid."""
    return [pid for pid in jobs.processes(program) if uid is None or effective_uid(pid) == uid]


def status(pid):
    """/proc/PID/status as a dictionary of texts; empty when the process has ended."""
    try:
        lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return {}
    return {key: value.strip() for key, _, value in (line.partition(":") for line in lines)}


def effective_uid(pid):
    found = status(pid)
    return int(found["Uid"].split()[1]) if found else None


def descriptors(pid):
    """Number and target of each descriptor."""
    found = {}
    for link in pathlib.Path(f"/proc/{pid}/fd").iterdir():
        try:
            found[int(link.name)] = os.readlink(link)
        except FileNotFoundError:
            continue  # closed meanwhile
    return found


def answers():
    return people.run("alice", ["bitsctl", "list"], check=False).returncode == 0


def restart(program):
    """kill -9; returns when another one serves."""
    old = pids(program)
    assert jobs.kill(program) == len(old) == 1, f"{old} of {program}"
    wait_for(lambda: set(pids(program)) - set(old), f"another {program}")
    wait_for(answers, "an answer")
