"""`bellwether signals …`."""

from __future__ import annotations

from typing import Annotated

import typer

from services.commands.options import Company, Json, OptionError, Run, State, say, settings_of
from services.commands.then import AsOf, asked

signals_app = typer.Typer(help="The recommendations of the strategies.", no_args_is_help=True)


@signals_app.callback()
def _group() -> None:
    """A group, although it has only one command so far."""


@signals_app.command("list")
def list_signals(
    company: Company = None,
    strategy: Annotated[str | None, typer.Option("--strategy", help="Only this strategy.")] = None,
    as_of: AsOf = None,
    run: Run = None,
    state: State = None,
    as_json: Json = False,
) -> None:
    """List the latest signal of each company, strongest first; with --company, every signal emitted for it."""
    from shared.clients.redis import connect
    from shared.clock import to_iso
    from shared.reading.values.signals import plain

    settings = settings_of(state, run)
    with connect(settings.redis) as client:
        then = asked(settings, client, as_of, company)
        if then.past and then.past.silent:
            raise OptionError(f"--as-of {as_of}: {then.past.silent}; ask for a moment at which today's strategies ran")
        if company:
            chosen = then.run.signals.revisions([company], [strategy] if strategy else None)
        else:
            chosen = [signal for signal in then.run.signals.latest() if strategy in (None, signal.strategy)]
    signals = list(map(plain, chosen))
    words = (
        f"{to_iso(signal['at'])}  {signal['company']:6} {signal['action']:11} {signal['score']:+.3f} "
        f"confidence {signal['confidence']:.2f}  {signal['documents']} documents  {signal['strategy']}"
        for signal in signals
    )
    say(signals, words, as_json=as_json)
