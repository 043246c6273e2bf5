"""What the administration shows, by page. Each is a fixed number of statements, whatever the size of the
school."""
