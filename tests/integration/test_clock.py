"""The wall clock jumps a year, the machine sleeps: delays are measured by what has really passed, sleep included
(behaviour.md §3). bitsd and bits-queue get another clock by a preloaded library (tests/faults/clockshift.c)."""

import contextlib
import os
import pathlib
import signal
import subprocess

import pytest

import bus
import clockwork
import configuration
import jobs
import people
import programs
from clockwork import shift
from conftest import sha256
from held import HeldOrigin
from origins import free_port, listens
from waiting import wait_for

YEAR = 365 * 86400
DAY = 86400
HOUR = 3600
NOT_FOUND = 0x80200001
PROGRAMS = "bitsd", "bits-queue"


def restart():
    pid_file = pathlib.Path("/run/bits-sandbox/bitsd.pid")
    old = pid_file.read_text()
    os.kill(int(old), signal.SIGKILL)
    wait_for(lambda: pid_file.read_text() not in ("", old), "another bitsd")
    wait_for(programs.answers, "an answer")


@pytest.fixture(scope="module", autouse=True)
def clock():
    with clockwork.of(*PROGRAMS):
        restart()
        yield
    restart()


@pytest.fixture(autouse=True)
def straight():
    yield
    shift()


@contextlib.contextmanager
def origin(port, directory):
    process = subprocess.Popen(
        ["bits-server", "--port", str(port), str(directory)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    )
    wait_for(lambda: listens(port), "the origin")
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)


def wait_for_retry(port, name, local, delay):
    """A job that waits for its origin; runs as its owner."""
    job = jobs.session().create(name)
    job.call("SetMinimumRetryDelay", "u", delay)
    job.add(f"http://127.0.0.1:{port}/clock.bin", local)
    job.call("Resume")
    jobs.wait_state(job, bus.TRANSIENT_ERROR)
    return job.id


def look(job_id):
    job = bus.Bus().get(job_id)
    return job.state, int(job.get("ErrorCount"))


def finish(job_id):
    job = jobs.session().get(job_id)  # authorised anew, as libbits does: a ticket of 90 days has expired in a year
    jobs.wait_state(job, bus.TRANSFERRED)
    job.call("Complete")


@pytest.mark.parametrize("years", [1, -1])
def test_wall_clock_jumps(years, files, alices):
    """A delay of 5 s is over in its time, one of an hour is not over at all."""
    remote, port = files.make("clock.bin", 1 << 20), free_port()
    long = people.call("alice", wait_for_retry, port, "long", alices / "long", HOUR)
    short = people.call("alice", wait_for_retry, port, "short", alices / "short", 5)
    shift(wall=years * YEAR)
    with origin(port, files.directory):
        people.call("alice", finish, short)
        assert sha256(alices / "short") == sha256(remote)
        assert people.call("alice", look, long) == (bus.TRANSIENT_ERROR, 1)
        people.call("alice", lambda: jobs.session().get(long).call("Cancel"))


@pytest.mark.parametrize("years", [1, -1])
def test_start_after_a_jump(years, files, alices):
    """The service starts in another year: what was stored goes on."""
    remote, port = files.make("clock.bin", 1 << 20), free_port()
    job_id = people.call("alice", wait_for_retry, port, "kept", alices / "kept", HOUR)
    shift(wall=years * YEAR)
    restart()
    with origin(port, files.directory):
        people.call("alice", lambda: jobs.session().get(job_id).call("Resume"))
        people.call("alice", finish, job_id)
        assert sha256(alices / "kept") == sha256(remote)


def test_sleep_counts(files, alices):
    """An hour's delay is over when the machine has slept two; the next event finds it so."""
    remote, port = files.make("clock.bin", 1 << 20), free_port()
    job_id = people.call("alice", wait_for_retry, port, "slept", alices / "slept", HOUR)
    with origin(port, files.directory):
        shift(sleep=2 * HOUR)
        people.call("alice", finish, job_id)
        assert sha256(alices / "slept") == sha256(remote)


