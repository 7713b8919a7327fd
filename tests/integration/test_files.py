"""What an owner may do to the files of a job: new remote names, judging what came, reading while it comes."""

import hashlib
import os
import pathlib

import dbus
import pytest

import bus
import identity
import jobs
import people
from halting import HaltingOrigin
from waiting import wait_for

S_OK, S_FALSE = 0, 1
E_INVALIDARG = 0x80070057
E_PENDING = 0x8000000A
BG_E_INVALID_STATE = 0x80200002
BG_E_VALIDATION_FAILED = 0x80200053
BG_E_UNKNOWN_PROPERTY_ID = 0x80200057
BG_E_READ_ONLY_PROPERTY = 0x80200058
LOCAL_FILE = 4
UNKNOWN = 2**64 - 1
HALF, SIZE = 1 << 20, 2 << 20


def body(seed, size=SIZE):
    return hashlib.shake_256(seed.encode()).digest(size)


class FileObject:
    """org.bitsd1.File of a job."""

    def __init__(self, job, index=0):
        self.job, self.path = job, f"{job.path}/file/{index}"

    def call(self, method, signature="", *arguments):
        return self.job.bus.call(self.path, "File", method, signature, *arguments)

    def get(self, name):
        value = self.job.bus.call(self.path, "org.freedesktop.DBus.Properties", "Get", "ss", "org.bitsd1.File", name)
        return tuple(int(part) for part in value) if name == "Progress" else str(value)

    def rename(self, name):
        self.call("SetRemoteName", "s", name)

    def validate(self, good):
        self.call("SetValidationState", "b", good)


def place(test):
    """A new directory of this process's user."""
    directory = pathlib.Path(os.environ["HOME"]) / f"files-{test}-{os.getpid()}"
    directory.mkdir()
    return directory


def halfway(origin, local):
    """The id of a job of alice's whose only file is half there, durably; its connection has gone."""

    def begin():
        job = jobs.session().create("half")
        job.add(origin.url(), local)
        job.call("Resume")
        return job.id

    job_id = people.call("alice", begin)
    guid = job_id.replace("-", "")
    wait_for(lambda: jobs.stored_offsets().get(guid, [0])[0] == HALF, "half of the file on the disk")
    return job_id


def finish(job):
    job.call("Resume")
    assert jobs.wait_state(job, bus.TRANSFERRED, bus.ERROR) == bus.TRANSFERRED
    return int(job.call("Complete"))


# ---- remote names ---------------------------------------------------------------------------------


def move(job_id, name):
    """Suspend, another name, Resume and the rest: the intended use."""

    def scenario():
        job = jobs.session().get(job_id)
        job.call("Suspend")
        file = FileObject(job)
        file.rename(name)
        assert file.get("RemoteName") == name
        assert str(job.call("ListFiles", "uu", 0, 1)[0][1]) == name
        assert job.state == bus.SUSPENDED
        assert finish(job) == S_OK

    people.call("alice", scenario)


def test_same_file_on_another_server_goes_on(alices):
    """Size and time decide; the ETag of one server means nothing to the other."""
    content = body("same")
    with HaltingOrigin(content, '"one"', halt_at=HALF) as one, HaltingOrigin(content, '"two"') as two:
        move(halfway(one, alices / "x"), two.url("other"))
    assert (alices / "x").read_bytes() == content
    assert two.requests == [("/other", f"bytes={HALF}-", "Sun, 13 Sep 2020 12:26:40 GMT", 206)]


@pytest.mark.parametrize("what", ["time", "size", "nothing"])
def test_another_file_on_another_server_starts_anew(what, alices):
    content = body("other", SIZE + (what == "size"))
    modified = {"time": 1_600_000_001, "size": 1_600_000_000, "nothing": None}[what]
    with HaltingOrigin(body("one"), halt_at=HALF) as one, HaltingOrigin(content, '"two"', modified) as two:
        move(halfway(one, alices / "x"), two.url())
    assert (alices / "x").read_bytes() == content


