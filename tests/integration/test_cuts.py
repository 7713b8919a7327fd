"""A short run of the cuts at random bytes (tests/torture), which ./dev torture --cuts repeats as often as one likes."""

import random
import sys

from conftest import TREE

sys.path.insert(0, str(TREE / "tests" / "torture"))

from cuts import CUTS_PER_FILE, cuts  # noqa: E402

CUTS = 400


def test_four_hundred_cuts():
    seed = random.SystemRandom().randrange(1 << 32)
    print(f"seed {seed}")
    figures, wrong = cuts(seed, CUTS)
    print(figures)
    assert wrong == [], figures
    assert figures["files"] == CUTS // CUTS_PER_FILE and figures["cuts"] > CUTS * 0.9, figures
    assert figures["joined"] > 0 and figures["anew"] > 0, figures
