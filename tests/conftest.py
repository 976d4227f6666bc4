"""Settings that all tests share."""

from hypothesis import settings

# A busy machine may take any time over an example; how fast code is, the benchmarks say.
settings.register_profile("course", deadline=None, derandomize=True)
settings.load_profile("course")
