"""One owner and what the service has promised him: every call he makes, and what it must have come to.

The model is a dictionary of his jobs as acknowledged. A call whose answer is lost with the connection may have happened
or not: which, is asked at once of the service that comes next, and from then on it is as firm as any other.

What cannot be is raised as Violation. Not here: the files on the disk and the store's rows (torture.py).
"""

import collections
import contextlib
import ctypes
import hashlib
import os
import pathlib
import pwd
import random
import time

import dbus
import dbus.connection
import dbus.lowlevel
import dbus.mainloop.glib
import dbus.types

import bus
import identity
import jobs
from accounts import PASSWORDS
from contents import RANGED_MIN, random_ranges

NOT_FOUND = 0x80200001
INVALID_STATE = 0x80200002
WATCHDOG = 0x80200069  # no worker could be had: processes die
PARTIAL_COMPLETE, UNABLE_TO_DELETE = 0x200017, 0x20001A
RETRY_SEC = 5
LIMIT_SEC = 180
JOBS_MAX = 8
FILES_MAX = 4
TRANSFERRED_ONLY, TRANSFERRED_AND_ERROR = 1, 3  # notify flags; only the former leaves no doubt what a command line ran for
AT_REST = bus.SUSPENDED, bus.ERROR, bus.TRANSFERRED
PATIENCE = 0.9  # how often a job is not completed for want of its notification
PAUSE_SEC = 0.008  # longest between two calls
glib = ctypes.CDLL("libglib-2.0.so.0")


class Violation(Exception):
    pass


class Lost(Exception):
    """The connection ended before the answer."""


def ours(failure):
    """Whether the service itself refused, in its own words."""
    return failure.name.startswith("org.bitsd1.")


class File:
    def __init__(self, remote, local, ranges):
        self.remote, self.local, self.ranges = remote, local, ranges
        self.digests = {remote.digest(ranges)}  # one, but where it is not known whether it was whole before it was renamed
        self.renamed = None  # the next remote from Resume on, and whether the file may be whole already

    def adopt(self, name):
        """After a Resume: it is fetched from its new name, or that was forgotten before."""
        remote, may_be_whole = self.renamed
        self.renamed = None
        if name == remote.url:
            self.digests = {remote.digest(self.ranges)} | (self.digests if may_be_whole else set())
            self.remote = remote


class Job:
    def __init__(self, job_id, name, directory):
        self.id, self.name, self.directory = job_id, name, directory
        self.description, self.priority, self.helper_flags = "", 2, 0
        self.notify_flags = TRANSFERRED_AND_ERROR
        self.command = "", ""
        self.files = []
        self.listened = False  # to: this owner's connection is its receiver
        self.resumed = False  # or perhaps
        self.missing = 0  # files that Complete will not find transferred
        self.leaving = False  # Complete was called: final names may exist

    @property
    def path(self):
        return f"/org/bitsd1/job/{self.id.replace('-', '').lower()}"


class Receiver:
    """A connection whose callback object takes notifications, now and then only when they are repeated."""

    def __init__(self, source):
        self.source = source
        self.heard, self.errors = set(), set()  # paths of jobs that were transferred, that failed
        self.patient = set()  # of those whose notifications are soon repeated
        self.bus = None

    def connect(self, paths):
        self.bus = bus.Bus.__new__(bus.Bus)
        self.bus.connection = dbus.connection.Connection(bus.ADDRESS, mainloop=dbus.mainloop.glib.DBusGMainLoop())
        self.bus.connection.add_message_filter(self.on_message)
        for path in paths:
            self.register(path)

    def register(self, path, on=True):
        try:
            self.bus.call(path, "Job", "SetNotifyInterface", "b", on)
        except bus.Failure as failure:
            if not ours(failure) and "UnknownObject" not in failure.name and "UnknownMethod" not in failure.name:
                raise Lost from failure
        except dbus.exceptions.DBusException as error:
            raise Lost from error

    def on_message(self, connection, message):
        if not isinstance(message, dbus.lowlevel.MethodCallMessage) or message.get_interface() != "org.bitsd1.Callback":
            return dbus.lowlevel.HANDLER_RESULT_NOT_YET_HANDLED
        path = str(message.get_args_list()[0])
        refuse = path in self.patient and self.source.random() < 0.05
        if not refuse and message.get_member() == "JobTransferred":
            self.heard.add(path)
        if not refuse and message.get_member() == "JobError":
            self.errors.add(path)
        reply = dbus.lowlevel.MethodReturnMessage(message)
        reply.append(dbus.Int32(-2147467259 if refuse else 0))
        connection.send_message(reply)
        return dbus.lowlevel.HANDLER_RESULT_HANDLED

    def turn(self):
        while glib.g_main_context_iteration(None, 0):
            pass


