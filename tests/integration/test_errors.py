"""Each code of bitsmsg.h: how it comes about, and what is said then.

CAUSED is the table of what is caused here; ELSEWHERE names the module that causes a code; NOT_CAUSED says why nothing
does. A code of the header that is in none of them, or in two, is a failure.
"""

import contextlib
import os
import pathlib
import re
import shutil
import subprocess
import threading

import dbus
import pytest

import bus
import configuration
import jobs
import people
from conftest import TREE
from network import Network
from raw import RawOrigin, answer
from waiting import wait_for

QUEUE_MANAGER, LOCAL_FILE, REMOTE_FILE, TRANSPORT = 2, 4, 5, 6
FOREGROUND = 0
DYNAMIC, HIGH_PERFORMANCE, MAX_DOWNLOAD_SIZE, STORED_CREDENTIALS, ON_DEMAND = 3, 4, 5, 7, 10
LONG_SEC = 3600
BODY = bytes(range(256)) * 4
HERE = pathlib.Path(__file__).parent

CODES = {
    name: int(value, 16)
    for name, value in re.findall(
        r"^#define (BG_[ES]_\w+)\s+_HRESULT_TYPEDEF_\((0x[0-9A-F]{8})L\)", (TREE / "include/bits/bitsmsg.h").read_text(), re.M
    )
}
BITS = {name for name, value in CODES.items() if value & 0x7FFF0000 == 0x00200000}
WINHTTP = {  # of other facilities, but told by the service in the place of a code of BITS
    "ERROR_WINHTTP_NAME_NOT_RESOLVED": 0x80072EE7,
    "ERROR_WINHTTP_CANNOT_CONNECT": 0x80072EFD,
}


class Place:
    """Where a cause works: a session, a directory of its own, an origin."""

    def __init__(self, name):
        self.connection = jobs.session()
        self.directory = pathlib.Path(os.environ["HOME"]) / f"{name}-{os.getpid()}"
        self.directory.mkdir()
        self.hold = threading.Event()
        self.origin = RawOrigin({
            "good": answer(200, BODY, ETag='"1"'),
            "unsized": answer(200, BODY, length=False),
            "encoded": answer(200, BODY, Content_Encoding="gzip"),
            "ancient": BODY,
            "cut": answer(200, BODY[:100], length=len(BODY)),
            "short": answer(416, Content_Range="bytes */100"),
            "restless": self.restless,
            "held": self.held,
            "missing": answer(404),
        })

    @staticmethod
    def restless(n, header):
        """Another version each time that it is asked for."""
        first, last = map(int, re.search(r"(?im)^Range: bytes=(\d+)-(\d+)", header).groups())
        if "if-range" in header.lower():
            return answer(200, BODY, ETag=f'"{n}"')
        return answer(206, BODY[first:last + 1], ETag=f'"{n}"', Content_Range=f"bytes {first}-{last}/{len(BODY)}")

    def held(self, n, header):
        yield answer(200, BODY[:100], length=len(BODY))
        self.hold.wait()

    def job(self):
        job = self.connection.create("errors")
        job.call("SetPriority", "u", FOREGROUND)
        job.call("SetMinimumRetryDelay", "u", LONG_SEC)
        return job

    def job_with(self, name):
        job = self.job()
        self.add(job, name)
        return job

    def local(self):
        return self.directory / f"{len(os.listdir(self.directory))}-{os.urandom(4).hex()}"

    def add(self, job, name):
        job.add(self.origin.url(name), self.local())

    def add_ranges(self, job, name, *ranges):
        array = dbus.Array([(dbus.UInt64(offset), dbus.UInt64(length)) for offset, length in ranges], signature="(tt)")
        job.call("AddFileWithRanges", "ssa(tt)", self.origin.url(name), str(self.local()), array)

    def __enter__(self):
        self.origin.__enter__()
        return self

    def __exit__(self, *_):
        self.hold.set()
        for job_id, _ in self.connection.manager("ListJobs", "utu", 0, 0, 256)[0]:
            with contextlib.suppress(bus.Failure):
                self.connection.get(str(job_id)).call("Cancel")
        self.origin.__exit__()
        shutil.rmtree(self.directory)


