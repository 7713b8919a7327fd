"""bitsctl as people and scripts use it, against the real service."""

import json
import os
import pty
import re
import select
import signal
import stat
import time

import pytest

import people
import programs
from conftest import sha256
from held import HeldOrigin
from waiting import wait_for

SIZE = 4 << 20
ID = re.compile(r"^[0-9A-F]{8}-[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{12}$")


class Terminal:
    """bitsctl on a terminal of its own: what it shows, and keys for it."""

    def __init__(self, name, *arguments):
        self.shown = ""
        self.ours, theirs = pty.openpty()
        self.process = people.start(
            name, ["setsid", "--ctty", "--wait", "bitsctl", *arguments], stdin=theirs, stdout=theirs, stderr=theirs
        )
        os.close(theirs)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        os.close(self.ours)

    def read(self):
        """What came; False at the end."""
        if not select.select([self.ours], [], [], 0.05)[0]:
            return True
        try:
            data = os.read(self.ours, 65536)
        except OSError:  # EIO: nobody has it open any more
            return False
        self.shown += data.decode(errors="replace")
        return bool(data)

    def expect(self, pattern, limit_sec=60):
        """Waits until pattern is shown; what was shown up to its end is forgotten."""
        deadline = time.monotonic() + limit_sec
        while not (found := re.search(pattern, self.shown)):
            assert self.read() and time.monotonic() < deadline, f"no {pattern!r} in {self.shown!r}"
        self.shown = self.shown[found.end() :]
        return found

    def type(self, keys):
        os.write(self.ours, keys.encode())

    def end(self, limit_sec=60):
        """The exit status, after all has been shown."""
        deadline = time.monotonic() + limit_sec
        while self.read():
            assert time.monotonic() < deadline, f"no end after {self.shown!r}"
        return self.process.wait(limit_sec)


@pytest.fixture
def held():
    with HeldOrigin() as running:
        yield running


def list_of(bitsctl, name):
    return bitsctl(name, "list", json_answer=True)


