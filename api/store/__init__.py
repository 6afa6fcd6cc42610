"""The store: the only package that knows SQL. Its door is `api.store.session`."""
