#!/usr/bin/python3
"""The power is cut: the store and a destination lie on ext4 on a loop device over a file system that logs every write and
flush (tests/faults/logfs.c). An owner works for a while; then the disk is put together as it would be after a cut at one
moment after another, the service starts on it, and what it has is compared with what had been acknowledged by then.

Writes after the last flush before the cut are lost at random, one by one, as a disk with a cache may do.

usage: power.py [--seed N] [--cuts N] [--jobs N]        as root in the sandbox: ./dev torture --power
"""

import argparse
import contextlib
import hashlib
import json
import os
import pathlib
import random
import shutil
import struct
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "integration")]

import bus  # noqa: E402
import jobs  # noqa: E402
import people  # noqa: E402
import programs  # noqa: E402
from origins import BitsServer  # noqa: E402
from waiting import wait_for  # noqa: E402

OWNER = "alice"
IMAGE_SIZE = 96 << 20
SIZES = [0, 1, 5000, 300_000, 3 << 20]
RECORD = struct.Struct("=IIQ")
WRITE, FLUSH = 0, 1
WORK = pathlib.Path("/run/power")
TOP = WORK / "top"  # where the ext4 is mounted
DESTINATION = pathlib.Path("/run/power-destination")
LOG = WORK / "log"


def run(*words):
    subprocess.run([str(word) for word in words], check=True, capture_output=True)


def restart():
    """Everything of the service ends, and starts again on what lies there now."""
    old = programs.pids("bits-queue")
    jobs.kill("bitsd", "bits-queue", "bits-file", "bits-net")
    wait_for(lambda: set(programs.pids("bits-queue")) - set(old), "another bits-queue")


def who_starts_bitsd():
    """The parent of bitsd; None while it is between two of them."""
    try:
        bitsd = int(pathlib.Path("/run/bits-sandbox/bitsd.pid").read_text())
        return int(pathlib.Path(f"/proc/{bitsd}/stat").read_text().rpartition(")")[2].split()[1])
    except (FileNotFoundError, ProcessLookupError, ValueError):
        return None


def stop_service():
    """Nobody has the disk open, and nobody starts another bitsd until its parent is continued."""
    parent = wait_for(who_starts_bitsd, "a bitsd")
    os.kill(parent, 19)  # STOP
    wait_for(service_is_dead, "the end of the service")
    return parent


def service_is_dead():
    """Ends what there is of it: a bitsd that was being started when its parent was stopped comes later."""
    names = "bitsd", "bits-queue", "bits-file", "bits-net", "bits-become"
    running = [name for name in names if any(alive(pid) for pid in jobs.processes(name))]
    jobs.kill(*running)
    return not running


def alive(pid):
    return programs.status(pid).get("State", "Z")[0] != "Z"


@contextlib.contextmanager
def mounted(image):
    """The ext4 in image, its parts where the service looks for them; the service runs in between."""
    supervisor = stop_service()
    run("mount", "-o", "loop", image, TOP)
    run("mount", "--bind", TOP / "store", jobs.STORE)
    run("mount", "--bind", TOP / "destination", DESTINATION)
    os.kill(supervisor, 18)  # CONT
    try:
        yield
    finally:
        supervisor = stop_service()
        for place in (DESTINATION, jobs.STORE, TOP):
            wait_for(lambda place=place: unmounted(place), f"{place} to be let go")
        os.kill(supervisor, 18)


def unmounted(place):
    """Not while a process that was killed is still on its way out."""
    return subprocess.run(["umount", str(place)], capture_output=True, check=False).returncode == 0


def make_image(path):
    with path.open("wb") as stream:
        stream.truncate(IMAGE_SIZE)
    run("mkfs.ext4", "-q", "-E", "lazy_itable_init=0,lazy_journal_init=0", path)
    run("mount", "-o", "loop", path, TOP)
    for name, account, mode in ("store", "bitsd", 0o700), ("destination", OWNER, 0o700):
        directory = TOP / name
        directory.mkdir()
        directory.chmod(mode)
        os.chown(directory, people.account(account).pw_uid, people.account(account).pw_gid)
    run("umount", TOP)


# ---- the record ------------------------------------------------------------------------------------------------------


class Promise:
    """A job of the record. Each moment is a length of the log: when a call began, and when it was acknowledged."""

    def __init__(self):
        self.id, self.began, self.made = None, 0, None
        self.files = []  # (began, acknowledged, local, digest)
        self.leaves = None  # (began, acknowledged, completed)


def moment():
    return LOG.stat().st_size


def work(remotes, source, n_jobs):
    """What an owner does; runs as him. The promises."""
    session, promises = jobs.session_when_ready(), []

    def new():
        promise = Promise()
        promise.began = moment()
        job = session.create(f"job-{len(promises)}")
        promise.id, promise.made = job.id, moment()
        promises.append(promise)
        for number in range(source.randrange(1, 4)):
            url, digest = source.choice(remotes)
            local, began = DESTINATION / f"{len(promises)}-{number}", moment()
            job.add(url, local)
            promise.files.append((began, moment(), str(local), digest))
        job.call("Resume")
        return promise, job

    waiting = []
    for _ in range(n_jobs):
        waiting.append(new())
        if len(waiting) > 3:
            promise, job = waiting.pop(source.randrange(len(waiting)))
            completed = source.random() < 0.8
            if completed:
                jobs.wait_state(job, bus.TRANSFERRED)
            began = moment()
            job.call("Complete" if completed else "Cancel")
            promise.leaves = began, moment(), completed
    return promises


# ---- the cut ---------------------------------------------------------------------------------------------------------


def records(log):
    """(end in the log, kind, offset, begin of the data, size) of each."""
    found, position = [], 0
    while position + RECORD.size <= len(log):
        kind, size, offset = RECORD.unpack_from(log, position)
        begin = position + RECORD.size
        position = begin + size
        found.append((position, kind, offset, begin, size))
    return found


def cut_image(base, log, index, cut, source, path):
    """The disk after the cut: all up to the last flush, and of what came after it some."""
    shutil.copyfile(base, path)
    last_flush = max([i for i in range(cut) if index[i][1] == FLUSH], default=0)
    keep = source.choice([0.0, 0.5, 1.0])
    lost = 0
    with path.open("r+b") as stream:
        for i in range(cut):
            _, kind, offset, begin, size = index[i]
            if kind == WRITE and (i < last_flush or source.random() < keep or keep == 1.0):
                stream.seek(offset)
                stream.write(log[begin:begin + size])
            elif kind == WRITE:
                lost += 1
    return lost


def sha256(path):
    return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()


def compare(promises, now):
    """Runs as the owner: what is wrong on the disk of that moment, in words."""
    session = jobs.session_when_ready()
    listed = [str(row[0]) for row in session.manager("ListJobs", "utu", 0, 0, 256)[0]]
    wrong, allowed = [], set()
    if len(set(listed)) != len(listed):
        wrong.append("a job is doubled")
    for promise in promises:
        began, acknowledged, completed = promise.leaves or (1 << 62, 1 << 62, False)
        here = promise.id in listed
        if promise.made <= now < began and not here:
            wrong.append(f"job {promise.id} is lost")
        if (promise.began > now or acknowledged <= now) and here:
            wrong.append(f"job {promise.id} is there and must not be")
        if here:
            count = int(session.get(promise.id).get("Progress")[2])
            least = sum(file[1] <= now for file in promise.files)
            most = sum(file[0] <= now for file in promise.files)
            if not least <= count <= most:
                wrong.append(f"job {promise.id} has {count} files, not {least} to {most}")
        for _, _, local, digest in promise.files:
            if completed and began <= now:
                allowed.add(os.path.basename(local))
            if completed and acknowledged <= now and (not os.path.exists(local) or sha256(local) != digest):
                wrong.append(f"{local} was completed and is not what was served")
    stray = {name for name in os.listdir(DESTINATION) if not name.startswith("BIT")} - allowed
    wrong += [f"{name} is there, and its job was not completed" for name in stray]
    if wrong:
        return wrong

    promised = {promise.id: promise for promise in promises}
    for job_id in listed:
        job, files = session.get(job_id), promised[job_id].files
        count = int(job.get("Progress")[2])
        if count == 0:
            job.call("Cancel")
            continue
        job.call("Resume")
        jobs.wait_state(job, bus.TRANSFERRED)
        job.call("Complete")
        wrong += [f"{local} was fetched to its end and is not what was served" for _, _, local, digest in files[:count]
                  if not os.path.exists(local) or sha256(local) != digest]
    left = jobs.temporaries(DESTINATION)
    if left:
        wait_for(lambda: not jobs.temporaries(DESTINATION), f"{left} to be deleted, as orphans are", 20)
    return wrong


