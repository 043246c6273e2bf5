"""Loads the fixtures that the tests of the core and of every module share."""

import gc

pytest_plugins = ["cpoms_core.testing.fixtures"]

# What a run loads stays until its end; looking through all of it for rubbish as often as Python would takes a
# quarter of the time.
gc.set_threshold(50_000, 20, 10)
