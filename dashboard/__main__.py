"""`python -m dashboard [OPTIONS OF STREAMLIT]`: the dashboard, with what pages import loaded before a visitor comes.

`python -m dashboard streamlit run …/server.py [OPTIONS]` is the same, with a command line that shows what it is.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from streamlit.web import cli

from dashboard import live
from dashboard.drawing import plots
from dashboard.reading import reader, snapshots
from shared.clients.ownership import keep_private

WARM = (plots, reader, snapshots)  # pandas, plotly, redis and pydantic come with them: some two seconds


def main() -> None:
    keep_private()
    arguments = sys.argv[1:]
    refused = live.settings().dashboard.exposed(address_in(arguments, os.environ))
    if refused:
        sys.exit(f"bellwether: {refused}")
    if arguments[:1] != ["streamlit"]:
        arguments = ["streamlit", "run", str(Path(__file__).with_name("server.py")), *arguments]
    gc.freeze()  # the modules stay: Python's own collections need not visit them
    sys.argv = arguments  # as if Streamlit had been called itself
    cli.main(prog_name="streamlit")


def address_in(arguments: Sequence[str], environment: Mapping[str, str]) -> str:
    """Where Streamlit will listen: its option, its variable, or else every address."""
    for place, argument in enumerate(arguments):
        name, equals, value = argument.partition("=")
        if name == "--server.address":
            return value if equals else next(iter(arguments[place + 1 :]), "")
    return environment.get("STREAMLIT_SERVER_ADDRESS", "")


if __name__ == "__main__":
    main()
