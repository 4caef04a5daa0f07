"""Where a run took place: machine, device, versions."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping

from harness.measure import processor
from harness.report.record import EnvironmentRecord
from harness.text import encodable


def environment(*, precision: Mapping[str, str], libraries: Mapping[str, str]) -> EnvironmentRecord:
    """This machine. `libraries` gives the versions of the distributions that matter.

    What measures (workers, cluster, device) is known at the end of a run, and is empty here.
    """
    return EnvironmentRecord(
        python=platform.python_version(),
        platform=f"{platform.system()} {platform.release()} {platform.machine()}",
        cpu=processor(),
        cores=os.cpu_count() or 1,
        workers=0,
        threads_per_worker=1,
        device="none",
        precision=dict(precision),
        libraries=dict(sorted(libraries.items())),
        machine=encodable(os.environ.get("HARNESS_MACHINE") or platform.node()),
    )
