"""How many jobs and files there may be, and for whom (behaviour.md §16)."""

import contextlib
import os
import pathlib
import subprocess

import pytest

import bus
import configuration
import jobs
import people

BG_E_TOO_MANY_FILES_IN_JOB = 0x80200051
BG_E_TOO_MANY_JOBS_PER_USER = 0x80200049
BG_E_TOO_MANY_JOBS_PER_MACHINE = 0x80200050
SYSTEM_ACCOUNT = "bits-test-system"


@pytest.fixture(scope="module")
def system_account():
    """An account of a service's, as its uid says."""
    subprocess.run(["useradd", "--system", "--home-dir", "/run/system-home", SYSTEM_ACCOUNT], check=True)
    entry = people.account(SYSTEM_ACCOUNT)
    assert 0 < entry.pw_uid <= 999
    os.mkdir(entry.pw_dir, 0o700)
    os.chown(entry.pw_dir, entry.pw_uid, entry.pw_gid)
    return SYSTEM_ACCOUNT


def make(name, count):
    """Makes so many jobs: their ids, and how the last call was refused."""

    def scenario():
        session, made = jobs.session(), []
        with contextlib.suppress(bus.Failure):
            for _ in range(count):
                made.append(session.create().id)
        return made, jobs.refused(session.create) if len(made) < count else None

    return people.call(name, scenario)


def cancel(name, ids):
    people.call(name, lambda: [bus.Bus().get(job_id).call("Cancel") for job_id in ids])


@contextlib.contextmanager
def jobs_of(name, count):
    ids, refused = make(name, count)
    assert len(ids) == count and refused is None
    try:
        yield ids
    finally:
        cancel(name, ids)


def test_jobs_of_a_user():
    """Each has his own; a job that ends makes room; what is there stays when the limit is lowered."""
    with configuration.settings(MaxJobsPerUser=3), jobs_of("alice", 3) as ids:
        assert make("alice", 1) == ([], BG_E_TOO_MANY_JOBS_PER_USER)
        with jobs_of("bob", 3):
            assert make("bob", 1) == ([], BG_E_TOO_MANY_JOBS_PER_USER)
        cancel("alice", [ids.pop()])
        ids += make("alice", 1)[0]
        assert len(ids) == 3
        with configuration.settings(MaxJobsPerUser=1):
            assert make("alice", 1) == ([], BG_E_TOO_MANY_JOBS_PER_USER)
            people.call("alice", lambda: [bus.Bus().get(job_id).state for job_id in ids])
        assert make("alice", 1) == ([], BG_E_TOO_MANY_JOBS_PER_USER)


def test_jobs_of_the_machine():
    with configuration.settings(MaxJobsPerMachine=4), jobs_of("alice", 2), jobs_of("bob", 2) as ids:
        for name in ("alice", "bob", "carol"):
            assert make(name, 1) == ([], BG_E_TOO_MANY_JOBS_PER_MACHINE)
        cancel("bob", [ids.pop()])
        with jobs_of("carol", 1):
            assert make("alice", 1) == ([], BG_E_TOO_MANY_JOBS_PER_MACHINE)


def test_files_of_a_job():
    def scenario():
        session = jobs.session()
        job = session.create()
        home = pathlib.Path(os.environ["HOME"])
        job.add("http://127.0.0.1:1/a", home / "a")
        job.add("http://127.0.0.1:1/b", home / "b")
        refused = jobs.refused(job.add, "http://127.0.0.1:1/c", home / "c")
        files = job.progress[2]
        job.call("Cancel")
        return refused, files

    with configuration.settings(MaxFilesPerJob=2):
        assert people.call("alice", scenario) == (BG_E_TOO_MANY_FILES_IN_JOB, 2)


@pytest.mark.parametrize("who", ["admin", "root", "system"])
def test_exempt(who, request):
    """Administrators, root and system accounts: no limit for them, and none for others by what they have."""
    name = request.getfixturevalue("system_account") if who == "system" else who

    def add_three():
        job = jobs.session().create()
        home = pathlib.Path(os.environ["HOME"])
        for index in range(3):
            job.add("http://127.0.0.1:1/x", home / f"exempt-{index}")
        job.call("Cancel")

    with configuration.settings(MaxJobsPerUser=1, MaxJobsPerMachine=2, MaxFilesPerJob=1):
        with jobs_of(name, 3):
            people.call(name, add_three)
            with jobs_of("alice", 1), jobs_of("bob", 1):
                assert make("carol", 1) == ([], BG_E_TOO_MANY_JOBS_PER_MACHINE)
