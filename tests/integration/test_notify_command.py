"""The command line of a job: when it runs, as whom, and in what surroundings; behaviour.md §4.

NotifyCommands=all is set for this module but where a test says otherwise. The program is a script in the home
directory of who sets it, which notes how it finds itself and ends as a file beside it says.
"""

import json
import os
import pathlib
import signal

import dbus
import pytest

import bus
import configuration
import identity
import jobs
import people
import programs
from receiver import DISABLE, E_FAIL, ERROR, FILE, TRANSFERRED, Receiver
from test_identity import restrict
from test_notify import E_INVALIDARG, RETRY_SEC, done, failed, make, reason, remotes  # noqa: F401
from waiting import wait_for

BG_E_STRING_TOO_LONG, BG_E_INVALID_STATE, BG_E_NOT_FOUND = 0x80200021, 0x80200002, 0x80200001

IGNORED = 1 << 12 | 1 << 24 | 3 << 31  # SIGPIPE and SIGXFSZ by Python, 32 and 33 by who runs us: the C library's own

SCRIPT = """#!/usr/bin/python3 -I
import json, os, pathlib, sys, time
here = pathlib.Path(__file__).parent
status = dict(line.split(":", 1) for line in open("/proc/self/status").read().splitlines())
numbers = [int(name) for name in os.listdir("/proc/self/fd")]
fds = {}
for number in numbers:
    try:
        fds[number] = os.readlink(f"/proc/self/fd/{number}")
    except OSError:
        pass  # that of the listing
note = {
    "at": time.monotonic(), "pid": os.getpid(), "argv": sys.argv, "environ": dict(os.environ), "fds": fds,
    "uids": os.getresuid(), "gids": os.getresgid(), "groups": sorted(os.getgroups()), "cwd": os.getcwd(),
    "session": os.getsid(0), "group": os.getpgid(0), "no_new_privs": status["NoNewPrivs"].strip(),
    "capabilities": [status[key].strip() for key in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")],
    "blocked": status["SigBlk"].strip(), "ignored": status["SigIgn"].strip(),
}
with open(here / "notes", "a") as stream:
    stream.write(json.dumps(note) + "\\n")
ends = (here / "ends").read_text().split()
first, rest = ends[0], ends[1:]
(here / "ends").write_text(" ".join(rest or [first]))
while first == "never" or (here / "hold").exists():
    time.sleep(0.05)
sys.exit(int(first))
"""


class Program:
    """NAME's script, its notes, and how it will end: words, the last of which stays."""

    def __init__(self, name, directory, ends="0"):
        entry = people.account(name)
        self.name, self.directory = name, directory
        directory.mkdir(mode=0o755)
        self.path = directory / "a program"
        self.path.write_text(SCRIPT)
        self.path.chmod(0o755)
        (directory / "ends").write_text(ends)
        (directory / "notes").touch()
        for path in (directory, *directory.iterdir()):
            os.chown(path, entry.pw_uid, entry.pw_gid)

    @property
    def notes(self):
        return [json.loads(line) for line in (self.directory / "notes").read_text().splitlines() if line.endswith("}")]

    def wait(self, count=1):
        """The note of the count-th run."""
        return wait_for(lambda: self.notes[count - 1:], f"run {count} of the command line")[0]

    def set(self, job, parameters=""):
        job.call("SetNotifyCmdLine", "ss", str(self.path), parameters)


@pytest.fixture
def program(request):
    """program(NAME, ENDS): a script, new for each test."""
    number = iter(range(10))

    def new(name="alice", ends="0"):
        return Program(name, people.home(name) / f"command-{abs(hash(request.node.nodeid)):x}-{next(number)}", ends)

    return new


def configure(text, service_log):
    """A configuration file that bitsd has read when this returns."""
    word = "configuration read again"
    before = service_log.read_text().count(word)
    configuration.write(text)
    configuration.reload()
    wait_for(lambda: service_log.read_text().count(word) > before, "bitsd to read its configuration")


