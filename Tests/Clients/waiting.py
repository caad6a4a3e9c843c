"""Waiting for what comes true in a while, never for the clock."""

import time

LOOK_SECONDS = 0.05


def wait_until(is_so, what: str, seconds: float):
    """What `is_so` returns, once that is true; fails after `seconds`."""
    give_up_at = time.monotonic() + seconds
    while not (found := is_so()):
        assert time.monotonic() < give_up_at, f"not within {seconds} s: {what}"
        time.sleep(LOOK_SECONDS)
    return found
