"""org.bitsd1 by a client that speaks nothing but D-Bus and the identity socket: the story without libbits."""

import os
import socket

import dbus
import pytest

import bus
import identity
import people
from bus import Bus, Failure
from conftest import sha256
from waiting import wait_for

SIZE = 8 << 20


def download(url, local, logon=None):
    """In the owner's process: a job, its file, and Complete; the helper's account and password in logon."""
    connection = Bus()
    connection.authorize()
    job = connection.create("by D-Bus")
    if logon:
        reply = identity.logon(*logon)
        assert reply.result == 0, reply.result
        job.set_token(reply.token)
    job.add(url, local)
    job.call("Resume")
    wait_for(lambda: job.state in (bus.TRANSFERRED, bus.ERROR), "the end of the transfer")
    assert job.state == bus.TRANSFERRED, job.error()
    job.call("Complete")
    return job.id


def failure_of(function, *arguments):
    with pytest.raises(Failure) as caught:
        function(*arguments)
    return caught.value.hresult


def test_file_arrives_as_its_owner(server, files, alices):
    remote = files.make("owner.bin", SIZE)
    people.call("alice", download, server.url("owner.bin"), alices / "owner.bin")
    assert sha256(alices / "owner.bin") == sha256(remote)
    assert (alices / "owner.bin").stat().st_uid == people.account("alice").pw_uid


def test_file_arrives_as_its_helper(server, files, bobs, passwords):
    remote = files.make("helper.bin", SIZE)
    people.call("alice", download, server.url("helper.bin"), bobs / "helper.bin", ("bob", passwords["bob"]))
    assert sha256(bobs / "helper.bin") == sha256(remote)
    assert (bobs / "helper.bin").stat().st_uid == people.account("bob").pw_uid
    assert os.listdir(bobs) == ["helper.bin"]


def test_token_that_bob_minted_for_alice(server, files, bobs):
    """No password: bob's process asks for a token of itself and passes it on."""
    files.make("minted.bin", SIZE)
    token = mint_as("bob", people.account("alice").pw_uid)
    try:
        people.call("alice", use_token, token, server.url("minted.bin"), bobs / "minted.bin")
    finally:
        os.close(token)
    assert (bobs / "minted.bin").stat().st_uid == people.account("bob").pw_uid


def test_bobs_token_for_alice_serves_nobody_else(server, files, bobs):
    files.make("minted.bin", SIZE)
    token = mint_as("bob", people.account("alice").pw_uid)
    try:
        assert people.call("mal", failure_of, use_token, token, server.url("minted.bin"), bobs / "stolen.bin") == bus.E_ACCESSDENIED
    finally:
        os.close(token)
    assert not (bobs / "stolen.bin").exists()


def mint_as(name, audience):
    """A token of NAME's, made by a process of NAME's and passed to this one."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)

    def mint():
        reply = identity.mint(audience)
        assert reply.result == 0, reply.result
        socket.send_fds(theirs, [b"token"], [reply.token])

    with ours, theirs:
        people.call(name, mint)
        _, descriptors, _, _ = socket.recv_fds(ours, 16, 1)
    return descriptors[0]


def use_token(token, url, local):
    connection = Bus()
    connection.authorize()
    job = connection.create("with a token")
    job.set_token(os.dup(token))
    job.add(url, local)
    job.call("Resume")
    wait_for(lambda: job.state in (bus.TRANSFERRED, bus.ERROR), "the end of the transfer")
    assert job.state == bus.TRANSFERRED, job.error()
    job.call("Complete")


def test_flag_without_token(server, alices):
    def add():
        connection = Bus()
        connection.authorize()
        job = connection.create()
        job.call("SetHelperTokenFlags", "u", dbus.UInt32(bus.HELPER_LOCAL_FILE))
        return failure_of(job.add, server.url("any"), alices / "any")

    assert people.call("alice", add) == bus.BG_E_TOKEN_REQUIRED


def test_no_file_without_a_ticket(server):
    def add():
        return failure_of(Bus().create().add, server.url("any"), "/run/home/carol/any")

    assert people.call("carol", add) == bus.E_ACCESSDENIED


def test_carol_neither_sees_nor_touches_alices_job():
    job_id = people.call("alice", lambda: Bus().create("private").id)
    assert people.call("carol", failure_of, lambda: Bus().get(job_id)) == bus.E_ACCESSDENIED
    listed = people.call("carol", lambda: str(Bus().manager("ListJobs", "utu", 0, 0, 256)))
    assert job_id not in listed
