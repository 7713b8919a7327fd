"""One owner and what the service has promised him: every call he makes, and what it must have come to.

The model is a dictionary of his jobs as acknowledged. A call whose answer is lost with the connection may have happened
or not: which, is asked at once of the service that comes next, and from then on it is as firm as any other.

What cannot be is raised as Violation.
"""

import ctypes
import hashlib
import os
import pathlib
import random
import time

import dbus
import dbus.connection
import dbus.lowlevel
import dbus.mainloop.glib

import bus
import jobs

NOT_FOUND = 0x80200001
INVALID_STATE = 0x80200002
RETRY_SEC = 5
LIMIT_SEC = 120
WATCHDOG = 0x80200069  # no worker could be had: processes die
glib = ctypes.CDLL("libglib-2.0.so.0")


class Violation(Exception):
    pass


class Lost(Exception):
    """The connection ended before the answer."""


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


class Job:
    def __init__(self, job_id, name):
        self.id, self.name, self.description, self.priority = job_id, name, "", 2
        self.files = []  # (remote, local, digest)
        self.resumed = False
        self.missing = 0  # files that Complete will not find transferred
        self.leaving = False  # Complete was called: final names may exist

    @property
    def path(self):
        return f"/org/bitsd1/job/{self.id.replace('-', '').lower()}"


class Receiver:
    """A connection whose callback object takes notifications, now and then only when they are repeated."""

    def __init__(self, source):
        self.source = source
        self.heard = set()  # paths of jobs
        self.patient = set()  # of those whose notifications are soon repeated
        self.bus = None

    def connect(self, paths):
        self.bus = bus.Bus.__new__(bus.Bus)
        self.bus.connection = dbus.connection.Connection(bus.ADDRESS, mainloop=dbus.mainloop.glib.DBusGMainLoop())
        self.bus.connection.add_message_filter(self.on_message)
        for path in paths:
            self.register(path)

    def register(self, path):
        try:
            self.bus.call(path, "Job", "SetNotifyInterface", "b", True)
        except bus.Failure as failure:
            if not failure.name.startswith("org.bitsd1.") and "UnknownObject" not in failure.name and "UnknownMethod" not in failure.name:
                raise Lost from failure
        except dbus.exceptions.DBusException as error:
            raise Lost from error

    def on_message(self, connection, message):
        if not isinstance(message, dbus.lowlevel.MethodCallMessage) or message.get_interface() != "org.bitsd1.Callback":
            return dbus.lowlevel.HANDLER_RESULT_NOT_YET_HANDLED
        path = str(message.get_args_list()[0])
        refuse = path in self.patient and self.source.random() < 0.05
        if not refuse and message.get_member() in ("JobTransferred", "JobError"):
            self.heard.add(path)
        reply = dbus.lowlevel.MethodReturnMessage(message)
        reply.append(dbus.Int32(-2147467259 if refuse else 0))
        connection.send_message(reply)
        return dbus.lowlevel.HANDLER_RESULT_HANDLED

    def turn(self):
        while glib.g_main_context_iteration(None, 0):
            pass


