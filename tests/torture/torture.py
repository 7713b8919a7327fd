#!/usr/bin/python3
"""Random calls from several owners while processes of the service are killed, and after each round a comparison with
what was acknowledged (model.py). Runs as root in the sandbox: ./dev torture.

usage: torture.py [--seed N] [--kills N | --minutes N] [--round N]

Everything random comes from the seed, which is printed first; what the machine does in between does not. The last line
has the figures; any violation is printed and makes the status 1.
"""

import argparse
import collections
import contextlib
import hashlib
import json
import multiprocessing
import os
import pathlib
import random
import shutil
import signal
import sys
import time
import traceback

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "integration")]

import configuration  # noqa: E402
import contents  # noqa: E402
import jobs  # noqa: E402
import people  # noqa: E402
from model import LIMIT_SEC, Owner, Places, Violation  # noqa: E402
from origins import Nginx  # noqa: E402
from waiting import wait_for  # noqa: E402

HELPERS = {"alice": "bob", "bob": None, "carol": None, "admin": None}  # of each owner
COMMON = pathlib.Path("/run/home/torture")  # where everybody may write: files of jobs that change hands
PROGRAMS = ["bitsd", "bits-queue", "bits-file", "bits-net", "bits-become", "bits-notify"]
PARTS = {"bits-queue": 5, "bits-file": 4, "bits-net": 4, "bits-become": 3, "bits-notify": 3, "bitsd": 2, "all": 1}
QUEUE_KILLS_MAX = 3  # then bitsd: it waits longer and longer before it starts another bits-queue
APPEAR_SEC = 0.6  # how long one of those that live for a moment is waited for
ANSWER_SEC = 2 * LIMIT_SEC
LOOKS, LOOK_SEC = 10, 0.2
COMMAND = '#!/bin/sh\nsleep 0.2\n: >"$1/$BITS_JOB_ID"\n'  # long enough to be killed


# ---- an owner's process ----------------------------------------------------------------------------------------------


def serve_owner(pipe, name, seed, remotes, places, heirs):
    people.become(name)
    owner = Owner(name, seed, remotes, places, HELPERS[name], heirs)
    word = ""
    while word != "end":
        word = pipe.recv()
        try:
            if word == "run":
                while not pipe.poll():
                    owner.step()
            elif word != "end":
                getattr(owner, word)()
            pipe.send(("done", {
                "calls": owner.calls, "lost": owner.lost, "finished": owner.finished,
                "leaving": [str(file.local) for job in owner.jobs.values() if job.leaving for file in job.files],
            }))
        except Violation as violation:
            pipe.send(("violation", f"{name}: {violation}"))
        except Exception:
            pipe.send(("violation", f"{name}: {traceback.format_exc()}"))


def own(name, path, mode=0o700):
    """path, NAME's from now on."""
    path.chmod(mode)
    os.chown(path, people.account(name).pw_uid, people.account(name).pw_gid)
    return path


def make_places(name):
    top = people.home(name) / "torture"
    shutil.rmtree(top, ignore_errors=True)
    for path in (top, top / "own", top / "helped", top / "traces"):
        path.mkdir()
        own(name, path)
    (top / "program").write_text(COMMAND)
    own(name, top / "program")
    helped = people.home(HELPERS[name]) / "torture" / "helped" if HELPERS[name] else None
    return Places(top / "own", COMMON, helped, top / "traces", top / "program")


class Person:
    def __init__(self, name, seed, remotes, heirs):
        self.name, self.places = name, make_places(name)
        self.pipe, theirs = multiprocessing.Pipe()
        self.process = multiprocessing.Process(
            target=serve_owner, args=(theirs, name, seed, remotes, self.places, heirs), daemon=True)
        self.process.start()
        theirs.close()
        self.figures = {}

    def order(self, word):
        self.pipe.send(word)

    def answer(self):
        """What went wrong, or None."""
        if not self.pipe.poll(ANSWER_SEC):
            return f"{self.name}: no answer within {ANSWER_SEC} s"
        try:
            kind, value = self.pipe.recv()
        except EOFError:
            return f"{self.name}: ended without a word"
        if kind == "violation":
            return value
        self.figures = value
        return None


# ---- what lies on the disk -------------------------------------------------------------------------------------------


