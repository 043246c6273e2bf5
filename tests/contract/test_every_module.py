"""MOD-01, MOD-02, MOD-04: the contract suite over every installed module and over the tests' own."""

from cpoms_core.testing.conformance import TestEveryModule as _Contract
from cpoms_core.testing.probe import PROBE


class TestEveryModule(_Contract):
    """The installed modules and the probe, which has a hook of every kind."""

    extra = {"probe": PROBE}  # noqa: RUF012
