"""A network beside the loopback: a pair of interfaces, the other end in a namespace of its own with a server in it."""

import contextlib
import ctypes
import os
import subprocess
import threading

from held import HeldOrigin

OURS, THEIRS = "10.77.0.1", "10.77.0.2"
OURS6, THEIRS6 = "fd77::1", "fd77::2"
CLONE_NEWNET = 0x40000000
NODAD = ([], ["nodad"])  # nobody asks whether an address of IPv6 is another's


def ip(*words):
    subprocess.run(["ip", *words], check=True, capture_output=True)


class Network:
    """up() and down() act on our end; held() is a server at the other one."""

    link = "bits-ours"

    def __enter__(self):
        ready = "ip link set lo up && echo ready && exec sleep infinity"
        self.process = subprocess.Popen(["unshare", "--net", "sh", "-c", ready], stdout=subprocess.PIPE)
        assert self.process.stdout.readline() == b"ready\n"
        self.namespace = f"/proc/{self.process.pid}/ns/net"
        ip("link", "add", self.link, "type", "veth", "peer", "name", "bits-theirs", "netns", str(self.process.pid))
        self.give_addresses()
        self.plug()
        self.up()
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        with contextlib.suppress(subprocess.CalledProcessError):  # the kernel takes it with the namespace, in its time
            ip("link", "delete", self.link)

    def up(self):
        ip("link", "set", self.link, "up")
        self.give_addresses()  # the kernel takes those of IPv6 away with the link

    def give_addresses(self):
        for address in (f"{OURS}/24", f"{OURS6}/64"):
            ip("address", "replace", address, "dev", self.link, *NODAD[":" in address])

    def take_addresses(self):
        """What the kernel gives by itself is left: link-local ones."""
        ip("address", "flush", "dev", self.link, "scope", "global")

    def down(self):
        ip("link", "set", self.link, "down")

    def unplug(self):
        """The other end goes down: our address and routes stay, over a link without a carrier."""
        self.theirs("link", "set", "bits-theirs", "down")

    def plug(self):
        self.theirs("link", "set", "bits-theirs", "up")
        for address in (f"{THEIRS}/24", f"{THEIRS6}/64"):
            self.theirs("address", "replace", address, "dev", "bits-theirs", *NODAD[":" in address])

    def theirs(self, *words):
        subprocess.run(["nsenter", f"--net={self.namespace}", "ip", *words], check=True)

    def held(self, *names):
        """A HeldOrigin at the other end."""
        made = []

        def make():
            descriptor = os.open(self.namespace, os.O_RDONLY)
            assert ctypes.CDLL(None, use_errno=True).setns(descriptor, CLONE_NEWNET) == 0, os.strerror(ctypes.get_errno())
            os.close(descriptor)
            made.append(HeldOrigin(*names, address=THEIRS))

        thread = threading.Thread(target=make)  # the namespace is one thread's
        thread.start()
        thread.join()
        return made[0]
