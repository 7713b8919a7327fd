"""kill -9 of any part at any moment of a 1 GiB transfer: it arrives identical, and no byte that was durable comes twice.

Four transfers of each kind, each killed once at a random moment: twenty kills. An owner's job goes on by itself; a
helper's whose service ended goes to BG_E_TOKEN_REQUIRED, gets its token again, and goes on too.
"""

import random
import signal
import time

import pytest

import bus
import jobs
import people
from conftest import sha256
from waiting import wait_for

SIZE = 1 << 30
SEED = random.SystemRandom().randrange(1 << 32)
SERVICE = ["bitsd", "bits-queue", "bits-file", "bits-net"]
KINDS = {
    "bits-queue": ["bits-queue"],
    "bits-file": ["bits-file"],
    "bits-net": ["bits-net"],
    "bitsd": ["bitsd"],
    "all": SERVICE,
}
MOMENTS = 4
FILE_IDLE_SEC = 10  # after which a bits-file that nobody asks ends by itself


@pytest.fixture(scope="module")
def gibibyte(files):
    return files.make("gibibyte.bin", SIZE)


@pytest.fixture(scope="module")
def digest(gibibyte):
    return sha256(gibibyte)


def begin(remote, local, password=None):
    job = jobs.session_when_ready().create("crash")
    if password:
        job.set_token(jobs.logon("bob", password))
    job.add(remote, local)
    job.call("Resume")
    return job.id


def wait_progress(job_id, least):
    job = jobs.session_when_ready().get(job_id)
    wait_for(lambda: job.progress[1] >= least or job.state == bus.TRANSFERRED, f"{least} bytes")


def finish(job_id, password=None):
    """To the end, with the token again if that is what is missing; how often it was."""
    attached = 0
    while True:
        job = jobs.session_when_ready().get(job_id)
        state = jobs.wait_state(job, bus.TRANSFERRED, bus.ERROR, limit_sec=180)
        if state == bus.TRANSFERRED:
            break
        assert password and job.error()[0] == bus.BG_E_TOKEN_REQUIRED, job.error()
        job.set_token(jobs.logon("bob", password))
        job.call("Resume")
        attached += 1
    refused = jobs.refused(job.call, "Complete")
    if refused == bus.BG_E_TOKEN_REQUIRED and password:  # the service ended between the last byte and here
        job.set_token(jobs.logon("bob", password))
        job.call("Complete")
        refused, attached = None, attached + 1
    assert refused is None, hex(refused)
    return attached


def check_requests(server, since, stored):
    """Each request after the kill begins at what was stored before it, or later."""
    requests = server.requests("gibibyte.bin")[since:]
    begins = [entry["begin"] or 0 for entry in requests]
    assert all(begin >= stored for begin in begins[1:]), (stored, begins)
    assert begins == sorted(begins), begins


def killed_once(moment, programs, server, local, password):
    """How often the token was attached again, and the stored offset that the kill met."""
    since, started = len(server.requests("gibibyte.bin")), time.monotonic()
    job_id = people.call("alice", begin, server.url("gibibyte.bin"), local, password)
    people.call("alice", wait_progress, job_id, moment)
    jobs.send(signal.SIGSTOP, *SERVICE)  # so that what is stored now is what the kill meets
    (stored,) = jobs.stored_offsets()[job_id.replace("-", "")]
    gone = programs == ["bits-file"] and time.monotonic() - started > FILE_IDLE_SEC  # on a busy machine
    assert jobs.kill(*programs) or stored == SIZE or gone
    jobs.send(signal.SIGCONT, *SERVICE)
    attached = people.call("alice", finish, job_id, password)
    wait_for(lambda: server.requests("gibibyte.bin")[since:], "the server's account")
    check_requests(server, since, stored)
    return attached, stored


@pytest.mark.parametrize("kind", KINDS)
def test_owners_job(kind, server, gibibyte, digest, alices):
    source = random.Random(f"{SEED} {kind}")
    print(f"seed {SEED}")
    met = []
    moments = [source.randrange(SIZE), *(source.randrange(SIZE // 8, SIZE * 7 // 8) for _ in range(MOMENTS - 1))]
    for number, moment in enumerate(moments):
        local = alices / f"{number}.bin"
        met.append(killed_once(moment, KINDS[kind], server, local, None)[1])
        assert sha256(local) == digest
        assert jobs.temporaries(alices) == []
        local.unlink()
    assert len([stored for stored in met if 0 < stored < SIZE]) >= MOMENTS // 2, met


@pytest.mark.parametrize("kind", ["bits-queue", "bits-file", "bits-net", "bitsd", "all"])
def test_helpers_job(kind, server, gibibyte, digest, bobs, passwords):
    source = random.Random(f"helper {SEED} {kind}")
    print(f"seed {SEED}")
    local = bobs / "helper.bin"
    killed_once(source.randrange(SIZE * 3 // 4), KINDS[kind], server, local, passwords["bob"])
    assert sha256(local) == digest
    assert local.stat().st_uid == people.account("bob").pw_uid
    assert jobs.temporaries(bobs) == []
    local.unlink()
