"""What the origin serves, and what a file made of it has to be."""

import dataclasses
import hashlib
import os
import random

SIZES = [0, 1, 4096, 300_000, 2 << 20, 8 << 20]
TO_EOF = 2**64 - 1
RANGED_MIN = 4096  # smaller ones are fetched as a whole
EPOCH = 1_600_000_000


@dataclasses.dataclass(frozen=True)
class Remote:
    """A name of the origin's. Two of the same data have the same time: they are one version under two names."""

    url: str
    data: bytes = dataclasses.field(repr=False)

    def digest(self, ranges=()):
        """Of the file that these (offset, length) make, in their order; of all of it without any."""
        digest = hashlib.sha256()
        for offset, length in ranges or [(0, TO_EOF)]:
            digest.update(self.data[offset:] if length == TO_EOF else self.data[offset:offset + length])
        return digest.hexdigest()


def serve(directory, server, seed):
    """Of each size three names: two of the same bytes and time, a third of other bytes and another time."""
    remotes = []
    for number, size in enumerate(SIZES):
        one, two = (random.Random(f"{seed} {number} {version}").randbytes(size) for version in (1, 2))
        for name, data, time in ("one", one, 0), ("twin", one, 0), ("other", two, 500):
            path = directory / f"{name}-{number}"
            path.write_bytes(data)
            os.utime(path, (EPOCH, EPOCH + 1000 * number + time))
            remotes.append(Remote(server.url(path.name), data))
    return remotes


def random_ranges(source, size):
    """One to four that neither overlap nor touch, in any order; the last of the file perhaps to its end."""
    borders = sorted(source.sample(range(size), 2 * source.randrange(1, 5)))
    ranges = [(begin, end - begin) for begin, end in zip(borders[::2], borders[1::2])]
    if source.random() < 0.3:
        ranges[-1] = ranges[-1][0], TO_EOF
    source.shuffle(ranges)
    return ranges
