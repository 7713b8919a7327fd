#!/usr/bin/python3
"""Downloads whose connection is cut at random bytes while the remote file changes now and then: none may end as anything
but one version, whole. Runs as root in the sandbox: ./dev torture --cuts N.

usage: cuts.py [--seed N] [--cuts N]

Each file is cut a few times, by a reset or an early end, and then let through. Its server names versions in one of five
ways, which all its life are as honest as RFC 9110 wants them, and is otherwise now and then odd: it ignores Range or
If-Range, or sends chunks without a length. Versions of one file differ at their begin and end alone. What is random comes
from the seed, which is printed first. The last line has the figures; a wrong file is printed and makes the status 1.
"""

import argparse
import json
import pathlib
import random
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "integration")]

import bus  # noqa: E402
import configuration  # noqa: E402
import jobs  # noqa: E402
import people  # noqa: E402
from raw import RESET, RawOrigin, answer, field_of, range_of  # noqa: E402

CUTS_PER_FILE = 5
ACTIVE_FILES = 48  # bits-net carries 64
EDGE = 256
RETRY_DELAY_SEC = 600  # nobody waits for it: each retry is asked for
LIMIT_SEC = 300  # without an end of any job


class Remote:
    """A file of the server's. Every request may be cut, and may find another version than the one before."""

    def __init__(self, name, seed):
        self.name, self.random = name, random.Random(f"{seed} {name}")
        self.lock = threading.Lock()
        self.size = self.random.randrange(1, 60_000)
        self.style = self.random.choice(["strong", "strong and date", "weak", "date", "neither"])
        self.middle = self.random.randbytes(self.size)
        self.sizes = [self.size]
        self.cuts_left = CUTS_PER_FILE
        self.answers = self.joined = self.anew = self.sent = 0

    def body(self, version):
        source = random.Random(f"{self.name} {version}")
        size = self.sizes[version]
        middle = self.middle[:size].ljust(size, b"x")
        return source.randbytes(EDGE) + middle[EDGE:-EDGE] + source.randbytes(EDGE) if size > 2 * EDGE else source.randbytes(size)

    def is_version(self, content):
        return any(content == self.body(version) for version in range(len(self.sizes)))

    def names(self, version):
        strong = {"ETag": f'"{version}"'}
        date = {"Last-Modified": time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(10**9 + version))}
        return {
            "strong": strong, "date": date, "strong and date": strong | date, "neither": {},
            "weak": {"ETag": f'W/"{version // 2}"'},  # not another one for each version
        }[self.style]

    def __call__(self, n, header):
        with self.lock:
            parts = list(self.answer(header))
        yield from parts

    def answer(self, header):
        chance = self.random.random
        if chance() < 0.15:
            self.sizes.append(self.size if chance() < 0.7 else self.random.randrange(1, 60_000))
        version = len(self.sizes) - 1
        names, body, begin = self.names(version), self.body(version), range_of(header)
        condition = field_of(header, "If-Range")
        if condition is not None and condition not in names.values() and chance() < 0.8:
            begin = None
        if chance() < 0.1:
            begin = None
        self.answers += 1
        if begin is not None and begin >= len(body):
            yield answer(416, Content_Range=f"bytes */{len(body)}")
            return
        fields, status = dict(names), 200
        if begin is not None:
            fields["Content_Range"], status = f"bytes {begin}-{len(body) - 1}/{len(body)}", 206
            self.joined += 1
        elif self.answers > 1:
            self.anew += 1
        body = body[begin or 0:]
        if chance() < 0.2:
            yield answer(status, length=False, Transfer_Encoding="chunked", **fields)
            framed = f"{len(body):x}\r\n".encode() + body + b"\r\n0\r\n\r\n"
        else:
            yield answer(status, length=len(body), **fields)
            framed = body
        yield from self.cut(framed)

    def cut(self, framed):
        if self.cuts_left == 0 or not framed:
            self.sent += len(framed)
            yield framed
            return
        self.cuts_left -= 1
        end = self.random.randrange(len(framed))
        self.sent += end
        yield framed[:end]
        if self.random.random() < 0.5:
            yield RESET


class Run:
    def __init__(self, seed, cuts, report):
        self.seed, self.cuts, self.report = seed, cuts, report
        self.remotes = [Remote(f"file-{n}", seed) for n in range(-(-cuts // CUTS_PER_FILE))]
        self.random = random.Random(f"{seed} jobs")
        self.directory = people.home("alice") / f"cuts-{seed}"
        self.wrong, self.done, self.errors = [], 0, 0

    def start(self, remotes):
        job = self.connection.create("cuts")
        job.call("SetPriority", "u", 0)
        job.call("SetMinimumRetryDelay", "u", RETRY_DELAY_SEC)
        for remote in remotes:
            job.add(self.origin.url(remote.name), self.directory / remote.name)
        job.call("Resume")
        job.remotes = remotes
        return job

    def look(self, job):
        """True when the job has ended, one way or another."""
        state = job.state
        if state == bus.TRANSIENT_ERROR:
            job.call("Resume")
            self.errors += 1
        if state == bus.ERROR:
            code, context = job.error()
            self.wrong.append(f"{[remote.name for remote in job.remotes]}: error {code:#x}, context {context}")
            job.call("Cancel")
        if state == bus.TRANSFERRED:
            job.call("Complete")
            self.compare(job)
        return state in (bus.ERROR, bus.TRANSFERRED)

    def compare(self, job):
        for remote in job.remotes:
            path = self.directory / remote.name
            if not remote.is_version(path.read_bytes()):
                self.wrong.append(f"{remote.name} ({remote.style}): {path.stat().st_size} bytes of no version")
            path.unlink()
            self.done += 1

    def loop(self):
        waiting, active, since = list(self.remotes), [], time.monotonic()
        while waiting or active:
            while waiting and sum(len(job.remotes) for job in active) < ACTIVE_FILES:
                take = self.random.randint(1, 3)
                active.append(self.start(waiting[:take]))
                del waiting[:take]
            left = [job for job in active if not self.look(job)]
            if len(left) < len(active):
                since = time.monotonic()
                if self.done // 500 > (self.done - 3 * (len(active) - len(left))) // 500:
                    self.report(f"{self.done} files", flush=True)
            active = left
            if time.monotonic() - since > LIMIT_SEC:
                self.wrong.append(f"no job ended for {LIMIT_SEC} s: states {[job.state for job in active]}")
                return

    def __call__(self):
        started = time.monotonic()
        with people.as_account("alice"):
            self.directory.mkdir()
            self.connection = jobs.session()
        with configuration.settings(MaxJobsPerUser=1000, ConnectionsPerHost=64):
            with RawOrigin({remote.name: remote for remote in self.remotes}) as self.origin:
                self.loop()
        figures = {
            "seed": self.seed, "cuts": sum(CUTS_PER_FILE - remote.cuts_left for remote in self.remotes), "files": self.done,
            "versions": sum(len(remote.sizes) for remote in self.remotes),
            **{key: sum(getattr(remote, key) for remote in self.remotes) for key in ("answers", "joined", "anew", "sent")},
            "retries": self.errors, "seconds": round(time.monotonic() - started), "wrong": len(self.wrong),
        }
        return figures, self.wrong


def cuts(seed, n, report=print):
    """(figures, what was wrong)"""
    return Run(seed, n, report)()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--cuts", type=int, default=10_000)
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}", flush=True)
    figures, wrong = cuts(arguments.seed, arguments.cuts)
    for line in wrong:
        print(f"WRONG {line}")
    print(json.dumps(figures))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
