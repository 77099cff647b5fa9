"""How much is tried: the same examples at every run, or more and others when asked.

``FUZZING=50 python -m pytest tests/fuzzing`` tries fifty times as many, at random.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

_TIMES = int(os.environ.get("FUZZING", "1"))


def examples(number: int) -> settings:
    """The settings of a test that tries ``number`` examples.

    Fixtures are shared by all the examples of a test, which is what each of them expects.
    """
    return settings(
        max_examples=number * _TIMES,
        derandomize=_TIMES == 1,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )
