"""A disk of its own for the service's store: a small one that can be filled, or one that fails on demand.

It is mounted over the store's directory while bits-queue is away, which then opens what lies there.
"""

import contextlib
import os
import pathlib
import shutil
import subprocess

import jobs
import people
import programs
from conftest import TREE
from waiting import wait_for

STORE = jobs.STORE


def restart():
    """kill -9 of bitsd, which takes bits-queue along and has no delay from falls before; returns when others have started."""
    old = programs.pids("bits-queue")
    jobs.kill("bitsd")
    wait_for(lambda: set(programs.pids("bits-queue")) - set(old), "another bits-queue")


def own(path):
    entry = people.account("bitsd")
    os.chown(path, entry.pw_uid, entry.pw_gid)
    return path


@contextlib.contextmanager
def small(size="8m"):
    """The store on a disk of that size; what is yielded fills it, and makes room again."""
    entry = people.account("bitsd")
    options = f"size={size},mode=0700,uid={entry.pw_uid},gid={entry.pw_gid}"
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", STORE], check=True)
    restart()
    wait_for(programs.answers, "an answer")
    try:
        filler = Filler()
        yield filler
        os.close(filler.fd)
    finally:
        subprocess.run(["umount", "--lazy", STORE], check=True)
        restart()
        wait_for(programs.answers, "an answer")


class Filler:
    """Its file is open from the start, so that whoever a test has become can write to it."""

    def __init__(self):
        self.fd = os.open(STORE / "filler", os.O_RDWR | os.O_CREAT | os.O_APPEND)

    def fill(self):
        """To the last byte."""
        for size in (1 << 16, 1 << 12, 1):
            with contextlib.suppress(OSError):
                while True:
                    os.write(self.fd, b"x" * size)

    def clear(self):
        os.ftruncate(self.fd, 0)


@contextlib.contextmanager
def faulty():
    """The store on a file system that answers errors by the rules given to what is yielded (tests/faults)."""
    program = next(path for path in TREE.glob("build*/tests/faults/quotafs"))
    backing, rules = pathlib.Path("/run/store-backing"), pathlib.Path("/run/store-rules/now")
    shutil.rmtree(backing, ignore_errors=True)
    backing.mkdir(mode=0o700)
    own(backing)
    rules.parent.mkdir(exist_ok=True)
    rules.parent.chmod(0o777)  # whoever a test has become sets them
    rules.write_text("")
    with subprocess.Popen([program, backing, STORE, rules], stdout=subprocess.PIPE, text=True) as process:
        assert "mounted" in process.stdout.readline()
        restart()
        wait_for(programs.answers, "an answer")

        def set_rules(*lines):
            fresh = rules.with_suffix(".new")
            fresh.write_text("\n".join(lines))
            fresh.rename(rules)

        try:
            yield set_rules
        finally:
            set_rules()
            subprocess.run(["umount", "--lazy", STORE], check=True)
            restart()
            wait_for(programs.answers, "an answer")
