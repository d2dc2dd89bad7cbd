"""Who is logged in, in this process' memory: a restart logs everybody out. Bounded."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, get_args

Role = Literal["viewer", "analyst", "admin"]
ROLES: Final[tuple[Role, ...]] = get_args(Role)  # each may what those before it may
MOST: Final = 10_000
_PLAIN: Final = re.compile(r"[^A-Za-z0-9]+")


@dataclass(frozen=True, slots=True)
class User:
    """`name` is shown and logged, `identity` tells users apart (issuer and subject, or the proxy's name)."""

    name: str
    identity: str
    role: Role

    @property
    def profile(self) -> str:
        """The profile that is theirs: readable, and of nobody else."""
        words = _PLAIN.sub("-", self.name.partition("@")[0]).strip("-")[:40] or "user"
        return f"{words}-{hashlib.sha256(self.identity.encode()).hexdigest()[:12]}"


@dataclass(frozen=True, slots=True)
class Session:
    id: str
    user: User
    ends_at: float  # seconds, of the clock that is passed in


class Sessions:
    """By the id in a browser's cookie, 256 random bits."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._held: OrderedDict[str, Session] = OrderedDict()

    def begin(self, user: User, now: float) -> Session:
        session = Session(secrets.token_urlsafe(32), user, now + self._seconds)
        self._held[session.id] = session
        while len(self._held) > MOST:
            self._held.popitem(last=False)
        return session

    def find(self, name: str, now: float) -> Session | None:
        session = self._held.get(name)
        if session is not None and now >= session.ends_at:
            self.end(name)
            return None
        return session

    def end(self, name: str) -> None:
        self._held.pop(name, None)


def role_of(values: Iterable[str], roles: Mapping[str, Role], default: str) -> Role | None:
    """The highest role that the values stand for; None where there is none and no default."""
    found = [roles[value] for value in values if value in roles]
    if not found:
        return next((role for role in ROLES if role == default), None)
    return max(found, key=ROLES.index)
