"""The RunSpine service."""
