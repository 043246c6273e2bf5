"""How rows are stored: column types, the declarative base, engines and the school's session."""