@pytest.fixture
def with_configuration(service_log):
    """with_configuration(TEXT), and at the end what it was."""
    before = configuration.FILE.read_text()
    yield lambda text: configure(text, service_log)
    configure(before, service_log)


@pytest.fixture(scope="module", autouse=True)
def allowed(service_log):
    configure("NotifyCommands=all\n", service_log)


def no_more(program, job, count=1):
    """The event was handled by the count-th run: nothing waits for a repetition."""
    wait_for(lambda: reason(job)[0] in ("", "token"), "no repetition any more")  # a job in ERROR still lacks its token
    assert len(program.notes) == count


# ---- how it runs ------------------------------------------------------------------------------------


def test_surroundings(program, remotes, service_log):  # noqa: F811
    script = program()
    entry = people.account("alice")

    def scenario():
        session = jobs.session()
        job = make(session, remotes[:1])
        script.set(job, f'"{script.path}" "two words" $HOME \\"quoted\\" * ; \'')
        job.call("Resume")
        note = script.wait()
        no_more(script, job)
        job.call("Complete")
        return job.id, note

    job_id, note = people.call("alice", scenario)
    assert note["argv"] == [str(script.path), "two words", "$HOME", '"quoted"', "*", ";", "'"]
    assert note["environ"] == {
        "HOME": entry.pw_dir, "USER": "alice", "LOGNAME": "alice", "SHELL": entry.pw_shell, "PATH": "/usr/bin:/bin",
        "LANG": "C.UTF-8", "BITS_JOB_ID": job_id, **{key: note["environ"][key] for key in note["environ"] if key == "LC_CTYPE"},
    }
    assert note["fds"] == {"0": "/dev/null", "1": "/dev/null", "2": "/dev/null"}
    assert note["uids"] == [entry.pw_uid] * 3 and note["gids"] == [entry.pw_gid] * 3
    assert note["groups"] == sorted(people.groups("alice"))
    assert note["cwd"] == entry.pw_dir
    assert note["group"] == note["pid"]
    assert note["no_new_privs"] == "1" and set(note["capabilities"]) == {"0" * 16}
    assert note["blocked"] == "0" * 16 and int(note["ignored"], 16) & ~IGNORED == 0
    log = service_log.read_text()
    assert f"job {job_id}: runs {script.path} as uid {entry.pw_uid}" in log
    assert f"bits-notify as uid {entry.pw_uid} for uid {entry.pw_uid}: started" in log


def test_program_alone_is_its_own_first_word(program, remotes):  # noqa: F811
    script = program()

    def scenario():
        job = done(jobs.session(), remotes[:1])
        script.set(job)  # after the event
        assert script.wait()["argv"] == [str(script.path)]
        no_more(script, job)
        job.call("Complete")

    people.call("alice", scenario)


def test_error_and_flags(program, remotes):  # noqa: F811
    script = program()

    def scenario():
        job = failed(jobs.session(), remotes[0])
        job.call("SetNotifyFlags", "u", dbus.UInt32(TRANSFERRED | ERROR | DISABLE))
        script.set(job)
        job.call("SetNotifyFlags", "u", dbus.UInt32(TRANSFERRED))
        assert reason(job)[0] == "token" and script.notes == []  # what it lacks; nothing is due
        job.call("SetNotifyFlags", "u", dbus.UInt32(TRANSFERRED | ERROR))
        script.wait()
        no_more(script, job)
        job.call("Cancel")

    people.call("alice", scenario)


def test_it_runs_again_until_it_ends_with_0(program, remotes):  # noqa: F811
    script = program(ends="3 0")

    def scenario():
        job = done(jobs.session(), remotes[:1])
        script.set(job)
        first = script.wait()
        word, until = wait_for(lambda: reason(job)[1] and reason(job), "the moment of the repetition")
        assert word == "callback" and until
        assert script.wait(2)["at"] - first["at"] >= RETRY_SEC - 0.5
        no_more(script, job, 2)
        job.call("Complete")

    people.call("alice", scenario)