@pytest.mark.parametrize("name", ["b", "file?key=2"])
def test_etag_of_another_name_says_nothing(name, alices):
    """Any two files of a server may have the same: with another time it is another file, and no part of it joins."""
    with HaltingOrigin(body("one"), halt_at=HALF) as one:
        job_id = halfway(one, alices / "x")
        one.body = body("another")
        one.modified += 100
        one.halt_at = None
        move(job_id, one.url(name))
    assert (alices / "x").read_bytes() == body("another")
    assert one.requests[1:] == [(f"/{name}", f"bytes={HALF}-", "Sun, 13 Sep 2020 12:26:40 GMT", 200)]


def test_etag_of_the_same_name_counts(alices):
    """The file with the same ETag goes on, although the time is another."""
    content = body("etag")
    with HaltingOrigin(content, halt_at=HALF) as one:
        job_id = halfway(one, alices / "x")
        one.modified += 100
        one.halt_at = None
        move(job_id, one.url())
    assert (alices / "x").read_bytes() == content
    assert one.requests[1:] == [("/file", f"bytes={HALF}-", '"one"', 206)]


def test_new_name_lasts_from_resume_on():
    """Before it the service may forget, and does; after it, it may not."""

    def begin():
        job = jobs.session().create("names")
        for name in "ab":
            job.add(f"http://127.0.0.1:9/{name}", place(f"names-{name}") / name)
        FileObject(job, 1).rename("http://127.0.0.1:9/c")
        return job.id

    def names(job_id):
        job = jobs.session_when_ready().get(job_id)
        return [FileObject(job, index).get("RemoteName")[-1] for index in (0, 1)]

    def resume(job_id):
        job = jobs.session_when_ready().get(job_id)
        FileObject(job, 1).rename("http://127.0.0.1:9/c")
        job.call("Resume")
        job.call("Suspend")

    job_id = people.call("alice", begin)
    assert people.call("alice", names, job_id) == ["a", "c"]
    assert jobs.kill("bits-queue")
    assert people.call("alice", names, job_id) == ["a", "b"]
    people.call("alice", resume, job_id)
    assert jobs.kill("bits-queue")
    assert people.call("alice", names, job_id) == ["a", "c"]
    people.call("alice", lambda: jobs.session_when_ready().get(job_id).call("Cancel"))


def test_prefix():
    def scenario():
        directory = place("prefix")
        job = jobs.session().create("prefix")
        names = ["http://a/x/1", "http://a/x/2", "http://A/x/3", "http://b/http://a/x"]
        for name in names:
            job.add(name, directory / name[-3:].replace("/", "_"))

        def replace(old, new):
            return int(job.call("ReplaceRemotePrefix", "ss", old, new))

        def now():
            return [FileObject(job, index).get("RemoteName") for index in range(4)]

        assert replace("http://c/", "http://d/") == S_FALSE
        assert now() == names
        for old, new in [("", "http://a/"), ("http://a/", ""), ("http://a/", "gopher://a/"), ("http://a/x/", "http://a b/"),
                         ("http://a/x/", "http://a/?" + "y" * 2191)]:
            assert jobs.refused(replace, old, new) == E_INVALIDARG
        assert now() == names
        assert replace("http://a/x/", "https://b/") == S_OK
        assert now() == ["https://b/1", "https://b/2", *names[2:]]
        # All or none: the first would still be short enough, the second not.
        job.add("https://b/" + "?" + "z" * 2180, directory / "long")
        assert jobs.refused(replace, "https://b/", "https://longer.example/") == E_INVALIDARG
        assert now() == ["https://b/1", "https://b/2", *names[2:]]
        job.call("Cancel")
        return jobs.refused(replace, "http://a/", "http://b/"), jobs.refused(FileObject(job).rename, "http://a/b")

    assert people.call("alice", scenario) == (BG_E_INVALID_STATE, BG_E_INVALID_STATE)


@pytest.mark.parametrize("name", ["", "x", "ftp://a/b", "http://", "http://a b/c", "http://a/*", "http://a/?" + "x" * 2191])
def test_bad_new_name(name):
    def scenario():
        job = jobs.session().create("bad")
        job.add("http://a/b", place(f"bad-{len(name)}-{name[:1]}") / "x")
        refused = jobs.refused(FileObject(job).rename, name)
        return refused, FileObject(job).get("RemoteName")

    assert people.call("alice", scenario) == (E_INVALIDARG, "http://a/b")


