"""Being somebody else for a while: commands and Python functions under another account.

Every program that is started here is looked at for a sanitizer's report when it ends.
"""

import contextlib
import grp
import os
import pathlib
import pickle
import pwd
import re
import subprocess
import traceback

LIMIT_SEC = 120
REPORT = re.compile(r"ERROR: \w+Sanitizer|runtime error:|LeakSanitizer has encountered")


def account(name):
    return pwd.getpwnam(name)


def home(name):
    return pathlib.Path(account(name).pw_dir)


def groups(name):
    entry = account(name)
    return os.getgrouplist(name, entry.pw_gid)


def environment(name, **more):
    entry = account(name)
    kept = {key: os.environ[key] for key in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS", "BITS_DEBUG") if key in os.environ}
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": entry.pw_dir, "USER": name, "LOGNAME": name,
        **kept, **more,
    }


def start(name, argv, **options):
    """A running program of NAME's; the caller ends it."""
    entry = account(name)
    defaults = {
        "user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": groups(name), "cwd": entry.pw_dir,
        "env": environment(name), "stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE,
        "text": True, "umask": 0o022,
    }
    return subprocess.Popen([str(word) for word in argv], **{**defaults, **options})


def run(name, argv, check=True, input=None, timeout=LIMIT_SEC, **options):
    """Runs a program of NAME's to its end; with check, it must succeed."""
    if input is not None:
        options["stdin"] = subprocess.PIPE
    with start(name, argv, **options) as process:
        try:
            stdout, stderr = process.communicate(input, timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            stdout, stderr = process.communicate()
            raise AssertionError(f"{argv} did not end within {timeout} s: {stdout}\n{stderr}") from None
    done = subprocess.CompletedProcess(argv, process.returncode, stdout, stderr)
    assert not REPORT.search(f"{stdout}{stderr}"), f"{argv}: {stdout}\n{stderr}"
    if check:
        assert done.returncode == 0, f"{argv} ended with {done.returncode}: {stdout}\n{stderr}"
    return done


def become(name):
    """This process, which is a child made for it, is NAME's from now on."""
    entry = account(name)
    os.setgroups(groups(name))
    os.setresgid(entry.pw_gid, entry.pw_gid, entry.pw_gid)
    os.setresuid(entry.pw_uid, entry.pw_uid, entry.pw_uid)
    os.environ.clear()
    os.environ.update(environment(name))
    os.chdir(entry.pw_dir)


@contextlib.contextmanager
def as_account(name):
    """What is connected inside is NAME's connection, for as long as it lasts: the kernel notes who connects."""
    entry, before = account(name), os.getgroups()
    os.setgroups(groups(name))
    os.setegid(entry.pw_gid)
    os.seteuid(entry.pw_uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)
        os.setgroups(before)


def call(name, function, *arguments):
    """function(*arguments) in a child that is NAME's. Its result is returned, its exception raised here."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(reading)
            become(name)
            answer = (function(*arguments), None, None)
        except BaseException as error:  # whatever it is, it goes to the parent
            answer = (None, error, traceback.format_exc())
        try:
            data = pickle.dumps(answer)
        except Exception:
            data = pickle.dumps((None, AssertionError(str(answer)), answer[2]))
        with os.fdopen(writing, "wb") as stream:
            stream.write(data)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as stream:
        data = stream.read()
    os.waitpid(child, 0)
    assert data, f"{function.__name__} as {name} ended without a word"
    result, error, trace = pickle.loads(data)
    if error is not None:
        raise error from AssertionError(trace)
    return result


def add_to_group(name, group):
    members = grp.getgrnam(group).gr_mem
    if name not in members:
        subprocess.run(["gpasswd", "-a", name, group], check=True, capture_output=True)
