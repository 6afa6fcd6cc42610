"""What the HTTP interface promises, one file an interaction."""