# ---- validation -----------------------------------------------------------------------------------


def test_validation():
    def scenario():
        directory = place("validation")
        with HaltingOrigin(body("validation")) as origin:
            job = jobs.session().create("validation")
            job.add(origin.url("a"), directory / "a")
            job.add(origin.url("b"), directory / "b")
            first, second = FileObject(job, 0), FileObject(job, 1)
            assert jobs.refused(first.validate, True) == jobs.refused(first.validate, False) == E_PENDING
            job.call("Resume")
            jobs.wait_state(job, bus.TRANSFERRED)
            assert not first.call("GetValidationState")
            first.validate(True)
            assert first.call("GetValidationState")
            rejected = second.get("TemporaryName")
            assert pathlib.Path(rejected).stat().st_size == SIZE

            second.validate(False)
            assert job.state == bus.ERROR
            code, context, index, *_ = job.call("GetError")
            assert (int(code) & 0xFFFFFFFF, int(context), int(index)) == (BG_E_VALIDATION_FAILED, LOCAL_FILE, 1)
            assert second.get("Progress") == (UNKNOWN, 0, 0)
            assert first.get("Progress") == (SIZE, SIZE, 0)
            assert second.get("TemporaryName") == ""
            assert not second.call("GetValidationState")
            wait_for(lambda: not os.path.exists(rejected), "the rejected bytes to go")
            assert jobs.refused(second.validate, True) == E_PENDING

            before = len(origin.requests)
            assert finish(job) == S_OK
            assert [path for path, *_ in origin.requests[before:]] == ["/b"]
            assert first.call("GetValidationState") and second.call("GetValidationState")  # Complete says so
            assert jobs.refused(first.validate, False) == BG_E_INVALID_STATE
        assert (directory / "b").read_bytes() == body("validation")
        return os.listdir(directory)

    assert sorted(people.call("alice", scenario)) == ["a", "b"]


def test_validation_outlives_the_service():
    """TRUE is stored; what was rejected stays rejected, and is not to be had by a restart."""

    def begin():
        directory = place("validation-restart")
        with HaltingOrigin(body("restart")) as origin:
            job = jobs.session().create("validation")
            for name in "ab":
                job.add(origin.url(name), directory / name)
            job.call("Resume")
            jobs.wait_state(job, bus.TRANSFERRED)
        FileObject(job, 0).validate(True)
        FileObject(job, 1).validate(False)
        return job.id, str(directory)

    def look(job_id):
        job = jobs.session_when_ready().get(job_id)
        states = [bool(FileObject(job, index).call("GetValidationState")) for index in (0, 1)]
        progress = FileObject(job, 1).get("Progress")
        state, error = job.state, job.error()
        job.call("Cancel")
        return state, error, states, progress

    job_id, directory = people.call("alice", begin)
    assert jobs.kill("bits-queue")
    assert people.call("alice", look, job_id) == (
        bus.ERROR, (BG_E_VALIDATION_FAILED, LOCAL_FILE), [True, False], (UNKNOWN, 0, 0))
    assert os.listdir(directory) == []


def test_origin_and_properties():
    def scenario():
        directory = place("properties")
        with HaltingOrigin(body("properties"), halt_at=HALF) as origin:
            job = jobs.session().create("properties")
            job.add(origin.url(), directory / "x")
            file = FileObject(job)
            assert not file.call("IsDownloadedFromPeer")
            assert tuple(map(int, file.call("GetPeerDownloadStats"))) == (0, 0)
            assert str(file.call("GetProperty", "u", 1)) == ""  # no answer yet; what it is then, test_http_options.py asks
            job.call("Resume")
            origin.release()
            jobs.wait_state(job, bus.TRANSFERRED)
            assert tuple(map(int, file.call("GetPeerDownloadStats"))) == (SIZE, 0)
            assert jobs.refused(file.call, "GetProperty", "u", 2) == BG_E_UNKNOWN_PROPERTY_ID
            text = dbus.String("x", variant_level=1)
            assert jobs.refused(file.call, "SetProperty", "uv", 1, text) == BG_E_READ_ONLY_PROPERTY
            assert jobs.refused(file.call, "SetProperty", "uv", 0, text) == BG_E_UNKNOWN_PROPERTY_ID
            job.call("Cancel")

    people.call("alice", scenario)


