"""OpenID Connect: the authorization code flow with PKCE, state and nonce, and an ID token whose signature, issuer,
audience, times and nonce are checked. Nothing of the token is kept."""

from __future__ import annotations

import base64
import hashlib
import secrets
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from dashboard.door.sessions import User, role_of
from shared.addresses import is_loopback
from shared.settings import DashboardSettings

ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
LOGIN_SECONDS: Final = 600.0  # between leaving for the provider and coming back
MOST_UNDER_WAY: Final = 1_000
DISCOVERY_SECONDS: Final = 3600.0
_TIMEOUT: Final = 10.0
_LARGEST: Final = 1_000_000  # bytes of an answer
_LEEWAY: Final = 60  # seconds that the provider's clock may differ


class LoginFailed(Exception):
    """Why somebody could not log in, for a person; without anything secret."""


@dataclass(frozen=True, slots=True)
class UnderWay:
    """A login between its two halves."""

    nonce: str
    verifier: str
    to: str  # where the browser wanted to go: a path
    until: float


class Provider:
    """Methods block: not on an event loop. Raises LoginFailed."""

    def __init__(self, settings: DashboardSettings, redirect_to: str) -> None:
        self._settings, self._redirect = settings, redirect_to
        self._issuer = settings.oidc_issuer.rstrip("/")
        self._known: dict[str, Any] = {}
        self._keys: KeySet | None = None
        self._known_until = 0.0
        self._under_way: OrderedDict[str, UnderWay] = OrderedDict()

    def begin(self, to: str, now: float) -> tuple[str, str]:
        """(state, the provider's page to go to)."""
        known = self._discovered(now)
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        self._under_way[state] = UnderWay(nonce, verifier, to, now + LOGIN_SECONDS)
        while len(self._under_way) > MOST_UNDER_WAY:
            self._under_way.popitem(last=False)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        asked = {
            "response_type": "code",
            "client_id": self._settings.oidc_client_id,
            "redirect_uri": self._redirect,
            "scope": "openid profile email",
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        page = str(known["authorization_endpoint"])
        return state, page + ("&" if "?" in page else "?") + urlencode(asked)

    def finish(self, state: str, code: str, now: float) -> tuple[User, str]:
        """(who it is, where the browser wanted to go)."""
        begun = self._under_way.pop(state, None)
        if begun is None or now >= begun.until:
            raise LoginFailed("this login was not begun here, or took too long; try again")
        return self._user(self._claims(self._token(code, begun, now), begun.nonce, now)), begun.to

    def _token(self, code: str, begun: UnderWay, now: float) -> str:
        secret = self._settings.oidc_client_secret
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._redirect,
            "client_id": self._settings.oidc_client_id,
            "code_verifier": begun.verifier,
        } | ({"client_secret": secret.get_secret_value()} if secret else {})
        answer = self._asked("POST", str(self._discovered(now)["token_endpoint"]), form)
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise LoginFailed("the provider gave no ID token; see that the scope openid is allowed")
        return token

    def _claims(self, token: str, nonce: str, now: float) -> dict[str, Any]:
        self._discovered(now)
        for again in (False, True):
            try:
                if again:  # a key that is not known: the provider may have changed its keys
                    self._known_until = 0.0
                    self._discovered(now)
                assert self._keys is not None
                claims = jwt.decode(token, self._keys, algorithms=list(ALGORITHMS)).claims
                break
            except (JoseError, ValueError) as error:
                if again:
                    raise LoginFailed("the ID token is not signed by the provider") from error
        wanted = jwt.JWTClaimsRegistry(
            now=int(now),
            leeway=_LEEWAY,
            iss={"essential": True, "value": self._known["issuer"]},
            aud={"essential": True, "value": self._settings.oidc_client_id},
            sub={"essential": True},
            exp={"essential": True},
            nonce={"essential": True, "value": nonce},
        )
        try:
            wanted.validate(claims)
        except JoseError as error:
            raise LoginFailed(f"the ID token is not good: {error.error}") from error
        audience = claims["aud"]
        if isinstance(audience, list) and len(audience) > 1 and claims.get("azp") != self._settings.oidc_client_id:
            raise LoginFailed("the ID token was made for another application")
        return dict(claims)

    def _user(self, claims: dict[str, Any]) -> User:
        held = claims.get(self._settings.oidc_role_claim)
        listed = held if isinstance(held, list) else [held]
        values = [each for each in listed if isinstance(each, str)]
        named = (claims.get(each) for each in ("preferred_username", "email", "name", "sub"))
        name = next((each for each in named if isinstance(each, str)), "user")
        role = role_of(values, self._settings.roles, self._settings.default_role)
        if role is None:
            raise LoginFailed(f"{name[:100]} has no role here; an administrator can give one")
        return User(str(name)[:100], f"{claims['iss']} {claims['sub']}", role)

    def _discovered(self, now: float) -> dict[str, Any]:
        if now < self._known_until:
            return self._known
        found = self._asked("GET", f"{self._issuer}/.well-known/openid-configuration")
        if str(found.get("issuer", "")).rstrip("/") != self._issuer:
            raise LoginFailed("the provider names another issuer than dashboard.oidc_issuer")
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            _require_safe(str(found.get(name, "")), name)
        try:
            self._keys = KeySet.import_key_set(self._asked("GET", str(found["jwks_uri"])))  # type: ignore[arg-type]
        except (JoseError, ValueError, KeyError, TypeError) as error:
            raise LoginFailed("the provider's keys cannot be read") from error
        self._known, self._known_until = found, now + DISCOVERY_SECONDS
        return found

    def _asked(self, method: str, url: str, form: dict[str, str] | None = None) -> dict[str, Any]:
        _require_safe(url, "the provider's address")
        until = time.monotonic() + _TIMEOUT
        try:
            with httpx.stream(method, url, data=form, timeout=_TIMEOUT, follow_redirects=False) as answer:
                raw = b""
                for part in answer.iter_bytes():
                    raw += part
                    if len(raw) > _LARGEST or time.monotonic() > until:
                        raise LoginFailed("the provider's answer is too long or too slow")
                if answer.status_code != 200:
                    raise LoginFailed(f"the provider answered {answer.status_code} at {urlsplit(url).path}")
            found = httpx.Response(200, content=raw).json()
        except (httpx.HTTPError, ValueError) as error:
            raise LoginFailed(f"the provider cannot be asked ({type(error).__name__})") from error
        if not isinstance(found, dict):
            raise LoginFailed("the provider's answer is no object")
        return found


def _require_safe(url: str, name: str) -> None:
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname or "")):
        raise LoginFailed(f"{name} is not https")