def set_property(job, number, value):
    job.call("SetProperty", "uv", dbus.UInt32(number), value)


def truth(value=True):
    return dbus.Boolean(value, variant_level=1)


def size(value):
    return dbus.UInt64(value, variant_level=1)


@contextlib.contextmanager
def broken(program):
    """One of our programs cannot be started: it ends at once."""
    path, false = pathlib.Path("/usr/libexec/bits") / program, pathlib.Path("/run/broken")
    false.write_text("#!/bin/sh\nexit 1\n")
    false.chmod(0o755)
    subprocess.run(["mount", "--bind", false, path], check=True)
    try:
        jobs.kill(program)
        yield
    finally:
        subprocess.run(["umount", path], check=True)


class Cause:
    """How a code comes about; outcome: CALL, SUCCESS, or the state and context of the job that has it as its error."""

    def __init__(self, function, outcome, around):
        self.function, self.outcome, self.around = function, outcome, around


CALL, SUCCESS = "a refused call", "a success"
CAUSED = {}  # (code, outcome): Cause


def causes(code, *outcome, around=contextlib.nullcontext):
    """The function causes the code: around is entered by root, before."""

    def put(function):
        key = code, outcome
        assert key not in CAUSED, key
        CAUSED[key] = Cause(function, outcome, around)
        return function

    return put


def settings(**keys):
    return lambda: configuration.settings(**keys)


# ---- refused calls -------------------------------------------------------------------------------


@causes("BG_E_NOT_FOUND", CALL)
def get_unknown_job(place):
    place.connection.get("01234567-89AB-CDEF-0123-456789ABCDEF")


@causes("BG_E_INVALID_STATE", CALL)
def resume_cancelled_job(place):
    job = place.job_with("good")
    job.call("Cancel")
    job.call("Resume")


@causes("BG_E_EMPTY", CALL)
def resume_without_files(place):
    place.job().call("Resume")


@causes("BG_E_ERROR_INFORMATION_UNAVAILABLE", CALL)
def get_error_without_one(place):
    place.job().call("GetError")


@causes("BG_E_FILE_NOT_FOUND", CALL)
def ask_for_a_file_that_is_not_there(place):
    job = place.job_with("good")
    job.bus.call(f"{job.path}/file/1", "File", "GetFileRanges")


@causes("BG_E_STRING_TOO_LONG", CALL)
def set_long_description(place):
    job = place.job()
    job.call("SetDescription", "s", "\N{GREEK SMALL LETTER BETA}" * 1024)  # counted in characters
    job.call("SetDescription", "s", "x" * 1025)


@causes("BG_E_TOO_MANY_JOBS_PER_USER", CALL, around=settings(MaxJobsPerUser=2))
def create_a_third_job(place):
    for _ in range(3):
        place.job()


@causes("BG_E_TOO_MANY_JOBS_PER_MACHINE", CALL, around=settings(MaxJobsPerMachine=2))
def create_a_third_job_on_the_machine(place):
    for _ in range(3):
        place.job()


@causes("BG_E_TOO_MANY_FILES_IN_JOB", CALL, around=settings(MaxFilesPerJob=2))
def add_a_third_file(place):
    job = place.job_with("good")
    place.add(job, "good")
    place.add(job, "good")


@causes("BG_E_TOO_MANY_RANGES_IN_FILE", CALL, around=settings(MaxRangesPerFile=2))
def add_three_ranges(place):
    place.add_ranges(place.job(), "good", (0, 1), (10, 1))
    place.add_ranges(place.job(), "good", (0, 1), (10, 1), (20, 1))


@causes("BG_E_INVALID_RANGE", CALL)
def add_empty_range(place):
    place.add_ranges(place.job(), "good", (0, 0))


@causes("BG_E_OVERLAPPING_RANGES", CALL)
def add_overlapping_ranges(place):
    place.add_ranges(place.job(), "good", (0, 10), (9, 10))


