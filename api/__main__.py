"""`python -m api COMMAND`."""

import gc

# Imports make hundreds of thousands of objects that stay: collecting among them takes a tenth of
# the start. They are frozen below, so that no later collection looks at them either.
gc.disable()

from api.cli.main import run  # noqa: E402 - after gc.disable(), see above

gc.freeze()
gc.enable()

if __name__ == "__main__":
    run()
