"""The written specification, as requests and expected answers."""
