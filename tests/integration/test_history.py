"""What happened to jobs: kept after they ended, bounded, announced, and in the journal with fields."""

import json
import os
import pathlib
import signal
import socket

import dbus

import bus
import configuration
import jobs
import people
from waiting import wait_for

ALL_USERS, EVENTS = 1, 2
E_ACCESSDENIED = bus.E_ACCESSDENIED
E_INVALIDARG = 0x80070057
CREATED, STATE, ERROR, FILES, OWNER, TOKEN, NOTIFIED, COMMAND, UNUSED = range(1, 10)


class Event:
    def __init__(self, row):
        serial, job, owner, time, kind, state, code, text = row
        self.serial, self.job, self.owner, self.time = int(serial), str(job), int(owner), int(time)
        self.kind, self.state, self.code, self.text = int(kind), int(state), int(code), str(text)

    def __eq__(self, other):
        return vars(self) == vars(other)

    def __repr__(self):
        return repr(vars(self))


def history(connection, after=0, flags=0, page=256):
    """All events after a serial, page by page, and whether some were gone before they were asked for."""
    events, gone = [], None
    while True:
        rows, last, lost = connection.manager("ListHistory", "tuu", dbus.UInt64(after), dbus.UInt32(flags), dbus.UInt32(page))
        events += [Event(row) for row in rows]
        gone = bool(lost) if gone is None else gone
        if int(last) == after:
            return events, gone
        after = int(last)


def last_serial(connection):
    events, _ = history(connection)
    return events[-1].serial if events else 0


def told(events):
    return [(event.kind, event.state, event.text) for event in events]


def test_the_life_of_a_job(server, files, alices):
    files.make("told.bin", 100_000)

    def scenario():
        connection = jobs.session()
        before = last_serial(connection)
        job = connection.create("told")
        job.add(server.url("told.bin"), alices / "told.bin")
        job.call("Resume")
        jobs.wait_state(job, bus.TRANSFERRED)
        job.call("Complete")
        return history(connection, before)[0], job.id

    events, job_id = people.call("alice", scenario)
    assert {event.job for event in events} == {job_id}
    assert {event.owner for event in events} == {people.account("alice").pw_uid}
    assert [event.time for event in events] == sorted(event.time for event in events)
    assert told(events) == [
        (CREATED, bus.SUSPENDED, ""), (FILES, bus.SUSPENDED, "1"), (STATE, bus.QUEUED, "resume"),
        (STATE, bus.CONNECTING, "start"), (STATE, bus.TRANSFERRING, "connected"),
        (STATE, bus.TRANSFERRED, "transferred"), (STATE, bus.ACKNOWLEDGED, "complete"),
    ]


def test_an_error_with_its_code(server, alices):
    def scenario():
        connection = jobs.session()
        before = last_serial(connection)
        job = connection.create("missing")
        job.add(server.url("no-such-file"), alices / "missing")
        job.call("Resume")
        jobs.wait_state(job, bus.ERROR)
        job.call("Cancel")
        return [event for event in history(connection, before)[0] if event.kind == ERROR]

    (event,) = people.call("alice", scenario)
    assert event.code & 0xFFFFFFFF == 0x80190194 and event.state == bus.ERROR


def test_who_sees_what():
    """One's own; with the flag, administrators everybody's but root's."""

    def make():
        return jobs.session().create("seen").id

    def see(flags):
        return {event.job for event in history(bus.Bus(), 0, flags)[0]}

    mine, roots = people.call("alice", make), make()
    assert mine in people.call("alice", see, 0)
    assert mine not in people.call("mal", see, 0)
    assert people.call("mal", jobs.refused, see, ALL_USERS) == E_ACCESSDENIED
    seen = people.call("admin", see, ALL_USERS)
    assert mine in seen and roots not in seen
    assert {mine, roots} <= see(ALL_USERS)


def test_bad_questions():
    def scenario():
        ask = bus.Bus().manager
        return [
            jobs.refused(ask, "ListHistory", "tuu", dbus.UInt64(after), dbus.UInt32(flags), dbus.UInt32(page))
            for after, flags, page in ((0, 0, 0), (0, 0, 257), (0, 4, 1), (1 << 63, 0, 1))
        ]

    assert set(people.call("alice", scenario)) == {E_INVALIDARG}


def suspend_and_resume(connection, times):
    job = connection.create("busy")
    job.add("http://127.0.0.1:1/x", pathlib.Path(os.environ["HOME"]) / "x")
    for _ in range(times):
        job.call("Resume")
        job.call("Suspend")
    job.call("Cancel")


def test_bounded_by_number():
    """The oldest of a user's go first, and whoever asks for them is told that they are gone."""

    def scenario():
        connection = jobs.session()
        suspend_and_resume(connection, 30)
        return history(connection)

    with configuration.settings(HistoryPerUser=20):
        others = people.call("alice", lambda: len(history(bus.Bus())[0]))
        events, gone = people.call("carol", scenario)
        assert len(events) <= 20 and gone
        assert events[-1].state == bus.CANCELLED
        assert people.call("carol", lambda: history(bus.Bus(), events[0].serial)[1]) is False
        assert people.call("alice", lambda: len(history(bus.Bus())[0])) == others