class Owner:
    def __init__(self, name, seed, remotes, directory):
        self.name, self.remotes, self.directory = name, remotes, pathlib.Path(directory)
        self.source = random.Random(f"{seed} {name}")
        self.jobs = {}
        self.gone = {}  # id: the job, whose Complete or Cancel was acknowledged or seen
        self.finished = {}  # local: digest, of completed jobs
        self.number = self.calls = self.lost = 0
        self.session = None
        self.receiver = Receiver(self.source)

    # ---- calls ---------------------------------------------------------------------------------------------------

    def connect(self):
        deadline = time.monotonic() + LIMIT_SEC
        while True:
            try:
                self.session = jobs.session()
                self.receiver.connect([job.path for job in self.jobs.values()])
                return
            except Exception as error:  # killed, starting, half-way
                if time.monotonic() > deadline:
                    raise Violation(f"no service within {LIMIT_SEC} s: {error!r}") from error
                time.sleep(0.02)

    def call(self, path, interface, method, signature="", *arguments):
        """(hresult of a refusal or None, answer). Raises Lost."""
        if self.session is None:
            self.connect()
        self.calls += 1
        try:
            return None, self.session.call(path, interface, method, signature, *arguments)
        except bus.Failure as failure:
            if failure.name.startswith("org.bitsd1."):
                return failure.hresult, None
            if "Unknown" in failure.name:
                return NOT_FOUND, None
            self.session = None
            self.lost += 1
            raise Lost from failure
        except dbus.exceptions.DBusException as error:
            self.session = None
            self.lost += 1
            raise Lost from error

    def ask(self, *call):
        """The same for a question, which may be asked again."""
        deadline = time.monotonic() + LIMIT_SEC
        while True:
            try:
                return self.call(*call)
            except Lost:
                if time.monotonic() > deadline:
                    raise Violation(f"{call}: no answer within {LIMIT_SEC} s") from None

    def get(self, job, name):
        refused, value = self.ask(job.path, "org.freedesktop.DBus.Properties", "Get", "ss", "org.bitsd1.Job", name)
        return None if refused else value

    def listed(self):
        found, after = [], 0
        while True:
            refused, answer = self.ask(bus.MANAGER, "Manager", "ListJobs", "utu", 0, dbus.UInt64(after), 256)
            if refused:
                raise Violation(f"ListJobs: {refused:#x}")
            rows, after = answer
            found += [str(row[0]) for row in rows]
            if not after:
                return found

    # ---- what a random owner does --------------------------------------------------------------------------------

    def step(self):
        self.receiver.turn()
        if len(self.jobs) < 3 or (len(self.jobs) < 12 and self.source.random() < 0.15):
            return self.create()
        job = self.source.choice(list(self.jobs.values()))
        action = self.source.choices(
            [self.add, self.rename, self.describe, self.prioritise, self.resume, self.suspend, self.complete, self.cancel],
            [6, 2, 1, 2, 6, 2, 5, 1],
        )[0]
        return action(job)

    def create(self):
        self.number += 1
        name = f"{self.name}-{self.number}"
        try:
            refused, answer = self.call(bus.MANAGER, "Manager", "CreateJob", "su", name, dbus.UInt32(0))
        except Lost:
            return self.adopt(name)
        if refused:
            raise Violation(f"CreateJob: {refused:#x}")
        return self.take_in(Job(str(answer[0]), name))

    def take_in(self, job):
        self.jobs[job.id] = job
        try:
            if self.call(job.path, "Job", "SetMinimumRetryDelay", "u", dbus.UInt32(RETRY_SEC))[0] is None:
                self.receiver.patient.add(job.path)
            self.receiver.register(job.path)
        except Lost:
            pass  # registered with the next connection; its notifications are never refused

    def adopt(self, name):
        """Of a CreateJob without an answer: the job is there once, or not at all."""
        strangers = [job_id for job_id in self.listed() if job_id not in self.jobs and job_id not in self.gone]
        if len(strangers) > 1:
            raise Violation(f"{name} was made {len(strangers)} times, or jobs are doubled")
        for job_id in strangers:
            job = Job(job_id, name)
            if str(self.get(job, "DisplayName")) != name:
                raise Violation(f"job {job_id} is nobody's: {self.get(job, 'DisplayName')}")
            self.take_in(job)

    def change(self, job, attribute, prop, method, signature, value, shown=None):
        try:
            refused, _ = self.call(job.path, "Job", method, signature, value)
        except Lost:
            actual = self.get(job, prop)
            if actual == value:
                setattr(job, attribute, value)
            return self.check_settings(job)
        if refused is None:
            setattr(job, attribute, value)
            return None
        return self.expect(job, method, refused)

    def expect(self, job, method, refused):
        if refused in (INVALID_STATE, NOT_FOUND):
            if job.leaving:
                return self.look_whether_gone(job)
            if refused == INVALID_STATE:
                return None
        elif refused == WATCHDOG:
            return None
        raise Violation(f"{method} of {job.id}: {refused:#x}")

    def rename(self, job):
        self.number += 1
        self.change(job, "name", "DisplayName", "SetDisplayName", "s", f"{self.name}-{self.number}")

    def describe(self, job):
        self.change(job, "description", "Description", "SetDescription", "s", f"d{self.source.randrange(10**6)}")

    def prioritise(self, job):
        self.change(job, "priority", "Priority", "SetPriority", "u", dbus.UInt32(self.source.randrange(4)))

    def add(self, job):
        if len(job.files) >= 4:
            return None
        self.number += 1
        url, digest = self.source.choice(self.remotes)
        local = self.directory / f"f{self.number}"
        try:
            refused, _ = self.call(job.path, "Job", "AddFile", "ss", url, str(local))
        except Lost:
            count = int(self.progress(job)[2])
            if count not in (len(job.files), len(job.files) + 1):
                raise Violation(f"job {job.id} has {count} files, not {len(job.files)} or one more") from None
            if count == len(job.files):
                return None
            refused = None
        if refused is None:
            job.files.append((url, local, digest))
            return None
        return self.expect(job, "AddFile", refused)

    def progress(self, job):
        value = self.get(job, "Progress")
        if value is None:
            raise Violation(f"job {job.id} ({job.name}) is lost")
        return value

    def resume(self, job):
        if not job.files:
            return None
        try:
            refused, _ = self.call(job.path, "Job", "Resume")
        except Lost:
            return None
        if refused is None:
            job.resumed = True
            return None
        return self.expect(job, "Resume", refused)

    def suspend(self, job):
        try:
            refused, _ = self.call(job.path, "Job", "Suspend")
        except Lost:
            return None
        if refused is None:
            state = self.get(job, "State")
            if state is None or int(state) not in (bus.SUSPENDED, bus.ERROR, bus.TRANSFERRED):
                raise Violation(f"job {job.id} is in state {state} after Suspend")
            job.resumed = False
            return None
        return self.expect(job, "Suspend", refused)

    def complete(self, job):
        state = self.get(job, "State")
        if state is None:
            raise Violation(f"job {job.id} ({job.name}) is lost")
        if int(state) != bus.TRANSFERRED or not job.files:
            return None
        job.leaving = True
        progress = self.progress(job)
        job.missing = int(progress[2]) - int(progress[3])  # added since
        try:
            refused, answer = self.call(job.path, "Job", "Complete")
        except Lost:
            return self.look_whether_gone(job)
        if refused is None:
            if int(answer) not in (0, 0x200017, 0x20001A):
                raise Violation(f"Complete of {job.id}: {int(answer):#x}")
            return self.completed(job)
        return self.expect(job, "Complete", refused)

    def completed(self, job):
        del self.jobs[job.id]
        self.gone[job.id] = job
        for _, local, digest in job.files:
            if not local.exists():
                job.missing -= 1
                if job.missing < 0:
                    raise Violation(f"{local} of the completed job {job.id} is not there")
                continue
            if sha256(local) != digest:
                raise Violation(f"{local} of the completed job {job.id} is not what was served")
            self.finished[local] = digest

    def look_whether_gone(self, job):
        if job.id not in self.listed():
            self.completed(job)

    def cancel(self, job):
        if job.leaving:
            return None  # files may have their names already
        try:
            refused, _ = self.call(job.path, "Job", "Cancel")
        except Lost:
            if job.id in self.listed():
                return None
            refused = None
        if refused is None:
            del self.jobs[job.id]
            self.gone[job.id] = job
            return None
        return self.expect(job, "Cancel", refused)

    # ---- the comparison ------------------------------------------------------------------------------------------

    def check_settings(self, job):
        actual = [self.get(job, name) for name in ("DisplayName", "Description", "Priority")]
        if None in actual:
            raise Violation(f"job {job.id} ({job.name}) is lost")
        if actual != [job.name, job.description, job.priority]:
            raise Violation(f"job {job.id} has {actual}, was told {[job.name, job.description, job.priority]}")

    def check(self):
        """Everything acknowledged is there, and nothing else."""
        listed = self.listed()
        if sorted(listed) != sorted(self.jobs):
            raise Violation(f"jobs {sorted(set(listed) ^ set(self.jobs))} are on one side only, or doubled")
        for job in list(self.jobs.values()):
            self.check_settings(job)
            count = int(self.progress(job)[2])
            if count != len(job.files):
                raise Violation(f"job {job.id} has {count} files, not {len(job.files)}")
            if int(self.get(job, "State")) in (bus.ACKNOWLEDGED, bus.CANCELLED):
                raise Violation(f"job {job.id} is listed and final")
        for local, digest in self.finished.items():
            if not local.exists() or sha256(local) != digest:
                raise Violation(f"{local} was finished and is not what was served")
        allowed = set(self.finished) | {local for job in self.jobs.values() if job.leaving for _, local, _ in job.files}
        for path in self.directory.iterdir():
            if not path.name.startswith("BIT") and path not in allowed:
                raise Violation(f"{path} is there, and no job was completed for it")

    def settle(self):
        """Every job with files gets to TRANSFERRED, and that is said to whoever is registered."""
        deadline = time.monotonic() + LIMIT_SEC
        for job in list(self.jobs.values()):
            if not job.files:
                continue
            while (state := int(self.get(job, "State"))) != bus.TRANSFERRED:
                if state in (bus.SUSPENDED, bus.ERROR, bus.TRANSIENT_ERROR):
                    self.resume(job)
                self.receiver.turn()
                if time.monotonic() > deadline:
                    raise Violation(f"job {job.id} is in state {state} after {LIMIT_SEC} s: {self.get(job, 'Reason')}")
                time.sleep(0.01)
        waiting = {job.path for job in self.jobs.values() if job.files}
        while not waiting <= self.receiver.heard:
            self.receiver.turn()
            if time.monotonic() > deadline:
                raise Violation(f"{waiting - self.receiver.heard}: transferred, and nobody was told")
            time.sleep(0.01)

    def finish(self):
        for job in list(self.jobs.values()):
            if job.files:
                self.complete(job)
            else:
                self.cancel(job)