# ---- reading what comes ---------------------------------------------------------------------------


def test_temporary_file_can_be_read_while_it_comes():
    """By its own user, before, while and after it is sealed, and through one open descriptor all the time."""

    def scenario():
        directory = place("reading")
        content = body("reading", 24 << 20)
        with HaltingOrigin(content, halt_at=HALF) as origin:
            job = jobs.session().create("reading")
            job.add(origin.url(), directory / "x")
            file = FileObject(job)
            assert file.get("TemporaryName") == ""
            job.call("Resume")
            wait_for(lambda: file.get("Progress")[1] == HALF, "half of the file")
            name = file.get("TemporaryName")
            assert os.path.dirname(name) == str(directory) and os.stat(name).st_mode & 0o777 == 0o600
            with open(name, "rb") as reader:
                assert reader.read(HALF) == content[:HALF]
                origin.release()
                opened = 0
                while (state := job.state) != bus.TRANSFERRED:  # opened again and again, while it is sealed too
                    assert state == bus.TRANSFERRING
                    with open(name, "rb"):
                        opened += 1
                assert opened > 0
                assert reader.read() == content[HALF:]
            assert int(job.get("ErrorCount")) == 0
            assert file.get("TemporaryName") == name and os.path.exists(name)
            assert int(job.call("Complete")) == S_OK
            assert not os.path.exists(name)
        return name

    name = people.call("alice", scenario)
    assert people.call("mal", os.access, name, os.R_OK) is False


# ---- declared hashes ------------------------------------------------------------------------------


def add_hashed(job, remote, local, digest, algorithm="sha256"):
    job.call("AddFileWithHash", "sssay", remote, str(local), algorithm, dbus.ByteArray(digest))


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_hash_that_is_right(algorithm):
    def scenario():
        local = place(algorithm) / "x"
        content = body(algorithm)
        with HaltingOrigin(content) as origin:
            job = jobs.session().create(algorithm)
            add_hashed(job, origin.url(), local, hashlib.new(algorithm, content).digest(), algorithm)
            assert finish(job) == S_OK
        assert local.read_bytes() == content

    people.call("alice", scenario)


def test_hash_that_is_wrong():
    """An error with both digests, nothing kept; Resume fetches again, and takes the file when it is the right one."""

    def scenario():
        directory = place("wrong")
        content, wrong = body("right"), body("wrong")
        with HaltingOrigin(wrong) as origin:
            job = jobs.session().create("wrong")
            job.add(origin.url("first"), directory / "first")
            add_hashed(job, origin.url(), directory / "x", hashlib.sha256(content).digest())
            file = FileObject(job, 1)
            for attempt in (1, 2):
                job.call("Resume")
                assert jobs.wait_state(job, bus.ERROR, bus.TRANSFERRED) == bus.ERROR
                code, context, index, protocol, text = job.call("GetError")
                assert (int(code) & 0xFFFFFFFF, int(context), int(index)) == (BG_E_VALIDATION_FAILED, LOCAL_FILE, 1)
                assert hashlib.sha256(content).hexdigest() in text and hashlib.sha256(wrong).hexdigest() in text
                assert file.get("Progress") == (UNKNOWN, 0, 0) and file.get("TemporaryName") == ""
                assert len([path for path, *_ in origin.requests if path == "/file"]) == attempt
            origin.body = content
            assert finish(job) == S_OK
        assert (directory / "x").read_bytes() == content
        return os.listdir(directory)

    assert sorted(people.call("alice", scenario)) == ["first", "x"]


@pytest.mark.parametrize("algorithm, size", [("sha256", 31), ("sha256", 33), ("sha512", 32), ("md5", 16), ("", 0), ("SHA256", 32)])
def test_hash_that_is_none(algorithm, size):
    def scenario():
        job = jobs.session().create("none")
        refused = jobs.refused(add_hashed, job, "http://a/b", place(f"none-{algorithm}-{size}") / "x", bytes(size), algorithm)
        job.call("Cancel")
        return refused

    assert people.call("alice", scenario) == E_INVALIDARG


