"""RunWhen=logged-on: jobs run while their owner has a session of logind's (behaviour.md §8)."""

import os
import pathlib

import pytest

import bus
import configuration
import jobs
import people
from accounts import PASSWORDS
from held import HeldOrigin
from system_bus import Logind, SystemBus
from waiting import wait_for

NO_LOGIND = "no logind on the system bus"


@pytest.fixture
def logged_on():
    with configuration.lines("RunWhen=logged-on"):
        yield


@pytest.fixture
def system():
    with SystemBus() as running:
        yield running


@pytest.fixture
def logind(system):
    return Logind(system)


@pytest.fixture
def origin():
    with HeldOrigin() as running:
        yield running


def make(name, url):
    def scenario():
        directory = pathlib.Path("/run/tmp") if name == "root" else pathlib.Path(os.environ["HOME"])
        job = jobs.session().create(url)
        job.add(url, directory / f"session-{job.id}")
        job.call("Resume")
        return job.id

    return people.call(name, scenario)


def look(name, job_id):
    def scenario():
        job = bus.Bus().get(job_id)
        return job.state, str(job.get("Reason"))

    return people.call(name, scenario)


def wait_look(name, job_id, state, reason=""):
    wait_for(lambda: look(name, job_id) == (state, reason), f"{state} {reason} of {name}'s job")


def finish(origin, *jobs_of):
    origin.release()
    for name, job_id in jobs_of:
        wait_look(name, job_id, bus.TRANSFERRED)
        cancel(name, job_id)


def cancel(name, job_id):
    people.call(name, lambda: bus.Bus().get(job_id).call("Cancel"))


def test_jobs_wait_for_their_owner(logged_on, logind, origin):
    """From log-on to log-off, as often as that happens; root's run whoever is there."""
    job, roots = make("alice", origin.url("alices")), make("root", origin.url("roots"))
    wait_look("alice", job, bus.QUEUED, "session")
    wait_look("root", roots, bus.TRANSFERRING)
    for _ in range(2):
        session = logind.log_on(people.account("alice"))
        wait_look("alice", job, bus.TRANSFERRING)
        logind.log_off(session)
        wait_look("alice", job, bus.QUEUED, "session")
    session = logind.log_on(people.account("alice"))
    finish(origin, ("alice", job), ("root", roots))


def test_the_last_session_counts(logged_on, logind, origin):
    job = make("alice", origin.url("two"))
    first, second = (logind.log_on(people.account("alice")) for _ in range(2))
    wait_look("alice", job, bus.TRANSFERRING)
    others = make("bob", origin.url("bobs"))
    wait_look("bob", others, bus.QUEUED, "session")
    logind.log_off(first)
    bobs = logind.log_on(people.account("bob"))  # what follows is known when this is
    wait_look("bob", others, bus.TRANSFERRING)
    assert look("alice", job)[0] == bus.TRANSFERRING
    logind.log_off(second)
    wait_look("alice", job, bus.QUEUED, "session")
    assert look("bob", others)[0] == bus.TRANSFERRING
    logind.log_off(bobs)
    wait_look("bob", others, bus.QUEUED, "session")
    for name, job_id in (("alice", job), ("bob", others)):
        cancel(name, job_id)


def test_sessions_that_do_not_count(logged_on, logind, origin):
    """Those of service managers and greeters, and one that closes while a program of it lingers."""
    job = make("alice", origin.url("closing"))
    for properties in ({"Class": "manager"}, {"Class": "greeter"}, {"Class": "background"}, {"State": "closing"}):
        logind.log_on(people.account("alice"), **properties)
    others = make("bob", origin.url("bobs"))
    logind.log_on(people.account("bob"))
    wait_look("bob", others, bus.TRANSFERRING)
    assert look("alice", job) == (bus.QUEUED, "session")
    session = logind.log_on(people.account("alice"))
    wait_look("alice", job, bus.TRANSFERRING)
    logind.change(session, State="closing")  # announced by nobody
    wait_look("alice", job, bus.QUEUED, "session")
    for name, job_id in (("alice", job), ("bob", others)):
        cancel(name, job_id)


def with_token(origin, made=None):
    """A transferring job of alice's with bob's token, which she got by his password, or the one that was made."""

    def scenario():
        job = jobs.session().create("helper")
        job.set_token(jobs.logon("bob", PASSWORDS["bob"]) if made is None else made)
        job.add(origin.url("helper"), people.home("bob") / f"session-{job.id}")
        job.call("Resume")
        return job.id

    return people.call("alice", scenario)


def error_of(name, job_id):
    return people.call(name, lambda: bus.Bus().get(job_id).error()[0])


