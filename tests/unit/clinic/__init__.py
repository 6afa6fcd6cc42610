"""The clinic against the domain and a real store."""
