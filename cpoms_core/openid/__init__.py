"""Logging in with OpenID Connect (ACC-14): a school's own Microsoft or Google, off until it is enabled."""
