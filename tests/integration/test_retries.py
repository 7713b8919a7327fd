"""Transient errors: when a job is tried again, what is counted, and when it is given up (behaviour.md §3, errors.md §5)."""

import email.utils
import os
import pathlib
import re
import threading
import time

import pytest

import bus
import jobs
import people
from raw import RawOrigin, answer
from waiting import wait_for

RETRY_DELAY_MIN_SEC = 5
LONG_SEC = 3600
REMOTE_FILE, TRANSPORT = 5, 6
HTTP_503, HTTP_500 = 0x801901F7, 0x801901F4
BG_E_CONNECTION_CLOSED = 0x8020002E
BG_E_ERROR_INFORMATION_UNAVAILABLE = 0x8020000F
BODY = bytes(range(256)) * 400
UNAVAILABLE = answer(503)


@pytest.fixture(scope="module")
def errors_program(compile_example):
    return compile_example(pathlib.Path(__file__).with_name("errors.c"))


def make(origin, name, delay=RETRY_DELAY_MIN_SEC, timeout=None):
    """A job of one file of the origin's, in the directory of this test's own; not resumed."""
    directory = pathlib.Path(os.environ["HOME"]) / f"retries-{os.getpid()}"
    directory.mkdir(exist_ok=True)
    job = jobs.session().create(name)
    job.call("SetMinimumRetryDelay", "u", delay)
    if timeout is not None:
        job.call("SetNoProgressTimeout", "u", timeout)
    job.add(origin.url(name), directory / name)
    return job


def resume(job, *states):
    job.call("Resume")
    return jobs.wait_state(job, *states) if states else None


def error_count(job):
    return int(job.get("ErrorCount"))


def until_sec(job):
    """How far from now the retry is, by the wall clock that the service tells it in."""
    return int(job.get("ReasonUntil")) / 1e6 - time.time()


def failing(times, then, first=UNAVAILABLE):
    """An answer that is first so many times, and another from then on."""
    return lambda n, header: first if n < times else then


@pytest.mark.parametrize("asked, kept", [(0, 5), (1, 5), (4, 5), (5, 5), (6, 6), (600, 600)])
def test_delay_is_at_least_five_seconds(asked, kept):
    def scenario():
        job = jobs.session().create()
        job.call("SetMinimumRetryDelay", "u", asked)
        return int(job.get("MinimumRetryDelay"))

    assert people.call("alice", scenario) == kept


def test_retries_until_it_succeeds():
    """Each failed try is counted, and its error there to be read until the transfer goes on."""

    def scenario():
        with RawOrigin({"twice": failing(2, answer(200, BODY))}) as origin:
            job = make(origin, "twice", delay=1)
            assert jobs.refused(job.call, "GetError") == BG_E_ERROR_INFORMATION_UNAVAILABLE
            began = time.monotonic()
            resume(job, bus.TRANSIENT_ERROR)
            assert (error_count(job), job.error()) == (1, (HTTP_503, REMOTE_FILE))
            wait_for(lambda: error_count(job) == 2, "a retry that fails")
            assert time.monotonic() - began >= RETRY_DELAY_MIN_SEC
            jobs.wait_state(job, bus.TRANSFERRED)
            assert time.monotonic() - began >= 2 * RETRY_DELAY_MIN_SEC
            assert jobs.refused(job.call, "GetError") == BG_E_ERROR_INFORMATION_UNAVAILABLE
            assert (origin.asked["twice"], error_count(job)) == (3, 2)  # success does not set it back
            job.call("Complete")

    people.call("alice", scenario)


def test_reason_says_retry_and_when():
    def scenario():
        with RawOrigin({"later": UNAVAILABLE}) as origin:
            job = make(origin, "later", delay=LONG_SEC)
            resume(job, bus.TRANSIENT_ERROR)
            assert str(job.get("Reason")) == "retry"
            assert LONG_SEC - 60 < until_sec(job) <= LONG_SEC
            job.call("Suspend")
            assert (str(job.get("Reason")), int(job.get("ReasonUntil"))) == ("", 0)
            job.call("Cancel")

    people.call("alice", scenario)


