"""Jobs and the network (behaviour.md §§1.2, 15, 16): routes that go and come back, bandwidth, costs."""

import datetime
import os
import pathlib
import time

import dbus
import pytest

import bus
import configuration
import jobs
import people
from conftest import sha256
from held import HeldOrigin
from network import OURS, THEIRS, THEIRS6, Network
from system_bus import NetworkManager, SystemBus
from waiting import wait_for

FOREGROUND, HIGH, NORMAL, LOW = range(4)
BG_E_NETWORK_DISCONNECTED = 0x80200010
BG_E_BLOCKED_BY_POLICY = 0x8020003E
BG_E_BLOCKED_BY_COST_TRANSFER_POLICY = 0x80200059


@pytest.fixture(scope="module")
def network():
    with Network() as running:
        yield running


@pytest.fixture
def far(network):
    with network.held() as origin:
        yield origin


@pytest.fixture
def near():
    with HeldOrigin() as origin:
        yield origin


def as_alice(function, *arguments):
    return people.call("alice", function, *arguments)


def make(url, priority=NORMAL, resume=True):
    """The id of a new job of alice's that fetches url."""

    def scenario():
        directory = pathlib.Path(os.environ["HOME"]) / "network"
        directory.mkdir(exist_ok=True)
        job = jobs.session().create(url)
        job.call("SetPriority", "u", priority)
        job.add(url, directory / job.id)
        if resume:
            job.call("Resume")
        return job.id

    return as_alice(scenario)


def call(job_id, method, *arguments):
    as_alice(lambda: bus.Bus().get(job_id).call(method, *arguments))


def look(job_id):
    """(state, reason, until, error code, error count)"""

    def scenario():
        job = bus.Bus().get(job_id)
        try:
            code = job.error()[0]
        except bus.Failure:
            code = 0
        return job.state, str(job.get("Reason")), int(job.get("ReasonUntil")), code, int(job.get("ErrorCount"))

    return as_alice(scenario)


def wait_look(job_id, state, reason="", code=0):
    """Waits for it; what look() says then."""
    seen = []

    def there():
        seen[:] = look(job_id)
        return (seen[0], seen[1], seen[3]) == (state, reason, code)

    try:
        wait_for(there, f"{state} {reason} {code:#x}")
    except AssertionError as error:
        raise AssertionError(f"{error}; it is {seen}") from None
    return tuple(seen)


def wait_look_reason(job_id, reason):
    seen = []

    def there():
        seen[:] = look(job_id)
        return seen[1] == reason

    wait_for(there, reason)
    return tuple(seen)


def finish(*origins, ids):
    for origin in origins:
        origin.release()
    for job_id in ids:
        wait_look(job_id, bus.TRANSFERRED)
        call(job_id, "Cancel")


# ---- routes ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lose, find", [("down", "up"), ("unplug", "plug")])
def test_network_lost_and_back(network, far, near, lose, find):
    """Jobs to the other end wait, queued ones too; the one on the loopback goes on."""
    with configuration.settings(BackgroundJobs=1):
        running = make(far.url("running"))
        wait_look(running, bus.TRANSFERRING)
        queued = make(far.url("queued"))
        wait_look(queued, bus.QUEUED, "queue")
        local = make(near.url("local"), FOREGROUND)
        wait_look(local, bus.TRANSFERRING)

        getattr(network, lose)()
        for job_id in (running, queued):
            *_, count = wait_look(job_id, bus.TRANSIENT_ERROR, "network", BG_E_NETWORK_DISCONNECTED)
            assert count == 0  # no failure of anybody's
        late = make(far.url("late"))
        wait_look(late, bus.TRANSIENT_ERROR, "network", BG_E_NETWORK_DISCONNECTED)
        wait_look(local, bus.TRANSFERRING)
        finish(near, ids=[local])

        getattr(network, find)()
        wait_look(running, bus.TRANSFERRING)
        finish(far, ids=[running, queued, late])


def test_back_whatever_the_error_was(network, far):
    """A job that waits for its retry after another error goes on when its network returns, and only then."""
    job = make(f"http://{THEIRS}:1/x")  # nobody listens
    *_, count = wait_look_reason(job, "retry")
    assert count == 1
    other = make(far.url("other"))
    wait_look(other, bus.TRANSFERRING)
    network.down()
    wait_look(other, bus.TRANSIENT_ERROR, "network", BG_E_NETWORK_DISCONNECTED)
    assert look(job)[1] == "retry"
    network.up()
    wait_for(lambda: look(job)[4] == 2, "the second failure")  # a retry, long before its ten minutes
    call(job, "Cancel")
    finish(far, ids=[other])


