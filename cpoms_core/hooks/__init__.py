"""The hooks by which modules speak to the core, and nothing else.

`specs.py` is the reference; `relay.py` is the only caller; `types.py` holds what hooks answer with.
"""

import pluggy

PROJECT = "cpoms"

hookimpl = pluggy.HookimplMarker(PROJECT)
"""Marks a module's function as the implementation of the hook of the same name."""
