"""A short run of the crash torture (tests/torture), which ./dev torture repeats for as long as one likes."""

import random
import sys

from conftest import TREE

sys.path.insert(0, str(TREE / "tests" / "torture"))

from torture import torture  # noqa: E402

KILLS = 40


def test_forty_kills():
    seed = random.SystemRandom().randrange(1 << 32)
    print(f"seed {seed}")
    figures, violations = torture(seed, KILLS, 0, KILLS // 2)
    assert violations == [], figures
    assert figures["kills"] >= KILLS and figures["files"] > 0, figures
