"""Who is told of a job, when and how often: behaviour.md §4, with clients that export the callback object."""

import concurrent.futures
import os
import time

import dbus
import pytest

import bus
import jobs
import people
import programs
from held import HeldOrigin
from receiver import DISABLE, E_FAIL, ERROR, FILE, MODIFICATION, RANGES, S_OK, TRANSFERRED, Receiver
from waiting import wait_for

RETRY_SEC = 5  # the shortest delay there is
E_NOTIMPL, E_INVALIDARG = 0x80004001, 0x80070057
MISSING = "http://127.0.0.1:9/"  # nobody listens there


@pytest.fixture(scope="module")
def remotes(server, files):
    """URLs of small files."""
    return [server.url(files.make(f"small-{i}.bin", 1000 + i).name) for i in range(6)]


def make(session, urls, directory="/run/home/alice", flags=TRANSFERRED | ERROR):
    """A suspended job with these files, that repeats after the shortest delay."""
    job = session.create("notify")
    for i, url in enumerate(urls):
        job.add(url, f"{directory}/{job.id}-{i}")
    job.call("SetNotifyFlags", "u", dbus.UInt32(flags))
    job.call("SetMinimumRetryDelay", "u", dbus.UInt32(RETRY_SEC))
    return job


def done(session, urls, **options):
    """The same, transferred."""
    job = make(session, urls, **options)
    job.call("Resume")
    assert jobs.wait_state(job, bus.TRANSFERRED, bus.ERROR) == bus.TRANSFERRED
    return job


def failed(session, url):
    """A job in ERROR: its token is missing."""
    job = make(session, [url])
    job.call("SetHelperTokenFlags", "u", dbus.UInt32(bus.HELPER_LOCAL_FILE))
    job.call("Resume")
    assert jobs.wait_state(job, bus.TRANSFERRED, bus.ERROR) == bus.ERROR
    return job


def reason(job):
    return str(job.get("Reason")), int(job.get("ReasonUntil"))


# ---- the event of the state -------------------------------------------------------------------------


def test_transferred_is_told_once(remotes):
    def scenario():
        alice = Receiver()
        job = make(alice, remotes[:1])
        alice.level(job, 1)
        job.call("Resume")
        alice.wait_for("JobTransferred")
        wait_for(lambda: reason(job) == ("", 0), "no reason any more")
        alice.level(job, 1)  # another registration: it was handled
        alice.settle()
        assert alice.seen() == [("JobTransferred",)]
        job.call("Complete")

    people.call("alice", scenario)


def test_error_is_told_with_its_code(remotes):
    def scenario():
        alice = Receiver()
        job = failed(alice, remotes[0])
        assert alice.calls == []
        alice.level(job, 1)  # after the event
        call = alice.wait_for("JobError")
        assert (call.path, call.arguments[0] & 0xFFFFFFFF, call.arguments[2]) == (job.path, bus.BG_E_TOKEN_REQUIRED, -1)
        job.call("Cancel")

    people.call("alice", scenario)


def test_the_same_again_is_an_event_of_its_own(remotes):
    """The answer to what was told of the first one is none to the second."""

    def scenario():
        alice = Receiver(JobError=None)
        job = failed(alice, remotes[0])
        alice.level(job, 1)
        first = alice.wait_for("JobError")
        job.call("Resume")
        jobs.wait_state(job, bus.ERROR)
        alice.settle()
        assert len(alice.calls) == 1  # one at a time
        first.answer()
        alice.wait_for("JobError", 2).answer()
        alice.settle()
        assert reason(job) == ("token", 0)  # that is what it waits for, and no repetition
        job.call("Cancel")

    people.call("alice", scenario)


def test_transient_error_is_told_nobody():
    def scenario():
        alice = Receiver()
        job = make(alice, [f"{MISSING}x"])
        alice.level(job, 1)
        job.call("Resume")
        jobs.wait_state(job, bus.TRANSIENT_ERROR)
        alice.settle()
        assert alice.calls == []
        job.call("Cancel")

    people.call("alice", scenario)


def test_registration_and_flags_after_the_event(remotes):
    def scenario():
        alice = Receiver()
        job = done(alice, remotes[:1], flags=TRANSFERRED | DISABLE)
        alice.level(job, 1)
        alice.settle()
        job.call("SetNotifyFlags", "u", dbus.UInt32(ERROR))
        alice.settle()
        assert alice.calls == []
        job.call("SetNotifyFlags", "u", dbus.UInt32(TRANSFERRED))
        alice.wait_for("JobTransferred")
        job.call("Complete")

    people.call("alice", scenario)


