#!/usr/bin/python3
"""Random calls from several owners while processes of the service are killed, and after each round a comparison with
what was acknowledged (model.py). Runs as root in the sandbox: ./dev torture.

usage: torture.py [--seed N] [--kills N | --minutes N] [--round N]

Everything random comes from the seed, which is printed first; what the machine does in between does not. The last line
has the figures; any violation is printed and makes the status 1.
"""

import argparse
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

import jobs  # noqa: E402
import people  # noqa: E402
from model import Owner, Violation  # noqa: E402
from origins import Nginx  # noqa: E402

OWNERS = ["alice", "bob", "carol"]
SIZES = [0, 1, 4096, 300_000, 2 << 20, 12 << 20]
PARTS = ["bits-queue", "bits-file", "bits-net", "bitsd", "all"]
WEIGHTS = [4, 3, 4, 2, 1]
QUEUE_KILLS_MAX = 3  # then bitsd: it waits longer and longer before it starts another bits-queue
LIMIT_SEC = 300


# ---- an owner's process ----------------------------------------------------------------------------------------------


def serve_owner(pipe, name, seed, remotes, directory):
    people.become(name)
    owner = Owner(name, seed, remotes, directory)
    stop = False
    while not stop:
        order = pipe.recv()
        try:
            if order == "run":
                while not pipe.poll():
                    owner.step()
            elif order == "check":
                owner.check()
            elif order == "settle":
                owner.settle()
            elif order == "finish":
                owner.finish()
            else:
                stop = True
            pipe.send(("done", {"calls": owner.calls, "lost": owner.lost, "jobs": owner.number, "finished": len(owner.finished),
                                "expected": {str(local): job.id for job in owner.jobs.values() for _, local, _ in job.files}}))
        except Violation as violation:
            pipe.send(("violation", f"{name}: {violation}"))
        except Exception:
            pipe.send(("violation", f"{name}: {traceback.format_exc()}"))


class Person:
    def __init__(self, name, seed, remotes):
        self.name = name
        self.directory = people.home(name) / "torture"
        shutil.rmtree(self.directory, ignore_errors=True)
        self.directory.mkdir()
        os.chown(self.directory, people.account(name).pw_uid, people.account(name).pw_gid)
        self.pipe, theirs = multiprocessing.Pipe()
        self.process = multiprocessing.Process(target=serve_owner, args=(theirs, name, seed, remotes, self.directory), daemon=True)
        self.process.start()
        self.figures = {}

    def order(self, word):
        self.pipe.send(word)

    def answer(self):
        """What went wrong, or None."""
        if not self.pipe.poll(LIMIT_SEC):
            return f"{self.name}: no answer within {LIMIT_SEC} s"
        kind, value = self.pipe.recv()
        if kind == "violation":
            return value
        self.figures = value
        return None


# ---- what lies on the disk -------------------------------------------------------------------------------------------


def stored_temporaries():
    """{(uid, temporary name): known to exist} of all file rows that should have one, and of all orphans."""
    with jobs.stored() as database:
        files = database.execute("SELECT temp_uid, temp, id, local FROM file WHERE temp != '' AND state < 3").fetchall()
        orphans = database.execute("SELECT uid, temp FROM orphan").fetchall()
    # A Complete that was cut off has renamed some: the file is at its final name, where it is found again.
    found = {(uid, temp): any(identity) and not os.path.lexists(local) for uid, temp, identity, local in files}
    found.update({(uid, temp): False for uid, temp in orphans})
    return found


def compare_disk(persons):
    """No temporary file without a row, no row that knows its temporary file without that file."""
    rows = stored_temporaries()
    with jobs.stored() as database:
        wrong = [f"job {serial}: not the totals of its files" for (serial,) in jobs.wrong_totals(database)]
    for person in persons:
        uid = people.account(person.name).pw_uid
        there = set(jobs.temporaries(person.directory))
        known = {temp for (owner, temp), _ in rows.items() if owner == uid}
        must = {temp for (owner, temp), sure in rows.items() if owner == uid and sure}
        wrong += [f"{person.name}: temporary file {name} has no row" for name in there - known]
        wrong += [f"{person.name}: temporary file {name} of a row is not there" for name in must - there]
    return wrong