def test_a_job_that_waits_for_the_network_obeys(network, far):
    network.down()
    try:
        job = make(far.url("obeys"))
        wait_look(job, bus.TRANSIENT_ERROR, "network", BG_E_NETWORK_DISCONNECTED)
        call(job, "Suspend")
        assert look(job)[0] == bus.SUSPENDED
        call(job, "Resume")
        wait_look(job, bus.TRANSIENT_ERROR, "network", BG_E_NETWORK_DISCONNECTED)
    finally:
        network.up()
    finish(far, ids=[job])


@pytest.mark.parametrize("lose, find", [("down", "up"), ("take_addresses", "give_addresses")])
def test_names_need_some_network(network, lose, find):
    """A name cannot be asked for its route: any way off this machine is one, but none that ends at the link."""
    getattr(network, lose)()
    try:
        job = make("http://files.example/x")
        wait_look(job, bus.TRANSIENT_ERROR, "network", BG_E_NETWORK_DISCONNECTED)
        localhost = make("http://localhost:1/x")  # refused, but not for want of a network
        wait_look_reason(localhost, "retry")
    finally:
        getattr(network, find)()
    wait_look_reason(job, "retry")  # tried: there is no name service here
    for job_id in (job, localhost):
        call(job_id, "Cancel")


def test_an_address_without_a_route(network):
    """There is a network, but none that leads there."""
    for url in ("http://192.0.2.1/x", "http://[2001:db8::1]/x"):
        job = make(url)
        wait_look(job, bus.TRANSIENT_ERROR, "network", BG_E_NETWORK_DISCONNECTED)
        call(job, "Cancel")


def test_an_address_of_ipv6(network):
    job = make(f"http://[{THEIRS6}]:1/x")
    wait_look_reason(job, "retry")  # refused
    network.unplug()
    try:
        other = make(f"http://[{THEIRS6}]:1/x")
        wait_look(other, bus.TRANSIENT_ERROR, "network", BG_E_NETWORK_DISCONNECTED)
    finally:
        network.plug()
    wait_look_reason(other, "retry")
    for job_id in (job, other):
        call(job_id, "Cancel")


def test_our_own_address_is_there(network):
    job = make(f"http://{OURS}:1/x")
    wait_look_reason(job, "retry")
    call(job, "Cancel")


# ---- bandwidth ------------------------------------------------------------------------------------------------


def window(seconds_from_now, seconds, rate):
    """A line for a window of today, or over midnight; what ReasonUntil has when it blocks."""
    begin = datetime.datetime.now().replace(microsecond=0) + datetime.timedelta(seconds=seconds_from_now)
    end = begin + datetime.timedelta(seconds=seconds)
    day = begin.strftime("%a")
    return f"MaxBandwidthSchedule={day} {begin:%H:%M:%S}-{end:%H:%M:%S} {rate}", int(end.timestamp()) * 1_000_000


def test_no_bandwidth_blocks_background_jobs(near):
    """At once, running ones too; a foreground job is not concerned; without an end there is no moment to name."""
    background, foreground = make(near.url("background")), make(near.url("foreground"), FOREGROUND)
    for job_id in (background, foreground):
        wait_look(job_id, bus.TRANSFERRING)
    with configuration.lines("MaxBandwidth=0"):
        _, _, until, _, count = wait_look(background, bus.TRANSIENT_ERROR, "policy", BG_E_BLOCKED_BY_POLICY)
        assert (until, count) == (0, 0)
        late = make(near.url("late"), HIGH)
        wait_look(late, bus.TRANSIENT_ERROR, "policy", BG_E_BLOCKED_BY_POLICY)
        assert look(foreground)[0] == bus.TRANSFERRING
        call(late, "SetPriority", "u", FOREGROUND)  # now it is not concerned either
        wait_look(late, bus.TRANSFERRING)
        call(late, "SetPriority", "u", LOW)
        wait_look(late, bus.TRANSIENT_ERROR, "policy", BG_E_BLOCKED_BY_POLICY)
    wait_look(background, bus.TRANSFERRING)
    finish(near, ids=[background, foreground, late])


def test_bandwidth_of_background_jobs(server, files):
    """A foreground job is done long before a background one that began earlier, and both get the right bytes."""
    remote = files.make("capped.bin", 1 << 20)
    with configuration.lines("MaxBandwidth=1K"):
        background = make(server.url("capped.bin"))
        wait_look(background, bus.TRANSFERRING)
        foreground = make(server.url("capped.bin"), FOREGROUND)
        wait_look(foreground, bus.TRANSFERRED)
        assert look(background)[0] == bus.TRANSFERRING
    wait_look(background, bus.TRANSFERRED)
    for job_id in (background, foreground):
        call(job_id, "Complete")
        assert sha256(people.home("alice") / "network" / job_id) == sha256(remote)


def test_a_window_without_bandwidth_ends(near):
    """The job says when, and goes on by itself."""
    line, end = window(-60, 90, 0)
    with configuration.lines(line):
        job = make(near.url("window"))
        _, _, until, _, _ = wait_look(job, bus.TRANSIENT_ERROR, "policy", BG_E_BLOCKED_BY_POLICY)
        assert abs(until - end) <= 1_000_000
        wait_look(job, bus.TRANSFERRING)
        assert time.time() * 1e6 >= end - 1_000_000
        finish(near, ids=[job])


