"""A server of one file that, once the download has been interrupted, is as a cell of the matrix in resuming.py says."""

import email.utils
import gzip
import random
import threading

import resuming
from raw import RESET, answer, field_of, range_end_of, range_of
from resuming import LONGER, NEW, OLD

SIZE, HALF = 96 * 1024, 48 * 1024


def bodies():
    """The new version differs from the old one at its begin and at its end only: what is joined of both is neither, and
    looks right around the seam."""
    source = random.Random("bodies")
    old = source.randbytes(SIZE)
    return {OLD: old, NEW: source.randbytes(1024) + old[1024:-1024] + source.randbytes(1024), LONGER: source.randbytes(SIZE + 1000)}


BODIES = bodies()
NUMBERS = {OLD: 1, NEW: 2, LONGER: 3}


def names_of(validator, version):
    """The fields that name a version; dates long before these of the answers."""
    number = NUMBERS[version]
    return {
        resuming.STRONG: {"ETag": f'"{number}"'},
        resuming.WEAK: {"ETag": f'W/"{number}"'},
        resuming.DATE: {"Last-Modified": email.utils.formatdate(784025377 + number, usegmt=True)},
        resuming.NEITHER: {},
    }[validator]


def chunks(body, piece=10000):
    for begin in range(0, len(body), piece):
        part = body[begin:begin + piece]
        yield f"{len(part):x}\r\n".encode() + part + b"\r\n"
    yield b"0\r\n\r\n"


def serve(header, version, names, if_range=True):
    """What a server with ranges and If-Range answers, as it should: head and body."""
    body, begin, condition = BODIES[version], range_of(header), field_of(header, "If-Range")
    weak = condition is not None and condition.startswith("W/")
    if begin is None or (if_range and condition is not None and (weak or condition not in names.values())):
        return answer(200, length=len(body), **names), body
    if begin >= len(body):
        return answer(416, Content_Range=f"bytes */{len(body)}"), b""
    end = range_end_of(header, len(body))
    return answer(206, length=end - begin, Content_Range=f"bytes {begin}-{end - 1}/{len(body)}", **names), body[begin:end]


class Misbehaving:
    """To be served by a RawOrigin under NAME and, where the interruption gives the file another name, NAME-new; its
    act_elsewhere under NAME by elsewhere, an origin at another address. later is set with the interruption."""

    def __init__(self, number, validator, server, interruption, elsewhere):
        self.validator, self.server, self.interruption = validator, server, interruption
        self.name = f"cell-{number}"
        self.number, self.elsewhere = number, elsewhere
        self.later = False
        self.go = threading.Event()  # whoever is held in the first answer is let go
        self.statuses = []  # of all answers
        self.cut = False

    def names(self, version):
        return names_of(self.validator, version)

    def __call__(self, n, header):
        head, *rest = self.act(header) if self.later else self.first()
        self.statuses.append(int(head.split()[1]))
        yield head
        for part in rest:
            yield from [part] if isinstance(part, bytes) or part is RESET else part

    def first(self):
        """The old version up to its half, and then nothing until the interruption."""
        if self.server == resuming.CHUNKED:
            half = b"".join(chunks(BODIES[OLD][:HALF])).removesuffix(b"0\r\n\r\n")
            return answer(200, length=False, Transfer_Encoding="chunked", **self.names(OLD)), half, self.hold()
        return answer(200, length=SIZE, **self.names(OLD)), BODIES[OLD][:HALF], self.hold()

    def hold(self):
        while not self.go.wait(20):  # not so still that it counts as stalled
            yield b"1\r\n%c\r\n" % BODIES[OLD][HALF] if self.server == resuming.CHUNKED else BODIES[OLD][HALF:HALF + 1]
        if self.interruption == resuming.RESET:
            yield RESET

    def act(self, header):
        version = resuming.version_served(self.server)
        ranged = range_of(header) is not None
        head, body = serve(header, version, self.names(version), self.server != resuming.IGNORES_IF_RANGE)
        if self.server == resuming.IGNORES_RANGE:
            return serve("", version, self.names(version))
        if self.server == resuming.LYING_CONTENT_RANGE and ranged:
            return self.lie(range_of(header)), body
        if self.server == resuming.UNSATISFIED and ranged:
            return (answer(416, Content_Range=f"bytes */{SIZE}"),)
        if self.server == resuming.TRUNCATED and not self.cut:
            self.cut = True
            return head, body[:len(body) // 2]
        if self.server == resuming.CHUNKED:
            return head.replace(b"Content-Length: %d" % len(body), b"Transfer-Encoding: chunked"), chunks(body)
        if self.server == resuming.COMPRESSED:
            packed = gzip.compress(body)
            return (head.replace(b"Content-Length: %d" % len(body), b"Content-Encoding: gzip\r\nContent-Length: %d" % len(packed)), packed)
        if self.server == resuming.REDIRECTED:
            return (answer(302, Location=self.elsewhere.url(self.name)),)
        if self.server == resuming.OTHER_SERVER:  # the same file, but with names of this server's own
            return serve(header, OLD, names_of(self.validator, LONGER))
        return head, body

    def lie(self, begin):
        """Of four lies each cell tells one; the body is what was asked for."""
        said = [
            f"bytes {begin + 1}-{SIZE - 1}/{SIZE}", f"bytes 0-{SIZE - 1}/{SIZE}", f"bytes {begin}-{SIZE - 1}/*", f"bytes {begin}-{SIZE}/{SIZE + 1}",
        ][self.number % 4]
        return answer(206, length=SIZE - begin, Content_Range=said, **self.names(OLD))

    def act_elsewhere(self, n, header):
        """Another host, with another file whose ETag is the same by chance."""
        names = names_of(self.validator, NEW if self.validator == resuming.DATE else OLD)
        head, body = serve(header, NEW, names)
        self.statuses.append(int(head.split()[1]))
        yield head
        yield body
