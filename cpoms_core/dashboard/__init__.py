"""The dashboard: what waits for the user, and where they find a student (DSH)."""
