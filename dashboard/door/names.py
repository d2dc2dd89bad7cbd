"""The headers by which the door tells the pages who is there; what a browser sends by these names is dropped."""

from __future__ import annotations

from typing import Final

USER_HEADER: Final = "x-bellwether-user"
ROLE_HEADER: Final = "x-bellwether-role"
PROFILE_HEADER: Final = "x-bellwether-profile"