@pytest.mark.parametrize("ending", ["Complete", "Cancel"])
def test_no_run_for_a_job_that_has_left(program, remotes, ending):  # noqa: F811
    script, other = program(ends="1"), program(ends="1 0")

    def scenario():
        session = jobs.session()
        job = done(session, remotes[:1])
        script.set(job)
        script.wait()
        wait_for(lambda: reason(job)[1], "the moment of the repetition")
        job.call(ending)
        later = done(session, remotes[:1])
        other.set(later)
        other.wait(2)  # by then the repetition of the one that left is overdue
        assert len(script.notes) == 1
        later.call("Cancel")

    people.call("alice", scenario)


def test_it_survives_the_service(program, remotes):  # noqa: F811
    """Stored with the job: what failed before the restart runs again after it, and what was handled does not."""
    handled, script = program(), program(ends="1 0")

    def begin():
        session = jobs.session()
        first, second = done(session, remotes[:1]), done(session, remotes[:1])
        handled.set(first)
        handled.wait()
        no_more(handled, first)
        script.set(second, f'"{script.path}" x')
        script.wait()
        wait_for(lambda: reason(second)[1], "its end")
        return first.id, second.id

    def go_on(first, second):
        session = jobs.session_when_ready()
        assert script.wait(2)["argv"][1:] == ["x"]
        assert list(session.get(second).call("GetNotifyCmdLine")) == [str(script.path), f'"{script.path}" x']
        no_more(script, session.get(second), 2)
        assert len(handled.notes) == 1
        for job_id in (first, second):
            session.get(job_id).call("Cancel")

    made = people.call("alice", begin)
    programs.restart("bits-queue")
    people.call("alice", go_on, *made)


def test_it_ends_with_the_service_and_with_the_ticket(program, remotes):  # noqa: F811
    """What it was started from is gone: it is ended, not left behind."""
    script = program("carol", ends="never")

    def scenario():
        job = done(jobs.session(), remotes[:1], directory="/run/home/carol")
        script.set(job)
        return job.id, script.wait()["pid"]

    def is_gone(pid):
        return not pathlib.Path(f"/proc/{pid}").exists()

    _, pid = people.call("carol", scenario)
    programs.restart("bits-queue")
    wait_for(lambda: is_gone(pid), "the end of the program")
    pid = script.wait(2)["pid"]  # at once: nobody had handled it
    assert people.call("carol", lambda: identity.revoke().result) == 0
    wait_for(lambda: is_gone(pid), "the end of the program")


def test_it_has_its_time(program, remotes, service_log):  # noqa: F811
    script = program(ends="never 0")

    def scenario():
        job = done(jobs.session(), remotes[:1])
        script.set(job)
        first = script.wait()
        script.wait(2)
        assert not pathlib.Path(f"/proc/{first['pid']}").exists()
        wait_for(lambda: reason(job) == ("", 0), "no reason any more")
        job.call("Complete")
        return job.id

    with configuration.settings(NotifyCommandTime=5):
        job_id = people.call("alice", scenario)
    assert f"job {job_id}: the command line as uid {people.account('alice').pw_uid} was not handled: it took too long" in (
        service_log.read_text()
    )


# ---- what it may change -----------------------------------------------------------------------------


def write_script(name, path, text):
    entry = people.account(name)
    path.write_text(text)
    path.chmod(0o755)
    os.chown(path, entry.pw_uid, entry.pw_gid)


@pytest.mark.parametrize("name", ["alice", "admin"])
def test_it_completes_its_job(program, remotes, name):  # noqa: F811
    """What a command line is for: the job is done without anybody there, though no_new_privs is set."""
    script = program(name)
    write_script(name, script.path, '#!/bin/sh\nexec bitsctl complete "$BITS_JOB_ID"\n')

    def owner():
        return done(jobs.session(), remotes[:1]).id

    def setter(job_id):
        script.set(jobs.session().get(job_id))

    def owner_again(job_id):
        session = jobs.session()
        wait_for(lambda: jobs.refused(session.get, job_id) == BG_E_NOT_FOUND, "the end of the job")

    job_id = people.call("alice", owner)
    people.call(name, setter, job_id)
    people.call("alice", owner_again, job_id)
    assert pathlib.Path(f"/run/home/alice/{job_id}-0").stat().st_size == 1000