@causes("BG_E_RANDOM_ACCESS_NOT_SUPPORTED", CALL)
def request_of_a_file_with_ranges(place):
    job = place.job()
    place.add_ranges(job, "good", (0, 10))
    array = dbus.Array([(dbus.UInt64(0), dbus.UInt64(1))], signature="(tt)")
    job.bus.call(f"{job.path}/file/0", "File", "RequestFileRanges", "a(tt)", array)


@causes("BG_E_UNKNOWN_PROPERTY_ID", CALL)
def set_unknown_property(place):
    set_property(place.job(), 99, truth())


@causes("BG_E_READ_ONLY_PROPERTY", CALL)
def set_response_headers(place):
    job = place.job_with("good")
    job.bus.call(f"{job.path}/file/0", "File", "SetProperty", "uv", dbus.UInt32(1), dbus.String("", variant_level=1))


@causes("BG_E_READ_ONLY_PROPERTY_AFTER_ADDFILE", CALL)
def set_high_performance_late(place):
    job = place.job()
    set_property(job, HIGH_PERFORMANCE, truth())
    place.add(job, "good")
    set_property(job, HIGH_PERFORMANCE, truth(False))


@causes("BG_E_READ_ONLY_PROPERTY_AFTER_RESUME", CALL)
def set_size_limit_late(place):
    job = place.job_with("good")
    set_property(job, MAX_DOWNLOAD_SIZE, size(1 << 20))
    job.call("Resume")
    set_property(job, MAX_DOWNLOAD_SIZE, size(1 << 21))


@causes("BG_E_MAX_DOWNLOAD_SIZE_INVALID_VALUE", CALL)
def set_size_limit_of_nothing(place):
    job = place.job()
    set_property(job, MAX_DOWNLOAD_SIZE, size(1))
    set_property(job, MAX_DOWNLOAD_SIZE, size(0))


@causes("BG_E_USE_STORED_CREDENTIALS_NOT_SUPPORTED", CALL)
def use_stored_credentials_of_a_server(place):
    set_property(place.job(), STORED_CREDENTIALS, dbus.UInt32(1, variant_level=1))


@causes("BG_E_UNSUPPORTED_JOB_CONFIGURATION", CALL)
def dynamic_content_on_demand(place):
    job = place.job()
    set_property(job, DYNAMIC, truth())
    set_property(job, ON_DEMAND, truth())


@causes("BG_E_WATCHDOG_TIMEOUT", CALL, around=lambda: broken("bits-file"))
def add_without_a_worker(place):
    place.job_with("good")


# ---- successes that are not S_OK -----------------------------------------------------------------


@causes("BG_S_PARTIAL_COMPLETE", SUCCESS)
def complete_half(place):
    job = place.job_with("good")
    job.call("Resume")
    jobs.wait_state(job, bus.TRANSFERRED)
    place.add(job, "missing")
    job.call("Resume")
    jobs.wait_state(job, bus.ERROR)
    return job.call("Complete")


# ---- errors of jobs ------------------------------------------------------------------------------


@causes("BG_E_MISSING_FILE_SIZE", bus.ERROR, REMOTE_FILE)
def server_gives_no_size(place):
    return place.job_with("unsized")


@causes("BG_E_INSUFFICIENT_HTTP_SUPPORT", bus.ERROR, TRANSPORT)
def server_of_http_0_9(place):
    return place.job_with("ancient")


@causes("BG_E_INVALID_SERVER_RESPONSE", bus.ERROR, REMOTE_FILE)
def server_encodes_unasked(place):
    return place.job_with("encoded")


@causes("BG_E_INSUFFICIENT_RANGE_SUPPORT", bus.ERROR, REMOTE_FILE)
def server_knows_no_ranges(place):
    job = place.job()
    place.add_ranges(job, "good", (10, 10))
    return job


@causes("BG_E_RANDOM_ACCESS_NOT_SUPPORTED", bus.ERROR, REMOTE_FILE)
def server_knows_no_ranges_on_demand(place):
    job = place.job()
    set_property(job, ON_DEMAND, truth())
    place.add(job, "good")
    array = dbus.Array([(dbus.UInt64(10), dbus.UInt64(10))], signature="(tt)")
    job.bus.call(f"{job.path}/file/0", "File", "RequestFileRanges", "a(tt)", array)
    return job


