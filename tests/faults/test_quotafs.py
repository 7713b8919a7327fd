"""quotafs, mounted in a mount namespace of the test's own, as root; QUOTAFS names the program.

First what it must not do: be in the way. Then what it is for: every rule, for another user than root.
"""

import errno
import os
import pathlib
import subprocess
import tempfile

import pytest

BOB, ALICE = 64001, 64002
MIB = 1 << 20
LIMIT_SEC = 60


class Mounted:
    def __init__(self, top):
        self.top, self.path, self.backing = top, top / "mount", top / "backing"
        for path, uid in (self.path, 0), (self.backing, BOB):
            path.mkdir(mode=0o755)
            os.chown(path, uid, uid)
        self.process = subprocess.Popen(
            [os.environ["QUOTAFS"], self.backing, self.path, top / "rules"], stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout.readline() == "quotafs: mounted\n"

    def rules(self, *lines):
        (self.top / "next").write_text("\n".join(lines))
        (self.top / "next").rename(self.top / "rules")

    def stop(self):
        subprocess.run(["umount", self.path], check=True, timeout=LIMIT_SEC)
        self.process.stdout.close()
        assert self.process.wait(LIMIT_SEC) == 0


@pytest.fixture
def mounted():
    if os.readlink("/proc/self/ns/mnt") == os.readlink(f"/proc/{os.getppid()}/ns/mnt"):
        pytest.fail("this is not a mount namespace of the test's own: run it by unshare --mount")
    with tempfile.TemporaryDirectory(prefix="quotafs-") as name:
        pathlib.Path(name).chmod(0o755)
        mount = Mounted(pathlib.Path(name))
        yield mount
        mount.stop()


def as_user(uid, action, *arguments):
    """The errno that action() raises in a process of that user; 0 for none."""
    child = os.fork()
    if child == 0:
        status = 255
        try:
            os.setgroups([])
            os.setresgid(uid, uid, uid)
            os.setresuid(uid, uid, uid)
            action(*arguments)
            status = 0
        except OSError as error:
            status = error.errno
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def dd(path, mebibytes):
    return subprocess.run(
        ["dd", "if=/dev/zero", f"of={path}", "bs=300000", f"count={mebibytes * MIB}", "iflag=count_bytes"],
        user=BOB, group=BOB, extra_groups=[], capture_output=True, text=True, timeout=LIMIT_SEC, check=False
    )


def write_at(path, offset, size):
    fd = os.open(path, os.O_WRONLY | os.O_CREAT, 0o644)
    written = os.pwrite(fd, b"x" * size, offset)
    os._exit(0) if written == size else os._exit(254)


def test_passes_through(mounted):
    path = mounted.path

    def work():
        os.umask(0o027)
        os.mkdir(path / "d", 0o777)
        (path / "d" / "f").write_bytes(b"one")
        with (path / "d" / "f").open("ab") as stream:
            stream.write(b"two")
            os.fsync(stream.fileno())
        os.link(path / "d" / "f", path / "g")
        os.symlink("g", path / "s")
        os.mkfifo(path / "p", 0o600)
        os.rename(path / "d" / "f", path / "h")
        os.utime(path / "h", ns=(10**9, 123456789))
        os.truncate(path / "h", 4)

    assert as_user(BOB, work) == 0
    assert sorted(os.listdir(path)) == sorted(os.listdir(mounted.backing)) == ["d", "g", "h", "p", "s"]
    assert (mounted.backing / "h").read_bytes() == (path / "s").read_bytes() == b"onet"
    for name in "d", "g", "h", "p", "s":
        shown, real = os.lstat(path / name), os.lstat(mounted.backing / name)
        fields = "st_mode", "st_uid", "st_gid", "st_size", "st_ino", "st_nlink", "st_mtime_ns"
        assert [getattr(shown, field) for field in fields] == [getattr(real, field) for field in fields]
        assert (real.st_uid, real.st_gid) == (BOB, BOB)
    assert os.stat(path / "d").st_mode & 0o777 == 0o750
    assert os.stat(path / "h").st_mode & 0o777 == 0o640


def test_open_file_outlives_its_name(mounted):
    with (mounted.path / "f").open("w+b") as stream:
        os.unlink(mounted.path / "f")
        assert os.listdir(mounted.backing) == []
        stream.write(b"kept")
        stream.flush()
        stream.seek(0)
        assert stream.read() == b"kept"


def test_others_are_refused(mounted):
    (mounted.path / "f").write_text("root's")
    os.chmod(mounted.path / "f", 0o600)
    assert as_user(ALICE, (mounted.path / "f").read_text) == errno.EACCES
    assert as_user(ALICE, (mounted.path / "g").write_text, "g") == errno.EACCES
    assert as_user(BOB, (mounted.path / "g").write_text, "g") == 0


@pytest.mark.parametrize("name, text", [("EDQUOT", "Disk quota exceeded"), ("ENOSPC", "No space left"), ("EIO", "Input/output")])
def test_write_limit(mounted, name, text):
    """dd of another user gets as far as the limit, exactly, and no farther until the rule is gone."""
    path = mounted.path / "f"
    mounted.rules(f"write {name} {MIB}")
    done = dd(path, 2)
    assert done.returncode == 1 and text in done.stderr
    assert path.stat().st_size == MIB

    mounted.rules(f"write {name} {2 * MIB}")
    assert dd(path, 2).returncode == 0
    mounted.rules(f"write {name} 10")
    assert as_user(BOB, write_at, path, 0, 10) == 0
    assert as_user(BOB, write_at, path, 9, 2) == 254  # a short write
    assert as_user(BOB, write_at, path, 10, 1) == getattr(errno, name)
    mounted.rules()
    assert dd(path, 3).returncode == 0
    assert path.stat().st_size == 3 * MIB


def test_allocation_limit(mounted):
    mounted.rules(f"write EDQUOT {MIB}", "truncate ENOSPC 100")
    with (mounted.path / "f").open("wb") as stream:
        os.posix_fallocate(stream.fileno(), 0, MIB)
        with pytest.raises(OSError) as caught:
            os.posix_fallocate(stream.fileno(), 0, MIB + 1)
        assert caught.value.errno == errno.EDQUOT
        os.truncate(stream.fileno(), 100)
        with pytest.raises(OSError) as caught:
            os.truncate(stream.fileno(), 101)
        assert caught.value.errno == errno.ENOSPC


def sync(path):
    os.fsync(os.open(path, os.O_RDONLY))


@pytest.mark.parametrize("name", ["EDQUOT", "ENOSPC", "EIO"])
@pytest.mark.parametrize(
    "operation, action",
    [
        ("create", lambda path: (path / "new").write_text("")),
        ("create", lambda path: os.mkdir(path / "new")),
        ("create", lambda path: os.mkfifo(path / "new")),
        ("create", lambda path: os.symlink("f", path / "new")),
        ("create", lambda path: os.link(path / "f", path / "new")),
        ("rename", lambda path: os.rename(path / "f", path / "new")),
        ("sync", lambda path: sync(path / "f")),
        ("sync", lambda path: sync(path)),
        ("read", lambda path: (path / "f").read_text()),
        ("truncate", lambda path: os.truncate(path / "f", 1)),
        ("unlink", lambda path: os.unlink(path / "f")),
        ("write", lambda path: (path / "f").write_text("x")),
    ],
)
def test_rules(mounted, name, operation, action):
    (mounted.backing / "f").write_text("old")
    os.chown(mounted.backing / "f", BOB, BOB)
    mounted.rules("", f"{operation} {name}")
    assert as_user(BOB, action, mounted.path) == getattr(errno, name)
    assert os.listdir(mounted.backing) == ["f"]

    mounted.rules()
    assert as_user(BOB, action, mounted.path) == 0


@pytest.mark.parametrize("rule", ["write", "write EODD", "odd EIO", "write EIO x", "write EIO -1", "write EIO 1 2"])
def test_nonsense_ends_it(rule):
    with tempfile.TemporaryDirectory(prefix="quotafs-") as name:
        mount = Mounted(pathlib.Path(name))
        mount.rules(rule)
        with pytest.raises(OSError):
            (mount.path / "f").write_text("x")
        assert mount.process.wait(LIMIT_SEC) == 1
        mount.process.stdout.close()
        subprocess.run(["umount", mount.path], check=True, timeout=LIMIT_SEC)
