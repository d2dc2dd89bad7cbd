"""Words of a question, and the forms in which they may stand in a text. Pure; English, by rules and two short lists.

Nothing is stemmed in the archive, so a word is looked for in the forms that it can take.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

_HERE: Final = Path(__file__).parent
_IRREGULAR: Final = (
    "fall fell fallen|rise rose risen|buy bought|sell sold|pay paid|cut cuts cutting|win won|leave left|lose lost loss "
    "losses|shut|sue sued suing|say said|tell told|take took taken|give gave given|make made|sink sank sunk|spend spent"
    "|build built|hold held|know knew known|grow grew grown|fly flew flown|strike struck|split|hit|beat beaten|set|see "
    "saw seen|run ran|begin began begun|rule ruled|choose chose chosen|hire hired|die died dead death|speak spoke|tear "
    "tore|draw drew|drive drove driven|steal stole stolen|break broke broken|swing swung|get got|lead led|keep kept|man"
    " men|woman women|pull pulled|acquire acquisition|announce announcement|settle settlement|resign resignation|retire"
    " retirement|merge merger|invest investment|approve approval|appoint appointment|agree agreement|explode explosion"
    "|recall recalled|decide decision|reduce reduction|replace replacement|deliver delivery deliveries|investigate "
    "investigation|expand expansion|produce production|china chinese|japan japanese|russia russian|brazil brazilian|"
    "europe european|germany german|france french|italy italian|britain british uk|canada canadian|mexico mexican|india"
    " indian|korea korean|sweden swedish|switzerland swiss|greece greek|spain spanish|israel israeli|iran iranian|"
    "indonesia indonesian|saudi arabia|australia australian|america american|ireland irish|netherlands dutch|norway "
    "norwegian|denmark danish|vietnam vietnamese|argentina argentine|quit|cloud|vice|chair chairman|refuse refusal|"
    "succeed successor|lay laid|go went gone|try tried tries|bring brought|offer offers"
)

_PARTICLES: Final = frozenset(("over", "down", "up", "out", "off", "back", "away"))


class Group(NamedTuple):
    """Words that say much the same. `common`: it hardly tells one text from another."""

    common: bool
    phrases: tuple[str, ...]


@cache
def word_list(name: str) -> frozenset[str]:
    """One of the lists beside this module."""
    lines = (_HERE / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(word for line in lines if not line.startswith("#") for word in line.split())


@cache
def _irregular() -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for group in _IRREGULAR.split("|"):
        words = group.split()
        for word in words:
            found.setdefault(word, []).extend(words)
    return {word: tuple(dict.fromkeys(forms)) for word, forms in found.items()}


@cache
def forms_of(word: str) -> tuple[str, ...]:
    """The word, and the forms that it can take: share shares shared sharing."""
    if not word.isalpha() or not word.isascii() or len(word) < 3:
        return (word,)
    found = [word, *_irregular().get(word, ())]
    for base in dict.fromkeys([*_bases(word), *(each for each in found[1:] if each in _irregular())]):
        found += _inflected(base)
    return tuple(dict.fromkeys(found))


def _bases(word: str) -> list[str]:
    """What a word may be a form of, itself first."""
    found = [word]
    if word.endswith("ies") and len(word) > 4:
        found.append(word[:-3] + "y")
    elif word.endswith(("sses", "shes", "ches", "xes", "zes")):
        found.append(word[:-2])
    elif word.endswith("s") and not word.endswith(("ss", "us", "is")) and len(word) > 3:
        found.append(word[:-1])
    for ending in ("ing", "ed"):
        stem = word.removesuffix(ending)
        if stem != word and len(stem) > 2:
            found += [stem, stem + "e"]
            if len(stem) > 3 and stem[-1] == stem[-2]:
                found.append(stem[:-1])
            if ending == "ed" and stem.endswith("i"):
                found.append(stem[:-1] + "y")
    return found


def _inflected(base: str) -> list[str]:
    if base.endswith("e"):
        return [base, base + "s", base + "d", base[:-1] + "ing", base + "r"]
    if base.endswith("y") and base[-2:-1] not in "aeiou":
        return [base, base[:-1] + "ies", base[:-1] + "ied", base + "ing"]
    plural = base + ("es" if base.endswith(("s", "sh", "ch", "x", "z")) else "s")
    found = [base, plural, base + "ed", base + "ing", base + "er"]
    if len(base) < 6 and base[-1] not in "aeiouwxy" and base[-2:-1] in tuple("aeiou"):
        found += [base + base[-1] + "ed", base + base[-1] + "ing"]
    return found


@cache
def _groups() -> dict[str, tuple[Group, ...]]:
    found: dict[str, list[Group]] = {}
    for line in (_HERE / "synonyms.txt").read_text(encoding="utf-8").splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        phrases = tuple(each.strip() for each in line.removeprefix("~").split(","))
        group = Group(line.startswith("~"), phrases)
        heads = phrases if group.common else phrases[:1]
        for form in dict.fromkeys(form for head in heads for form in (forms_of(head) if " " not in head else (head,))):
            found.setdefault(form, []).append(group)
    return {form: tuple(groups) for form, groups in found.items()}


@cache
def _verbs() -> dict[tuple[str, str], str]:
    """(a form of a verb, its particle) -> the verb, of what groups begin with: take over, step down."""
    found: dict[tuple[str, str], str] = {}
    for phrase in _groups():
        verb, _, particle = phrase.partition(" ")
        if particle in _PARTICLES:
            found |= {(form, particle): verb for form in forms_of(verb)}
    return found


def two_words(word: str, following: str) -> tuple[str, str] | None:
    """The verb and its particle that two words are: took over."""
    verb = _verbs().get((word, following))
    return (verb, following) if verb else None


def groups_of(phrase: str) -> tuple[Group, ...]:
    """The groups that this word leads to: of a common one any word, of another its first."""
    return _groups().get(phrase, ())


def others(groups: tuple[Group, ...]) -> tuple[str, ...]:
    """Every form of every phrase of these groups; the last word of several is inflected, too."""
    found: dict[str, None] = {}
    for group in groups:
        for phrase in group.phrases:
            *before, last = phrase.split()
            for form in forms_of(last):
                found[" ".join([*before, form])] = None
    return tuple(found)