def test_failure_is_repeated_until_it_is_handled(remotes):
    def scenario():
        alice = Receiver(JobTransferred=[None, E_FAIL])
        job = done(alice, remotes[:1])
        alice.level(job, 1)
        first = alice.wait_for("JobTransferred")
        assert reason(job) == ("callback", 0)  # with alice, who has not answered
        first.answer(E_FAIL)
        word, until = wait_for(lambda: reason(job)[1] and reason(job), "the moment of the repetition")
        assert word == "callback" and 0 < until / 1e6 - time.time() <= RETRY_SEC + 1
        second = alice.wait_for("JobTransferred", 2)
        assert second.at - first.at >= RETRY_SEC - 0.5
        alice.wait_for("JobTransferred", 3)
        wait_for(lambda: reason(job) == ("", 0), "no reason any more")
        job.call("Complete")

    people.call("alice", scenario)


def test_receiver_who_goes_is_followed_by_the_next(remotes):
    """The last one counts; a dead one is none, and what it did not answer is told its successor at once."""

    def scenario():
        first, second = Receiver(JobTransferred=None), Receiver()
        job = done(first, remotes[:1])
        first.level(job, 1)
        first.wait_for("JobTransferred")
        first.connection.close()
        wait_for(lambda: not second.get(job.id).call("GetNotifyInterface"), "the end of the receiver")
        mine = second.get(job.id)
        second.level(mine, 1)
        second.wait_for("JobTransferred")
        mine.call("Complete")

    people.call("alice", scenario)


def test_levels(remotes):
    def scenario():
        alice = Receiver()
        job = make(alice, remotes[:1], flags=TRANSFERRED | FILE)
        assert jobs.refused(alice.level, job, 4) == E_INVALIDARG
        assert jobs.refused(job.call, "SetNotifyFlags", "u", dbus.UInt32(0x40)) == E_NOTIMPL
        alice.level(job, 3)
        alice.level(job, 0)
        assert not job.call("GetNotifyInterface")
        job.call("SetNotifyInterface", "b", True)  # IBackgroundCopyCallback alone
        job.call("Resume")
        alice.wait_for("JobTransferred")
        alice.settle()
        assert alice.seen() == [("JobTransferred",)]
        job.call("Complete")

    people.call("alice", scenario)


# ---- files ------------------------------------------------------------------------------------------


def test_files_one_by_one_before_the_job(remotes):
    def scenario():
        alice = Receiver(FileTransferred=None)
        job = make(alice, remotes[:3], flags=TRANSFERRED | FILE)
        alice.level(job, 2)
        job.call("Resume")
        indices = []
        for number in range(1, 4):
            call = alice.wait_for("FileTransferred", number)
            jobs.wait_state(job, bus.TRANSFERRED)  # all the others are whole
            alice.settle()
            assert len(alice.calls) == number, alice.seen()
            assert reason(job) == ("callback", 0)
            indices.append(int(call.arguments[0]))
            call.answer()
        alice.wait_for("JobTransferred")
        assert sorted(indices) == [0, 1, 2] and len(alice.calls) == 4
        job.call("Complete")

    people.call("alice", scenario)


def test_file_is_repeated_and_holds_the_job_up(remotes):
    def scenario():
        alice = Receiver(FileTransferred=[E_FAIL])
        job = make(alice, remotes[:2], flags=TRANSFERRED | FILE)
        alice.level(job, 2)
        job.call("Resume")
        alice.wait_for("JobTransferred")
        files = alice.of("FileTransferred")
        assert [name for name, *_ in alice.seen()] == ["FileTransferred"] * 3 + ["JobTransferred"]
        assert files[0].arguments[0] == files[1].arguments[0] and files[1].at - files[0].at >= RETRY_SEC - 0.5
        job.call("Complete")

    people.call("alice", scenario)


def test_the_file_that_was_not_handled_comes_first(remotes):
    """The next one waits for it, also one that stands before it in the job."""

    def scenario():
        alice = Receiver(FileTransferred=[E_FAIL])
        with HeldOrigin() as origin:
            job = make(alice, [origin.url("late"), remotes[0]], flags=TRANSFERRED | FILE)
            alice.level(job, 2)
            job.call("Resume")
            first = alice.wait_for("FileTransferred")
            origin.release()
            jobs.wait_state(job, bus.TRANSFERRED)  # a change that is no reason to repeat it sooner
        alice.wait_for("JobTransferred")
        assert alice.of("FileTransferred")[1].at - first.at >= RETRY_SEC - 0.5
        assert [int(call.arguments[0]) for call in alice.of("FileTransferred")] == [1, 1, 0]
        job.call("Complete")

    people.call("alice", scenario)


