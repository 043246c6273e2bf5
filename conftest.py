"""Loads the fixtures that the tests of the core and of every module share."""

pytest_plugins = ["cpoms_core.testing.fixtures"]
