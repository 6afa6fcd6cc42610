"""Examples that can be sent to a running server as they stand."""