def test_hash_from_the_shell(bitsctl, alices):
    with HaltingOrigin(body("shell")) as origin:
        digest = hashlib.sha256(body("shell")).hexdigest()
        bitsctl("alice", "transfer", "--sha256", digest.upper(), origin.url(), alices / "good")
        assert (alices / "good").read_bytes() == body("shell")
        wrong = "0" * 128
        done = bitsctl("alice", "transfer", "--sha512", wrong, origin.url(), alices / "bad", check=False)
        assert done.returncode == 1 and "BG_E_VALIDATION_FAILED" in done.stderr and wrong in done.stderr
        id = bitsctl("alice", "create").stdout.strip()
        bitsctl("alice", "add", "--sha256", digest, id, origin.url(), alices / "added")
        for words in (["--sha256", "xyz", "a", "b"], ["--sha256", digest[1:], "a", "b"], ["--sha512", digest, "a", "b"],
                      ["--sha256", digest, "http://a/1", "b", "http://a/2", "c"]):
            assert bitsctl("alice", "transfer", *words, check=False).returncode == 2, words
        bitsctl("alice", "cancel", id)
    assert os.listdir(alices) == ["good"]


# ---- sets -----------------------------------------------------------------------------------------


BAD_ELEMENTS = {
    "remote name": (("http://a b/", "x"), E_INVALIDARG),
    "local name": (("http://a/x", "../x"), E_INVALIDARG),
    "missing directory": (("http://a/x", "none/x"), 0x80070003),
    "no right": (("http://a/x", "/etc/x"), bus.E_ACCESSDENIED),
}


@pytest.mark.parametrize("position", [0, 137, 198])
@pytest.mark.parametrize("kind", BAD_ELEMENTS)
def test_set_is_all_or_nothing(kind, position):
    """One bad element, wherever it is in a set that would fill the job's 200: none of the set is there, in memory or in the store, and nothing on the disk."""
    (remote, local), expected = BAD_ELEMENTS[kind]

    def scenario():
        directory = place(f"set-{kind.replace(' ', '-')}-{position}")
        job = jobs.session().create("set")
        job.add("http://a/first", directory / "first")
        pairs = [(f"http://a/{index}", str(directory / str(index))) for index in range(199)]
        bad = list(pairs)
        bad[position] = (remote, local if local.startswith("/") else f"{directory}/{local}")
        add = lambda names: job.call("AddFileSet", "a(ss)", names)  # noqa: E731
        assert jobs.refused(add, bad) == expected
        assert int(job.get("Progress")[2]) == 1
        assert os.listdir(directory) == []
        assert jobs.refused(add, pairs) is None  # there is room for all of them still
        assert int(job.get("Progress")[2]) == 200
        return job.id

    job_id = people.call("alice", scenario)
    assert len(jobs.stored_offsets()[job_id.replace("-", "")]) == 200
    people.call("alice", lambda: jobs.session().get(job_id).call("Cancel"))


# ---- files of this machine ------------------------------------------------------------------------


FILE_NOT_FOUND, PATH_NOT_FOUND, REMOTE_FILE = 0x80070002, 0x80070003, 5
HELPER_NETWORK = 2
MTIME_USEC = 1_500_000_000_654_321


def source(directory, owner, content, name="source", mode=0o600):
    path = directory / name
    path.write_bytes(content)
    path.chmod(mode)
    os.chown(path, people.account(owner).pw_uid, people.account(owner).pw_gid)
    os.utime(path, ns=(0, MTIME_USEC * 1000))
    return path


@pytest.mark.parametrize("form", ["{}", "file://{}", "file://localhost{}", "FILE://LOCALHOST{}"])
def test_file_of_this_machine(form, alices):
    content = body("machine", 20 << 20)
    path = source(alices, "alice", content, "a b")
    remote = form.format(path if form == "{}" else str(path).replace(" ", "%20"))

    def scenario():
        job = jobs.session().create("machine")
        job.add(remote, alices / "x")
        assert FileObject(job).get("RemoteName") == remote
        return finish(job)

    assert people.call("alice", scenario) == S_OK
    copy = alices / "x"
    assert copy.read_bytes() == content and copy.stat().st_mtime_ns == MTIME_USEC * 1000
    assert path.read_bytes() == content and copy.stat().st_ino != path.stat().st_ino


