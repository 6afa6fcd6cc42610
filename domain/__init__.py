"""Rehabilitation of runners with spinal pain: the reasoning, with the standard library only."""
