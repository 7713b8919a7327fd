"""A database that is damaged or was edited: set aside or quarantined, said loudly, and never run.

Whoever can write the store's file may try to have the service do something as somebody else. Each row is authentic, or
it is not looked at again; what cannot be read is carried over as far as it can be.
"""

import contextlib
import os
import signal
import sqlite3

import pytest

import bus
import jobs
import people
import programs
import store_disk
from conftest import sha256
from waiting import wait_for

DATABASE = jobs.STORE / "queue.db"
NOT_FOUND, CORRUPT = 0x80200001, 0x8020006C
PAGE = 4096


def hold_service():
    """The service ends, and no other starts before the answer is called."""
    pid = int(open("/run/bits-sandbox/bitsd.pid").read())
    parent = int(open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()[1])
    os.kill(parent, signal.SIGSTOP)
    jobs.kill("bitsd", "bits-queue", "bits-file", "bits-net", "bits-become")
    wait_for(lambda: all(programs.status(p).get("State", "Z")[0] == "Z" for p in programs.pids("bits-queue")), "its end")

    def go_on():
        os.kill(parent, signal.SIGCONT)
        wait_for(programs.answers, "an answer")

    return go_on


@pytest.fixture
def disk():
    with store_disk.small("32m"):
        yield


@pytest.fixture
def made(disk, server, files, alices):
    """(the id of a job with a file, that of another)"""
    remote = files.make("damaged.bin", 100_000)

    def make():
        session = jobs.session_when_ready()
        job, other = session.create("one"), session.create("two")
        for each, name in (job, "one"), (other, "two"):
            each.add(server.url(remote.name), alices / name)
        return job.id, other.id

    return people.call("alice", make)


def edit(*statements):
    go_on = hold_service()
    with contextlib.closing(sqlite3.connect(DATABASE)) as database:
        for statement in statements:
            database.execute(statement)
        database.commit()
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    go_on()


def resume(job_id):
    """What comes of the job, as its owner sees it."""
    session = jobs.session_when_ready()
    refused = jobs.refused(session.get, job_id)
    if refused:
        return refused
    job = session.get(job_id)
    return jobs.refused(job.call, "Resume") or jobs.wait_state(job, bus.TRANSFERRED, bus.ERROR)


EDITS = {
    "owner": ("UPDATE job SET owner=0 WHERE display_name='one'", NOT_FOUND),
    "state": ("UPDATE job SET state=0 WHERE display_name='one'", NOT_FOUND),
    "command": ("UPDATE job SET notify_program='/bin/sh', notify_parameters='-c id' WHERE display_name='one'", NOT_FOUND),
    "mac": ("UPDATE job SET mac=(SELECT mac FROM job WHERE display_name='two') WHERE display_name='one'", NOT_FOUND),
    "path": ("UPDATE file SET local='/etc/cron.d/x' WHERE job=(SELECT serial FROM job WHERE display_name='one')", CORRUPT),
    "remote": ("UPDATE file SET remote='http://127.0.0.1:1/' WHERE job=(SELECT serial FROM job WHERE display_name='one')", CORRUPT),
    "ranges": ("UPDATE file SET ranges=zeroblob(16) WHERE job=(SELECT serial FROM job WHERE display_name='one')", CORRUPT),
    "hash": ("UPDATE file SET hash=1 WHERE job=(SELECT serial FROM job WHERE display_name='one')", CORRUPT),
    "offset": ("UPDATE file SET offset=50000 WHERE job=(SELECT serial FROM job WHERE display_name='one')", CORRUPT),
    "file removed": ("DELETE FROM file WHERE job=(SELECT serial FROM job WHERE display_name='one')", CORRUPT),
    "file of another": ("UPDATE file SET job=job+10 WHERE job=(SELECT serial FROM job WHERE display_name='one')", CORRUPT),
}


@pytest.mark.parametrize("what", EDITS)
def test_edited_row_is_quarantined(what, made, alices, service_log):
    statement, expected = EDITS[what]
    size = service_log.stat().st_size
    edit(statement)
    assert people.call("alice", resume, made[0]) == expected
    assert b"quarantine" in service_log.read_bytes()[size:]
    assert people.call("alice", resume, made[1]) == bus.TRANSFERRED
    store_disk.restart()  # and it stays there
    assert people.call("alice", resume, made[0]) in (NOT_FOUND, CORRUPT)
    assert not (alices / "one").exists() and not os.path.exists("/etc/cron.d/x")
    go_on = hold_service()
    with contextlib.closing(sqlite3.connect(DATABASE)) as database:
        # beside the job itself, one that has files and no row
        expected = 2 if what == "file of another" else 1
        assert database.execute("SELECT count(*) FROM quarantine").fetchone() == (expected,)
        assert database.execute("SELECT count(*) FROM job").fetchone() == (2,)  # nothing is dropped
    go_on()


def overwrite(offset, data):
    with DATABASE.open("r+b") as stream:
        stream.seek(offset)
        stream.write(data)


def root_of(table):
    with contextlib.closing(sqlite3.connect(DATABASE)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return database.execute("SELECT rootpage FROM sqlite_schema WHERE name=?", [table]).fetchone()[0]


def zero(table):
    page = root_of(table)
    overwrite((page - 1) * PAGE, bytes(PAGE))


DAMAGES = {  # what is done, and how many of the two jobs survive
    "not a database": (lambda: overwrite(0, os.urandom(PAGE)), 0),
    "truncated": (lambda: os.truncate(DATABASE, 2 * PAGE + 17), 0),
    "jobs zeroed": (lambda: zero("job"), 0),
    "index zeroed": (lambda: zero("sqlite_autoindex_job_1"), 2),
    "orphans zeroed": (lambda: zero("orphan"), 2),
}


@pytest.mark.parametrize("what", DAMAGES)
def test_damaged_database_is_set_aside(what, made, server, files, alices, service_log):
    """It is kept, loudly; what can be read goes on; and the service works."""
    damage, survivors = DAMAGES[what]
    size = service_log.stat().st_size
    go_on = hold_service()
    root_of("job")  # all is in the database itself now
    damage()
    go_on()
    remote = files.make("damaged.bin", 100_000)

    def work():
        job = jobs.session_when_ready().create("new")
        job.add(server.url(remote.name), alices / "new")
        job.call("Resume")
        jobs.wait_state(job, bus.TRANSFERRED)
        job.call("Complete")

    def try_work():
        """The first change may be what finds the damage: then it is refused, and the service repairs itself."""
        try:
            people.call("alice", work)
            return True
        except Exception:  # said so, or gone with the service that found it
            return False

    wait_for(try_work, "a service that works")
    assert sha256(alices / "new") == sha256(remote)
    wait_for(lambda: list(jobs.STORE.glob("queue.db.damaged-*")), "the old database")
    log = service_log.read_bytes()[size:]
    assert b"the database is damaged" in log and b"carried over: %d jobs" % survivors in log
    outcomes = [people.call("alice", resume, job_id) for job_id in made]
    assert outcomes == [bus.TRANSFERRED if survivors else NOT_FOUND] * 2
