"""One thread, as in a worker: XLA reads these when JAX is first imported."""

import os

for name in ("NPROC", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(name, "1")
