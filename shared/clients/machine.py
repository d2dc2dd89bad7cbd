"""Which machine this is, and which state folder on it: what names of workers carry, and who may stand in for whom.

Two machines can have the same host name, and one machine several state folders. So beside the host stands a token that
is made once in each state folder: a worker that is started again there is the former one, any other is a stranger.
"""

from __future__ import annotations

import re
import secrets
import socket
from pathlib import Path
from typing import Final, NamedTuple

from shared.clients.state_folder import StateFolder, write_first
from shared.settings import Settings

_LONGEST: Final = 40  # of a host: a worker's name has at most 64 letters, and holds token and number as well
_TOKEN: Final = re.compile(r"[0-9a-f]{6}")


class UnknownMachine(ValueError):
    """The state folder's token cannot be used; the text says what to do."""


class Machine(NamedTuple):
    """`host` as people call it, `token` of the state folder."""

    host: str
    token: str

    @classmethod
    def of(cls, settings: Settings) -> Machine:
        """This machine and the settings' state folder, whose token is made when it has none yet."""
        return cls(host_name(settings), _token_in(settings.state_dir))

    def worker(self, number: int) -> str:
        """The name of the n-th worker of a role that is started from this state folder."""
        return f"{self.host}-{self.token}-{number}"

    def __str__(self) -> str:
        return f"{self.host} (state folder {self.token})"


def host_name(settings: Settings) -> str:
    """The setting `machine`, else the first part of the host's name, in the letters that a name may have."""
    plain = re.sub(r"[^A-Za-z0-9_-]+", "-", settings.machine or socket.gethostname().partition(".")[0])
    return plain.strip("-_")[:_LONGEST] or "host"


def _token_in(state: Path) -> str:
    """Raises UnknownMachine."""
    path = StateFolder(state).machine
    try:
        held = path.read_bytes()
    except FileNotFoundError:  # when another process is first now, its token counts
        held = write_first(path, secrets.token_hex(3).encode())
    token = held.decode(errors="replace").strip()
    if not _TOKEN.fullmatch(token):
        raise UnknownMachine(f"{path} does not hold a token of six hex digits; delete it and start again")
    return token