@causes("BG_E_INVALID_RANGE", bus.ERROR, REMOTE_FILE)
def range_is_beyond_the_end(place):
    job = place.job()
    place.add_ranges(job, "short", (1000, 10))
    return job


@causes("BG_E_REMOTE_FILE_CHANGED", bus.TRANSIENT_ERROR, REMOTE_FILE)
def remote_file_changes_all_the_time(place):
    job = place.job()
    place.add_ranges(job, "restless", (0, 10), (100, 10))
    return job


@causes("BG_E_CONNECTION_CLOSED", bus.TRANSIENT_ERROR, TRANSPORT)
def server_closes_early(place):
    return place.job_with("cut")


@causes("ERROR_WINHTTP_NAME_NOT_RESOLVED", bus.TRANSIENT_ERROR, TRANSPORT, around=Network)
def host_is_unknown(place):
    def make():
        job = place.job()
        job.add("http://nowhere.invalid/x", place.local())
        return job

    first = make()
    first.call("Resume")
    missing = CODES["BG_E_NETWORK_DISCONNECTED"]
    wait_for(lambda: first.state == bus.TRANSIENT_ERROR and first.error()[0] != missing, "the network to be seen")
    return make()


@causes("ERROR_WINHTTP_CANNOT_CONNECT", bus.TRANSIENT_ERROR, TRANSPORT)
def nobody_listens(place):
    job = place.job()
    job.add("http://127.0.0.1:1/x", place.local())
    return job


@causes("BG_E_VALIDATION_FAILED", bus.ERROR, LOCAL_FILE)
def content_has_another_hash(place):
    job = place.job()
    job.call("AddFileWithHash", "sssay", place.origin.url("good"), str(place.local()), "sha256", dbus.ByteArray(bytes(32)))
    return job


@causes("BG_E_MAXDOWNLOAD_TIMEOUT", bus.ERROR, QUEUE_MANAGER)
def time_is_used_up(place):
    job = place.job_with("held")
    job.call("SetMaximumDownloadTime", "u", 1)
    return job


@causes("BG_E_MAX_DOWNLOAD_SIZE_LIMIT_REACHED", bus.ERROR, REMOTE_FILE)
def file_is_too_large(place):
    job = place.job()
    set_property(job, MAX_DOWNLOAD_SIZE, size(len(BODY) - 1))
    place.add(job, "good")
    return job


@causes("BG_E_TOKEN_REQUIRED", bus.ERROR, QUEUE_MANAGER)
def token_is_missing(place):
    job = place.job_with("good")
    job.call("SetHelperTokenFlags", "u", bus.HELPER_LOCAL_FILE)
    return job


# ---- what is caused elsewhere, or not ------------------------------------------------------------

LIBRARY = {  # by errors.c, below: the library's own words, which no D-Bus call has
    "BG_E_FILE_NOT_AVAILABLE", "BG_E_PROTOCOL_NOT_AVAILABLE", "BG_E_INVALID_AUTH_TARGET", "BG_E_INVALID_AUTH_SCHEME",
    "BG_E_USERNAME_TOO_LARGE", "BG_E_PASSWORD_TOO_LARGE", "BG_E_ERROR_CONTEXT_GENERAL_QUEUE_MANAGER",
    "BG_E_ERROR_CONTEXT_LOCAL_FILE", "BG_E_ERROR_CONTEXT_REMOTE_FILE", "BG_E_ERROR_CONTEXT_GENERAL_TRANSPORT",
}

ELSEWHERE = {
    "BG_E_LOCAL_FILE_CHANGED": "test_destination.py",
    "BG_E_VOLUME_CHANGED": "test_destination.py",
    "BG_E_NEW_OWNER_NO_FILE_ACCESS": "test_ownership.py",
    "BG_S_UNABLE_TO_DELETE_FILES": "test_token_rules.py",
    "BG_E_DATABASE_CORRUPT": "test_store_damaged.py",
    "BG_E_NETWORK_DISCONNECTED": "test_network.py",
    "BG_E_BLOCKED_BY_POLICY": "test_network.py",
    "BG_E_BLOCKED_BY_COST_TRANSFER_POLICY": "test_network.py",
}

