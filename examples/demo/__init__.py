"""The demo clinic: synthetic runners with synthetic names."""
