"""Who looks at the page, as the door found; without a login, somebody on this machine, who may everything."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from dashboard.door.names import PROFILE_HEADER, ROLE_HEADER, USER_HEADER


@dataclass(frozen=True, slots=True)
class Who:
    """`name` and `profile` are "" where nobody has to log in."""

    name: str
    role: str
    profile: str

    @property
    def may_write(self) -> bool:
        return self.role != "viewer"

    @property
    def sees_audit(self) -> bool:
        """Where nobody logs in there is nobody to tell apart: bellwether audit list."""
        return self.role == "admin" and bool(self.name)

    @property
    def picks_profiles(self) -> bool:
        return not self.name or self.role == "admin"


def who() -> Who:
    """Of this session: the headers came with its websocket."""
    headers = st.context.headers
    name = headers.get(USER_HEADER) or ""
    return Who(name, headers.get(ROLE_HEADER) or ("admin" if not name else "viewer"), headers.get(PROFILE_HEADER) or "")
