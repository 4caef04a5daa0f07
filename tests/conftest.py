"""For all tests: none is timed, so that a busy machine fails none, and none waits for other runs.

Shapes in the annotations of `harness.ntk` are checked in this process; what workers import is as it is.
"""

import os
import tempfile

from hypothesis import settings
from jaxtyping import install_import_hook

os.environ["HARNESS_MACHINE_LOCK"] = os.path.join(tempfile.mkdtemp(prefix="harness-tests-"), "lock")

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

install_import_hook("harness.ntk", "beartype.beartype")