def test_it_completes_its_job_from_a_shell(bitsctl, server, files, alices):
    """All of it by bitsctl, with no script at all."""
    remote, local = files.make("small-0.bin", 1000), alices / "arrived"
    job_id = bitsctl("alice", "create", "--priority", "foreground").stdout.strip()
    bitsctl("alice", "notify-command", "set", job_id, "/usr/bin/bitsctl", "complete", job_id)
    bitsctl("alice", "add", job_id, server.url(remote.name), local)
    bitsctl("alice", "resume", job_id)
    wait_for(local.exists, "the file")
    wait_for(lambda: bitsctl("alice", "info", job_id, check=False).returncode, "the end of the job")
    assert local.read_bytes() == remote.read_bytes()


CALLS = """#!/bin/sh
cd "${0%/*}"
say() {
	name=$1
	shift
	"$@" >/dev/null 2>>errors
	echo "$name $?" >>said
}
say own bitsctl suspend "$BITS_JOB_ID"
say left setsid bitsctl suspend "$BITS_JOB_ID"
say other bitsctl suspend "$(cat other)"
say create bitsctl create
say ticket bitsctl authorize
say token bitsctl token clear "$(cat other)"
echo done >>said
while [ -e hold ]; do sleep 0.05; done
exit 1
"""


def test_it_changes_nothing_but_its_job(program, remotes):  # noqa: F811
    """As long as it runs, and nobody else with no_new_privs: neither who left its session, nor another program."""
    script = program()
    write_script("alice", script.path, CALLS)
    (script.directory / "hold").touch()
    said = script.directory / "said"

    def words():
        return said.read_text().split() if said.exists() else []

    def sandboxed(job_id):
        restrict()
        return jobs.refused(bus.Bus().get(job_id).call, "Suspend")

    def scenario():
        session = jobs.session()
        job, other = done(session, remotes[:1]), done(session, remotes[:1])
        (script.directory / "other").write_text(other.id)
        script.set(job)
        wait_for(lambda: words()[-1:] == ["done"], "the end of its calls")
        return job.id, other.id

    def clean_up(*made):
        session = jobs.session()
        for job_id in made:
            session.get(job_id).call("Cancel")

    made = people.call("alice", scenario)
    try:
        assert words() == "own 0 left 1 other 1 create 1 ticket 1 token 1 done".split(), (script.directory / "errors").read_text()
        assert people.call("alice", sandboxed, made[0]) == bus.E_ACCESSDENIED
    finally:
        (script.directory / "hold").unlink()
    people.call("alice", clean_up, *made)


# ---- beside a receiver ------------------------------------------------------------------------------


def test_callback_that_handles_it_leaves_nothing_to_run(program, remotes):  # noqa: F811
    script = program()

    def scenario():
        alice = Receiver()
        job = make(alice, remotes[:1])
        script.set(job)
        alice.level(job, 1)
        job.call("Resume")
        alice.wait_for("JobTransferred")
        no_more(script, job, 0)
        job.call("Complete")

    people.call("alice", scenario)


def test_callback_that_fails_is_followed_by_the_command_line(program, remotes):  # noqa: F811
    script = program()

    def scenario():
        alice = Receiver(JobTransferred=E_FAIL)
        job = make(alice, remotes[:1])
        script.set(job)
        job.call("SetMinimumRetryDelay", "u", dbus.UInt32(600))  # what comes now, comes at once
        alice.level(job, 1)
        job.call("Resume")
        alice.wait_for("JobTransferred")
        script.wait()
        no_more(script, job)
        alice.settle()
        assert len(alice.calls) == 1
        rows = alice.manager("ListHistory", "tuu", dbus.UInt64(0), dbus.UInt32(0), dbus.UInt32(256))[0]
        told = [(int(row[4]), int(row[6])) for row in rows if str(row[1]) == job.id and int(row[4]) in (7, 8)]
        assert told == [(7, E_FAIL), (8, 0)]  # notified, command
        job.call("Complete")

    people.call("alice", scenario)


def test_both_fail_and_both_are_repeated(program, remotes):  # noqa: F811
    script = program(ends="1 0")

    def scenario():
        alice = Receiver(JobTransferred=E_FAIL)
        job = make(alice, remotes[:1])
        script.set(job)
        alice.level(job, 1)
        job.call("Resume")
        alice.wait_for("JobTransferred")
        first = script.wait()
        second = alice.wait_for("JobTransferred", 2)
        assert second.at - first["at"] >= RETRY_SEC - 0.5
        script.wait(2)
        no_more(script, job, 2)
        alice.settle()
        assert len(alice.calls) == 2
        job.call("Complete")

    people.call("alice", scenario)


def test_receiver_who_goes_leaves_it_to_the_command_line(program, remotes):  # noqa: F811
    script = program()

    def scenario():
        alice, session = Receiver(JobTransferred=None), jobs.session()
        job = make(alice, remotes[:1])
        script.set(job)
        alice.level(job, 1)
        job.call("Resume")
        alice.wait_for("JobTransferred")
        assert script.notes == []
        alice.connection.close()
        script.wait()
        mine = session.get(job.id)
        no_more(script, mine)
        mine.call("Complete")

    people.call("alice", scenario)


def test_files_are_no_matter_of_it(program, remotes):  # noqa: F811
    """A file's callback fails: it is repeated, and the command line is for the job."""
    script = program()

    def scenario():
        alice = Receiver(FileTransferred=[E_FAIL])
        job = make(alice, remotes[:1], flags=TRANSFERRED | FILE)
        script.set(job)
        alice.level(job, 2)
        job.call("Resume")
        alice.wait_for("FileTransferred", 2)
        alice.wait_for("JobTransferred")
        no_more(script, job, 0)
        job.call("Complete")

    people.call("alice", scenario)


# ---- who may ----------------------------------------------------------------------------------------


def test_administrators_alone_by_default(program, remotes, with_configuration, service_log):  # noqa: F811
    """Others are refused when they set one; what was set before waits until it is allowed again."""
    refused, script = program("alice"), program("admin")

    def before():
        job = make(jobs.session(), remotes[:1])
        refused.set(job)
        return job.id

    def of_alice(job_id):
        session = jobs.session()
        with pytest.raises(bus.Failure, match="NotifyCommands=") as failure:
            refused.set(session.create("late"))
        assert failure.value.hresult == bus.E_ACCESSDENIED
        job = session.get(job_id)
        job.call("Resume")
        wait_for(lambda: reason(job)[1], "the moment of the repetition")
        assert refused.notes == []
        assert jobs.refused(job.call, "SetNotifyCmdLine", "ss", "true", "") == E_INVALIDARG
        assert list(job.call("GetNotifyCmdLine")) == [str(refused.path), ""]

    def of_admin():
        job = done(jobs.session(), remotes[:1], directory="/run/home/admin")
        script.set(job)
        script.wait()
        no_more(script, job)
        job.call("Complete")

    def of_nobody():
        job = jobs.session().create("none")
        return jobs.refused(script.set, job), jobs.refused(job.call, "SetNotifyCmdLine", "ss", "", "")

    job_id = people.call("alice", before)
    with_configuration("")
    people.call("alice", of_alice, job_id)
    assert f"job {job_id}: the command line as uid {people.account('alice').pw_uid} was not handled: NotifyCommands=" in (
        service_log.read_text()
    )
    people.call("admin", of_admin)
    with_configuration("NotifyCommands=none\n")
    assert people.call("admin", of_nobody) == people.call("root", of_nobody) == (bus.E_ACCESSDENIED, None)
    with_configuration("NotifyCommands=all\n")
    refused.wait()  # by the repetition
    people.call("alice", lambda: jobs.session().get(job_id).call("Complete"))