def test_resume_skips_the_delay():
    """The error is counted, and neither Suspend nor Resume sets the count back."""

    def scenario():
        with RawOrigin({"impatient": failing(2, answer(200, BODY))}) as origin:
            job = make(origin, "impatient", delay=LONG_SEC)
            resume(job, bus.TRANSIENT_ERROR)
            job.call("Resume")
            wait_for(lambda: error_count(job) == 2, "the second try")
            jobs.wait_state(job, bus.TRANSIENT_ERROR)
            job.call("Suspend")
            assert (job.state, error_count(job)) == (bus.SUSPENDED, 2)
            assert jobs.refused(job.call, "GetError") == BG_E_ERROR_INFORMATION_UNAVAILABLE
            resume(job, bus.TRANSFERRED)
            assert error_count(job) == 2
            job.call("Cancel")

    people.call("alice", scenario)


def test_fatal_errors_are_counted():
    def scenario():
        with RawOrigin({"fatal": answer(404)}) as origin:
            job = make(origin, "fatal")
            counts = []
            for n in range(1, 4):
                job.call("Resume")
                wait_for(lambda: error_count(job) >= n, "the error")
                assert jobs.wait_state(job, bus.ERROR, bus.TRANSIENT_ERROR) == bus.ERROR
                counts.append(error_count(job))
            job.call("Cancel")
            return counts

    assert people.call("alice", scenario) == [1, 2, 3]


def parts_of(body, step, hold=None):
    """Answers that are cut after step bytes; with hold all but the first wait there for it, and are whole."""

    def answer_part(n, header):
        asked = re.search(r"(?im)^Range: bytes=(\d+)-", header)
        begin = int(asked[1]) if asked else 0
        rest = body[begin:]
        ranged = {"Content_Range": f"bytes {begin}-{len(body) - 1}/{len(body)}"} if asked else {}
        yield answer(206 if asked else 200, length=len(rest), ETag='"1"', **ranged)
        yield rest[:step]
        if hold and n > 0:
            hold.wait()
            yield rest[step:]

    return answer_part


def test_error_is_gone_once_it_transfers():
    """It is there in TRANSIENT_ERROR, and not in the middle of the try that follows."""

    def scenario():
        hold = threading.Event()
        with RawOrigin({"halves": parts_of(BODY, 1000, hold)}) as origin:
            job = make(origin, "halves", delay=LONG_SEC)
            resume(job, bus.TRANSIENT_ERROR)
            assert job.error() == (BG_E_CONNECTION_CLOSED, TRANSPORT)
            assert job.progress[1] == 1000
            resume(job, bus.TRANSFERRING)
            assert jobs.refused(job.call, "GetError") == BG_E_ERROR_INFORMATION_UNAVAILABLE
            assert error_count(job) == 1
            hold.set()
            jobs.wait_state(job, bus.TRANSFERRED)
            job.call("Complete")

    people.call("alice", scenario)


# Retry-After


def in_half_an_hour():
    return email.utils.formatdate(time.time() + 1800, usegmt=True)


@pytest.mark.parametrize("status", [503, 429])
@pytest.mark.parametrize("said", ["1800", in_half_an_hour], ids=["seconds", "date"])
def test_server_says_when(status, said):
    """Its moment holds where it is later than the job's own delay."""

    def scenario():
        later = answer(status, Retry_After=said if isinstance(said, str) else said())
        with RawOrigin({"busy": failing(1, UNAVAILABLE, later)}) as origin:
            job = make(origin, "busy")
            resume(job, bus.TRANSIENT_ERROR)
            assert job.error() == (0x80190000 | status, REMOTE_FILE)
            assert str(job.get("Reason")) == "retry"
            assert 1800 - 60 < until_sec(job) <= 1801
            job.call("Resume")  # the next failure names no moment
            wait_for(lambda: error_count(job) == 2, "the second try")
            jobs.wait_state(job, bus.TRANSIENT_ERROR)
            assert until_sec(job) <= RETRY_DELAY_MIN_SEC
            job.call("Cancel")

    people.call("alice", scenario)


def test_server_never_shortens_the_delay():
    def scenario():
        with RawOrigin({"eager": answer(503, Retry_After="1")}) as origin:
            job = make(origin, "eager", delay=LONG_SEC)
            resume(job, bus.TRANSIENT_ERROR)
            assert until_sec(job) > LONG_SEC - 60
            job.call("Cancel")

    people.call("alice", scenario)


def test_moment_by_the_servers_clock():
    """Its date is compared with its own Date, which may be years from ours."""
    fields = {"Date": "Mon, 05 Nov 2091 08:49:37 GMT", "Retry_After": "Mon, 05 Nov 2091 09:19:37 GMT"}

    def scenario():
        with RawOrigin({"skewed": answer(503, **fields)}) as origin:
            job = make(origin, "skewed")
            resume(job, bus.TRANSIENT_ERROR)
            assert 1800 - 60 < until_sec(job) <= 1801
            job.call("Cancel")

    people.call("alice", scenario)