def test_bounded_by_age():
    people.call("mal", lambda: jobs.session().create("old").call("Cancel"))
    assert people.call("mal", lambda: history(bus.Bus())[0])
    with configuration.settings(HistoryAge=1):

        def trimmed():
            configuration.reload()  # looks at once
            return people.call("mal", lambda: history(bus.Bus()) == ([], True))

        wait_for(trimmed, "the end of what is old")


def test_history_survives_a_crash():
    def make():
        connection = jobs.session()
        connection.create("before").call("Cancel")
        return history(connection)

    before = people.call("bob", make)
    (old,) = jobs.processes("bits-queue")
    jobs.kill("bits-queue")
    wait_for(lambda: set(jobs.processes("bits-queue")) - {old}, "another bits-queue")
    assert people.call("bob", lambda: history(jobs.session_when_ready())) == before


class Follower:
    """bitsctl history --follow of alice's, from now on."""

    def __init__(self):
        self.path = pathlib.Path("/run/tmp/followed")
        with self.path.open("wb") as stream:
            self.process = people.start("alice", ["bitsctl", "history", "--follow", "--json"], stdout=stream)

    def sequences(self):
        lines = self.path.read_text().splitlines(keepends=True)
        return [json.loads(line)["sequence"] for line in lines if line.endswith("\n")]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGCONT)
        self.process.send_signal(signal.SIGINT)
        assert self.process.wait(60) == 0


def make_events(times):
    """Two events each; the sequences of all that there are."""
    connection = jobs.session()
    suspend_and_resume(connection, times)
    return [event.serial for event in history(connection)[0]]


def test_a_monitor_misses_nothing():
    """Every event comes once and in order, the same as the history has it."""
    with Follower() as follower:
        expected = people.call("alice", make_events, 20)
        wait_for(lambda: len(follower.sequences()) >= len(expected), "the events")
        assert follower.sequences() == expected


def test_a_monitor_misses_nothing_over_a_restart():
    with Follower() as follower:
        before = people.call("alice", make_events, 3)
        wait_for(lambda: len(follower.sequences()) >= len(before), "the events")
        jobs.kill("bits-queue")
        expected = people.call("alice", lambda: jobs.session_when_ready() and make_events(3))
        wait_for(lambda: len(follower.sequences()) >= len(expected), "the events")
        assert follower.sequences() == expected


def test_a_monitor_that_stands_still_catches_up():
    with Follower() as follower:
        first = people.call("alice", make_events, 1)
        wait_for(lambda: len(follower.sequences()) >= len(first), "the events")
        follower.process.send_signal(signal.SIGSTOP)
        expected = people.call("alice", make_events, 200)
        follower.process.send_signal(signal.SIGCONT)
        wait_for(lambda: len(follower.sequences()) >= len(expected), "the events")
        assert follower.sequences() == expected


def test_fields_in_the_journal(tmp_path):
    """A person's own service whose standard error is the journal's socket: entries come with fields."""
    directory = pathlib.Path("/run/systemd/journal")
    directory.mkdir(parents=True, exist_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as stream, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as native:
        stream.bind(str(directory / "stdout"))
        native.bind(str(directory / "socket"))
        for name in ("stdout", "socket"):
            (directory / name).chmod(0o666)
        stream.listen()
        native.settimeout(60)
        runtime = pathlib.Path("/run/tmp/journal-test")
        runtime.mkdir(mode=0o700)
        os.chown(runtime, people.account("alice").pw_uid, -1)
        error = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        error.connect(str(directory / "stdout"))
        accepted, _ = stream.accept()
        service = people.start("alice", ["/usr/libexec/bits/bitsd", "--user"], stderr=error, env=people.environment(
            "alice", XDG_RUNTIME_DIR=str(runtime), XDG_STATE_HOME=str(runtime / "state")))
        try:
            bus_path = runtime / "bits" / "bus"
            wait_for(bus_path.exists, "the service")
            job_id = people.call("alice", lambda: bus.Bus(f"unix:path={bus_path}").create("in the journal").id)

            def entry():
                lines = native.recv(65536).decode().splitlines()
                fields = dict(line.split("=", 1) for line in lines)
                return fields if fields.get("BITS_JOB") == job_id else None

            fields = wait_for(entry, "the entry")
        finally:
            service.terminate()
            service.wait(60)
            error.close()
            accepted.close()
            for name in ("stdout", "socket"):
                (directory / name).unlink()
    assert fields["BITS_EVENT"] == "created" and fields["BITS_STATE"] == "SUSPENDED"
    assert fields["BITS_OWNER_UID"] == str(people.account("alice").pw_uid)
    assert fields["SYSLOG_IDENTIFIER"] == "bits-queue" and fields["PRIORITY"] == "6"
    assert job_id in fields["MESSAGE"]
