"""Which jobs run, in which order, and for how long (behaviour.md §§2, 3)."""

import contextlib
import os
import pathlib

import pytest

import bus
import configuration
import jobs
import people
from held import HeldOrigin
from waiting import wait_for

FOREGROUND, HIGH, NORMAL, LOW = range(4)
BG_E_TOO_MANY_JOBS_PER_MACHINE = 0x80200050
BG_E_MAXDOWNLOAD_TIMEOUT = 0x80200054
BG_E_NOT_FOUND = 0x80200001


@pytest.fixture
def windows_order():
    """One background job and one file at a time, and slices that nobody waits for."""
    with configuration.settings(BackgroundJobs=1, FilesPerJob=1, TimeSlice=1000):
        yield


def add_job(connection, origin, name, priority=NORMAL, files=1):
    directory = pathlib.Path(os.environ["HOME"]) / f"schedule-{os.getpid()}"
    directory.mkdir(exist_ok=True)
    job = connection.create(name)
    job.call("SetPriority", "u", priority)
    for index in range(files):
        suffix = f"-{index}" if files > 1 else ""
        job.add(origin.url(f"{name}{suffix}"), directory / f"{name}{suffix}")
    return job


def resume(job):
    job.call("Resume")
    return job


def reason(job):
    return str(job.get("Reason"))


@contextlib.contextmanager
def alone(connection, *names):
    """An origin that holds names (all, when there are none); its jobs end with it."""
    with HeldOrigin(*names) as origin:
        yield origin
        origin.release()
        for job_id, _ in connection.manager("ListJobs", "utu", 0, 0, 256)[0]:
            with contextlib.suppress(bus.Failure):
                connection.get(str(job_id)).call("Cancel")


def test_ten_jobs_in_the_order_of_windows(windows_order):
    """A first job holds the only place; ten wait behind it, and go by priority, then as they came."""

    def scenario():
        connection = jobs.session()
        with alone(connection, "plug") as origin:
            plug = resume(add_job(connection, origin, "plug", HIGH))
            wait_for(lambda: origin.held, "the first job")
            priorities = [LOW, NORMAL, HIGH, LOW, HIGH, NORMAL, NORMAL, LOW, HIGH, NORMAL]
            waiting = [resume(add_job(connection, origin, f"job{n}", p)) for n, p in enumerate(priorities)]
            assert {(job.state, reason(job)) for job in waiting} == {(bus.QUEUED, "queue")}
            origin.release()
            for job in [plug, *waiting]:
                jobs.wait_state(job, bus.TRANSFERRED)
            return origin.requests, priorities

    order, priorities = people.call("alice", scenario)
    expected = sorted(range(10), key=lambda n: (priorities[n], n))
    assert order == ["plug"] + [f"job{n}" for n in expected]


def test_higher_priority_preempts(windows_order):
    """The lower one goes back into the queue, and on when the higher one is done, before others of its own."""

    def scenario():
        connection = jobs.session()
        with alone(connection, "low", "high") as origin:
            low = resume(add_job(connection, origin, "low", LOW))
            jobs.wait_state(low, bus.TRANSFERRING)
            other = resume(add_job(connection, origin, "other", LOW))
            high = resume(add_job(connection, origin, "high", HIGH))
            jobs.wait_state(high, bus.TRANSFERRING)
            assert low.state == bus.QUEUED and reason(low) == "queue"
            assert other.state == bus.QUEUED
            origin.release()
            for job in (high, low, other):
                jobs.wait_state(job, bus.TRANSFERRED)
            return origin.requests

    assert people.call("alice", scenario) == ["low", "high", "low", "other"]


def test_equals_take_turns():
    """At the end of its time slice a job makes way for one of the same priority."""

    def scenario():
        connection = jobs.session()
        with alone(connection) as origin:
            first, second = (resume(add_job(connection, origin, name)) for name in ("first", "second"))
            for job in (second, first, second):
                wait_for(lambda job=job: job.state == bus.TRANSFERRING, "its turn")
                wait_for(lambda: {first.state, second.state} == {bus.TRANSFERRING, bus.QUEUED}, "one of them at a time")
            assert origin.requests[:3] == ["first", "second", "first"]

    with configuration.settings(BackgroundJobs=1, TimeSlice=1):
        people.call("alice", scenario)


