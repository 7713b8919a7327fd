"""Copies of local files by the real bits-net, over a socket pair: a file is what it is, however it changes meanwhile."""

import os
import subprocess
import time

import pytest

from test_bits_net import (  # noqa: F401: fixtures
    CANCEL, CHECKPOINT, COPY, DISK_FULL, DONE, E_ABORT, E_INVALIDARG, FAILED, FATAL, LOCAL_FILE, NO_DATE, PROCEED, PROGRESS,
    REMOTE_FILE, RESPONSE, SOURCE, TRANSIENT, UNKNOWN, Worker, pattern, target, worker,
)

BG_E_REMOTE_FILE_CHANGED = 0x80200073
NOT_SUPPORTED = 0x80070032
MIB = 1 << 20


@pytest.fixture
def source(tmp_path):
    """Makes a file with content; (descriptor for reading, path)."""
    opened = []

    def make(content, name="source"):
        path = tmp_path / name
        path.write_bytes(content)
        os.utime(path, ns=(1, 1_600_000_000_123_456_000))
        opened.append(os.open(path, os.O_RDONLY))
        return opened[-1], path

    yield make
    for fd in opened:
        os.close(fd)


def version_of(path):
    status = path.stat()
    changed = f"{status.st_ctime_ns // 10**9}.{status.st_ctime_ns % 10**9:09}"
    return {"size": status.st_size, "modified": status.st_mtime_ns // 1000, "etag": f'"inode-{status.st_ino}-{changed}"'}


@pytest.mark.parametrize("size", [0, 1, 5000, 16 * MIB, 40 * MIB + 7])
def test_whole_file(worker, source, target, size):
    content = pattern(size)
    fd, path = source(content)
    to, copy = target()
    os.pwrite(to, b"x" * 9000, 0)  # what was in the file is cut off
    worker.copy(7, fd, to)
    first, *_, last = worker.until(DONE, FAILED)
    assert first == {"type": RESPONSE, "id": 7, "restarted": 0, **version_of(path)}
    assert last == {"type": DONE, "id": 7, "offset": size}
    assert copy.read_bytes() == content


def test_over_file_systems(worker, target, tmp_path):
    """Where the kernel does not copy by itself: read and written."""
    shm = "/dev/shm/bits-net-source"
    content = pattern(20 * MIB)
    with open(shm, "wb") as stream:
        stream.write(content)
    fd = os.open(shm, os.O_RDONLY)
    os.unlink(shm)
    to, copy = target()
    worker.copy(1, fd, to)
    os.close(fd)
    assert worker.outcome()["type"] == DONE
    assert copy.read_bytes() == content


def test_resumed(worker, source, target):
    content = pattern(40 * MIB)
    fd, path = source(content)
    version = version_of(path)
    for begin in (1, 17 * MIB + 3, len(content)):
        to, copy = target()
        os.pwrite(to, b"-" * begin, 0)  # so that it shows what was copied
        worker.copy(1, fd, to, begin, **version)
        first, *_, last = worker.until(DONE, FAILED)
        assert first["restarted"] == 0 and last == {"type": DONE, "id": 1, "offset": len(content)}
        assert copy.read_bytes() == b"-" * begin + content[begin:]


def test_resumed_by_size_and_time_alone(worker, source, target):
    """What came by another way has no inode."""
    content = pattern(MIB)
    fd, path = source(content)
    to, copy = target()
    os.pwrite(to, content[:1000], 0)
    worker.copy(1, fd, to, 1000, **{**version_of(path), "etag": ""})
    assert worker.until(DONE, FAILED)[0]["restarted"] == 0
    assert copy.read_bytes() == content


@pytest.mark.parametrize("other", [{"size": MIB + 1}, {"modified": 1}, {"modified": NO_DATE}, {"etag": '"inode-1"'}, {"size": UNKNOWN}])
def test_another_version_starts_anew(worker, source, target, other):
    """And not before offset 0 is committed."""
    content = pattern(MIB)
    fd, path = source(content)
    to, copy = target()
    os.pwrite(to, b"old" * 1000, 0)
    worker.copy(1, fd, to, 3000, **{**version_of(path), **other})
    response = worker.receive()
    assert response == {"type": RESPONSE, "id": 1, "restarted": 1, **version_of(path)}
    assert copy.read_bytes() == b"old" * 1000
    worker.order(PROCEED, 1)
    assert worker.outcome() == {"type": DONE, "id": 1, "offset": MIB}
    assert copy.read_bytes() == content


def rewrite(path, offset, content):
    """In place, with size and time as before."""
    status = path.stat()
    with open(path, "r+b") as stream:
        stream.seek(offset)
        stream.write(content)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert (path.stat().st_mtime_ns, path.stat().st_size) == (status.st_mtime_ns, status.st_size)


def test_time_set_back(worker, source, target):
    """Between two tries: no part of the one joins the other."""
    fd, path = source(pattern(MIB))
    worker.copy(1, fd, target()[0])
    first = worker.until(DONE)[0]
    version = {key: first[key] for key in ("size", "modified", "etag")}
    to, copy = target()
    os.pwrite(to, pattern(MIB)[:5000], 0)
    rewrite(path, 0, b"another")
    worker.copy(2, fd, to, 5000, **version)
    assert worker.receive()["restarted"] == 1
    worker.order(PROCEED, 2)
    assert worker.outcome()["type"] == DONE
    assert copy.read_bytes() == path.read_bytes()


def test_time_set_back_while_it_is_copied(worker, source, target):
    fd, path = source(b"before")
    os.truncate(path, 512 * MIB)
    to, copy = target()
    worker.copy(1, fd, to)
    worker.until(PROGRESS)
    rewrite(path, 0, b"behind")  # where it has been copied
    assert go_on(worker)["type"] == DONE
    with copy.open("rb") as stream:
        assert stream.read(6) == b"behind"


def test_fresh_source(worker, source, target):
    """Not read within the tick of its last change: another change within it could not be told from that one."""
    for turn in range(5):
        fd, path = source(b"fresh", f"fresh-{turn}")
        worker.copy(turn + 1, fd, target()[0])
        assert worker.outcome()["type"] == DONE
        assert time.time_ns() - path.stat().st_ctime_ns >= 100 * 10**6


def go_on(worker):
    """Lets each restart go on; the last message. A change may be seen half done, and is then one more."""
    while (message := worker.until(RESPONSE, DONE, FAILED)[-1])["type"] == RESPONSE:
        assert message["restarted"] == 1
        worker.order(PROCEED, 1)
    return message


def test_changed_while_it_is_copied(worker, source, target):
    """It grows, and starts anew as what it is now."""
    fd, path = source(pattern(64 * MIB))
    to, copy = target()
    worker.copy(1, fd, to)
    assert worker.receive()["type"] == RESPONSE
    with open(path, "r+b") as stream:  # the end is copied last, and looked at after it
        stream.seek(64 * MIB - 10)
        stream.write(b"0123456789more")
    assert go_on(worker) == {"type": DONE, "id": 1, "offset": 64 * MIB + 4}
    assert copy.read_bytes() == path.read_bytes()


def test_shrunk_while_it_is_copied(worker, source, target):
    fd, path = source(pattern(64 * MIB))
    to, copy = target()
    worker.copy(1, fd, to)
    assert worker.receive()["type"] == RESPONSE
    os.truncate(path, 10)
    assert go_on(worker) == {"type": DONE, "id": 1, "offset": 10}
    assert copy.read_bytes() == path.read_bytes()


def test_changing_all_the_time(worker, source, target):
    fd, path = source(pattern(1000))
    to, _ = target()
    os.pwrite(to, b"0123456789", 0)
    worker.copy(1, fd, to, 10, 5000, 1, "")
    for turn in range(3):
        assert worker.until(RESPONSE)[-1]["restarted"] == 1
        # Touched after the answer: the copy that PROCEED starts finds another file than the answer told of.
        os.utime(path, ns=(0, (turn + 1) * 10**9))
        worker.order(PROCEED, 1)
    assert worker.until(RESPONSE)[-1]["restarted"] == 1
    os.utime(path, ns=(0, 9 * 10**9))
    worker.order(PROCEED, 1)
    failed = worker.outcome()
    assert (failed["hresult"], failed["context"], failed["class"], failed["offset"]) == (
        BG_E_REMOTE_FILE_CHANGED, REMOTE_FILE, TRANSIENT, 0)


def test_size_that_is_none(worker, target):
    """Files that the kernel makes up have a size that says nothing."""
    for name in ("/proc/self/status", "/sys/kernel/mm/transparent_hugepage/enabled"):
        if not os.path.exists(name):
            continue
        fd = os.open(name, os.O_RDONLY)
        worker.copy(1, fd, target()[0])
        os.close(fd)
        failed = worker.outcome()
        assert (failed["hresult"], failed["context"], failed["class"]) == (NOT_SUPPORTED, REMOTE_FILE, FATAL)


def test_checkpoints_are_in_order(worker, source, target):
    fd, _ = source(b"")
    os.truncate(f"/proc/self/fd/{fd}", 200 * MIB)
    worker.copy(1, fd, target()[0])
    seen = worker.until(DONE, FAILED)
    offsets = [message["offset"] for message in seen if message["type"] == CHECKPOINT]
    assert seen[-1] == {"type": DONE, "id": 1, "offset": 200 * MIB}
    assert len(offsets) >= 2 and offsets == sorted(offsets) and offsets[-1] < 200 * MIB


def test_cancelled(worker, source, target):
    fd, path = source(b"")
    os.truncate(path, 1 << 40)  # it would take hours
    worker.copy(1, fd, target()[0])
    worker.until(PROGRESS)
    worker.order(CANCEL, 1)
    failed = worker.outcome()
    assert failed["hresult"] == E_ABORT
    worker.order(CANCEL, 1)  # crossed on the way: harmless
    to, copy = target()
    os.pwrite(to, b"abc", 0)
    worker.copy(2, fd, to, 3, 3, 3, "")
    assert worker.receive()["restarted"] == 1
    worker.order(CANCEL, 2)
    assert worker.outcome()["hresult"] == E_ABORT
    assert copy.read_bytes() == b"abc"


def test_full_disk(worker, source, tmp_path):
    small = tmp_path / "small"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", small], check=True)
    try:
        to = os.open(small / "x", os.O_WRONLY | os.O_CREAT)
        worker.copy(1, source(pattern(4 * MIB))[0], to)
        os.close(to)
        failed = worker.outcome()
        assert (failed["hresult"], failed["context"], failed["class"]) == (DISK_FULL, LOCAL_FILE, TRANSIENT)
    finally:
        subprocess.run(["umount", small], check=True)


def test_source_that_is_none(worker, source, target):
    read, write = os.pipe()
    to = target()[0]
    only_written = os.open(source(b"x")[1], os.O_WRONLY)
    for fd in (read, only_written, os.open("/dev/null", os.O_RDONLY), os.open("/", os.O_RDONLY)):
        worker.copy(1, fd, to)
        os.close(fd)
        failed = worker.outcome()
        assert (failed["hresult"], failed["context"], failed["class"]) == (E_INVALIDARG, REMOTE_FILE, FATAL)
    os.close(write)


def test_target_that_is_none(worker, source):
    fd, _ = source(b"x")
    worker.copy(1, fd, fd)  # not for writing
    failed = worker.outcome()
    assert (failed["hresult"], failed["context"], failed["offset"]) == (E_INVALIDARG, LOCAL_FILE, 0)


def test_source_and_copy_go_together(source, target):
    """A second source, a copy without one, or of another id: what bits-queue never sends."""
    fd, _ = source(b"x")
    to = target()[0]
    for misuse in (lambda w: (w.source(1, fd), w.source(2, fd)),
                   lambda w: w.send(bytes(0) + b"".join([COPY.to_bytes(4, "little"), (1).to_bytes(4, "little"), bytes(536)]), to),
                   lambda w: (w.source(2, fd), w.send(COPY.to_bytes(4, "little") + (1).to_bytes(4, "little") + bytes(536), to)),
                   lambda w: w.send(SOURCE.to_bytes(4, "little") + (1).to_bytes(4, "little"))):
        w = Worker()
        misuse(w)
        assert w.ends() == 1
        w.close()


def test_many_at_once(worker, source, target):
    content = pattern(3 * MIB)
    fd, _ = source(content)
    copies = []
    for id in range(1, 41):
        to, copy = target()
        worker.copy(id, fd, to)
        copies.append(copy)
    done = set()
    limit = time.monotonic() + 60
    while len(done) < 40:
        message = worker.receive()
        assert message["type"] != FAILED and time.monotonic() < limit
        if message["type"] == DONE:
            done.add(message["id"])
    assert all(copy.read_bytes() == content for copy in copies)
