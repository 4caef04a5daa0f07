"""For all tests: none is timed, so that a busy machine fails none, and none waits for other runs."""

import os
import tempfile

from hypothesis import settings

os.environ["HARNESS_MACHINE_LOCK"] = os.path.join(tempfile.mkdtemp(prefix="harness-tests-"), "lock")

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