def power(seed, cuts, n_jobs, report=print):
    """(figures, violations)"""
    source = random.Random(seed)
    for directory in (WORK, DESTINATION, WORK / "show", TOP):
        directory.mkdir(exist_ok=True)
    WORK.chmod(0o755)
    origin = WORK / "origin"
    origin.mkdir(exist_ok=True)
    program = next(path for path in HERE.parents[1].glob("build*/tests/faults/logfs"))
    image, base, after = WORK / "image", WORK / "base", WORK / "after"
    LOG.unlink(missing_ok=True)
    make_image(image)
    shutil.copyfile(image, base)
    started, violations, lost = time.monotonic(), [], 0
    with BitsServer(origin, WORK / "server.log") as server:
        remotes = []
        for number, size in enumerate(SIZES):
            data = random.Random(f"{seed} {number}").randbytes(size)
            (origin / f"p{number}").write_bytes(data)
            remotes.append((server.url(f"p{number}"), hashlib.sha256(data).hexdigest()))
        with subprocess.Popen([program, image, WORK / "show", LOG], stdout=subprocess.PIPE, text=True) as process:
            assert "mounted" in process.stdout.readline()
            LOG.chmod(0o644)
            try:
                with mounted(WORK / "show" / "image"):
                    promises = people.call(OWNER, work, remotes, source, n_jobs)
            finally:
                run("umount", "--lazy", WORK / "show")
        log = LOG.read_bytes()
        index = records(log)
        flushes = [i + 1 for i, record in enumerate(index) if record[1] == FLUSH]
        # before a flush, where most can be lost; after one; anywhere
        moments = sorted(
            source.choice([source.choice(flushes) - 1, source.choice(flushes), source.randrange(1, len(index))]) or 1
            for _ in range(cuts)
        )
        report(f"{len(index)} records, {len(flushes)} flushes, {len(log) >> 20} MiB, {len(promises)} jobs", flush=True)
        for number, cut in enumerate(moments):
            lost += cut_image(base, log, index, cut, source, after)
            with mounted(after):
                # acknowledged by the cut: its moment was noted when the log was no longer than what the cut has
                try:
                    wrong = people.call(OWNER, compare, promises, index[cut - 1][0])
                except Exception as error:
                    wrong = [repr(error)]
            violations += [f"cut {number} after record {cut}: {text}" for text in wrong]
        report(f"{cuts} cuts, {len(violations)} violations", flush=True)
    figures = {
        "seed": seed, "jobs": len(promises), "writes": len(index) - len(flushes), "flushes": len(flushes), "cuts": cuts,
        "writes lost": lost, "seconds": round(time.monotonic() - started), "violations": len(violations),
    }
    return figures, violations


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--cuts", type=int, default=100)
    parser.add_argument("--jobs", type=int, default=30)
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}", flush=True)
    figures, violations = power(arguments.seed, arguments.cuts, arguments.jobs)
    for violation in violations:
        print(f"VIOLATION {violation}")
    print(json.dumps(figures))
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
