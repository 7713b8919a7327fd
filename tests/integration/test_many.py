"""Many files: which connections they come over, how many at once, and in which order."""

import os
import pathlib

import pytest

import bus
import configuration
import jobs
import people
from conftest import sha256
from held import HeldOrigin
from origins import Nginx, free_port, secure
from waiting import wait_for

SIZE = 4096
JOBS, FILES = 8, 25
HTTP, HTTP2 = "HTTP/1.1", "HTTP/2.0"


@pytest.fixture(scope="module")
def origin(files):
    port = free_port()
    with Nginx(files.directory, "/run/nginx-many", secure(port, "/run/tls")) as running:
        running.bases = {HTTP: running.base, HTTP2: f"https://127.0.0.1:{port}"}
        yield running


def transfer_many(base, names, number):
    """number jobs of all these files, at once; the directory of each when all are complete."""

    def client():
        connection, running = jobs.session(), []
        for index in range(number):
            directory = pathlib.Path(os.environ["HOME"]) / f"many-{base.split(':')[0]}-{index}"
            directory.mkdir()
            job = connection.create(f"many {index}")
            job.call("AddFileSet", "a(ss)", [(f"{base}/{name}", str(directory / name)) for name in names])
            running.append((job, directory))
        for job, _ in running:
            job.call("Resume")
        for job, _ in running:
            assert jobs.wait_state(job, bus.TRANSFERRED, bus.ERROR) == bus.TRANSFERRED
            job.call("Complete")
        return [directory for _, directory in running]

    return people.call("alice", client)


@pytest.mark.parametrize("protocol, connections", [(HTTP, 6), (HTTP2, 1)])
def test_connections_are_kept(origin, files, protocol, connections):
    """Across files and jobs: no more than one host may have at once, and a single one where HTTP/2 is offered."""
    names = [f"many-{index}" for index in range(FILES)]
    for name in names:
        files.make(name, SIZE)
    before = len(origin.requests())
    directories = transfer_many(origin.bases[protocol], names, JOBS)
    asked = origin.requests()[before:]
    assert sorted(name for name, _, _, _ in asked) == sorted(names * JOBS)
    assert {spoken for _, _, _, spoken in asked} == {protocol}
    used = {connection for _, _, connection, _ in asked}
    assert 1 <= len(used) <= connections
    for directory in directories:
        assert sorted(path.name for path in directory.iterdir()) == sorted(names)
        for name in names:
            assert sha256(directory / name) == sha256(files.directory / name)


def with_held_files(number, n_files, hold):
    """As alice: number jobs of so many files from one origin, held if hold says so; (names asked for, at once at most)."""

    def client():
        names = [f"{job}-{index}" for job in range(number) for index in range(n_files)]
        directory = pathlib.Path(os.environ["HOME"]) / f"held-{number}-{n_files}"
        directory.mkdir()
        with HeldOrigin(*([] if hold else ["none of them"])) as origin:
            connection, running = jobs.session(), []
            for job_number in range(number):
                job = connection.create(f"held {job_number}")
                for index in range(n_files):
                    name = f"{job_number}-{index}"
                    job.add(origin.url(name), directory / name)
                job.call("Resume")
                running.append(job)
            if hold:
                wait_for(lambda: origin.held == hold, f"{hold} files to be under way")
                origin.release()
            for job in running:
                assert jobs.wait_state(job, bus.TRANSFERRED, bus.ERROR) == bus.TRANSFERRED
                job.call("Complete")
            for name in names:
                assert (directory / name).read_bytes() == origin.body
            return origin.requests, origin.peak

    return people.call("alice", client)


def test_connections_per_host():
    """Eight jobs share three connections, however many of their files are ready."""
    with configuration.settings(ConnectionsPerHost=3, BackgroundJobs=8, FilesPerJob=4):
        requests, peak = with_held_files(JOBS, 4, hold=3)
    assert len(requests) == len(set(requests)) == JOBS * 4
    assert peak == 3


def test_one_file_at_a_time():
    """In the order in which they were added, each when the one before has come."""
    with configuration.settings(FilesPerJob=1):
        requests, peak = with_held_files(1, 40, hold=0)
    assert requests == [f"0-{index}" for index in range(40)]
    assert peak == 1


def test_files_side_by_side():
    with configuration.settings(FilesPerJob=4):
        requests, peak = with_held_files(1, 12, hold=4)
    assert sorted(requests[:4]) == [f"0-{index}" for index in range(4)]
    assert (len(requests), peak) == (12, 4)
