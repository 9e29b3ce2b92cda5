"""Everything about a person; knows no paper, no HTTP, no SMTP."""
