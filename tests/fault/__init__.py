"""What survives when servers are killed and power is cut."""