# ---- kills -----------------------------------------------------------------------------------------------------------


class Killer:
    def __init__(self, source):
        self.source, self.kills, self.queue_kills = source, 0, 0

    def wait_and_kill(self):
        time.sleep(self.source.uniform(0.05, 0.6))
        part = self.source.choices(PARTS, WEIGHTS)[0]
        if part == "bits-queue":
            self.queue_kills += 1
            if self.queue_kills > QUEUE_KILLS_MAX:
                part = "bitsd"
        if part in ("bitsd", "all"):
            self.queue_kills = 0
        names = ["bitsd", "bits-queue", "bits-file", "bits-net", "bits-become"] if part == "all" else [part]
        pids = [pid for name in names for pid in jobs.processes(name)]
        if part in ("bits-file", "bits-net") and pids:
            pids = [self.source.choice(pids)]
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
                self.kills += 1
            except ProcessLookupError:
                pass


# ---- the run ---------------------------------------------------------------------------------------------------------


def make_remotes(directory, server, seed):
    remotes = []
    for number, size in enumerate(SIZES):
        data = random.Random(f"{seed} {number}").randbytes(size)
        (directory / f"t{number}").write_bytes(data)
        remotes.append((server.url(f"t{number}"), hashlib.sha256(data).hexdigest()))
    return remotes


def everybody(persons, word):
    for person in persons:
        person.order(word)
    return [wrong for wrong in (person.answer() for person in persons) if wrong]


def run_round(persons, killer, kills):
    """What went wrong. Nobody is killed while the comparison goes on."""
    for person in persons:
        person.order("run")
    until = killer.kills + kills
    while killer.kills < until and all(person.process.is_alive() and not person.pipe.poll() for person in persons):
        killer.wait_and_kill()
    for person in persons:
        person.order("check")  # ends the run
    wrong = [person.answer() for person in persons]
    wrong += [person.answer() for person in persons]
    wrong = [text for text in wrong if text]
    for word in ("settle", "check"):
        wrong = wrong or everybody(persons, word)
    wrong = wrong or compare_disk(persons)
    wrong = wrong or everybody(persons, "finish") or everybody(persons, "check")
    return wrong or compare_disk(persons)


def torture(seed, kills, minutes, per_round, report=print):
    """(figures, violations)"""
    directory = pathlib.Path("/run/torture-origin")
    directory.mkdir(exist_ok=True)
    started, violations, rounds = time.monotonic(), [], 0
    with Nginx(directory, "/run/torture-nginx", "limit_rate_after 1m; limit_rate 8m;") as server:
        remotes = make_remotes(directory, server, seed)
        persons = [Person(name, seed, remotes) for name in OWNERS]
        killer = Killer(random.Random(f"{seed} kills"))
        while not violations and (time.monotonic() - started < minutes * 60 if minutes else killer.kills < kills):
            violations = run_round(persons, killer, min(per_round, kills - killer.kills) if kills else per_round)
            rounds += 1
            report(f"round {rounds}: {killer.kills} kills, {sum(p.figures.get('finished', 0) for p in persons)} files finished, "
                   f"{len(violations)} violations", flush=True)
        for person in persons:
            person.process.terminate()
    figures = {
        "seed": seed, "rounds": rounds, "kills": killer.kills, "seconds": round(time.monotonic() - started),
        **{key: sum(person.figures.get(key, 0) for person in persons) for key in ("calls", "lost", "jobs", "finished")},
        "violations": len(violations),
    }
    return figures, violations


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--minutes", type=float, default=0)
    parser.add_argument("--round", type=int, default=20)
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
