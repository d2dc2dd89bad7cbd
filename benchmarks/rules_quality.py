"""How right the rules are that ship, on texts of its own (benchmarks/gold/rules.txt), 30 for and 30 against each rule.

    python -m benchmarks.rules_quality [--wrong] [--gold FILE]

A section `[rule channel]` has lines `+ text` that the rule is for, and `- text` that come near and are news. Recall
counts the rule's own texts; precision counts them against every `-` of every section, read in the rule's channel: no
rule may speak there. The odd texts of a section are those that rules were mended on, the even ones are `held`.
Intervals are Wilson's, 95 %. --wrong prints what was missed or hit by mistake. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

from services.scoring.on_demand.ruled import document_of
from services.scoring.rules.rule_file import built_in, load_rules
from services.scoring.rules.speaking import Speakers
from shared.contract.events import Channel, Opinion, Origin

GOLD = Path(__file__).with_name("gold") / "rules.txt"
Half = Literal["mended", "held"]


@dataclass(frozen=True)
class Text:
    rule: str
    channel: Channel
    text: str
    meant: bool
    half: Half


def texts_of(path: Path = GOLD) -> list[Text]:
    """Raises ValueError for a line that is none."""
    found: list[Text] = []
    rule, channel, counts = "", "news", {"+": 0, "-": 0}
    for line in path.read_text("utf-8").splitlines():
        if line.startswith("["):
            rule, channel = line.strip("[]").split()
            counts = {"+": 0, "-": 0}
        elif line[:2] in ("+ ", "- "):
            counts[line[0]] += 1
            half: Half = "mended" if counts[line[0]] % 2 else "held"
            found.append(Text(rule, cast(Channel, channel), line[2:], line[0] == "+", half))
        elif line.strip():
            raise ValueError(f"{path}: {line!r} begins with none of [, + and -")
    return found


def spoke(speakers: Speakers, text: str, channel: Channel) -> tuple[str, ...]:
    """Which rules speak of a text."""
    document = document_of(text, "", channel, "", "en")
    opinion = Opinion(
        origin=Origin("", 0, 0), document_id="", company="X", relevance=0, channel=channel, source="", story="",
        published_at=0, available_at=0, negative=0, neutral=0, positive=0, model="", companies=1,
    )  # fmt: skip
    return speakers.applied(document, [opinion])[0].spoke


def measured(texts: Iterable[Text], speakers: Speakers, half: Half | None = None) -> list[dict[str, Any]]:
    """One row a rule: hits of its own texts, slips on what is news; those of `half` alone, or all."""
    looked = [each for each in texts if half in (None, each.half)]
    rows = []
    for rule in speakers.rules.rules:
        own = [each for each in looked if each.rule == rule.name and each.meant]
        against = [each for each in looked if not each.meant]
        channel: Channel = own[0].channel
        missed = [each.text for each in own if rule.name not in spoke(speakers, each.text, channel)]
        slips = [each.text for each in against if rule.name in spoke(speakers, each.text, channel)]
        hits = len(own) - len(missed)
        rows.append(
            {"rule": rule.name, "texts": len(own), "against": len(against), "hits": hits, "slips": len(slips)}
            | {"precision": _share(hits, hits + len(slips)), "recall": _share(hits, len(own))}
            | {"precision_interval": wilson(hits, hits + len(slips)), "recall_interval": wilson(hits, len(own))}
            | {"missed": missed, "wrong": slips}
        )
    return rows


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 3) if whole else None


def wilson(part: int, whole: int, z: float = 1.96) -> tuple[float, float] | None:
    """Wilson's interval of a share."""
    if not whole:
        return None
    share, spread = part / whole, z * z / whole
    middle = (share + spread / 2) / (1 + spread)
    wide = z / (1 + spread) * math.sqrt(share * (1 - share) / whole + spread / (4 * whole))
    return round(max(0.0, middle - wide), 3), round(min(1.0, middle + wide), 3)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wrong", action="store_true", help="print what was missed or hit by mistake")
    parser.add_argument("--gold", type=Path, default=GOLD)
    asked = parser.parse_args()
    texts, speakers = texts_of(asked.gold), Speakers(load_rules([built_in("standard")]))
    result: dict[str, Any] = {}
    for half in ("mended", "held"):
        rows = result[half] = measured(texts, speakers, cast(Half, half))
        _say(f"{half:<26} precision {'':<16} recall")
        for row in rows:
            told = [f"{row[name] or 0:.3f} {row[f'{name}_interval']}" for name in ("precision", "recall")]
            _say(f"{row['rule']:<26} {told[0]:<26} {told[1]}")
            for kind in ("missed", "wrong") if asked.wrong else ():
                for text in row[kind]:
                    _say(f"    {kind}: {text}")
    for rows in result.values():
        for row in rows:
            del row["missed"], row["wrong"]
    _say(json.dumps(result))


if __name__ == "__main__":
    main()