def test_foreground_jobs_run_all_at_once(windows_order):
    def scenario():
        connection = jobs.session()
        with alone(connection) as origin:
            running = [resume(add_job(connection, origin, f"fore{n}", FOREGROUND)) for n in range(5)]
            running.append(resume(add_job(connection, origin, "back")))
            for job in running:
                jobs.wait_state(job, bus.TRANSFERRING)

    people.call("alice", scenario)


def test_priority_of_a_waiting_job_changes(windows_order):
    def scenario():
        connection = jobs.session()
        with alone(connection) as origin:
            jobs.wait_state(resume(add_job(connection, origin, "first")), bus.TRANSFERRING)
            second = resume(add_job(connection, origin, "second"))
            assert second.state == bus.QUEUED
            second.call("SetPriority", "u", FOREGROUND)
            jobs.wait_state(second, bus.TRANSFERRING)

    people.call("alice", scenario)


def test_a_job_that_cannot_run_blocks_nobody(windows_order):
    """Bob withdraws his consent: his high job waits for it, alice's low one runs."""

    def bobs_job():
        connection = jobs.session()
        with HeldOrigin() as origin:
            job = add_job(connection, origin, "bobs", HIGH)
        people_run = os.system("bitsctl revoke >/dev/null")
        assert people_run == 0
        bus.Bus().get(job.id).call("Resume")
        wait_for(lambda: reason(job) == "authorisation", "the reason")
        return job.id

    def alices_job():
        connection = jobs.session()
        with alone(connection, "nothing") as origin:
            jobs.wait_state(resume(add_job(connection, origin, "alices", LOW)), bus.TRANSFERRED)

    job_id = people.call("bob", bobs_job)
    people.call("alice", alices_job)
    people.call("bob", lambda: jobs.session().get(job_id).call("Cancel"))


def test_connections_of_a_host():
    def scenario():
        connection = jobs.session()
        with alone(connection) as origin:
            job = resume(add_job(connection, origin, "many", files=5))
            wait_for(lambda: origin.held == 2, "two requests")
            other = resume(add_job(connection, origin, "other"))
            wait_for(lambda: reason(other) == "queue", "the reason")
            assert other.state == bus.QUEUED
            assert len(origin.requests) == 2
            origin.release()
            jobs.wait_state(job, bus.TRANSFERRED)
            jobs.wait_state(other, bus.TRANSFERRED)

    with configuration.settings(ConnectionsPerHost=2):
        people.call("alice", scenario)


def test_who_waits_for_a_host_starts_by_priority_and_in_order():
    def scenario():
        connection = jobs.session()
        with alone(connection) as origin:
            first = resume(add_job(connection, origin, "first", HIGH))
            wait_for(lambda: origin.held == 1, "the request")
            waiting = [resume(add_job(connection, origin, name)) for name in ("low", "early", "late", "cancelled")]
            waiting[0].call("SetPriority", "u", LOW)
            waiting[3].call("Cancel")
            high = add_job(connection, origin, "high")
            high.call("SetPriority", "u", HIGH)
            resume(high)
            wait_for(lambda: all(reason(job) == "queue" for job in (*waiting[:3], high)), "the reasons")
            origin.release()
            for job in (first, high, *waiting[:3]):
                jobs.wait_state(job, bus.TRANSFERRED)
            return origin.requests

    with configuration.settings(ConnectionsPerHost=1):
        assert people.call("alice", scenario) == ["first", "high", "early", "late", "low"]


