"""The place where a file is to arrive, in every bad shape: a documented error and context, and nothing else touched."""

import contextlib
import os
import pathlib
import stat
import subprocess

import pytest

import bus
import jobs
import people
from conftest import TREE, sha256
from halting import HaltingOrigin
from waiting import wait_for

SIZE = 3 << 20
LOCAL_FILE = 4  # BG_ERROR_CONTEXT_LOCAL_FILE
PATH_NOT_FOUND = 0x80070003
DISK_FULL = 0x80070070
QUOTA_EXCEEDED = 0x8007050F
VOLUME_CHANGED = 0x8020000E


def start(connection, remote, local):
    job = connection.create("destination")
    job.add(remote, local)
    job.call("Resume")
    return job


def fetch(remote, local):
    """Everything up to Complete, as whoever this process is; Complete's result or the HRESULT of its refusal."""
    job = start(jobs.session(), remote, local)
    jobs.wait_state(job, bus.TRANSFERRED)
    refused = jobs.refused(job.call, "Complete")
    return refused if refused is not None else job.state


def owned(path, name, text="precious"):
    path.write_text(text)
    os.chown(path, people.account(name).pw_uid, people.account(name).pw_gid)
    return path


@pytest.fixture
def remote(files):
    return files.make("destination.bin", SIZE)


@pytest.mark.parametrize("owner", ["root", "alice"])
def test_link_at_the_final_name(owner, server, remote, alices):
    """Complete replaces the link, never its target."""
    target = owned(pathlib.Path(f"/run/tmp/target-of-{owner}"), owner)
    target.chmod(0o666)
    local = alices / "link"
    people.call("alice", os.symlink, target, local)
    assert people.call("alice", fetch, server.url(remote.name), local) == bus.ACKNOWLEDGED
    assert target.read_text() == "precious"
    assert not local.is_symlink() and sha256(local) == sha256(remote)
    assert local.stat().st_uid == people.account("alice").pw_uid


def test_link_planted_at_the_temporary_name_is_not_followed(server, remote):
    """In a directory that everybody may write, mal swaps the temporary file for a link while the job waits."""
    shared = pathlib.Path("/run/shared-planted")
    shared.mkdir()
    shared.chmod(0o777)
    precious = owned(people.home("alice") / "precious", "alice")

    def begin():
        job = start(jobs.session(), server.url(remote.name), shared / "x")
        jobs.wait_state(job, bus.TRANSFERRED)
        return job.id

    job_id = people.call("alice", begin)
    (temporary,) = jobs.temporaries(shared)

    def swap():
        os.rename(shared / temporary, shared / "stolen")
        os.symlink(precious, shared / temporary)

    people.call("mal", swap)

    def finish():
        job = jobs.session().get(job_id)
        return jobs.refused(job.call, "Complete"), job.state, int(job.call("Cancel")) & 0xFFFFFFFF

    refused, state, _ = people.call("alice", finish)
    assert (refused, state) == (0x8020001D, bus.TRANSFERRED)  # BG_E_LOCAL_FILE_CHANGED
    assert precious.read_text() == "precious"
    assert not (shared / "x").exists()


def test_fifo_at_the_final_name(server, remote, alices):
    local = alices / "fifo"
    people.call("alice", os.mkfifo, local)
    assert people.call("alice", fetch, server.url(remote.name), local) == bus.ACKNOWLEDGED
    assert stat.S_ISREG(local.stat().st_mode)


def add(remote, local):
    return jobs.refused(jobs.session().create().add, remote, local)


def test_directory_at_the_final_name(server, remote, alices):
    local = alices / "directory"
    people.call("alice", os.mkdir, local)
    assert people.call("alice", add, server.url(remote.name), local) == bus.E_ACCESSDENIED
    assert os.listdir(alices) == ["directory"]


def test_missing_directory(server, remote, alices):
    assert people.call("alice", add, server.url(remote.name), alices / "none" / "x") == PATH_NOT_FOUND


def test_file_on_the_way(server, remote, alices):
    owned(alices / "file", "alice")
    assert people.call("alice", add, server.url(remote.name), alices / "file" / "x") == PATH_NOT_FOUND


def test_directory_without_write_permission(server, remote, bobs):
    assert people.call("alice", add, server.url(remote.name), "/etc/x") == bus.E_ACCESSDENIED
    assert people.call("alice", add, server.url(remote.name), bobs / "x") == bus.E_ACCESSDENIED


def test_file_without_write_permission(server, remote, alices):
    local = owned(alices / "read-only", "root")
    local.chmod(0o444)
    assert people.call("alice", add, server.url(remote.name), local) == bus.E_ACCESSDENIED
    assert local.read_text() == "precious"