def test_log_off_drops_helper_tokens(logged_on, logind, origin):
    """Of the jobs of who has logged off, whosever they are. One that alice got by bob's password belongs to her
    session, and bob's does not matter."""
    alices = logind.log_on(people.account("alice"))
    job = with_token(origin)
    wait_look("alice", job, bus.TRANSFERRING)
    bobs = logind.log_on(people.account("bob"))
    plain = make("bob", origin.url("plain"))
    wait_look("bob", plain, bus.TRANSFERRING)
    logind.log_off(bobs)
    wait_look("bob", plain, bus.QUEUED, "session")
    assert look("alice", job)[0] == bus.TRANSFERRING

    logind.log_off(alices)
    wait_look("alice", job, bus.ERROR, "token")
    assert error_of("alice", job) == bus.BG_E_TOKEN_REQUIRED
    assert str(people.call("alice", lambda: bus.Bus().get(job).get("HelperTokenSid"))) == ""
    wait_for(lambda: not worker_of("bob"), "the end of the token's workers")
    cancel("bob", plain)
    cancel("alice", job)


def test_log_off_ends_the_tokens_made_in_the_session(logged_on, logind, origin):
    """behaviour.md §6: a token that bob made himself, for alice's jobs, is gone with the last of his sessions."""
    logind.log_on(people.account("alice"))
    first, second = (logind.log_on(people.account("bob")) for _ in range(2))
    result, token = jobs.mint_as("bob", people.account("alice").pw_uid)
    assert result == 0
    try:
        made, got = with_token(origin, token), with_token(origin)
        for job in (made, got):
            wait_look("alice", job, bus.TRANSFERRING)
        logind.log_off(first)
        others = make("carol", origin.url("carols"))
        logind.log_on(people.account("carol"))  # what came before is known when this is
        wait_look("carol", others, bus.TRANSFERRING)
        assert look("alice", made)[0] == bus.TRANSFERRING
        logind.log_off(second)
        wait_look("alice", made, bus.ERROR, "token")
        assert error_of("alice", made) == bus.BG_E_TOKEN_REQUIRED
        assert look("alice", got)[0] == bus.TRANSFERRING
    finally:
        os.close(token)
    for name, job in (("alice", made), ("alice", got), ("carol", others)):
        cancel(name, job)


def test_log_offs_while_logind_is_away(logged_on, logind, origin, service_log):
    """It restarts: who is still there goes on with his token, and who is not has logged off."""
    said = service_log.read_text(errors="replace").count(NO_LOGIND)
    alices, bobs = (logind.log_on(people.account(name)) for name in ("alice", "bob"))
    result, token = jobs.mint_as("bob", people.account("alice").pw_uid)
    assert result == 0
    try:
        made, got = with_token(origin, token), with_token(origin)
        for job in (made, got):
            wait_look("alice", job, bus.TRANSFERRING)
        for gone, left in ((bobs, got), (alices, None)):
            logind.stop()
            said += 1
            wait_for(lambda: service_log.read_text(errors="replace").count(NO_LOGIND) == said, "the complaint")
            logind.log_off(gone)
            logind.start()
            if left:
                wait_look("alice", made, bus.ERROR, "token")
                wait_look("alice", left, bus.TRANSFERRING)
        wait_look("alice", got, bus.ERROR, "token")
        assert error_of("alice", got) == error_of("alice", made) == bus.BG_E_TOKEN_REQUIRED
    finally:
        os.close(token)
    for job in (made, got):
        cancel("alice", job)


def worker_of(name):
    uid = people.account(name).pw_uid
    return [pid for pid in jobs.processes("bits-file") if owner_of(pid) == uid]


def owner_of(pid):
    try:
        return os.stat(f"/proc/{pid}").st_uid
    except FileNotFoundError:
        return None


def test_without_logind_nobody_is_there(origin, service_log):
    """Said once; with the bus or logind back, jobs go on, and tokens have stayed, since nobody logged off."""
    size = service_log.stat().st_size

    def said():
        return service_log.read_text(errors="replace")[size:].count(NO_LOGIND)

    with configuration.lines("RunWhen=logged-on"):
        job, roots = make("alice", origin.url("alices")), make("root", origin.url("roots"))
        wait_look("alice", job, bus.QUEUED, "session")
        wait_look("root", roots, bus.TRANSFERRING)
        wait_for(said, "the complaint")
        with SystemBus() as system:
            wait_for(lambda: len(system.connection.list_names()) == 4, "its two connections")  # beside the bus and ours
            logind = Logind(system)
            logind.log_on(people.account("alice"))
            wait_look("alice", job, bus.TRANSFERRING)
            assert said() == 1
            helped = with_token(origin)
            wait_look("alice", helped, bus.TRANSFERRING)
            logind.stop()
            for job_id in (job, helped):
                wait_look("alice", job_id, bus.QUEUED, "session")
            wait_for(lambda: said() == 2, "the second complaint")
            logind.start()
            for job_id in (job, helped):
                wait_look("alice", job_id, bus.TRANSFERRING)
        for job_id in (job, helped):
            wait_look("alice", job_id, bus.QUEUED, "session")
    for job_id in (job, helped):  # and with the setting gone, all is as before
        wait_look("alice", job_id, bus.TRANSFERRING)
    finish(origin, ("alice", job), ("alice", helped), ("root", roots))