def test_a_window_without_bandwidth_begins(near):
    job = make(near.url("begins"))
    wait_look(job, bus.TRANSFERRING)
    line, _ = window(5, 3600, 0)
    with configuration.lines(line):
        wait_look(job, bus.TRANSIENT_ERROR, "policy", BG_E_BLOCKED_BY_POLICY)
    finish(near, ids=[job])


# ---- costs ----------------------------------------------------------------------------------------------------

COST_FLAGS = 1
UNRESTRICTED, CAPPED, ALWAYS = 0x1, 0x2, 0x800000FF


def set_flags(job_id, flags):
    call(job_id, "SetProperty", "uv", COST_FLAGS, dbus.UInt32(flags, variant_level=1))


def get_flags(job_id):
    return as_alice(lambda: int(bus.Bus().get(job_id).call("GetProperty", "u", COST_FLAGS)))


def blocked_by_cost(job_id):
    return wait_look(job_id, bus.TRANSIENT_ERROR, "cost", BG_E_BLOCKED_BY_COST_TRANSFER_POLICY)


def test_cost_flags_hold_at_once(network, far, near):
    job, local = make(far.url("cost")), make(near.url("cost"))
    wait_look(job, bus.TRANSFERRING)
    wait_look(local, bus.TRANSFERRING)
    with configuration.lines("NetworkCost=usage-based"):
        for job_id in (job, local):
            set_flags(job_id, UNRESTRICTED)
        assert blocked_by_cost(job)[4] == 0
        assert look(local)[0] == bus.TRANSFERRING  # the loopback costs nothing
        set_flags(job, 0x40)
        wait_look(job, bus.TRANSFERRING)
        set_flags(job, UNRESTRICTED)
        blocked_by_cost(job)
    wait_look(job, bus.TRANSFERRING)
    finish(far, near, ids=[job, local])


def test_cost_policy_by_priority(network, far):
    """While a job has no flags of its own the configuration decides, and GetProperty says what."""
    job = make(far.url("policy"))
    wait_look(job, bus.TRANSFERRING)
    assert get_flags(job) == ALWAYS
    with configuration.lines("NetworkCost=roaming", "CostPolicyNormal=standard", "CostPolicyLow=0x80", "CostPolicyHigh=0x1"):
        blocked_by_cost(job)
        assert get_flags(job) == 0x80000067
        call(job, "SetPriority", "u", LOW)
        wait_look(job, bus.TRANSFERRING)
        assert get_flags(job) == 0x80
        call(job, "SetPriority", "u", HIGH)
        blocked_by_cost(job)
        set_flags(job, ALWAYS)
        wait_look(job, bus.TRANSFERRING)
        set_flags(job, 0)  # as if never set
        blocked_by_cost(job)
        assert get_flags(job) == 0x1
    wait_look(job, bus.TRANSFERRING)
    finish(far, ids=[job])


def test_metered_by_network_manager(network, far):
    """Yes and probably are capped, no and unknown are not; without NetworkManager, or its bus, nothing costs."""
    job = make(far.url("metered"))
    set_flags(job, UNRESTRICTED)
    wait_look(job, bus.TRANSFERRING)
    with SystemBus() as system:
        manager = NetworkManager(system)
        for metered, blocks in ((1, True), (2, False), (3, True), (4, False), (1, True), (0, False), (1, True)):
            manager.metered(metered)
            blocked_by_cost(job) if blocks else wait_look(job, bus.TRANSFERRING)
        set_flags(job, CAPPED)
        wait_look(job, bus.TRANSFERRING)
        set_flags(job, UNRESTRICTED)
        blocked_by_cost(job)
        with configuration.lines("NetworkCost=unrestricted"):  # the administrator knows better
            wait_look(job, bus.TRANSFERRING)
        blocked_by_cost(job)
        manager.stop()
        wait_look(job, bus.TRANSFERRING)
        manager = NetworkManager(system)
        manager.metered(1)
        blocked_by_cost(job)
    wait_look(job, bus.TRANSFERRING)  # the bus has gone
    finish(far, ids=[job])


def test_one_condition_after_the_other(network, far):
    """The network is down and background jobs are blocked: what remains is said when the first has ended."""
    job = make(far.url("both"))
    wait_look(job, bus.TRANSFERRING)
    network.down()
    wait_look(job, bus.TRANSIENT_ERROR, "network", BG_E_NETWORK_DISCONNECTED)
    with configuration.lines("MaxBandwidth=0"):
        network.up()
        wait_look(job, bus.TRANSIENT_ERROR, "policy", BG_E_BLOCKED_BY_POLICY)
    wait_look(job, bus.TRANSFERRING)
    finish(far, ids=[job])