def test_empty_file_of_this_machine(alices):
    path = source(alices, "alice", b"")

    def scenario():
        job = jobs.session().create("empty")
        job.add(path, alices / "x")
        return finish(job)

    assert people.call("alice", scenario) == S_OK
    assert (alices / "x").read_bytes() == b""


def failure(remote, local):
    """State, code, context, file and protocol of a job with one good file and this one."""

    def scenario():
        job = jobs.session().create("failure")
        job.add(remote, local)
        job.call("Resume")
        state = jobs.wait_state(job, bus.ERROR, bus.TRANSIENT_ERROR, bus.TRANSFERRED)
        code, context, index, protocol, _ = job.call("GetError")
        job.call("Cancel")
        return state, int(code) & 0xFFFFFFFF, int(context), int(index), str(protocol)

    return people.call("alice", scenario)


@pytest.mark.parametrize("name, code", [
    ("none", FILE_NOT_FOUND), ("none/x", PATH_NOT_FOUND), ("source/x", PATH_NOT_FOUND), ("fifo", bus.E_ACCESSDENIED),
    ("directory", bus.E_ACCESSDENIED), ("roots", bus.E_ACCESSDENIED), ("planted", bus.E_ACCESSDENIED),
])
def test_source_that_cannot_be_read(name, code, alices):
    source(alices, "alice", b"x")
    source(alices, "root", b"secret", "roots")
    os.mkfifo(alices / "fifo")
    (alices / "directory").mkdir()
    os.symlink(alices / "source", alices / "planted")
    os.lchown(alices / "planted", people.account("mal").pw_uid, -1)
    expected = (bus.ERROR, code, REMOTE_FILE, 0, "file")
    assert failure(alices / name, alices / "copy") == expected
    assert failure(f"file://{alices / name}", alices / "copy") == expected
    assert not jobs.temporaries(alices)


def test_source_through_a_link_of_ones_own(alices):
    source(alices, "alice", b"linked")
    people.call("alice", os.symlink, "source", alices / "link")

    def scenario():
        job = jobs.session().create("link")
        job.add(alices / "link", alices / "x")
        return finish(job)

    assert people.call("alice", scenario) == S_OK
    assert (alices / "x").read_bytes() == b"linked" and not (alices / "x").is_symlink()


@pytest.mark.parametrize("flags", [0, bus.HELPER_LOCAL_FILE, HELPER_NETWORK, bus.HELPER_LOCAL_FILE | HELPER_NETWORK])
def test_who_opens_what(flags, alices, bobs, passwords):
    """LOCAL_FILE: the helper writes the file. NETWORK: the helper reads the source. Nobody does the other's part."""
    reads, writes = ("bob" if flags & HELPER_NETWORK else "alice"), ("bob" if flags & bus.HELPER_LOCAL_FILE else "alice")
    homes = {"alice": alices, "bob": bobs}
    content = body(f"who-{flags}")
    path = source(homes[reads], reads, content)
    other = source(homes["alice" if reads == "bob" else "bob"], "alice" if reads == "bob" else "bob", content, "other")
    local = homes[writes] / "x"

    def scenario():
        job = jobs.session().create("who")
        job.set_token(identity.logon("bob", passwords["bob"], identity.LOCAL_FILE | identity.NETWORK).token)
        job.call("SetHelperTokenFlags", "u", flags)
        job.add(path, local)
        job.call("Resume")
        assert jobs.wait_state(job, bus.ERROR, bus.TRANSFERRED) == bus.TRANSFERRED
        job.add(other, local.with_name("y"))
        job.call("Resume")
        jobs.wait_state(job, bus.ERROR)
        code, context, index, protocol, _ = job.call("GetError")
        error = (job.state, int(code) & 0xFFFFFFFF, int(context), int(index), str(protocol))
        return error, int(job.call("Complete"))

    error, completed = people.call("alice", scenario)
    assert error == (bus.ERROR, bus.E_ACCESSDENIED, REMOTE_FILE, 1, "file")
    assert local.read_bytes() == content
    assert local.stat().st_uid == people.account(writes).pw_uid


