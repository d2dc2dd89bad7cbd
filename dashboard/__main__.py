"""`python -m dashboard streamlit run …/app.py …`: Streamlit, with what pages import loaded before a visitor comes."""

from __future__ import annotations

import sys

from streamlit.web import cli

from dashboard import plots, reader, snapshots

WARM = (plots, reader, snapshots)  # pandas, plotly, redis and pydantic come with them: some two seconds


def main() -> None:
    sys.argv = sys.argv[1:]  # "streamlit", "run", the script, its options: as if Streamlit had been called itself
    cli.main(prog_name="streamlit")


if __name__ == "__main__":
    main()
