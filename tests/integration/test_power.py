"""A few power cuts (tests/torture/power.py), which ./dev torture --power repeats for as long as one likes."""

import random
import sys

from conftest import TREE

sys.path.insert(0, str(TREE / "tests" / "torture"))

from power import power  # noqa: E402

CUTS = 12
JOBS = 12


def test_a_dozen_cuts():
    seed = random.SystemRandom().randrange(1 << 32)
    print(f"seed {seed}")
    figures, violations = power(seed, CUTS, JOBS)
    assert violations == [], figures
    assert figures["cuts"] == CUTS and figures["flushes"] > 0, figures
