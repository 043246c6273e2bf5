"""The module's migrations, which run after the core's."""
