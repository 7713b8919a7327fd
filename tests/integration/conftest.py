"""Fixtures of the integration tests, which run as root inside ./dev sandbox beside the real service.

tests/run.py gives each module a sandbox of its own, so what a module leaves in the service is its own affair.
"""

import hashlib
import json
import os
import pathlib
import random
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

import people  # noqa: E402
from accounts import PASSWORDS  # noqa: E402
from origins import BitsServer, Nginx  # noqa: E402

TREE = pathlib.Path(__file__).resolve().parents[2]
SERVICE_LOG = pathlib.Path("/run/bits-sandbox/log").resolve()


def pytest_configure(config):
    config.addinivalue_line("markers", "slow: left out by ./dev test --quick")
    if not pathlib.Path("/run/bits-sandbox").is_dir():
        pytest.exit("these tests run inside the sandbox: ./dev test NAME", 1)


@pytest.fixture(scope="session", autouse=True)
def administrators():
    people.add_to_group("admin", "bits-admin")


@pytest.fixture(scope="session")
def passwords():
    return PASSWORDS


@pytest.fixture(scope="session")
def service_log():
    """The log of bitsd and all its children."""
    return SERVICE_LOG


class Files:
    """Files of random bytes in the directory that an origin serves, each made once."""

    def __init__(self, directory):
        self.directory = directory

    def make(self, name, size):
        path = self.directory / name
        if not path.exists():
            source = random.Random(name)  # the same name, the same bytes
            with path.open("wb") as stream:
                for begin in range(0, size, 1 << 20):
                    stream.write(source.randbytes(min(1 << 20, size - begin)))
        return path


@pytest.fixture(scope="session")
def files():
    directory = pathlib.Path("/run/origin")
    directory.mkdir(exist_ok=True)
    return Files(directory)


@pytest.fixture(scope="module")
def server(files):
    with BitsServer(files.directory, "/run/origin.log") as running:
        yield running


@pytest.fixture(scope="module")
def nginx(files):
    with Nginx(files.directory, "/run/nginx-work") as running:
        yield running


@pytest.fixture
def bobs(request):
    """A directory that only bob may enter, new for each test."""
    return private_directory("bob", request)


@pytest.fixture
def alices(request):
    return private_directory("alice", request)


def private_directory(name, request):
    entry = people.account(name)
    path = people.home(name) / f"dir-{abs(hash(request.node.nodeid)):x}"
    path.mkdir(mode=0o700)
    os.chown(path, entry.pw_uid, entry.pw_gid)
    return path


@pytest.fixture(scope="session")
def bitsctl():
    """bitsctl(NAME, ARGUMENT...): as that account, checked; with json=True the parsed answer."""

    def run(name, *arguments, json_answer=False, **options):
        argv = ["bitsctl", *(["--json"] if json_answer else []), *arguments]
        done = people.run(name, argv, **options)
        return json.loads(done.stdout) if json_answer else done

    return run


@pytest.fixture(scope="session")
def compile_example():
    """Builds a program of examples/ as a newcomer would: compiler, source, pkg-config bits. The path is returned."""

    def build(source):
        source = TREE / "examples" / source
        program = pathlib.Path("/run/tmp") / f"{source.stem}-{source.suffix[1:]}"
        compiler = "g++" if source.suffix == ".cpp" else "cc"
        flags = subprocess.run(
            ["pkg-config", "--cflags", "--libs", "bits"], check=True, capture_output=True, text=True
        ).stdout.split()
        sanitize = os.environ.get("BITS_TEST_CFLAGS", "").split()  # the library's, where it has one
        subprocess.run([compiler, "-Wall", "-Wextra", *sanitize, "-o", program, source, *flags], check=True)
        return program

    return build


def sha256(path):
    digest = hashlib.sha256()
    with open(path, "rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
