"""Another clock for programs of the service: a preloaded library (tests/faults/clockshift.c) moves it."""

import contextlib
import pathlib
import shutil
import struct
import subprocess

from conftest import TREE

PLACE = pathlib.Path("/run/clock")


def shift(wall=0, sleep=0, pace=0):
    """Seconds to add to the wall clock and to what the machine has slept; how many times as fast all time passes."""
    with (PLACE / "shift").open("r+b") as stream:
        stream.write(struct.pack("=qqq", wall, sleep, pace))


@contextlib.contextmanager
def of(*programs):
    """Whichever of them is started from now on has that clock."""
    PLACE.mkdir()
    library = next(path for path in TREE.glob("build*/tests/faults/libclockshift.so"))
    shutil.copy(library, PLACE / "clockshift.so")
    (PLACE / "shift").write_bytes(bytes(24))
    for name in programs:
        program = pathlib.Path("/usr/libexec/bits") / name
        shutil.copy(program, PLACE / name)
        (PLACE / name).chmod(0o755)  # one that its user cannot read is not told its sanitizer's options
        wrapper = PLACE / f"{name}.sh"
        wrapper.write_text(
            "#!/bin/sh\n"
            f"LD_PRELOAD={PLACE}/clockshift.so ASAN_OPTIONS=verify_asan_link_order=0:$ASAN_OPTIONS exec {PLACE}/{name} \"$@\"\n"
        )
        wrapper.chmod(0o755)
        subprocess.run(["mount", "--bind", wrapper, program], check=True)
    yield
    for name in programs:
        subprocess.run(["umount", f"/usr/libexec/bits/{name}"], check=True)