def test_token_for_the_network_alone_opens_no_file(alices, bobs):
    """Its user gave it for servers: his files stay shut."""
    path = source(bobs, "bob", b"secret")
    alice = people.account("alice").pw_uid
    result, token = jobs.mint_as("bob", alice, identity.NETWORK)
    assert result == 0

    def scenario():
        job = jobs.session().create("network")
        job.set_token(token)
        job.call("SetHelperTokenFlags", "u", HELPER_NETWORK)
        job.add(path, alices / "x")
        job.call("Resume")
        state = jobs.wait_state(job, bus.ERROR, bus.TRANSFERRED)
        code = job.error()[0]
        job.call("Cancel")
        return state, code

    assert people.call("alice", scenario) == (bus.ERROR, bus.E_ACCESSDENIED)


def test_copy_goes_on_after_a_crash(alices):
    """From the stored offset, when the source is the same; from the begin, when it is another."""
    path = alices / "source"
    with path.open("wb") as stream:
        stream.truncate(1 << 40)  # sparse: it takes longer than anything here
    os.chown(path, people.account("alice").pw_uid, -1)

    def begin():
        job = jobs.session().create("crash")
        job.add(path, alices / "x")
        job.call("Resume")
        return job.id

    def progress(job_id, action=None):
        job = jobs.session_when_ready().get(job_id)
        if action:
            job.call(action)
        return FileObject(job).get("Progress")[1]

    job_id = people.call("alice", begin)
    guid = job_id.replace("-", "")
    stored = wait_for(lambda: jobs.stored_offsets().get(guid, [0])[0], "a stored offset")
    assert jobs.kill("bits-net")
    people.call("alice", progress, job_id, "Suspend")
    later = jobs.stored_offsets()[guid][0]
    assert later >= stored
    people.call("alice", progress, job_id, "Resume")
    wait_for(lambda: jobs.stored_offsets()[guid][0] > later, "more than was there")
    people.call("alice", progress, job_id, "Suspend")

    path.write_bytes(b"another")

    def end():
        job = jobs.session().get(job_id)
        return finish(job)

    assert people.call("alice", end) == S_OK
    assert (alices / "x").read_bytes() == b"another"


def test_name_from_a_server_to_this_machine(alices):
    """The same size and time: the bytes that are there are kept."""
    content = body("moved")
    path = source(alices, "alice", content)
    os.utime(path, (1_600_000_000, 1_600_000_000))
    with HaltingOrigin(content, halt_at=HALF) as one:
        job_id = halfway(one, alices / "x")
        marked = alices / jobs.temporaries(alices)[0]

        def suspend():
            job = jobs.session().get(job_id)
            job.call("Suspend")

        people.call("alice", suspend)
        with marked.open("r+b") as stream:  # to be seen again: nothing below the offset is written any more
            stream.write(b"kept")
        move(job_id, str(path))
    assert (alices / "x").read_bytes() == b"kept" + content[4:]


def test_error_leads_to_another_source(alices):
    """The documented repair: a new name for the file in error, Resume."""
    path = source(alices, "alice", b"found")

    def scenario():
        job = jobs.session().create("repair")
        job.add(alices / "missing", alices / "x")
        job.call("Resume")
        jobs.wait_state(job, bus.ERROR)
        assert job.error() == (FILE_NOT_FOUND, REMOTE_FILE)
        assert int(job.call("ReplaceRemotePrefix", "ss", str(alices / "miss"), str(alices / "lost"))) == S_OK
        FileObject(job).rename(f"file://{path}")
        return finish(job)

    assert people.call("alice", scenario) == S_OK
    assert (alices / "x").read_bytes() == b"found"


def test_hash_of_a_file_of_this_machine(alices):
    path = source(alices, "alice", body("hashed"))

    def scenario():
        job = jobs.session().create("hash")
        add_hashed(job, str(path), alices / "x", hashlib.sha256(body("hashed")).digest())
        return finish(job)

    assert people.call("alice", scenario) == S_OK
