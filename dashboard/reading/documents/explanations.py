"""Which words led to an answer: the API knows, for it has the model. Says what to do where it does not answer."""

from __future__ import annotations

import ssl
from typing import Any, Final, NamedTuple
from urllib.parse import quote

import httpx

from shared.settings import Settings

SECONDS: Final = 40.0  # the first question waits for the model to load
_EVERYWHERE: Final = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "": "127.0.0.1"}


class Share(NamedTuple):
    """A word's part in an answer, where it stands in `Explanation.text`."""

    start: int
    end: int
    share: float


class Explained(NamedTuple):
    """What was answered, and the words that speak for it (a share above 0) or against it."""

    answer: str
    shares: list[Share]


class Explanation(NamedTuple):
    """Of a document's text: the sentiment (of the company that was asked for, if the text names it) and the event."""

    text: str
    of_company: bool  # else of the text as a whole
    sentiment: Explained
    event: Explained | None


class NotExplained(LookupError):
    """The text says why, and what to do."""


def explanation(settings: Settings, name: str, company: str) -> Explanation:
    """Of the document with this id, for a company ("": for the text as a whole). Raises NotExplained."""
    address = f"{api_address(settings)}/v1/documents/{quote(name, safe='')}"
    secret = settings.dashboard.api_key
    headers = {"Authorization": f"Bearer {secret.get_secret_value()}"} if secret else {}
    asked = {"explain": "true"} | ({"company": company} if company else {})
    try:
        with httpx.Client(verify=_trusted(settings), timeout=SECONDS, trust_env=False) as client:
            answer = client.get(address, params=asked, headers=headers)
    except (httpx.HTTPError, OSError) as error:
        raise NotExplained(unreachable(settings, error)) from None
    if answer.status_code != httpx.codes.OK:
        raise NotExplained(refused(answer))
    return parsed(answer.json()["data"], company)


def _trusted(settings: Settings) -> ssl.SSLContext:
    """The certificate of our own API, too, which may have been signed by itself."""
    context = ssl.create_default_context()
    if settings.api.tls_certfile:
        context.load_verify_locations(settings.api.tls_certfile)
    return context


def api_address(settings: Settings) -> str:
    """Where the API of these settings is asked from this machine."""
    host = _EVERYWHERE.get(settings.api.host, settings.api.host)
    scheme = "https" if settings.api.tls_certfile else "http"
    return f"{scheme}://{f'[{host}]' if ':' in host and not host.startswith('[') else host}:{settings.api.port}"


def parsed(row: dict[str, Any], company: str) -> Explanation:
    """Of the row of `/v1/documents/{id}?explain=true`."""
    told = row["explanation"]
    answers = told["answers"]
    own = company in told["companies"]
    of, words = (answers["companies"], told["companies"]) if own else (answers, told)
    sentiment = _explained(of[company if own else "document"], words[company if own else "document"])
    event = _explained(answers["event"], told["event"]) if answers.get("event") else None
    text = f"{row['title'] or ''}\n{row['text'] or ''}".strip()
    return Explanation(text, own, sentiment, event)


def _explained(answer: str, words: list[dict[str, Any]]) -> Explained:
    return Explained(answer, [Share(word["start"], word["end"], word["share"]) for word in words])


def unreachable(settings: Settings, error: Exception) -> str:
    """Nobody answers, or not in time."""
    if isinstance(error, httpx.TimeoutException):
        return "The API did not say in time which words led here. It may be loading the model; this page asks again."
    return (
        f"Words are coloured by the API, and none answers at {api_address(settings)}. `bellwether up` starts it, "
        "unless it is told --no-api."
    )


def refused(answer: httpx.Response) -> str:
    """In the API's own words, but for a key: that is the dashboard's matter."""
    if answer.status_code in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
        return (
            "Words are coloured by the API, and it wants a key of the dashboard: `bellwether keys create dashboard "
            "--role read`, then set BELLWETHER_DASHBOARD__API_KEY and start the dashboard again."
        )
    try:
        told = answer.json()
        said, remedy = str(told["detail"]), str(told.get("remedy") or "")
    except (ValueError, KeyError, TypeError):
        return f"Words are coloured by the API, and it answered with status {answer.status_code}."
    return f"Words are not coloured: {said}." + (f" To do: {remedy}." if remedy else "")