def test_files_that_are_whole_before_an_error(remotes):
    """The one is whole, the other cannot be: the first is told, then the error."""

    def scenario():
        alice = Receiver()
        job = make(alice, [remotes[0]], flags=ERROR | FILE)
        job.call("Resume")
        jobs.wait_state(job, bus.TRANSFERRED)
        job.add(remotes[1], f"/run/home/alice/{job.id}-late")
        job.call("SetHelperTokenFlags", "u", dbus.UInt32(bus.HELPER_LOCAL_FILE))
        job.call("Resume")
        jobs.wait_state(job, bus.ERROR)
        alice.level(job, 2)
        alice.wait_for("JobError")
        assert alice.seen()[0] == ("FileTransferred", 0) and len(alice.calls) == 2
        job.call("Cancel")

    people.call("alice", scenario)


def test_file_that_was_fetched_again_is_told_again(remotes):
    """By its owner, who found it bad: the other one is not told twice."""

    def scenario():
        alice = Receiver()
        job = make(alice, remotes[:2], flags=TRANSFERRED | FILE)
        alice.level(job, 2)
        job.call("Resume")
        alice.wait_for("JobTransferred")
        alice.call(f"{job.path}/file/1", "File", "SetValidationState", "b", False)
        jobs.wait_state(job, bus.ERROR)
        job.call("Resume")
        alice.wait_for("JobTransferred", 2)
        assert alice.seen()[3:] == [("FileTransferred", 1), ("JobTransferred",)]
        job.call("Complete")

    people.call("alice", scenario)


def test_what_was_acknowledged_outlives_the_service(remotes):
    def begin():
        alice = Receiver(FileTransferred=[S_OK, None])
        job = make(alice, remotes[:2], flags=TRANSFERRED | FILE)
        alice.level(job, 2)
        job.call("Resume")
        second = alice.wait_for("FileTransferred", 2)
        jobs.wait_state(job, bus.TRANSFERRED)
        return job.id, int(second.arguments[0])

    def go_on(job_id, index):
        jobs.session_when_ready()
        alice = Receiver()
        job = alice.get(job_id)
        alice.level(job, 2)
        alice.wait_for("JobTransferred")
        assert alice.seen() == [("FileTransferred", index), ("JobTransferred",)]
        job.call("Complete")

    job_id, index = people.call("alice", begin)
    programs.restart("bits-queue")
    people.call("alice", go_on, job_id, index)


# ---- ranges -----------------------------------------------------------------------------------------


def covered(calls):
    """The bytes that the calls tell of, of one file."""
    return {byte for call in calls for offset, length in call.arguments[1] for byte in range(offset, offset + length)}


def test_ranges_that_were_asked_for(remotes):
    """Told, repeated until it is handled, and before the file and the job."""

    def scenario():
        alice = Receiver(FileRangesTransferred=[E_FAIL])
        job = make(alice, [], flags=TRANSFERRED | FILE | RANGES)
        job.call("SetProperty", "uv", dbus.UInt32(4), dbus.Boolean(True, variant_level=1))  # on demand
        job.add(remotes[0], f"/run/home/alice/{job.id}-0")
        alice.level(job, 3)
        job.call("Resume")
        ask = dbus.Array([(100, 50), (500, 10)], "(tt)")
        alice.call(f"{job.path}/file/0", "File", "RequestFileRanges", "a(tt)", ask)
        told = set(range(100, 150)) | set(range(500, 510))
        alice.wait(lambda: covered(alice.of("FileRangesTransferred")[1:]) >= told, "the ranges, again")
        first, second, *_ = alice.of("FileRangesTransferred")
        assert first.arguments[0] == 0 and second.at - first.at >= RETRY_SEC - 0.5
        assert covered([second]) >= covered([first])
        alice.call(f"{job.path}/file/0", "File", "RequestFileRanges", "a(tt)", dbus.Array([(0, 1000)], "(tt)"))
        job.call("Resume")
        alice.wait_for("JobTransferred")
        assert covered(alice.of("FileRangesTransferred")) == set(range(1000))
        assert [name for name, *_ in alice.seen()][-2:] == ["FileTransferred", "JobTransferred"]
        job.call("Complete")

    people.call("alice", scenario)


def test_ranges_are_for_the_third_interface(remotes):
    def scenario():
        alice = Receiver()
        job = make(alice, remotes[:1], flags=TRANSFERRED | RANGES)
        alice.level(job, 2)
        job.call("Resume")
        alice.wait_for("JobTransferred")
        alice.settle()
        assert alice.seen() == [("JobTransferred",)]
        job.call("Complete")

    people.call("alice", scenario)


# ---- modification -----------------------------------------------------------------------------------


