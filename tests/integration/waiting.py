"""Waiting for something to become true, with a generous limit; never for a fixed time."""

import time


def wait_for(condition, what, limit_sec=60):
    """The first true value of condition(), which is asked again and again."""
    deadline = time.monotonic() + limit_sec
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"waited {limit_sec} s for {what}"
        time.sleep(0.02)
