"""The MCP server: eleven read-only tools by intent, over stdio (`bellwether mcp`) and streamable HTTP (/mcp)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from typing import Annotated, Any, Final, Literal

import redis
from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import ToolAnnotations
from pydantic import Field

from services.api.agents.answers import Answer, Answers, problem_words
from services.api.agents.fence import SAYS
from services.api.door import Door
from services.api.wire.problems import Problem

Company = Annotated[str, Field(max_length=200, description="Id, ticker or name, for example, AAPL.")]
Window = Annotated[
    Literal["1h", "6h", "24h", "7d", "30d"],
    Field(description="Ends with the newest opinion; compared with the one before."),
]
Channel = Annotated[Literal["all", "news", "social"], Field(description="Where opinions come from.")]
Event = Annotated[
    str | None, Field(max_length=100, description="An event class or a group of them, for example, layoffs or deals.")
]
Limit = Annotated[int, Field(ge=1, le=100)]
AsOf = Annotated[
    str | None,
    Field(max_length=64, description="ISO 8601: what was known at that moment. Left out: now."),
]
_READS: Final = ToolAnnotations(read_only_hint=True, destructive_hint=False, open_world_hint=False)
ABOUT: Final = (
    "What the world writes about listed companies, which opinions are moving, and why. Sentiment runs from -1 to 1; "
    f"low and high are its 95 % band. {SAYS}"
)


def build_server(door: Door) -> MCPServer:
    """The tools on one run."""
    server: MCPServer = MCPServer("bellwether", version=version("bellwether"), instructions=ABOUT, log_level="WARNING")
    answers = Answers(door)

    async def told(ask: Callable[..., Answer], *given: Any) -> Answer:
        """In a thread, for answers block; a problem as words that an agent can act on."""
        try:
            return await asyncio.to_thread(ask, *given)
        except Problem as problem:
            raise ToolError(problem_words(problem)) from None
        except redis.RedisError:
            raise ToolError("Redis does not answer; see: bellwether status") from None

    tool = partial(server.tool, annotations=_READS, structured_output=True)

    @tool()
    async def find_companies(text: Annotated[str, Field(max_length=200)], as_of: AsOf = None) -> dict[str, Any]:
        """Find companies and other instruments by ticker or name."""
        return await told(answers.find, text, as_of)

    @tool()
    async def what_moves(
        window: Window = "24h", channel: Channel = "all", limit: Limit = 20, as_of: AsOf = None
    ) -> dict[str, Any]:
        """Which companies' sentiment moved most surely, against the window before; and the market as a whole."""
        return await told(answers.moves, window, channel, limit, as_of)

    @tool()
    async def company_sentiment(company: Company, window: Window = "7d", as_of: AsOf = None) -> dict[str, Any]:
        """One company's sentiment over time, with the heaviest documents behind it."""
        return await told(answers.sentiment, company, window, as_of)

    @tool()
    async def why_it_moved(company: Company, as_of: AsOf = None) -> dict[str, Any]:
        """Why: the latest signal's reasons, and each document's contribution to it."""
        return await told(answers.why, company, as_of)

    @tool()
    async def events(
        company: Annotated[str | None, Field(max_length=200)] = None,
        event: Event = None,
        window: Window = "24h",
        limit: Limit = 30,
        as_of: AsOf = None,
    ) -> dict[str, Any]:
        """What kinds of events documents speak of, by company, most first."""
        return await told(answers.events, company, event, window, limit, as_of)

    @tool()
    async def signals(
        company: Annotated[str | None, Field(max_length=200)] = None, limit: Limit = 20, as_of: AsOf = None
    ) -> dict[str, Any]:
        """The strategies' recommendations with their reasons, strongest first. No advice: read the back-tests."""
        return await told(answers.signals, company, limit, as_of)

    @tool()
    async def search_documents(
        text: Annotated[str, Field(min_length=1, max_length=1000)],
        company: Annotated[str | None, Field(max_length=200)] = None,
        event: Event = None,
        limit: Limit = 10,
        as_of: AsOf = None,
    ) -> dict[str, Any]:
        """Search everything that was archived by words."""
        return await told(answers.search, text, company, event, limit, as_of)

    @tool()
    async def ask(
        question: Annotated[str, Field(min_length=1, max_length=1000)],
        before: Annotated[
            list[str] | None, Field(max_length=10, description="The questions before it, the first one first.")
        ] = None,
        as_of: AsOf = None,
    ) -> dict[str, Any]:
        """Answer a question with sentences of cited documents, or an exact count; or say that nothing answers it."""
        return await told(answers.ask, question, before or (), as_of)

    @tool()
    async def score_text(
        text: Annotated[str, Field(min_length=1, max_length=20_000)],
        channel: Literal["news", "social"] = "news",
        rules: Annotated[bool, Field(description="Under the rules of the run; false: the model alone.")] = True,
        as_of: AsOf = None,
    ) -> dict[str, Any]:
        """What the model says of a text, under the rules of the run: sentiment of it and of each company in it, the
        event, and which rules spoke; or `unscored`, with its language, where no model reads it."""
        return await told(answers.score, text, channel, rules, as_of)

    @tool()
    async def compare_companies(
        companies: Annotated[list[Company], Field(min_length=2, max_length=10)],
        window: Window = "7d",
        as_of: AsOf = None,
    ) -> dict[str, Any]:
        """Several companies' sentiment side by side."""
        return await told(answers.compare, companies, window, as_of)

    @tool()
    async def backtest_results(
        run: Annotated[str | None, Field(max_length=64)] = None, as_of: AsOf = None
    ) -> dict[str, Any]:
        """What the signals of replays were worth, as their back-tests measured it."""
        return await told(answers.backtests, run, as_of)

    return server