def test_directory_loses_permission_before_resume(server, remote, alices):
    def scenario():
        job = jobs.session().create()
        job.add(server.url(remote.name), alices / "x")
        alices.chmod(0o555)
        job.call("Resume")
        jobs.wait_state(job, bus.ERROR)
        error = job.error()
        alices.chmod(0o700)
        job.call("Resume")
        jobs.wait_state(job, bus.TRANSFERRED)
        return error, int(job.call("Complete"))

    assert people.call("alice", scenario) == ((bus.E_ACCESSDENIED, LOCAL_FILE), 0)
    assert sha256(alices / "x") == sha256(remote)


def test_directory_loses_permission_before_complete(server, remote, alices):
    """The job stays as it is until the permission is back."""

    def scenario():
        job = start(jobs.session(), server.url(remote.name), alices / "x")
        jobs.wait_state(job, bus.TRANSFERRED)
        alices.chmod(0o555)
        refused = jobs.refused(job.call, "Complete"), job.state
        alices.chmod(0o700)
        return refused, int(job.call("Complete"))

    assert people.call("alice", scenario) == ((bus.E_ACCESSDENIED, bus.TRANSFERRED), 0)
    assert sha256(alices / "x") == sha256(remote)
    assert os.listdir(alices) == ["x"]


def test_file_loses_permission_before_complete(server, remote, alices):
    """It is as protected as it would have been at AddFile."""
    local = owned(alices / "x", "alice")

    def scenario():
        job = start(jobs.session(), server.url(remote.name), local)
        jobs.wait_state(job, bus.TRANSFERRED)
        local.chmod(0o444)
        refused = jobs.refused(job.call, "Complete"), job.state, local.read_text()
        local.chmod(0o644)
        return refused, int(job.call("Complete"))

    assert people.call("alice", scenario) == ((bus.E_ACCESSDENIED, bus.TRANSFERRED, "precious"), 0)
    assert sha256(local) == sha256(remote)


@pytest.mark.parametrize("local", ["relative", "", "/", "/tmp/", "/tmp/../tmp/x", "/tmp/*", "/tmp/a?", "/" + "x" * 5000])
def test_bad_local_names(local, server):
    assert people.call("alice", add, server.url("x"), local) == 0x80070057  # E_INVALIDARG


@pytest.mark.parametrize("name", ["", "x", "ftp://a/b", "file:///etc/passwd?", "file://server/share", "/etc/../etc/passwd", "http://", "http://a b/c", "http://a/" + "x" * 3000])
def test_bad_remote_names(name, alices):
    assert people.call("alice", add, name, alices / "x") == 0x80070057


def test_existing_file_is_unharmed_until_complete(server, remote, alices):
    local = owned(alices / "old", "alice")

    def scenario():
        job = start(jobs.session(), server.url(remote.name), local)
        jobs.wait_state(job, bus.TRANSFERRED)
        before = local.read_text()
        job.call("Complete")
        return before

    assert people.call("alice", scenario) == "precious"
    assert sha256(local) == sha256(remote)


def test_cancel_leaves_the_existing_file(server, remote, alices):
    local = owned(alices / "old", "alice")

    def scenario():
        job = start(jobs.session(), server.url(remote.name), local)
        jobs.wait_state(job, bus.TRANSFERRED)
        return int(job.call("Cancel"))

    assert people.call("alice", scenario) == 0
    assert local.read_text() == "precious" and os.listdir(alices) == ["old"]


def test_directory_removed_before_resume(server, remote, alices):
    place = alices / "place"

    def scenario():
        job = jobs.session().create()
        place.mkdir()
        job.add(server.url(remote.name), place / "x")
        place.rmdir()
        job.call("Resume")
        jobs.wait_state(job, bus.ERROR)
        return job.error()

    assert people.call("alice", scenario) == (PATH_NOT_FOUND, LOCAL_FILE)


def test_complete_fails_and_is_repeated(server, remote, alices):
    """A directory that appears at the final name: the job stays TRANSFERRED until it has gone."""
    local = alices / "late"

    def scenario():
        job = start(jobs.session(), server.url(remote.name), local)
        jobs.wait_state(job, bus.TRANSFERRED)
        local.mkdir()
        first = jobs.refused(job.call, "Complete"), job.state
        local.rmdir()
        return first, int(job.call("Complete"))

    assert people.call("alice", scenario) == ((bus.E_ACCESSDENIED, bus.TRANSFERRED), 0)
    assert sha256(local) == sha256(remote)


