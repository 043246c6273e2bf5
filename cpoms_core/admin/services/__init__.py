"""What the administration changes, by page."""