def test_higher_priority_preempts_at_a_crowded_host():
    """With places enough, one job of the lowest priority makes way for each that comes before it, and for no other; of
    the same priority none does; and a job of another host goes on."""

    def scenario():
        connection = jobs.session()
        with alone(connection) as origin, HeldOrigin() as elsewhere:
            apart = resume(add_job(connection, elsewhere, "apart", LOW))
            normal = resume(add_job(connection, origin, "normal"))
            lows = [resume(add_job(connection, origin, f"low-{n}", LOW)) for n in range(2)]
            for job in (apart, normal, *lows):
                jobs.wait_state(job, bus.TRANSFERRING)
            equal = resume(add_job(connection, origin, "equal", LOW))
            wait_for(lambda: reason(equal) == "queue", "the reason")
            first = resume(add_job(connection, origin, "first", HIGH))
            jobs.wait_state(first, bus.TRANSFERRING)
            assert [job.state for job in (normal, *lows, equal)] == [bus.TRANSFERRING, bus.TRANSFERRING, bus.QUEUED, bus.QUEUED]
            second, third, fourth = (resume(add_job(connection, origin, name, p)) for name, p in
                                     (("second", FOREGROUND), ("third", HIGH), ("fourth", HIGH)))
            for job in (second, third):
                jobs.wait_state(job, bus.TRANSFERRING)
            wait_for(lambda: reason(fourth) == "queue", "the reason")
            assert {job.state for job in (normal, *lows, equal, fourth)} == {bus.QUEUED}
            assert apart.state == bus.TRANSFERRING
            origin.release()
            elsewhere.release()
            for job in (first, second, third, fourth, normal, *lows, equal, apart):
                jobs.wait_state(job, bus.TRANSFERRED)

    with configuration.settings(ConnectionsPerHost=3, BackgroundJobs=10):
        people.call("alice", scenario)


def test_maximum_download_time():
    def scenario():
        connection = jobs.session()
        with alone(connection) as origin:
            job = add_job(connection, origin, "slow")
            job.call("SetMaximumDownloadTime", "u", 1)
            assert int(job.call("GetMaximumDownloadTime")) == 1
            resume(job)
            jobs.wait_state(job, bus.ERROR)
            assert job.error()[0] == BG_E_MAXDOWNLOAD_TIMEOUT
            job.call("SetMaximumDownloadTime", "u", 1000)
            origin.release()
            jobs.wait_state(resume(job), bus.TRANSFERRED)  # and the count has begun anew

    people.call("alice", scenario)


def test_waiting_does_not_count_as_download_time(windows_order):
    def scenario():
        connection = jobs.session()
        with alone(connection, "plug") as origin:
            jobs.wait_state(resume(add_job(connection, origin, "plug")), bus.TRANSFERRING)
            late = add_job(connection, origin, "late")
            late.call("SetMaximumDownloadTime", "u", 1)
            resume(late)
            stopper = add_job(connection, origin, "stopper", FOREGROUND)
            stopper.call("SetMaximumDownloadTime", "u", 2)
            origin.names = ("plug", "stopper")
            jobs.wait_state(resume(stopper), bus.ERROR)  # two seconds have gone
            assert late.state == bus.QUEUED
            origin.release()
            jobs.wait_state(late, bus.TRANSFERRED)

    people.call("alice", scenario)


def test_a_job_that_nobody_uses_is_cancelled():
    def scenario():
        connection = jobs.session()
        with alone(connection) as origin:
            job = add_job(connection, origin, "forgotten")
            wait_for(lambda: jobs.refused(connection.get, job.id) == BG_E_NOT_FOUND, "its end")

    with configuration.settings(JobInactivityTimeout=2):
        people.call("alice", scenario)


def test_a_bad_file_keeps_the_old_settings(service_log):
    before, file_before = configuration.limits(), configuration.FILE.read_text()
    size = service_log.stat().st_size
    configuration.write(file_before + "BackgroundJobs=9\nTimeSlice=never\n")
    configuration.reload()

    def said():
        return service_log.read_text(errors="replace")[size:]

    wait_for(lambda: "has bad lines: the settings stay as they were" in said(), "the complaint")
    lines = file_before.count("\n") + 2
    assert f"bitsd.conf:{lines}: TimeSlice=never is no value of it" in said()
    assert configuration.limits() == before
    configuration.write(file_before)


def test_an_administrators_jobs_keep_nobody_out():
    """Only jobs of those who are bound by limits count for the machine's."""

    def make(n):
        connection = jobs.session()
        return [connection.create("one of many").id for _ in range(n)]

    def refusal():
        return jobs.refused(jobs.session().create, "one too many")

    def cancel(ids):
        for job_id in ids:
            jobs.session().get(job_id).call("Cancel")

    with configuration.settings(MaxJobsPerMachine=2):
        admins = people.call("admin", make, 3)
        alices = people.call("alice", make, 2)
        assert people.call("alice", refusal) == BG_E_TOO_MANY_JOBS_PER_MACHINE
        people.call("alice", cancel, alices)
        people.call("admin", cancel, admins)