NO_UPLOADS = "there are no uploads yet"
NO_PROXIES = "there are no proxy settings yet"
NO_CREDENTIALS = "credentials are not kept yet"
NO_PEERS = "there is no peer caching"
NO_POWER = "power is not looked at yet"
NO_POLICY = "the only policy of the machine is BG_E_BLOCKED_BY_POLICY's"
NO_TLS_OPTIONS = "there are no TLS options and no certificate callback yet"
NO_CONTEXT = "no error has this context yet"
NO_METHODS = "there are no custom HTTP methods yet"
WINDOWS = "of something that Linux has not"

NOT_CAUSED = {
    "BG_S_ERROR_CONTEXT_NONE": NO_CONTEXT,
    "BG_E_ERROR_CONTEXT_UNKNOWN": NO_CONTEXT,
    "BG_E_ERROR_CONTEXT_QUEUE_MANAGER_NOTIFICATION": NO_CONTEXT,
    "BG_E_ERROR_CONTEXT_REMOTE_APPLICATION": NO_UPLOADS,
    "BG_E_ERROR_CONTEXT_SERVER_CERTIFICATE_CALLBACK": NO_TLS_OPTIONS,
    "BG_E_DESTINATION_LOCKED": WINDOWS,
    "BG_E_REMOTE_NOT_SUPPORTED": "no other machine can call",
    "BG_E_NEW_OWNER_DIFF_MAPPING": WINDOWS,
    "BG_E_PROXY_LIST_TOO_LARGE": NO_PROXIES,
    "BG_E_PROXY_BYPASS_LIST_TOO_LARGE": NO_PROXIES,
    "BG_E_TOO_MANY_FILES": NO_UPLOADS,
    "BG_E_SESSION_NOT_FOUND": NO_UPLOADS,
    "BG_E_TOO_LARGE": NO_UPLOADS,
    "BG_E_CLIENT_SERVER_PROTOCOL_MISMATCH": NO_UPLOADS,
    "BG_E_SERVER_EXECUTE_ENABLE": NO_UPLOADS,
    "BG_E_NO_PROGRESS": "the error that came last is told when the no-progress timeout has passed",
    "BG_S_PROXY_CHANGED": NO_PROXIES,
    "BG_E_CONNECT_FAILURE": "ERROR_WINHTTP_CANNOT_CONNECT says it",
    "BG_E_INVALID_PROXY_INFO": NO_PROXIES,
    "BG_E_INVALID_CREDENTIALS": NO_CREDENTIALS,
    "BG_E_INVALID_HASH_ALGORITHM": NO_PEERS,
    "BG_E_RECORD_DELETED": NO_PEERS,
    "BG_E_COMMIT_IN_PROGRESS": NO_PEERS,
    "BG_E_DISCOVERY_IN_PROGRESS": NO_PEERS,
    "BG_E_UPNP_ERROR": WINDOWS,
    "BG_E_TEST_OPTION_BLOCKED_DOWNLOAD": WINDOWS,
    "BG_E_PEERCACHING_DISABLED": NO_PEERS,
    "BG_E_BUSYCACHERECORD": NO_PEERS,
    "BG_S_OVERRIDDEN_BY_POLICY": NO_PEERS,
    "BG_E_PROPERTY_SUPPORTED_FOR_DOWNLOAD_JOBS_ONLY": NO_UPLOADS,
    "BG_E_STANDBY_MODE": NO_POWER,
    "BG_E_BLOCKED_BY_BATTERY_POLICY": NO_POWER,
    "BG_E_BLOCKED_BY_BATTERY_SAVER": NO_POWER,
    "BG_E_APP_PACKAGE_NOT_FOUND": WINDOWS,
    "BG_E_APP_PACKAGE_SCENARIO_NOT_SUPPORTED": WINDOWS,
    "BG_E_BLOCKED_BY_BACKGROUND_ACCESS_POLICY": NO_POLICY,
    "BG_E_BLOCKED_BY_GAME_MODE": WINDOWS,
    "BG_E_BLOCKED_BY_SYSTEM_POLICY": NO_POLICY,
    "BG_E_NOT_SUPPORTED_WITH_CUSTOM_HTTP_METHOD": NO_METHODS,
    "BG_E_SERVER_CERT_VALIDATION_INTERFACE_REQUIRED": NO_TLS_OPTIONS,
    "BG_E_READ_ONLY_WHEN_JOB_ACTIVE": NO_TLS_OPTIONS,
}