def test_it_runs_as_who_set_it(program, remotes):  # noqa: F811
    script = program("admin")

    def owner():
        return done(jobs.session(), remotes[:1]).id

    def administrator(job_id):
        job = jobs.session().get(job_id)
        script.set(job)
        note = script.wait()
        no_more(script, job)
        job.call("Complete")
        return note

    note = people.call("admin", administrator, people.call("alice", owner))
    assert note["uids"] == [people.account("admin").pw_uid] * 3


def test_another_one_while_one_runs(program, remotes):  # noqa: F811
    """The end of the first is none of the second's, which runs as him who set it."""
    first, second = program("admin", ends="0"), program("alice")
    (first.directory / "hold").touch()

    def owner():
        return done(jobs.session(), remotes[:1]).id

    def administrator(job_id):
        first.set(jobs.session().get(job_id))
        first.wait()

    def replace(job_id):
        second.set(jobs.session().get(job_id))
        assert second.notes == []  # one at a time

    def replaced(job_id):
        job = jobs.session().get(job_id)
        note = second.wait()
        no_more(second, job)
        job.call("Complete")
        return note

    job_id = people.call("alice", owner)
    people.call("admin", administrator, job_id)
    people.call("alice", replace, job_id)
    (first.directory / "hold").unlink()
    note = people.call("alice", replaced, job_id)
    assert note["uids"] == [people.account("alice").pw_uid] * 3 and len(first.notes) == 1


def test_one_that_is_replaced_before_it_starts(program, remotes):  # noqa: F811
    """Alice's program never runs as the administrator whose command line she replaces, however fast she is."""
    theirs, mine = program("admin"), Program("alice", pathlib.Path("/run/tmp/of-alice"))
    for path in (mine.directory / "notes", mine.directory / "ends"):
        path.chmod(0o666)  # whoever runs it can

    def owner(jobs_wanted):
        session = jobs.session()
        return [done(session, remotes[:1], flags=TRANSFERRED | DISABLE).id for _ in range(jobs_wanted)]

    def administrator(job_ids):
        session = jobs.session()
        for job_id in job_ids:
            theirs.set(session.get(job_id))

    def replace(job_ids):
        session = jobs.session()
        made = [session.get(job_id) for job_id in job_ids]
        for job in made:
            job.call("SetNotifyFlags", "u", dbus.UInt32(TRANSFERRED))  # bits-notify is on its way
            mine.set(job)
        mine.wait(len(made))
        for job in made:
            job.call("Complete")

    made = people.call("alice", owner, 4)
    people.call("admin", administrator, made)
    people.call("alice", replace, made)
    assert {note["uids"][0] for note in mine.notes} == {people.account("alice").pw_uid}


def test_no_command_line_of_system_accounts(program, remotes):  # noqa: F811
    """Neither of their jobs, nor set by them: root's would be root's program at the end of alice's job."""
    script = program()

    def of_root():
        job = done(jobs.session(), remotes[:1], directory="/run/tmp")
        script.set(job)
        assert list(job.call("GetNotifyCmdLine")) == [str(script.path), ""]
        assert reason(job) == ("", 0)
        job.call("Complete")

    def of_alice():
        return done(jobs.session(), remotes[:1]).id

    def by_root(job_id):
        job = jobs.session().get(job_id)
        script.set(job)
        assert reason(job) == ("", 0)

    def by_alice(job_id):
        job = jobs.session().get(job_id)
        script.set(job)
        assert script.wait()["uids"][0] == people.account("alice").pw_uid
        no_more(script, job)
        job.call("Complete")

    def of_daemon():
        return done(jobs.session(), remotes[:1], directory="/run/tmp").id

    def by_admin(job_id):
        job = jobs.session().get(job_id)
        script.set(job)
        assert reason(job) == ("", 0)
        job.call("Cancel")

    people.call("root", of_root)
    people.call("admin", by_admin, people.call("daemon", of_daemon))
    job_id = people.call("alice", of_alice)
    people.call("root", by_root, job_id)
    people.call("alice", by_alice, job_id)