class Places:
    """Where the files of one owner's jobs go, and his command line's traces."""

    def __init__(self, own, common, helped, traces, program):
        self.own, self.common, self.helped, self.traces, self.program = own, common, helped, traces, program


class Owner:
    """places.helped, where the helper may write, is None for who has no helper; heirs: an administrator's inbox."""

    def __init__(self, name, seed, remotes, places, helper=None, heirs=None):
        self.name, self.remotes, self.places, self.helper, self.heirs = name, remotes, places, helper, heirs
        self.source = random.Random(f"{seed} {name}")
        self.jobs = {}
        self.gone = set()  # ids of jobs whose Complete, Cancel or TakeOwnership was acknowledged or seen
        self.given = set()  # of those offered to the administrator, of this round
        self.finished = []  # (job id, [(local, digests)], how many may be missing, uid), of this round
        self.number = self.lost = 0
        self.calls = collections.Counter()  # acknowledged, by name
        self.session = None
        self.receiver = Receiver(self.source)

    @property
    def is_heir(self):
        return self.name == "admin"

    # ---- calls ---------------------------------------------------------------------------------------------------

    def connect(self):
        deadline = time.monotonic() + LIMIT_SEC
        while True:
            try:
                self.session = jobs.session()
                self.receiver.connect([job.path for job in self.jobs.values() if job.listened])
                return
            except Exception as error:  # killed, starting, half-way
                if time.monotonic() > deadline:
                    raise Violation(f"no service within {LIMIT_SEC} s: {error!r}") from error
                time.sleep(0.02)

    def call(self, path, interface, method, signature="", *arguments):
        """(hresult of a refusal or None, answer). Raises Lost."""
        if self.session is None:
            self.connect()
        try:
            answer = self.session.call(path, interface, method, signature, *arguments)
        except bus.Failure as failure:
            if ours(failure):
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
        self.calls[method] += 1
        return None, answer

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

    def state(self, job):
        value = self.get(job, "State")
        if value is None:
            raise Violation(f"job {job.id} ({job.name}) is lost")
        if int(value) not in range(bus.ACKNOWLEDGED):
            raise Violation(f"job {job.id} is in state {value} and there")
        return int(value)

    def progress(self, job):
        value = self.get(job, "Progress")
        if value is None:
            raise Violation(f"job {job.id} ({job.name}) is lost")
        return value

    def rows(self, job):
        """(remote name, local name, bytes in all, bytes transferred) of each file."""
        refused, rows = self.ask(job.path, "Job", "ListFiles", "uu", dbus.UInt32(0), dbus.UInt32(256))
        if refused:
            raise Violation(f"ListFiles of {job.id}: {refused:#x}")
        return [(str(row[1]), str(row[2]), int(row[3]), int(row[4])) for row in rows]

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
        time.sleep(self.source.uniform(0, PAUSE_SEC))
        self.receiver.turn()
        if self.is_heir and not self.heirs.empty():
            return self.inherit()
        if len(self.jobs) < 3 or (len(self.jobs) < JOBS_MAX and self.source.random() < 0.15):
            return self.create()
        job = self.source.choice(list(self.jobs.values()))
        action = self.source.choices(
            [self.add, self.rename, self.describe, self.prioritise, self.run_command, self.move, self.resume, self.suspend,
             self.complete, self.cancel, self.give],
            [6, 2, 1, 2, 2, 3, 6, 2, 5, 1, 1],
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
        return self.take_in(Job(str(answer[0]), name, self.places.own))

    def take_in(self, job):
        self.jobs[job.id] = job
        kind = self.source.random()
        if self.source.random() < 0.6:
            self.change(job, "notify_flags", "NotifyFlags", "SetNotifyFlags", "u", dbus.UInt32(TRANSFERRED_ONLY))
        if self.helper and kind < 0.35:
            flags = dbus.UInt32(identity.LOCAL_FILE)
            self.change(job, "helper_flags", "HelperTokenFlags", "SetHelperTokenFlags", "u", flags)
            if job.helper_flags:
                job.directory = self.places.helped
        elif kind > 0.7:
            job.directory = self.places.common
        with contextlib.suppress(Lost):  # then its notifications are never refused
            if self.call(job.path, "Job", "SetMinimumRetryDelay", "u", dbus.UInt32(RETRY_SEC))[0] is None:
                self.receiver.patient.add(job.path)
        if self.source.random() < 0.6:
            self.listen(job)

    def listen(self, job):
        job.listened = True
        with contextlib.suppress(Lost):  # registered with the next connection
            self.receiver.register(job.path)

    def adopt(self, name):
        """Of a CreateJob without an answer: the job is there once, or not at all."""
        strangers = [job_id for job_id in self.listed() if job_id not in self.jobs and job_id not in self.gone]
        if len(strangers) > 1:
            raise Violation(f"{name} was made {len(strangers)} times, or jobs are doubled")
        for job_id in strangers:
            job = Job(job_id, name, self.places.own)
            if str(self.get(job, "DisplayName")) != name:
                raise Violation(f"job {job_id} is nobody's: {self.get(job, 'DisplayName')}")
            self.take_in(job)

    def change(self, job, attribute, prop, method, signature, value):
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
        elif refused == WATCHDOG or (refused == bus.BG_E_TOKEN_REQUIRED and job.helper_flags):
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
        if len(job.files) >= FILES_MAX:
            return None
        self.lend_token(job)
        self.number += 1
        remote = self.source.choice(self.remotes)
        local = job.directory / f"{self.name}-{self.number}"
        ranges = []
        if len(remote.data) >= RANGED_MIN and self.source.random() < 0.3:
            ranges = random_ranges(self.source, len(remote.data))
            call = "AddFileWithRanges", "ssa(tt)", remote.url, str(local), dbus.Array(
                [(dbus.UInt64(offset), dbus.UInt64(length)) for offset, length in ranges], signature="(tt)")
        else:
            call = "AddFile", "ss", remote.url, str(local)
        try:
            refused, _ = self.call(job.path, "Job", *call)
        except Lost:
            count = int(self.progress(job)[2])
            if count not in (len(job.files), len(job.files) + 1):
                raise Violation(f"job {job.id} has {count} files, not {len(job.files)} or one more") from None
            if count == len(job.files):
                return None
            refused = None
        if refused is None:
            job.files.append(File(remote, local, ranges))
            return None
        return self.expect(job, call[0], refused)

    def resume(self, job):
        if not job.files:
            return None
        self.lend_token(job)
        told = self.forget_delivery(job)
        try:
            refused, _ = self.call(job.path, "Job", "Resume")
        except Lost:
            refused, job.resumed = INVALID_STATE, True  # perhaps
        if refused is not None:
            told.add(job.path)
        if any(file.renamed for file in job.files):
            self.see_names(job)
        if refused is None:
            job.resumed = True
            return None
        return self.expect(job, "Resume", refused)

    def see_names(self, job):
        """After a Resume, or the restart that it was lost in, the names shown are the names."""
        for file, (name, *_) in zip(job.files, self.rows(job)):
            if file.renamed:
                if name not in (file.remote.url, file.renamed[0].url):
                    raise Violation(f"{file.local} comes from {name}, which nobody said")
                file.adopt(name)

    def suspend(self, job):
        """Whether it is at rest now."""
        try:
            refused, _ = self.call(job.path, "Job", "Suspend")
        except Lost:
            return False
        if refused is None:
            state = self.state(job)
            if state not in AT_REST:
                raise Violation(f"job {job.id} is in state {state} after Suspend")
            job.resumed = False
            return True
        self.expect(job, "Suspend", refused)
        return False

    def move(self, job):
        """Another remote name for a file, as it is meant: Suspend, SetRemoteName, and Resume at once or later."""
        if not job.files or job.leaving or not self.suspend(job):
            return None
        index = self.source.randrange(len(job.files))
        file = job.files[index]
        size = len(file.remote.data)
        remote = self.source.choice(
            [remote for remote in self.remotes if not file.ranges or len(remote.data) == size]
            if self.source.random() < 0.4
            else [remote for remote in self.remotes if len(remote.data) == size]  # twins are among them
        )
        _, _, in_all, transferred = self.rows(job)[index]
        try:
            refused, _ = self.call(f"{job.path}/file/{index}", "File", "SetRemoteName", "s", remote.url)
        except Lost:
            return None  # and forgotten with the service that may have heard it
        if refused is not None:
            return self.expect(job, "SetRemoteName", refused)
        file.renamed = remote, transferred >= in_all or bool(file.renamed and file.renamed[1])
        return self.resume(job) if self.source.random() < 0.7 else None

    def complete(self, job):
        if self.state(job) != bus.TRANSFERRED or not job.files:
            return None
        if not self.delivered(job) and self.source.random() < PATIENCE:
            return None
        self.lend_token(job)
        job.leaving = True
        progress = self.progress(job)
        job.missing = int(progress[2]) - int(progress[3])  # added since
        try:
            refused, answer = self.call(job.path, "Job", "Complete")
        except Lost:
            return self.look_whether_gone(job)
        if refused is None:
            if int(answer) not in (0, PARTIAL_COMPLETE, UNABLE_TO_DELETE):
                raise Violation(f"Complete of {job.id}: {int(answer):#x}")
            return self.completed(job)
        return self.expect(job, "Complete", refused)

    def completed(self, job):
        self.leave(job)
        uid = pwd.getpwnam(self.helper).pw_uid if job.helper_flags else os.getuid()
        files = [(str(file.local), sorted(file.digests)) for file in job.files]
        self.finished.append((job.id, files, job.missing, uid))
        if job.helper_flags:
            return  # where only the helper may look
        there = [(local, digests) for local, digests in files if os.path.exists(local)]
        if len(there) < len(files) - job.missing:
            raise Violation(f"files of the completed job {job.id} are not there: {files}")
        for local, digests in there:
            if hashlib.sha256(pathlib.Path(local).read_bytes()).hexdigest() not in digests:
                raise Violation(f"{local} of the completed job {job.id} is not what was served")

    def leave(self, job):
        del self.jobs[job.id]
        self.gone.add(job.id)
        for paths in (self.receiver.heard, self.receiver.errors, self.receiver.patient):
            paths.discard(job.path)

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
            self.leave(job)
            return None
        return self.expect(job, "Cancel", refused)

    # ---- the helper token ----------------------------------------------------------------------------------------

    def lend_token(self, job):
        """The helper's token, if the job needs one and has lost it. With kills all around there may be none to have."""
        if not job.helper_flags or job.leaving and job.id not in self.listed():
            return
        refused, sid = self.ask(job.path, "Job", "GetHelperTokenSid")
        if refused or str(sid):
            return
        try:
            token = jobs.logon(self.helper, PASSWORDS[self.helper])
        except (OSError, AssertionError, AttributeError):  # bitsd, or the bits-become that asks PAM, has gone
            return
        try:
            refused, _ = self.call(job.path, "Job", "SetHelperToken", "h", dbus.types.UnixFd(token))
        except Lost:
            return
        finally:
            os.close(token)
        # E_ACCESSDENIED: the token has gone with the bitsd that issued it
        if refused not in (None, bus.E_ACCESSDENIED):
            self.expect(job, "SetHelperToken", refused)

    # ---- the command line ----------------------------------------------------------------------------------------

    def run_command(self, job):
        """A command line that leaves a trace with the job's name; sometimes it is taken away again."""
        if job.notify_flags != TRANSFERRED_ONLY:
            return None
        program = str(self.places.program)
        command = ("", "") if self.source.random() < 0.2 else (program, f"{program} {self.places.traces}")
        try:
            refused, _ = self.call(job.path, "Job", "SetNotifyCmdLine", "ss", *command)
        except Lost:
            actual = self.command_line(job)
            if actual not in (job.command, command):
                raise Violation(f"job {job.id} has the command line {actual}") from None
            job.command = actual
            return None
        if refused is None:
            job.command = command
            return None
        return self.expect(job, "SetNotifyCmdLine", refused)

    def command_line(self, job):
        refused, answer = self.ask(job.path, "Job", "GetNotifyCmdLine")
        if refused:
            raise Violation(f"GetNotifyCmdLine of {job.id}: {refused:#x}")
        return tuple(str(word) for word in answer)

    def trace(self, job):
        return self.places.traces / job.id

    def delivered(self, job):
        return job.path in self.receiver.heard or self.trace(job).exists()

    def forget_delivery(self, job):
        """Before a Resume: what is told after it is told anew. The set of what had been told, for when there was none."""
        state, told = self.state(job), set()
        if state == bus.ERROR and job.path in self.receiver.errors:
            told = self.receiver.errors
        if state == bus.TRANSFERRED and self.delivered(job):
            progress = self.progress(job)
            if int(progress[3]) < int(progress[2]):
                told = self.receiver.heard
                self.trace(job).unlink(missing_ok=True)
        told.discard(job.path)
        return told

    # ---- from hand to hand ---------------------------------------------------------------------------------------

    def give(self, job):
        """To the administrator, who takes it over as soon as he gets to it. Nobody here does anything with it any more."""
        if self.is_heir or job.directory != self.places.common or job.leaving or any(file.renamed for file in job.files):
            return
        self.leave(job)
        with contextlib.suppress(Lost):  # the registration is lost with the connection
            self.receiver.register(job.path, False)
        self.given.add(job.id)
        for file in job.files:
            file.remote = file.remote.url  # the bytes need not go through the pipe
        self.heirs.put(job)

    def inherit(self):
        job = self.heirs.get()
        deadline = time.monotonic() + LIMIT_SEC
        while not self.take_over(job):
            if time.monotonic() > deadline:
                raise Violation(f"job {job.id} could not be taken over within {LIMIT_SEC} s")
        self.jobs[job.id] = job
        job.command, job.resumed = ("", ""), True  # a job that was TRANSFERRED is queued again
        for file in job.files:  # whatever was whole is fetched again, from the name it has now
            (file.remote,) = [remote for remote in self.remotes if remote.url == file.remote]
            file.digests = {file.remote.digest(file.ranges)}
        self.receiver.patient.add(job.path)
        self.listen(job)
        self.check_settings(job)

    def take_over(self, job):
        try:
            refused, _ = self.call(job.path, "Job", "TakeOwnership")
        except Lost:
            uid = self.get(job, "OwnerUid")
            if uid is None:
                raise Violation(f"job {job.id} ({job.name}) is lost on its way to {self.name}") from None
            return int(uid) == os.getuid()
        if refused is not None:
            self.expect(job, "TakeOwnership", refused)
        return refused is None

    # ---- the comparison ------------------------------------------------------------------------------------------

    def check_settings(self, job):
        names = "DisplayName", "Description", "Priority", "HelperTokenFlags", "NotifyFlags"
        actual = [self.get(job, name) for name in names]
        if None in actual:
            raise Violation(f"job {job.id} ({job.name}) is lost")
        told = [job.name, job.description, job.priority, job.helper_flags, job.notify_flags]
        if actual != told:
            raise Violation(f"job {job.id} has {actual}, was told {told}")

    def check_files(self, job):
        rows = self.rows(job)
        if len(rows) != len(job.files):
            raise Violation(f"job {job.id} has {len(rows)} files, not {len(job.files)}")
        for index, (file, (remote, local, *_)) in enumerate(zip(job.files, rows)):
            names = [file.remote.url] + [file.renamed[0].url for _ in (1,) if file.renamed]
            if local != str(file.local) or remote not in names:
                raise Violation(f"job {job.id} has {remote} for {local}, was told {names} for {file.local}")
            refused, ranges = self.ask(f"{job.path}/file/{index}", "File", "GetFileRanges")
            if refused or [tuple(map(int, entry)) for entry in ranges or []] != file.ranges:
                raise Violation(f"{file.local} has the ranges {ranges}, was told {file.ranges}")

    def check(self):
        """Everything acknowledged is there, and nothing else."""
        listed = self.listed()
        if sorted(listed) != sorted(self.jobs):
            raise Violation(f"jobs {sorted(set(listed) ^ set(self.jobs))} are on one side only, or doubled")
        for job in list(self.jobs.values()):
            self.check_settings(job)
            self.check_files(job)
            if self.command_line(job) != job.command:
                raise Violation(f"job {job.id} has the command line {self.command_line(job)}, was told {job.command}")
            state = self.state(job)
            if not job.resumed and state not in AT_REST:
                raise Violation(f"job {job.id} is in state {state}, and nobody has resumed it")
        for job_id in self.given:
            refused, _ = self.ask(bus.MANAGER, "Manager", "GetJob", "s", job_id)
            if refused not in (bus.E_ACCESSDENIED, NOT_FOUND):
                raise Violation(f"job {job_id} was taken over, and its former owner gets {refused} for it")

    def receive(self):
        while self.is_heir and not self.heirs.empty():
            self.inherit()

    def settle(self):
        """Every job with files gets to TRANSFERRED, and that is told to whoever is registered, or a command line runs. What
        fails on the way is told before it goes on."""
        deadline = time.monotonic() + LIMIT_SEC
        waiting = [job for job in self.jobs.values() if job.files]
        for job in waiting:
            while (state := self.state(job)) != bus.TRANSFERRED:
                self.receiver.turn()
                if state in (bus.SUSPENDED, bus.TRANSIENT_ERROR) or (state == bus.ERROR and self.knows_of_error(job)):
                    self.resume(job)
                if time.monotonic() > deadline:
                    raise Violation(f"job {job.id} is in state {state} after {LIMIT_SEC} s: {self.get(job, 'Reason')}")
                time.sleep(0.01)
        for job in waiting:
            if not job.listened and job.command[0] == "":
                self.listen(job)  # after the event
        while not all(self.delivered(job) for job in waiting):
            self.receiver.turn()
            if time.monotonic() > deadline:
                untold = [job.id for job in waiting if not self.delivered(job)]
                raise Violation(f"jobs {untold} are transferred, and nobody was told")
            time.sleep(0.01)

    def knows_of_error(self, job):
        return not job.listened or job.notify_flags != TRANSFERRED_AND_ERROR or job.path in self.receiver.errors

    def finish(self):
        for job in list(self.jobs.values()):
            deadline = time.monotonic() + LIMIT_SEC
            while job.id in self.jobs:
                if job.files:
                    self.complete(job)
                else:
                    self.cancel(job)
                if time.monotonic() > deadline:
                    raise Violation(f"job {job.id} is in state {self.state(job)} and does not leave")

    def forget(self):
        """What was finished has been compared and removed."""
        self.finished.clear()
        self.given.clear()
        for trace in self.places.traces.iterdir():
            trace.unlink()
