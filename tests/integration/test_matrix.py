"""Every method in every state for every caller, against the table in answers.py."""

import contextlib
import os
import re
import socket

import dbus
import pytest

import answers
import bus
import configuration
import identity
import jobs
import people
from held import HeldOrigin
from waiting import wait_for

FOREGROUND, HIGH, NORMAL = 0, 1, 2
ACCOUNTS = {answers.OWNER: "alice", answers.ADMINISTRATOR: "admin", answers.OTHER: "mal"}


class World:
    """Origins for each state, a connection for each caller, and a job that holds the one background place."""

    def __init__(self, held, directory):
        self.held, self.directory = held, directory
        self.silent = socket.create_server(("127.0.0.1", 0), backlog=512)  # accepts, and never says a word
        self.buses = {}
        for caller, name in ACCOUNTS.items():
            with people.as_account(name):
                self.buses[caller] = jobs.session()
        self.plug = self.make("plug", held.url("plug"), HIGH)
        self.plug.call("Resume")
        jobs.wait_state(self.plug, bus.TRANSFERRING)

    def make(self, name, url, priority):
        job = self.buses[answers.OWNER].create(name)
        job.call("SetPriority", "u", dbus.UInt32(priority))
        job.add(url, f"{self.directory}/{job.id}")
        job.url, job.directory, job.priority = url, self.directory, priority
        return job

    def job_in(self, state):
        """A new job of the owner's in that state."""
        urls = {
            "CONNECTING": f"http://127.0.0.1:{self.silent.getsockname()[1]}/x",
            "TRANSFERRING": self.held.url("held"),
            "TRANSIENT_ERROR": "http://127.0.0.1:1/x",  # nobody listens
            "ERROR": self.held.url("missing"),
        }
        job = self.make(state, urls.get(state, self.held.url("free")), NORMAL if state == "QUEUED" else FOREGROUND)
        if state not in ("SUSPENDED", "CANCELLED"):
            job.call("Resume")
        if state == "ACKNOWLEDGED":
            jobs.wait_state(job, bus.TRANSFERRED)
            job.call("Complete")
        if state == "CANCELLED":
            job.call("Cancel")
        jobs.wait_state(job, getattr(bus, state))
        return job

    def ask(self, caller, job, path, interface, method, row):
        """The HRESULT of the call: of success as well, where the method says it."""
        if method == "SetHelperToken":
            with people.as_account("alice"):
                job.token = identity.mint(people.account("alice").pw_uid).token
        try:
            answer = self.buses[caller].call(path, interface, method, row.signature, *row.arguments(job))
        except bus.Failure as failure:
            return failure.hresult
        finally:
            if method == "SetHelperToken":
                os.close(job.token)
        returns_hresult = method in ("Cancel", "Complete", "ReplaceRemotePrefix", "RemoveClientCertificate")
        return int(answer) & 0xFFFFFFFF if returns_hresult else answers.S_OK


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    directory = people.home("alice") / "matrix"
    directory.mkdir(mode=0o755)
    directory.chmod(0o777)  # the administrator who takes over writes there too
    people.home("alice").chmod(0o755)
    # Free ones go on at once; what is missing is missing.
    with configuration.settings(BackgroundJobs=1, MaxJobsPerUser=1000, MaxJobsPerMachine=5000, ConnectionsPerHost=64):
        with HeldOrigin("plug", "held") as held:
            yield World(held, directory)


def introspected(world, path, interface):
    text = str(world.buses[answers.OWNER].call(path, "org.freedesktop.DBus.Introspectable", "Introspect"))
    block = re.search(rf'<interface name="org.bitsd1.{interface}">(.*?)</interface>', text, re.DOTALL)[1]
    return set(re.findall(r'<method name="(\w+)"', block))


def test_the_table_has_every_method(world):
    job = world.job_in("SUSPENDED")
    assert introspected(world, job.path, "Job") == set(answers.JOB)
    assert introspected(world, f"{job.path}/file/0", "File") == set(answers.FILE)
    job.call("Cancel")


def cells(world, state, caller):
    """{(interface, method): what the service says} of one state and caller."""
    found, kept, spoiled = {}, world.job_in(state), []
    for interface, table in (("Job", answers.JOB), ("File", answers.FILE)):
        for method, row in table.items():
            job = kept
            if row.spoils and caller != answers.OTHER:
                job = world.job_in(state)
                spoiled.append(job)
            path = job.path if interface == "Job" else f"{job.path}/file/0"
            found[interface, method] = world.ask(caller, job, path, interface, method, row)
    assert kept.state == getattr(bus, state), f"a call that should change no state did: {jobs.refused(kept.call, 'GetError')}"
    for job in [kept, *spoiled]:
        for connection in (world.buses[answers.OWNER], world.buses[answers.ADMINISTRATOR]):
            with contextlib.suppress(bus.Failure):
                connection.call(job.path, "Job", "Cancel")
                break
    return found


@pytest.mark.parametrize("caller", answers.CALLERS)
@pytest.mark.parametrize("state", answers.STATES)
def test_answers(world, state, caller):
    found = cells(world, state, caller)
    wanted = {
        (interface, method): answers.expected(row, state, caller)
        for interface, table in (("Job", answers.JOB), ("File", answers.FILE))
        for method, row in table.items()
    }
    print(f"{len(found)} cells")
    differing = {cell: (f"{found[cell] or 0:#x}", f"{wanted[cell]:#x}") for cell in found if found[cell] != wanted[cell]}
    assert not differing, "said, and expected"