def change(job, text):
    job.call("SetDescription", "s", text)


def test_modification_keeps_its_distance(remotes):
    interval_msec = 2000

    def scenario():
        alice = Receiver()
        job = make(alice, remotes[:1], flags=MODIFICATION)
        job.call("SetProperty", "uv", dbus.UInt32(9), dbus.UInt32(interval_msec, variant_level=1))
        alice.level(job, 1)
        for number in range(100):
            change(job, str(number))
            alice.turn()
        alice.wait_for("JobModification", 2)  # the last change is told too
        calls = alice.of("JobModification")
        assert calls[0].arguments == [0]
        assert calls[1].at - calls[0].at >= interval_msec / 1000 * 0.8
        alice.settle()
        assert len(alice.calls) <= 2 + (time.monotonic() - calls[1].at) / (interval_msec / 1000)
        job.call("Cancel")

    people.call("alice", scenario)


def test_modification_does_not_pile_up(remotes):
    """A client that reads but does not answer has one; the changes meanwhile are one more."""

    def scenario():
        alice = Receiver(JobModification=None)
        job = make(alice, remotes[:1], flags=MODIFICATION)
        job.call("SetProperty", "uv", dbus.UInt32(9), dbus.UInt32(1, variant_level=1))
        alice.level(job, 1)
        change(job, "0")
        first = alice.wait_for("JobModification")
        for number in range(100):
            change(job, str(number))
            alice.turn()
        alice.settle()
        assert len(alice.calls) == 1
        first.answer()
        alice.wait_for("JobModification", 2)
        alice.settle()
        assert len(alice.calls) == 2
        job.call("Cancel")

    people.call("alice", scenario)


@pytest.mark.parametrize("flag, method", [(TRANSFERRED, "JobTransferred"), (ERROR, "JobError")])
def test_modification_is_not_told_of_the_end(remotes, flag, method):
    """What waits for an answer to the one before would be told after the transition: there is nothing to tell."""

    def scenario():
        alice = Receiver(JobModification=None)
        job = make(alice, remotes[:1], flags=MODIFICATION | flag)
        job.call("SetProperty", "uv", dbus.UInt32(9), dbus.UInt32(1, variant_level=1))
        if flag == ERROR:
            job.call("SetHelperTokenFlags", "u", dbus.UInt32(bus.HELPER_LOCAL_FILE))
        alice.level(job, 1)
        change(job, "before")
        first = alice.wait_for("JobModification")
        job.call("Resume")
        alice.wait_for(method)
        first.answer()
        alice.settle()
        assert len(alice.of("JobModification")) == 1
        change(job, "after")
        alice.wait_for("JobModification", 2).answer()
        alice.settle()
        assert len(alice.of("JobModification")) == 2
        job.call("Cancel")

    people.call("alice", scenario)


# ---- four at a time ---------------------------------------------------------------------------------


def test_four_at_a_time_of_a_user(remotes):
    """Files and jobs together; bob has four of his own."""

    def scenario(name, meanwhile):
        mine = Receiver(JobTransferred=None, FileTransferred=None)
        made = []
        for number in range(6):
            flags = TRANSFERRED | (FILE if number < 2 else 0)
            job = make(mine, remotes[:1], directory=f"/run/home/{name}", flags=flags)
            mine.level(job, 2)
            job.call("Resume")
            made.append(job)
        for job in made:
            jobs.wait_state(job, bus.TRANSFERRED)
        mine.wait(lambda: len(mine.calls) >= 4, "four")
        meanwhile()
        answered = []

        def answer_one():
            """A file first: the end of its job is told after it."""
            waiting = [call for call in mine.calls if call not in answered]
            answered.append(next((call for call in waiting if call.method == "FileTransferred"), waiting[0]))
            answered[-1].answer()

        for told in range(4, 8):
            mine.settle()
            assert len(mine.calls) == told, mine.seen()
            answer_one()
            mine.wait(lambda: len(mine.calls) > told, "the next")
        while len(answered) < len(mine.calls):
            answer_one()
        assert sorted(call.method for call in mine.calls) == ["FileTransferred"] * 2 + ["JobTransferred"] * 6
        for job in made:
            job.call("Cancel")

    reached, reach = os.pipe()
    go, let_go = os.pipe()

    def while_bob_has_his():
        os.write(reach, b"4")
        assert os.read(go, 1) == b"g"

    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        of_alice = pool.submit(people.call, "alice", scenario, "alice", while_bob_has_his)
        try:
            assert os.read(reached, 1) == b"4"
            people.call("bob", scenario, "bob", lambda: None)
        finally:
            os.write(let_go, b"g")
            of_alice.result()