@pytest.fixture
def volume(alices):
    """A directory of alice's; away() puts another in its place, back() what was there."""

    class Volume:
        path = alices / "volume"

        def away(self):
            self.path.rename(alices / "away")
            self.make()

        def back(self):
            self.path.rmdir()
            (alices / "away").rename(self.path)

        def make(self):
            self.path.mkdir()
            os.chown(self.path, people.account("alice").pw_uid, -1)

    Volume().make()
    return Volume()


def half_there(origin, local):
    """The id of a suspended job of alice's whose only file is half there."""

    job_id = people.call("alice", lambda: start(jobs.session(), origin.url(), local).id)
    guid = job_id.replace("-", "")
    wait_for(lambda: jobs.stored_offsets().get(guid, [0])[0] == SIZE // 2, "half of the file on the disk")
    people.call("alice", lambda: jobs.session().get(job_id).call("Suspend"))
    origin.halt_at = None
    origin.release()
    return job_id


def resume(job_id):
    job = jobs.session().get(job_id)
    job.call("Resume")
    if jobs.wait_state(job, bus.ERROR, bus.TRANSFERRED) == bus.ERROR:
        return job.error()
    return int(job.call("Complete"))


def test_volume_away_and_back(volume):
    content = os.urandom(SIZE)
    with HaltingOrigin(content, halt_at=SIZE // 2) as origin:
        job_id = half_there(origin, volume.path / "x")
        volume.away()
        assert people.call("alice", resume, job_id) == (VOLUME_CHANGED, LOCAL_FILE)
        assert os.listdir(volume.path) == []
        volume.back()
        assert people.call("alice", resume, job_id) == 0
        assert [request[1] for request in origin.requests[1:]] == [f"bytes={SIZE // 2}-"]
    assert (volume.path / "x").read_bytes() == content


def test_volume_away_for_good(volume):
    """Who resumes although he was told wants the file where it is now."""
    content = os.urandom(SIZE)
    with HaltingOrigin(content, halt_at=SIZE // 2) as origin:
        job_id = half_there(origin, volume.path / "x")
        volume.away()
        assert people.call("alice", resume, job_id) == (VOLUME_CHANGED, LOCAL_FILE)
        assert people.call("alice", resume, job_id) == 0
        assert [request[1] for request in origin.requests[1:]] == [None]
    assert os.listdir(volume.path) == ["x"] and (volume.path / "x").read_bytes() == content


def test_volume_away_at_complete(server, remote, volume):
    job_id = people.call("alice", complete_refused, server.url(remote.name), volume.path / "x")

    def complete():
        job = jobs.session().get(job_id)
        return jobs.refused(job.call, "Complete"), job.state

    volume.away()
    for _ in range(2):
        assert people.call("alice", complete) == (VOLUME_CHANGED, bus.TRANSFERRED)
    assert os.listdir(volume.path) == []
    volume.back()
    assert people.call("alice", complete) == (None, bus.ACKNOWLEDGED)
    assert os.listdir(volume.path) == ["x"] and sha256(volume.path / "x") == sha256(remote)


def test_partial_complete(server, remote, alices):
    def scenario():
        job = jobs.session().create()
        job.add(server.url(remote.name), alices / "whole")
        job.add(server.url("there-is-none"), alices / "missing")
        job.call("Resume")
        jobs.wait_state(job, bus.ERROR)
        wait_for(lambda: job.progress[3] == 1 or job.call("Resume"), "the first file")
        return int(job.call("Complete")), job.state

    assert people.call("alice", scenario) == (0x00200017, bus.ACKNOWLEDGED)  # BG_S_PARTIAL_COMPLETE
    assert os.listdir(alices) == ["whole"]


@contextlib.contextmanager
def mounted_memory(path, size):
    path.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=0777", "tmpfs", path], check=True)
    try:
        yield path
    finally:
        subprocess.run(["umount", "--lazy", path], check=True)


def failed_with(state, remote, local):
    job = start(jobs.session(), remote, local)
    jobs.wait_state(job, bus.ERROR, bus.TRANSIENT_ERROR)
    assert job.state == state
    assert str(job.get("Reason")) == ("quota" if state == bus.TRANSIENT_ERROR else "")
    error = job.error()
    return error, int(job.call("Cancel"))


def full_disk(remote, local):
    return failed_with(bus.TRANSIENT_ERROR, remote, local)


def broken_disk(remote, local):
    return failed_with(bus.ERROR, remote, local)


def test_full_disk(server, remote):
    with mounted_memory(pathlib.Path("/run/small"), "1m") as small:
        neighbour = owned(small / "neighbour", "alice")
        error, cancelled = people.call("alice", full_disk, server.url(remote.name), small / "x")
        assert (error, cancelled) == ((DISK_FULL, LOCAL_FILE), 0)
        assert os.listdir(small) == ["neighbour"] and neighbour.read_text() == "precious"


def test_full_disk_then_room(server, remote):
    """It goes on by itself when there is room again."""
    with mounted_memory(pathlib.Path("/run/small-then-large"), "1m") as small:

        def begin():
            job = jobs.session().create()
            job.call("SetMinimumRetryDelay", "u", 5)
            job.add(server.url(remote.name), small / "x")
            job.call("Resume")
            jobs.wait_state(job, bus.TRANSIENT_ERROR)
            return job.id

        job_id = people.call("alice", begin)
        subprocess.run(["mount", "-o", "remount,size=16m", small], check=True)

        def go_on():
            job = jobs.session().get(job_id)
            jobs.wait_state(job, bus.TRANSFERRED)
            return int(job.call("Complete"))

        assert people.call("alice", go_on) == 0
        assert sha256(small / "x") == sha256(remote)


@contextlib.contextmanager
def mounted_quota(name, rules):
    """A directory of everybody's on a file system that answers errors by rules (tests/faults/quotafs.c)."""
    program = next(path for path in TREE.glob("build*/tests/faults/quotafs"))
    backing, mountpoint, rule_file = (pathlib.Path(f"/run/{name}-{part}") for part in ("backing", "mount", "rules"))
    backing.mkdir()
    backing.chmod(0o777)
    mountpoint.mkdir()
    rule_file.write_text(rules)
    with subprocess.Popen([program, backing, mountpoint, rule_file], stdout=subprocess.PIPE, text=True) as process:
        assert "mounted" in process.stdout.readline()
        try:
            yield mountpoint
        finally:
            subprocess.run(["umount", mountpoint], check=True)


def test_quota_exceeded_while_writing(server, remote):
    with mounted_quota("quota-write", "write EDQUOT 1048576\n") as place:
        neighbour = owned(place / "neighbour", "alice")
        error, cancelled = people.call("alice", full_disk, server.url(remote.name), place / "x")
        assert (error, cancelled) == ((QUOTA_EXCEEDED, LOCAL_FILE), 0)
        assert os.listdir(place) == ["neighbour"] and neighbour.read_text() == "precious"


def test_quota_exceeded_while_creating(server, remote):
    with mounted_quota("quota-create", "create EDQUOT\n") as place:
        error, cancelled = people.call("alice", full_disk, server.url(remote.name), place / "x")
        assert (error, cancelled) == ((QUOTA_EXCEEDED, LOCAL_FILE), 0)
        assert os.listdir(place) == []


def test_input_output_error_while_writing(server, remote):
    with mounted_quota("broken-disk", "write EIO 1048576\n") as place:
        error, cancelled = people.call("alice", broken_disk, server.url(remote.name), place / "x")
        assert (error, cancelled) == ((0x8007045D, LOCAL_FILE), 0)  # ERROR_IO_DEVICE
        assert os.listdir(place) == []


def complete_refused(remote, local):
    job = start(jobs.session(), remote, local)
    jobs.wait_state(job, bus.TRANSFERRED)
    return job.id


def test_input_output_error_while_renaming(server, remote):
    """Complete says so, the job stays, and a repetition finishes it when the disk is well again."""
    with mounted_quota("rename-fails", "rename EIO\n") as place:
        job_id = people.call("alice", complete_refused, server.url(remote.name), place / "x")

        def complete():
            job = jobs.session().get(job_id)
            return jobs.refused(job.call, "Complete"), job.state

        assert people.call("alice", complete) == (0x8007045D, bus.TRANSFERRED)
        assert not (place / "x").exists()
        pathlib.Path("/run/rename-fails-rules").write_text("")
        assert people.call("alice", complete) == (None, bus.ACKNOWLEDGED)
        assert os.listdir(place) == ["x"] and sha256(place / "x") == sha256(remote)


@pytest.mark.parametrize("name, code", [("EIO", 0x8007045D), ("ENOSPC", DISK_FULL)])
def test_flush_fails(name, code, server, remote):
    """What could not be flushed is never called transferred; Resume goes on when the disk is well again."""
    with mounted_quota(f"flush-{name}", f"sync {name}\n") as place:

        def begin():
            job = start(jobs.session(), server.url(remote.name), place / "x")
            jobs.wait_state(job, bus.ERROR if name == "EIO" else bus.TRANSIENT_ERROR)
            return job.id, job.error()

        job_id, error = people.call("alice", begin)
        assert error == (code, LOCAL_FILE)
        pathlib.Path(f"/run/flush-{name}-rules").write_text("")

        def end():
            job = jobs.session().get(job_id)
            job.call("Resume")
            jobs.wait_state(job, bus.TRANSFERRED)
            job.call("Complete")

        people.call("alice", end)
        assert os.listdir(place) == ["x"] and sha256(place / "x") == sha256(remote)
