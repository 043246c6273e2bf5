"""Loads the fixtures that the tests of the core and of every module share."""

import gc

from hypothesis import HealthCheck, settings

pytest_plugins = ["cpoms_core.testing.fixtures"]

# What a run loads stays until its end; looking through all of it for rubbish as often as Python would takes a
# quarter of the time.
gc.set_threshold(50_000, 20, 10)

# How long an example takes says how busy the machine is, and nothing of what is tested.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")