def stored_temporaries(database):
    """{(uid, temporary name): known to exist} of all file rows that should have one, and of all orphans."""
    files = database.execute("SELECT temp_uid, temp, id, local FROM file WHERE temp != '' AND state < 3").fetchall()
    orphans = database.execute("SELECT uid, temp FROM orphan").fetchall()
    # A Complete that was cut off has renamed some: the file is at its final name, where it is found again.
    found = {(uid, temp): any(identity) and not os.path.lexists(local) for uid, temp, identity, local in files}
    found.update({(uid, temp): False for uid, temp in orphans})
    return found


def directories():
    return [COMMON] + [
        people.home(name) / "torture" / part for name in HELPERS for part in ("own", "helped")
    ]


def store_differs():
    with jobs.stored() as database:
        rows, totals = stored_temporaries(database), jobs.wrong_totals(database)
    there = set()
    for directory in directories():
        for name in jobs.temporaries(directory):
            with contextlib.suppress(FileNotFoundError):
                there.add(((directory / name).stat().st_uid, name))
    return {
        *(f"temporary file {name} of uid {uid} has no row" for uid, name in there - set(rows)),
        *(f"temporary file {name} of uid {uid} is not there, and its row is" for (uid, name), sure in rows.items()
          if sure and (uid, name) not in there),
        *(f"job {serial}: not the totals of its files" for (serial,) in totals),
    }


def compare_store():
    """No temporary file without a row, no row that knows its temporary file without that file. Rows and files cannot be
    seen at one moment while others are fetched; but what is wrong stays wrong."""
    wrong = store_differs()
    for _ in range(LOOKS):
        if not wrong:
            break
        time.sleep(LOOK_SEC)
        wrong &= store_differs()
    return sorted(wrong)


def orphans():
    with jobs.stored() as database:
        return database.execute("SELECT count(*) FROM orphan").fetchone()[0]


def compare_finished(persons):
    """Every file of a completed job is what was served, whose it should be, and no other has a final name."""
    wrong, allowed = [], {local for person in persons for local in person.figures["leaving"]}
    for job_id, files, missing, uid in (entry for person in persons for entry in person.figures["finished"]):
        there = [(pathlib.Path(local), digests) for local, digests in files if os.path.lexists(local)]
        allowed.update(str(local) for local, _ in there)
        if len(there) < len(files) - missing:
            wrong.append(f"job {job_id}: {len(there)} of its {len(files)} files are there, {missing} may be missing")
        for local, digests in there:
            if hashlib.sha256(local.read_bytes()).hexdigest() not in digests:
                wrong.append(f"job {job_id}: {local} is not what was served")
            if local.stat().st_uid != uid:
                wrong.append(f"job {job_id}: {local} is uid {local.stat().st_uid}'s, not {uid}'s")
    for path in (path for directory in directories() for path in directory.iterdir()):
        if not path.name.startswith("BIT") and str(path) not in allowed:
            wrong.append(f"{path} is there, and no job was completed for it")
    return wrong


def remove_finished(persons, done):
    """Compared twice, they make room. No name comes again: if the file does, it is one too many."""
    for _, files, _, _ in (entry for person in persons for entry in person.figures["finished"]):
        for local in (pathlib.Path(local) for local, _ in files):
            if local.exists():
                done["files"] += 1
                done["bytes"] += local.stat().st_size
                local.unlink()


# ---- kills -----------------------------------------------------------------------------------------------------------


class Killer:
    def __init__(self, source):
        self.source, self.queue_kills = source, 0
        self.killed = collections.Counter()

    @property
    def kills(self):
        return self.killed.total()

    def wait_and_kill(self):
        time.sleep(self.source.uniform(0.05, 0.5))
        part = self.source.choices(list(PARTS), PARTS.values())[0]
        if part == "bits-queue":
            self.queue_kills += 1
            if self.queue_kills > QUEUE_KILLS_MAX:
                part = "bitsd"
        if part in ("bitsd", "all"):
            self.queue_kills = 0
        if part == "all":
            for name in PROGRAMS:
                self.kill(name, jobs.processes(name))
        elif part in ("bitsd", "bits-queue"):
            self.kill(part, jobs.processes(part))
        else:
            pids = self.wait_for_one(part)
            self.kill(part, pids and [self.source.choice(pids)])

    def wait_for_one(self, program):
        deadline = time.monotonic() + APPEAR_SEC
        while not (pids := jobs.processes(program)) and time.monotonic() < deadline:
            time.sleep(0.005)
        return pids

    def kill(self, program, pids):
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
                self.killed[program] += 1


