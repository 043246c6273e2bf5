"""A browser without a browser: `cpoms_core.testing.browsing`, where the modules' tests find it too."""

from cpoms_core.testing.browsing import Browser, Web, csrf_of, form_with, text_of

__all__ = ["Browser", "Web", "csrf_of", "form_with", "text_of"]