def test_every_code_has_its_place():
    caused = {code for code, _ in CAUSED} - set(WINHTTP)
    places = [*caused, *LIBRARY, *ELSEWHERE, *NOT_CAUSED]
    assert len(places) == len(set(places)), "named twice"
    assert set(places) == BITS


@pytest.mark.parametrize("code", ELSEWHERE)
def test_the_module_causes_it(code):
    text = (HERE / ELSEWHERE[code]).read_text()
    assert f"0x{CODES[code]:08x}" in text.lower() or re.search(rf"\b{code}\b", text)


@pytest.mark.parametrize("code, outcome", CAUSED, ids=lambda value: value if isinstance(value, str) else value[0])
def test_cause(code, outcome):
    cause, value = CAUSED[code, outcome], {**CODES, **WINHTTP}[code]

    def scenario():
        with Place(code) as place:
            if outcome == (CALL,):
                try:
                    cause.function(place)
                except bus.Failure as failure:
                    return failure.hresult, failure.name
                return None
            if outcome == (SUCCESS,):
                return int(cause.function(place)) & 0xFFFFFFFF
            job = cause.function(place)
            job.call("Resume")
            state = jobs.wait_state(job, bus.TRANSFERRED, bus.ERROR, bus.TRANSIENT_ERROR)
            return state, job.error() if state != bus.TRANSFERRED else None, int(job.get("ErrorCount"))

    with cause.around():
        found = people.call("alice", scenario)
    if outcome == (CALL,):
        assert found == (value, f"org.bitsd1.Error.{code}")
    elif outcome == (SUCCESS,):
        assert found == value
    else:
        state, context = outcome
        assert found == (state, (value, context), 1)


@pytest.mark.parametrize(
    "program, code, context",
    [("bits-file", "BG_E_WATCHDOG_TIMEOUT", QUEUE_MANAGER), ("bits-net", "BG_E_CONNECTION_CLOSED", TRANSPORT)],
)
def test_worker_that_cannot_be_started(program, code, context, server, files):
    """The job waits for better times, which come."""
    files.make("errors.bin", 1000)

    def make():
        job = jobs.session().create()
        job.call("SetMinimumRetryDelay", "u", LONG_SEC)
        job.add(server.url("errors.bin"), pathlib.Path(os.environ["HOME"]) / f"without-{program}")
        return job.id

    def fail(job_id):
        job = jobs.session().get(job_id)
        job.call("Resume")
        return jobs.wait_state(job, bus.TRANSFERRED, bus.ERROR, bus.TRANSIENT_ERROR), job.error()

    def succeed(job_id):
        job = jobs.session().get(job_id)
        job.call("Resume")
        jobs.wait_state(job, bus.TRANSFERRED)
        return int(job.call("Complete"))

    job_id = people.call("alice", make)
    with broken(program):
        assert people.call("alice", fail, job_id) == (bus.TRANSIENT_ERROR, (CODES[code], context))
    assert people.call("alice", succeed, job_id) == 0


# ---- HTTP's statuses -----------------------------------------------------------------------------

STATUSES = sorted(int(name.removeprefix("BG_E_HTTP_ERROR_")) for name in CODES if name.startswith("BG_E_HTTP_ERROR_"))
NO_ERROR = {100, 101, 200, 206}  # on the way to an answer, or the content
MORE_STATUSES = [306, 308, 418, 429, 507, 599]  # without a name, told in the same way
TRANSIENT_STATUSES = {306, 408, 409, 429, 500, 502, 503, 504, 507, 599}


