"""`python -m api COMMAND`."""

from api.cli.main import run

if __name__ == "__main__":
    run()
