"""The story the project exists for: a file arrives as somebody else, by the examples, from both servers."""

import os
import stat

import pytest

import people
from conftest import sha256

SIZE = 8 << 20
EXAMPLES = ["helper-token.c", "helper-token.cpp"]


@pytest.fixture(params=["server", "nginx"])
def origin(request):
    return request.getfixturevalue(request.param)


def transfer(program, origin, name, local, *user):
    return people.run("alice", [program, origin.url(name), local, ".", *user], check=False)


@pytest.mark.parametrize("source", EXAMPLES)
def test_file_arrives_as_bob(source, origin, files, bobs, compile_example, passwords):
    remote = files.make("story.bin", SIZE)
    local = bobs / "story.bin"
    done = transfer(compile_example(source), origin, "story.bin", local, "bob", passwords["bob"])
    assert done.returncode == 0, done.stdout + done.stderr
    status = local.stat()
    assert (status.st_uid, status.st_gid) == (people.account("bob").pw_uid, people.account("bob").pw_gid)
    assert stat.S_ISREG(status.st_mode) and status.st_nlink == 1
    assert sha256(local) == sha256(remote)
    assert os.listdir(bobs) == ["story.bin"]  # no temporary file is left
    with pytest.raises(PermissionError):
        people.call("alice", os.listdir, bobs)


@pytest.mark.parametrize("source", EXAMPLES)
def test_password_from_standard_input(source, server, files, bobs, compile_example, passwords):
    files.make("story.bin", SIZE)
    local = bobs / "input.bin"
    people.run(
        "alice", [compile_example(source), server.url("story.bin"), local, ".", "bob"], input=passwords["bob"] + "\n"
    )
    assert local.stat().st_uid == people.account("bob").pw_uid


@pytest.mark.parametrize("source", EXAMPLES)
def test_wrong_password_moves_nothing(source, server, files, bobs, compile_example):
    files.make("story.bin", SIZE)
    local = bobs / "wrong.bin"
    done = transfer(compile_example(source), server, "story.bin", local, "bob", "not-bobs")
    assert done.returncode != 0
    assert "LogonUser" in done.stdout + done.stderr
    assert "0x8007052e" in (done.stdout + done.stderr).lower()  # HRESULT of ERROR_LOGON_FAILURE
    assert os.listdir(bobs) == []


@pytest.mark.parametrize("source", EXAMPLES)
def test_missing_remote_file_cancels_the_job(source, server, bobs, compile_example, passwords, bitsctl):
    local = bobs / "missing.bin"
    done = transfer(compile_example(source), server, "there-is-none.bin", local, "bob", passwords["bob"])
    assert done.returncode != 0
    assert os.listdir(bobs) == []
    assert "HelperTokenSample" not in bitsctl("alice", "list").stdout


def test_bitsctl_transfers_as_helper(server, files, bobs, bitsctl, passwords):
    remote = files.make("story.bin", SIZE)
    local = bobs / "bitsctl.bin"
    bitsctl("alice", "transfer", "--helper", "bob", server.url("story.bin"), str(local), input=passwords["bob"] + "\n")
    assert local.stat().st_uid == people.account("bob").pw_uid
    assert sha256(local) == sha256(remote)


def test_without_a_helper_bobs_directory_is_closed(server, files, bobs, bitsctl):
    files.make("story.bin", SIZE)
    local = bobs / "no-helper.bin"
    done = bitsctl("alice", "transfer", server.url("story.bin"), str(local), check=False)
    assert done.returncode != 0
    assert os.listdir(bobs) == []