def is_gone(job_id):
    return jobs.refused(bus.Bus().get, job_id) == NOT_FOUND


def wait_gone(job_id):
    wait_for(lambda: people.call("alice", is_gone, job_id), "the look at what is unused")


def create(name):
    return jobs.session().create(name).id


def test_inactivity_is_older_than_the_machines_start(alices):
    """What nobody has used for longer than the machine runs is cancelled too."""
    before = configuration.FILE.read_text()
    configuration.write(before + f"JobInactivityTimeout={900 * DAY}\n")
    job_id = people.call("alice", create, "old")
    shift(wall=950 * DAY)
    restart()
    assert not people.call("alice", is_gone, job_id)
    shift(wall=950 * DAY + 2 * HOUR, sleep=2 * HOUR)
    wait_gone(job_id)
    configuration.write(before)
    restart()


@pytest.mark.parametrize("started_wrong", [False, True])
def test_wall_clock_ends_no_job(started_wrong, alices):
    """A wall clock that is wrong, or was when the service started, makes no job unused."""
    old = people.call("alice", create, "old")
    shift(wall=60 * DAY, sleep=60 * DAY)
    new = people.call("alice", create, "new")
    if started_wrong:
        shift(wall=500 * DAY, sleep=60 * DAY)
        restart()
        shift(wall=100 * DAY, sleep=100 * DAY)
    else:
        shift(wall=500 * DAY, sleep=100 * DAY)
    wait_gone(old)
    assert not people.call("alice", is_gone, new)
    people.call("alice", lambda: jobs.session().get(new).call("Cancel"))


def test_no_progress_is_counted_across_starts(alices):
    """Two days without progress are over after two days, not two days after the last start."""
    port = free_port()

    def begin():
        job = jobs.session().create("stuck")
        job.call("SetNoProgressTimeout", "u", 2 * DAY)
        job.call("SetMinimumRetryDelay", "u", HOUR)
        job.add(f"http://127.0.0.1:{port}/clock.bin", alices / "stuck")
        job.call("Resume")
        jobs.wait_state(job, bus.TRANSIENT_ERROR)
        return job.id

    job_id = people.call("alice", begin)
    shift(wall=DAY, sleep=DAY)
    restart()
    wait_for(lambda: people.call("alice", look, job_id) == (bus.TRANSIENT_ERROR, 2), "another failure")
    shift(wall=2 * DAY + HOUR // 2, sleep=2 * DAY - HOUR // 2)  # by the clock that does not jump not yet
    assert people.call("alice", look, job_id)[0] != bus.ERROR
    shift(wall=2 * DAY + HOUR // 2, sleep=2 * DAY + HOUR // 2)
    wait_for(lambda: people.call("alice", look, job_id)[0] == bus.ERROR, "the end of its patience")
    people.call("alice", lambda: jobs.session().get(job_id).call("Cancel"))


def test_download_time_is_counted_across_starts(alices):
    """What a job was active before the service was killed counts for its limit."""

    def begin(origin):
        job = jobs.session().create("slow")
        job.call("SetMaximumDownloadTime", "u", 2 * DAY)
        job.add(origin.url("slow"), alices / "slow")
        job.call("Resume")
        jobs.wait_state(job, bus.TRANSFERRING)
        return job.id

    def change(job_id):
        bus.Bus().get(job_id).call("SetDescription", "s", "which is stored")

    with HeldOrigin() as origin:
        job_id = people.call("alice", begin, origin)
        shift(sleep=DAY)
        people.call("alice", change, job_id)
        restart()
        people.call("alice", lambda: jobs.wait_state(bus.Bus().get(job_id), bus.TRANSFERRING))
        shift(sleep=2 * DAY + HOUR)
        wait_for(lambda: people.call("alice", look, job_id)[0] == bus.ERROR, "the end of its time")
        people.call("alice", lambda: jobs.session().get(job_id).call("Cancel"))