# ---- setting it -------------------------------------------------------------------------------------


def test_what_is_refused(remotes):  # noqa: F811
    long = "/" + "p" * 4094

    def scenario():
        session = jobs.session()
        job = make(session, remotes[:1])

        def set_to(program, parameters=""):
            return jobs.refused(job.call, "SetNotifyCmdLine", "ss", program, parameters)

        assert list(job.call("GetNotifyCmdLine")) == ["", ""]
        assert set_to("/bin/true", "/bin/true " + "\u20ac" * 3990) is None  # 4,000 code points
        assert set_to("/bin/true", "/bin/true" + " " * 3992) == BG_E_STRING_TOO_LONG
        assert set_to(long) is None
        kept = list(job.call("GetNotifyCmdLine"))
        assert kept == [long, ""]
        assert set_to(long + "p") == BG_E_STRING_TOO_LONG
        for program, parameters in [
            ("", "/bin/true"), ("true", ""), ("./true", ""), ("~/true", ""), ("$HOME/true", ""),
            ("/bin/true", "x"), ("/bin/true", "true"), ("/bin/true", " /bin/true"), ("/bin/a b", "/bin/a b"),
        ]:
            assert set_to(program, parameters) == E_INVALIDARG, (program, parameters)
        assert list(job.call("GetNotifyCmdLine")) == kept
        assert set_to("/bin/a b", '"/bin/a b" c') is None
        assert set_to("", "") is None
        assert list(job.call("GetNotifyCmdLine")) == ["", ""]
        job.call("Cancel")
        assert set_to("/bin/true") == set_to("", "") == BG_E_INVALID_STATE

    people.call("alice", scenario)


def test_what_cannot_be_started(remotes, service_log):  # noqa: F811
    def scenario():
        session = jobs.session()
        made = []
        for path in ("/nonexistent", "/etc/passwd", "/bin"):
            job = done(session, remotes[:1])
            job.call("SetNotifyCmdLine", "ss", path, "")
            wait_for(lambda job=job: reason(job)[1], "the moment of the repetition")
            made.append(job.id)
            job.call("Cancel")
        return made

    made = people.call("alice", scenario)
    log = service_log.read_text()
    for job_id, text in zip(made, ["No such file or directory", "Permission denied", "Permission denied"]):
        assert f"job {job_id}: the command line as uid {people.account('alice').pw_uid} was not handled: {text}" in log


def test_own_service(bitsctl, program, remotes, alices):  # noqa: F811
    """One person's own service runs that person's command lines, whatever the system's configuration says; and they
    find it, not the system's."""
    script, completing = program(), program()
    write_script("alice", completing.path, '#!/bin/sh\nexec bitsctl complete "$BITS_JOB_ID"\n')
    more = {"env": people.environment("alice", XDG_RUNTIME_DIR=str(alices), XDG_STATE_HOME=str(alices / "state"))}

    def scenario():
        ticket = identity.ask(identity.TICKET, path=str(alices / "bits" / "identity")).ticket
        own = bus.Bus(f"unix:path={alices}/bits/bus")
        own.manager("Authorize", "ay", dbus.ByteArray(ticket))
        job = done(own, remotes[:1], directory=str(alices))
        script.set(job)
        note = script.wait()
        no_more(script, job)
        job.call("Complete")
        another = done(own, remotes[:1], directory=str(alices))
        completing.set(another)
        wait_for(lambda: jobs.refused(own.get, another.id) == BG_E_NOT_FOUND, "the end of the job")
        return job.id, note

    try:
        bitsctl("alice", "--user", "list", **more)
        job_id, note = people.call("alice", scenario)
    finally:
        for pid in programs.pids("bitsd", people.account("alice").pw_uid):
            os.kill(pid, signal.SIGKILL)
    assert note["environ"]["BITS_JOB_ID"] == job_id and note["environ"]["HOME"] == people.account("alice").pw_dir
    assert note["fds"] == {"0": "/dev/null", "1": "/dev/null", "2": "/dev/null"}
