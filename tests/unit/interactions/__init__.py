"""Interactions without a store."""