def test_the_steps_by_hand(bitsctl, server, files, alices):
    remote = files.make("ctl.bin", SIZE)
    made = bitsctl("alice", "create", "--name", "by hand", "--description", "words", "--priority", "high")
    id = made.stdout.strip()
    assert ID.match(id)
    bitsctl("alice", "add", f"{{{id.lower()}}}", server.url("ctl.bin"), "one.bin", server.url("ctl.bin"),
            f"./{alices.name}/../{alices.name}/two.bin", cwd=alices.parent)
    info = bitsctl("alice", "info", "by hand", json_answer=True)
    assert (info["id"], info["state"], info["priority"], info["description"]) == (id, "SUSPENDED", "HIGH", "words")
    assert [file["local_name"] for file in info["files"]] == [str(alices.parent / "one.bin"), str(alices / "two.bin")]
    assert (info["bytes_total"], info["error"], info["completed"]) == (None, None, None)
    assert info["owner_uid"] == people.account("alice").pw_uid
    assert re.match(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$", info["created"])

    bitsctl("alice", "resume", id)
    wait_for(lambda: bitsctl("alice", "info", id, json_answer=True)["state"] == "TRANSFERRED", "TRANSFERRED")
    assert bitsctl("alice", "suspend", id, json_answer=True) == {"id": id, "result": "S_OK"}
    text = bitsctl("alice", "info", id).stdout
    assert "TRANSFERRED" in text and "4.0 MiB / 4.0 MiB" in text and "2 of 2" in text
    assert bitsctl("alice", "complete", id, json_answer=True) == {"id": id, "result": "S_OK"}
    assert sha256(alices / "two.bin") == sha256(alices.parent / "one.bin") == sha256(remote)
    assert list_of(bitsctl, "alice") == []


def test_errors_have_a_form_and_a_status(bitsctl, alices):
    id = bitsctl("alice", "create", "--name", "errors", json_answer=True)["id"]
    done = bitsctl("alice", "resume", id, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(rf"bitsctl: resume: job {id}: BG_E_EMPTY \(0x80200003\): .+\n", done.stderr)
    assert bitsctl("carol", "info", id, check=False).stderr.startswith(f"bitsctl: info: job {id}: E_ACCESSDENIED")
    assert bitsctl("carol", "info", "errors", check=False).returncode == 1
    assert "BG_E_NOT_FOUND" in bitsctl("alice", "info", "0" * 32, check=False).stderr
    assert "E_ACCESSDENIED" in bitsctl("alice", "list", "--all-users", check=False).stderr
    assert id in bitsctl("admin", "list", "--all-users").stdout
    assert id not in bitsctl("admin", "list").stdout
    for words in (["bogus"], [], ["info"], ["list", "x"], ["add", id, "http://x/"], ["list", "--name", "x"],
                  ["create", "--priority", "x"], ["transfer", "http://x/"], ["transfer", "http://x/", "directory/"],
                  ["create", "x"], ["create", "--notify-command", "true"], ["notify-command", "set", id],
                  ["notify-command", "set", id, "true"], ["notify-command", "clear", id, "x"], ["notify-command", "show", id],
                  ["token", "set", id], ["token", "flags", id, "all"], ["transfer", "--helper-password-fd", "99", "a", "b"]):
        done = bitsctl("alice", *words, check=False)
        assert done.returncode == 2 and done.stderr and not done.stdout, words
    assert [job["id"] for job in list_of(bitsctl, "alice")] == [id]  # none of those left a job
    bitsctl("alice", "cancel", id)


def test_a_name_that_two_have(bitsctl):
    ids = {bitsctl("alice", "create", "--name", "twins").stdout.strip() for _ in range(2)}
    done = bitsctl("alice", "cancel", "twins", check=False)
    assert done.returncode == 1 and all(id in done.stderr for id in ids)
    for id in ids:
        bitsctl("alice", "cancel", id)


def test_what_others_wrote_does_no_harm(bitsctl):
    id = bitsctl("alice", "create", "--name", "a\033[31m\tb\u009b\u202ec").stdout.strip()
    for words in (["info", id], ["list"]):
        text = bitsctl("alice", *words).stdout
        assert "a?[31m?b??c" in text and not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", text)
    text = bitsctl("alice", "--json", "info", id).stdout
    assert json.loads(text)["display_name"] == "a\033[31m\tb\u009b\u202ec"
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f]", text)
    bitsctl("alice", "cancel", id)


def test_a_failed_transfer_says_why_and_leaves_nothing(bitsctl, server, alices):
    done = bitsctl("alice", "transfer", "--json", server.url("there-is-none"), alices / "none", check=False)
    assert done.returncode == 1 and "BG_E_HTTP_ERROR_404 (0x80190194)" in done.stderr
    answer = json.loads(done.stdout)
    assert (answer["state"], answer["error"]["name"]) == ("ERROR", "BG_E_HTTP_ERROR_404")
    assert (answer["error"]["context"], answer["error"]["file"]) == ("REMOTE_FILE", 0)
    assert os.listdir(alices) == [] and list_of(bitsctl, "alice") == []


def test_a_wrong_password_makes_no_job(bitsctl, server, bobs):
    done = bitsctl("alice", "transfer", "--helper", "bob", server.url("x"), bobs / "x", check=False, input="wrong\n")
    assert done.returncode == 1 and "log-on of bob" in done.stderr and "wrong" not in done.stderr.replace(
        "the password is wrong", "")
    assert list_of(bitsctl, "alice") == []


def test_progress_without_a_terminal(bitsctl, server, files, alices):
    files.make("ctl.bin", SIZE)
    done = bitsctl("alice", "transfer", server.url("ctl.bin"), alices / "a")
    assert "100%  4.0 MiB of 4.0 MiB\n" in done.stderr and "\033" not in done.stderr and done.stdout == ""
    assert bitsctl("alice", "transfer", "--quiet", server.url("ctl.bin"), alices / "b").stderr == ""
    answer = bitsctl("alice", "transfer", server.url("ctl.bin"), alices / "c", json_answer=True)
    assert (answer["state"], answer["bytes_total"], answer["files_transferred"]) == ("ACKNOWLEDGED", SIZE, 1)


def test_bar_and_interrupt(bitsctl, held, alices):
    with Terminal("alice", "transfer", held.url("held"), str(alices / "bar")) as terminal:
        terminal.expect(r"\r 50% \[=+> +\]  .* of ")
        terminal.type("\x03")
        assert terminal.end() == 1
        assert re.search(r"job [0-9A-F-]{36}: cancelled", terminal.shown)
    assert os.listdir(alices) == [] and list_of(bitsctl, "alice") == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_end_by_signal_cancels(bitsctl, held, alices, number):
    with people.start("alice", ["bitsctl", "transfer", held.url("held"), alices / "term"]) as process:
        wait_for(lambda: [job for job in list_of(bitsctl, "alice") if job["bytes_transferred"]], "bytes")
        process.send_signal(number)
        assert process.wait(60) == 1
    assert list_of(bitsctl, "alice") == []


def test_password_is_not_shown(held, bobs, passwords):
    with Terminal("alice", "transfer", "--helper", "bob", held.url("held"), str(bobs / "shown")) as terminal:
        terminal.expect("Password of bob: ")
        terminal.type("wrong\x15" + passwords["bob"] + "x\x7f\r")  # a line killed, a letter taken back
        terminal.expect("50%")
        held.release()
        assert terminal.end() == 0
        assert passwords["bob"] not in terminal.shown and "wrong" not in terminal.shown
    assert (bobs / "shown").stat().st_uid == people.account("bob").pw_uid
    with Terminal("alice", "transfer", "--helper", "bob", held.url("held"), str(bobs / "given-up")) as terminal:
        terminal.expect("Password of bob: ")
        terminal.type("half\x03")
        assert terminal.end() == 1


def test_goes_on_when_the_service_restarts(held, alices):
    with Terminal("alice", "transfer", held.url("held"), str(alices / "restart")) as terminal:
        terminal.expect("50%")
        programs.restart("bits-queue")
        held.release()
        assert terminal.end() == 0
    assert (alices / "restart").read_bytes() == held.body


def test_asks_again_for_a_helper_lost_in_a_restart(held, bobs, passwords):
    with Terminal("alice", "transfer", "--helper", "bob", held.url("held"), str(bobs / "again")) as terminal:
        terminal.expect("Password of bob: ")
        terminal.type(passwords["bob"] + "\r")
        terminal.expect("50%")
        programs.restart("bitsd")
        terminal.expect("the log-on of the helper is needed again\r\nPassword of bob: ")
        held.release()
        terminal.type(passwords["bob"] + "\r")
        assert terminal.end() == 0
    assert (bobs / "again").read_bytes() == held.body
    assert (bobs / "again").stat().st_uid == people.account("bob").pw_uid


def test_says_how_to_go_on_where_nobody_can_be_asked(bitsctl, held, bobs, passwords):
    argv = ["bitsctl", "transfer", "--helper", "bob", held.url("held"), bobs / "by-hand"]
    reading, writing = os.pipe()
    os.write(writing, (passwords["bob"] + "\n").encode())
    os.close(writing)
    with people.start("alice", argv, stdin=reading) as process:
        os.close(reading)
        wait_for(lambda: [job for job in list_of(bitsctl, "alice") if job["bytes_transferred"]], "bytes")
        programs.restart("bitsd")
        _, said = process.communicate(timeout=90)
        assert process.returncode == 1
    held.release()
    steps = re.findall(r"^  bitsctl (.*?)(?:   .*)?$", said, re.MULTILINE)
    assert len(steps) == 3, said
    bitsctl("alice", *steps[0].split(), input=passwords["bob"] + "\n")
    bitsctl("alice", *steps[1].split())
    wait_for(lambda: list_of(bitsctl, "alice")[0]["state"] == "TRANSFERRED", "TRANSFERRED")
    bitsctl("alice", *steps[2].split())
    assert (bobs / "by-hand").read_bytes() == held.body


def watch(bitsctl, process, before, url, local):
    """One job from begin to end, and another bits-queue, as the monitor tells of them."""
    events = []

    def read_until(is_last):
        while not events or not is_last(events[-1]):
            events.append(json.loads(process.stdout.readline()))

    first = json.loads(process.stdout.readline())
    assert (first["event"], first["id"], first["state"]) == ("changed", before, "SUSPENDED")
    job = bitsctl("alice", "create").stdout.strip()
    bitsctl("alice", "add", job, url, local)
    bitsctl("alice", "resume", job)
    read_until(lambda event: event.get("state") == "TRANSFERRED")
    assert (events[-1]["id"], events[-1]["bytes_total"]) == (job, SIZE)
    bitsctl("alice", "complete", job)
    read_until(lambda event: event["event"] == "removed")
    programs.restart("bits-queue")
    read_until(lambda event: event["event"] == "connected")
    assert events[-2]["event"] == "disconnected"
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 0


def test_monitor_lines(bitsctl, server, files, alices):
    files.make("ctl.bin", SIZE)
    before = bitsctl("alice", "create", "--name", "before").stdout.strip()
    with people.start("alice", ["bitsctl", "--json", "monitor"]) as process:
        try:
            watch(bitsctl, process, before, server.url("ctl.bin"), alices / "watched")
        finally:
            process.kill()  # else it would be waited for when something was not as it should
    bitsctl("alice", "cancel", before)


def test_monitor_table(bitsctl):
    with Terminal("alice", "monitor") as terminal:
        terminal.expect("no jobs")
        id = bitsctl("alice", "create", "--name", "seen").stdout.strip()
        terminal.expect(rf"{id} +seen +SUSPENDED")
        bitsctl("alice", "cancel", id)
        terminal.expect("no jobs")
        terminal.type("\x03")
        assert terminal.end() == 0


def test_token_verbs(bitsctl, passwords):
    id = bitsctl("alice", "create", "--name", "token").stdout.strip()
    sid = f"S-1-22-1-{people.account('bob').pw_uid}"
    answer = bitsctl("alice", "token", "set", id, "--user", "bob", json_answer=True, input=passwords["bob"] + "\n")
    assert answer == {"id": id, "helper_token_sid": sid, "helper_token_flags": []}
    answer = bitsctl("alice", "token", "flags", id, "network,file", json_answer=True)
    assert answer["helper_token_flags"] == ["file", "network"]
    answer = bitsctl("alice", "token", "clear", id, json_answer=True)
    assert (answer["helper_token_sid"], answer["helper_token_flags"]) == (None, ["file", "network"])
    assert bitsctl("alice", "token", "flags", id, "none", json_answer=True)["helper_token_flags"] == []
    assert "E_ACCESSDENIED" in bitsctl("admin", "token", "clear", id, check=False).stderr  # the owner's alone
    bitsctl("alice", "cancel", id)


def test_notify_command_verbs(bitsctl):
    """As the administrator, who alone may have one by default. Words arrive as they are: quoting is bitsctl's affair."""
    words = ["--flag", "two words", 'a "quote"', "back\\slash\\", "", "$HOME"]
    line = '/bin/echo --flag "two words" "a \\"quote\\"" back\\slash\\ "" $HOME'
    id = bitsctl("admin", "create", "--notify-command", "/bin/true").stdout.strip()
    assert bitsctl("admin", "info", id, json_answer=True)["notify_command"] == {"program": "/bin/true", "parameters": None}
    answer = bitsctl("admin", "notify-command", "set", id, "/bin/echo", *words, json_answer=True)
    assert answer == {"id": id, "notify_command": {"program": "/bin/echo", "parameters": line}}
    assert "/bin/echo --flag" in bitsctl("admin", "info", id).stdout
    answer = bitsctl("admin", "notify-command", "clear", id, json_answer=True)
    assert answer == {"id": id, "notify_command": None}
    made = bitsctl("admin", "create", "--name", "x", "--notify-command", "/bin/echo", "--", *words, json_answer=True)["id"]
    assert bitsctl("admin", "info", made, json_answer=True)["notify_command"]["parameters"] == line
    assert "notify_command" not in list_of(bitsctl, "admin")[0]
    for job in (id, made):
        bitsctl("admin", "cancel", job)

    id = bitsctl("alice", "create").stdout.strip()
    for words in (["notify-command", "set", id, "/bin/true"], ["create", "--notify-command", "/bin/true"]):
        refused = bitsctl("alice", *words, check=False)
        assert refused.returncode == 1 and "E_ACCESSDENIED" in refused.stderr and "NotifyCommands=" in refused.stderr
    assert [job["id"] for job in list_of(bitsctl, "alice")] == [id]
    bitsctl("alice", "notify-command", "clear", id)
    bitsctl("alice", "cancel", id)


def test_authorize_and_revoke(bitsctl, server, files, alices):
    files.make("ctl.bin", SIZE)
    assert bitsctl("alice", "authorize", json_answer=True)["expires"] > time.strftime("%Y-%m-%dT")
    assert bitsctl("alice", "revoke", json_answer=True) == {"revoked": True}
    bitsctl("alice", "transfer", server.url("ctl.bin"), alices / "anew")  # asks for a ticket by itself


def test_own_service(bitsctl, held, alices, bobs, passwords):
    alice = people.account("alice").pw_uid
    environment = people.environment("alice", XDG_RUNTIME_DIR=str(alices), XDG_STATE_HOME=str(alices / "state"))
    more = {"env": environment}
    try:
        assert bitsctl("alice", "--user", "list", **more).stdout == "0 jobs\n"
        assert stat.S_IMODE((alices / "bits").stat().st_mode) == 0o700
        argv = ["bitsctl", "--user", "transfer", held.url("held"), alices / "own"]
        with people.start("alice", argv, **more) as process:

            def under_way():
                found = bitsctl("alice", "list", "--user", json_answer=True, **more)
                return found and found[0]["bytes_transferred"]

            wait_for(under_way, "bytes")
            for pid in programs.pids("bitsd", alice):
                os.kill(pid, signal.SIGKILL)  # it is started again
            held.release()
            assert process.wait(90) == 0, process.stderr.read()
        assert (alices / "own").read_bytes() == held.body
        done = bitsctl("alice", "--user", "transfer", "--helper", "bob", held.url("held"), bobs / "x", check=False,
                       input=passwords["bob"] + "\n", **more)
        assert done.returncode == 1 and "needs the system service" in done.stderr
        os.chmod(alices / "bits", 0o755)
        assert "open to others" in bitsctl("alice", "--user", "list", check=False, **more).stderr
        assert list_of(bitsctl, "alice") == []  # the system's knows nothing of it
    finally:
        for pid in programs.pids("bitsd", alice):
            os.kill(pid, signal.SIGKILL)


def test_no_service_at_all(bitsctl, alices):
    more = {"BITS_LIBEXECDIR": "/nonexistent", "XDG_RUNTIME_DIR": str(alices)}
    done = bitsctl("alice", "--user", "list", check=False, env=people.environment("alice", **more))
    assert done.returncode == 1 and "not installed" in done.stderr
