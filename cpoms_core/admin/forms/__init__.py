"""The forms of the administration, by page."""