# ---- the run ---------------------------------------------------------------------------------------------------------


def everybody(persons, word):
    for person in persons:
        person.order(word)
    return [wrong for wrong in (person.answer() for person in persons) if wrong]


class Clock:
    """How long each part of the rounds took."""

    def __init__(self):
        self.seconds = collections.Counter()

    @contextlib.contextmanager
    def of(self, part):
        begin = time.monotonic()
        yield
        self.seconds[part] += time.monotonic() - begin


def kill_while_they_run(persons, killer, kills):
    for person in persons:
        person.order("run")
    until = killer.kills + kills
    while killer.kills < until and all(person.process.is_alive() and not person.pipe.poll() for person in persons):
        killer.wait_and_kill()
    return everybody_ends_running(persons)


def everybody_ends_running(persons):
    """The administrator, who inherits from the others, after them."""
    for person in persons:
        person.order("receive")  # ends the run
    wrong = [person.answer() for _ in range(2) for person in persons]
    return [text for text in wrong if text] or everybody(persons, "receive")


def run_round(persons, killer, kills, clock, done):
    """What went wrong. Nobody is killed while the comparison goes on."""
    with clock.of("kill"):
        wrong = kill_while_they_run(persons, killer, kills)
    for word in ("check", "settle", "check", "finish", "check"):
        with clock.of(word):
            wrong = wrong or everybody(persons, word)
        with clock.of("compare"):
            wrong = wrong or (word == "check" and (compare_store() + compare_finished(persons)))
    if not wrong:
        remove_finished(persons, done)
        wrong = everybody(persons, "forget")
    return wrong


def may_set_command_line():
    job = jobs.session().create()
    refused = jobs.refused(job.call, "SetNotifyCmdLine", "ss", "/bin/true", "")
    job.call("Cancel")
    return refused is None


def allow_command_lines():
    """To everybody, as soon as the service has read it. The file is the sandbox's, which is thrown away."""
    configuration.write(configuration.FILE.read_text() + "NotifyCommands=all\n")
    configuration.reload()
    wait_for(lambda: people.call("alice", may_set_command_line), "the permission of command lines")


def torture(seed, kills, minutes, per_round, report=print):
    """(figures, violations)"""
    origin = pathlib.Path("/run/torture-origin")
    for directory in (origin, COMMON):
        directory.mkdir(exist_ok=True)
    COMMON.chmod(0o777)
    people.add_to_group("admin", "bits-admin")
    started, violations, rounds = time.monotonic(), [], 0
    clock, done = Clock(), collections.Counter()
    allow_command_lines()
    with Nginx(origin, "/run/torture-nginx", "limit_rate_after 1m; limit_rate 8m;") as server:
        remotes = contents.serve(origin, server, seed)
        heirs = multiprocessing.SimpleQueue()
        persons = [Person(name, seed, remotes, heirs) for name in HELPERS]
        killer = Killer(random.Random(f"{seed} kills"))
        while not violations and (time.monotonic() - started < minutes * 60 if minutes else killer.kills < kills):
            wanted = min(per_round, kills - killer.kills) if kills else per_round
            violations = run_round(persons, killer, wanted, clock, done)
            rounds += 1
            report(f"round {rounds}: {killer.kills} kills, {done['files']} files, {round(time.monotonic() - started)} s, "
                   f"{len(violations)} violations", flush=True)
        for person in persons:
            person.process.terminate()
    calls = sum((person.figures.get("calls", collections.Counter()) for person in persons), collections.Counter())
    figures = {
        "seed": seed, "rounds": rounds, "kills": killer.kills, "killed": dict(killer.killed),
        "seconds": round(time.monotonic() - started), "parts": {part: round(sec) for part, sec in clock.seconds.items()},
        "calls": calls.total(), "each": dict(calls.most_common()),
        "lost": sum(person.figures.get("lost", 0) for person in persons), "orphans": orphans(),
        "files": done["files"], "bytes": done["bytes"], "violations": len(violations),
    }
    return figures, violations


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--minutes", type=float, default=0)
    parser.add_argument("--round", type=int, default=40)
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}", flush=True)
    figures, violations = torture(
        arguments.seed, 0 if arguments.minutes else arguments.kills, arguments.minutes, arguments.round
    )
    for violation in violations:
        print(f"VIOLATION {violation}")
    print(json.dumps(figures))
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