@pytest.mark.parametrize("status", [503, 404])
def test_first_words_of_an_error_page(service_log, status):
    """They are in the error's text, as one line of their own; the log, which others read, does not have them."""
    words = f"Closed until {os.urandom(8).hex()}"
    page = f"<p>{words}\r\n\x1b[2J</p>".encode() + b"\xff" * 5000

    def scenario():
        with RawOrigin({"closed": answer(status, page)}) as origin:
            job = make(origin, "closed", delay=LONG_SEC)
            resume(job, bus.TRANSIENT_ERROR, bus.ERROR)
            text = str(job.call("GetError")[4])
            job.call("Cancel")
            return text

    ours, theirs = people.call("alice", scenario).split("\n")
    assert f"{status}" in ours and theirs == f"<p>{words} [2J</p>"
    assert ours in service_log.read_text(errors="replace") and words not in service_log.read_text(errors="replace")


# the no-progress timeout


def test_no_progress_for_too_long(errors_program):
    """ERROR, with the error that came last, and the client is told of it. Giving up is no further error."""
    with RawOrigin({"hopeless": failing(1, answer(500))}) as origin:

        def begin():
            return make(origin, "hopeless", timeout=8).id

        def wait(job_id):
            job = jobs.session().get(job_id)
            began = time.monotonic()
            resume(job, bus.TRANSIENT_ERROR)
            assert job.error()[0] == HTTP_503
            jobs.wait_state(job, bus.ERROR)
            assert time.monotonic() - began >= 8
            assert job.error() == (HTTP_500, REMOTE_FILE)
            return error_count(job)

        job_id = people.call("alice", begin)
        with people.start("alice", [errors_program, "told", job_id]) as client:
            assert client.stdout.readline() == "listening\n"
            assert people.call("alice", wait, job_id) == origin.asked["hopeless"] == 2
            told, complaint = client.communicate(timeout=60)
        assert (told, client.returncode) == (f"JobError {HTTP_500:08x} {REMOTE_FILE}\n", 0), complaint
        people.call("alice", lambda: jobs.session().get(job_id).call("Cancel"))


@pytest.mark.parametrize(
    "delay, timeout, state",
    [
        (RETRY_DELAY_MIN_SEC, 0, bus.ERROR),  # 0: every error is fatal
        (1, RETRY_DELAY_MIN_SEC - 1, bus.ERROR),  # the delay that is kept counts
        (LONG_SEC, LONG_SEC - 1, bus.ERROR),
        (LONG_SEC, LONG_SEC, bus.TRANSIENT_ERROR),
    ],
)
def test_no_time_for_a_retry(delay, timeout, state):
    """Fatal at once, when the retry would come too late."""

    def scenario():
        with RawOrigin({"short": UNAVAILABLE}) as origin:
            job = make(origin, "short", delay, timeout)
            found = resume(job, bus.ERROR, bus.TRANSIENT_ERROR)
            answer = found, job.error(), error_count(job), origin.asked["short"]
            job.call("Cancel")
            return answer

    assert people.call("alice", scenario) == (state, (HTTP_503, REMOTE_FILE), 1, 1)


def test_progress_starts_the_clock_anew():
    """Every try brings a little: together they take longer than the timeout, and that is no matter."""

    def scenario():
        size, timeout = 3000, 8
        with RawOrigin({"little": parts_of(BODY[:size], 1000)}) as origin:
            job = make(origin, "little", timeout=timeout)
            began = time.monotonic()
            job.call("Resume")
            wait_for(lambda: job.state in (bus.ERROR, bus.TRANSFERRED), "the end", 120)
            assert job.state == bus.TRANSFERRED
            assert (origin.asked["little"], error_count(job)) == (3, 2)  # none fetched again what was there
            assert time.monotonic() - began > timeout
            job.call("Complete")

    people.call("alice", scenario)


def test_resume_starts_the_clock_anew():
    """Without progress, but somebody wants it to be tried: it has all of the time again."""

    def scenario():
        with RawOrigin({"wanted": UNAVAILABLE}) as origin:
            job = make(origin, "wanted", timeout=6)
            resume(job, bus.ERROR)
            count = error_count(job)
            job.call("SetNoProgressTimeout", "u", LONG_SEC)
            job.call("Resume")
            wait_for(lambda: job.state == bus.ERROR or error_count(job) == count + 2, "a second try after the first")
            assert job.state != bus.ERROR
            job.call("Cancel")

    people.call("alice", scenario)
