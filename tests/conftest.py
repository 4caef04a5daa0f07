"""For all tests: no test is timed, so that a busy machine fails none (timings are benchmarks)."""

from hypothesis import settings

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