def test_names_of_statuses():
    assert {status: CODES[f"BG_E_HTTP_ERROR_{status}"] for status in STATUSES} == {s: 0x80190000 | s for s in STATUSES}


def test_statuses():
    """Each by a job of its own, one after the other: state, code, context."""
    asked = sorted({*STATUSES, *MORE_STATUSES} - NO_ERROR)

    def scenario():
        found = {}
        with Place("statuses") as place:
            place.origin.answers.update({str(status): answer(status, length=status not in (204, 304)) for status in asked})
            for status in asked:
                job = place.job_with(str(status))
                job.call("Resume")
                state = jobs.wait_state(job, bus.TRANSFERRED, bus.ERROR, bus.TRANSIENT_ERROR)
                found[status] = state, job.error() if state != bus.TRANSFERRED else None
                job.call("Cancel")
        return found

    wanted = {
        status: (bus.TRANSIENT_ERROR if status in TRANSIENT_STATUSES else bus.ERROR, (0x80190000 | status, REMOTE_FILE))
        for status in asked
    }
    assert people.call("alice", scenario) == wanted


# ---- what the library says -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def program(compile_example):
    return compile_example(HERE / "errors.c")


def test_error_object(program):
    """GetFile and GetProtocol say what the error is about, where it is about one; the context has the text of its code."""
    rows = [  # cause, message of the context, whether there is a file
        (token_is_missing, "BG_E_TOKEN_REQUIRED", QUEUE_MANAGER, "BG_E_ERROR_CONTEXT_GENERAL_QUEUE_MANAGER", None),
        (content_has_another_hash, "BG_E_VALIDATION_FAILED", LOCAL_FILE, "BG_E_ERROR_CONTEXT_LOCAL_FILE", "good"),
        (server_gives_no_size, "BG_E_MISSING_FILE_SIZE", REMOTE_FILE, "BG_E_ERROR_CONTEXT_REMOTE_FILE", "unsized"),
        (server_closes_early, "BG_E_CONNECTION_CLOSED", TRANSPORT, "BG_E_ERROR_CONTEXT_GENERAL_TRANSPORT", "cut"),
    ]

    def scenario():
        with Place("objects") as place:
            made = [row[0](place) for row in rows]
            for job in made:
                job.call("Resume")
            for job in made:
                jobs.wait_state(job, bus.ERROR, bus.TRANSIENT_ERROR)
            arguments = [f"{job.id}={CODES[row[3]]:08x}" for job, row in zip(made, rows)]
            done = subprocess.run([program, "show", *arguments], capture_output=True, text=True, check=False)
            return done.stdout, done.stderr, [place.origin.url(row[4]) if row[4] else None for row in rows]

    stdout, stderr, urls = people.call("alice", scenario)
    lines = stdout.splitlines()
    assert len(lines) == 5 * len(rows) and not stderr, f"{stdout}\n{stderr}"
    texts = set()
    for n, (_, code, context, _, _) in enumerate(rows):
        error, file, protocol, description, message = lines[5 * n:5 * n + 5]
        about_network = context in (REMOTE_FILE, TRANSPORT)
        assert error == f"00000000 {context} {CODES[code]:08x}"
        assert file == (f"00000000 {urls[n]}" if urls[n] else "80200004 -")  # BG_E_FILE_NOT_AVAILABLE
        assert protocol == ("00000000 http" if about_network else "80200005 -")  # BG_E_PROTOCOL_NOT_AVAILABLE
        assert description == message and description.startswith("00000000 ")
        texts.add(description)
    assert len(texts) == len(rows)


def test_credentials_that_are_refused(program):
    """Before anything is asked of the service, which keeps none yet (E_NOTIMPL)."""
    done = people.run("alice", [program, "credentials"])
    wanted = ["BG_E_INVALID_AUTH_TARGET", "BG_E_INVALID_AUTH_SCHEME", "BG_E_USERNAME_TOO_LARGE", "BG_E_PASSWORD_TOO_LARGE"]
    assert done.stdout.split() == [f"{CODES[name]:08x}" for name in wanted]
