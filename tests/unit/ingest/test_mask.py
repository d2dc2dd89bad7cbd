from __future__ import annotations

import stat
from datetime import date
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from stdnum import luhn

from services.ingest.documents.addresses import mask_address
from services.ingest.documents.mask import (
    CARD,
    EMAIL,
    HANDLE,
    IBAN,
    PHONE,
    mask,
)
from services.ingest.documents.masker import Masker
from services.ingest.documents.payment_numbers import iban_length, is_card, is_iban
from services.ingest.documents.personal.figures import are_alike
from services.ingest.documents.raw_document import RawDocument
from shared.contract.events import Channel
from shared.settings import load_settings

# The ISO 13616 registry, written down apart from python-stdnum's copy of it
_LENGTHS = (
    "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 "
    "ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 "
    "LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 "
    "PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 "
    "YE30"
)
LENGTHS = {entry[:2]: int(entry[2:]) for entry in _LENGTHS.split()}
DIGITS = "0123456789"
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def digits(count: int) -> st.SearchStrategy[str]:
    return st.text(DIGITS, min_size=count, max_size=count)


@st.composite
def ibans(draw: st.DrawFn) -> str:
    country = draw(st.sampled_from(sorted(LENGTHS)))
    account = draw(st.text(DIGITS + LETTERS, min_size=LENGTHS[country] - 4, max_size=LENGTHS[country] - 4))
    remainder = int("".join(str(int(sign, 36)) for sign in f"{account}{country}00")) % 97
    compact = f"{country}{98 - remainder:02}{account}"
    size = draw(st.sampled_from([4, 100]))
    return " ".join(compact[start : start + size] for start in range(0, len(compact), size))


@st.composite
def cards(draw: st.DrawFn) -> str:
    prefix, length = draw(st.sampled_from([("4", 16), ("51", 16), ("2221", 16), ("34", 15), ("6011", 16), ("36", 14)]))
    body = prefix + draw(digits(length - len(prefix) - 1))
    whole = body + luhn.calc_check_digit(body)
    groups = {16: (4, 4, 4, 4), 15: (4, 6, 5), 14: (4, 6, 4)}[length]
    ends = [sum(groups[: index + 1]) for index in range(len(groups))]
    sign = draw(st.sampled_from(["", " ", "-"]))
    parts = [whole[end - size : end] for end, size in zip(ends, groups, strict=True)]
    assume(not (sign == " " and are_alike(parts)))  # "4102 4388 4512 4733" may be a table's: docs/masking.md
    return sign.join(parts)


@st.composite
def phones(draw: st.DrawFn) -> str:
    two, three, four = draw(digits(2)), draw(digits(3)), draw(digits(4))
    return draw(
        st.sampled_from(
            [f"+1 (212) {three}-{four}", f"+1-415-{three}-{four}", f"(212) {three}-{four}", f"415-{three}-{four}",
             f"415.{three}.{four}", f"+44 20 7{three} {four}", f"+4930{three}{four}", f"+33 6 {two} 34 {two} 78",
             f"020 7{three} {four}", f"07700 9{two}{three}", f"tel. {three}{four}", f"Phone: {three} {four}",
             f"+86 138 {four} 7{three}", f"138{four}678{two[0]}"]
        )
    )  # fmt: skip


EMAILS = st.from_regex(r"\A[a-z][a-z0-9._%+]{0,12}[a-z0-9]@[a-z0-9]{1,10}(\.[a-z]{2,5}){1,2}\Z")
HANDLES = st.from_regex(r"\A@[A-Za-z_][A-Za-z0-9_]{1,14}\Z") | st.from_regex(
    r"\A@[a-z][a-z0-9]{1,9}\.bsky\.social\Z|\A@[a-z]{2,9}@[a-z]{2,9}\.[a-z]{2,6}\Z"
)
PERSONAL = st.one_of(
    EMAILS.map(lambda text: (text, EMAIL)),
    HANDLES.map(lambda text: (text, HANDLE)),
    ibans().map(lambda text: (text, IBAN)),
    cards().map(lambda text: (text, CARD)),
    phones().map(lambda text: (text, PHONE)),
)

# What traders write and no masking may touch
NUMBERS = st.integers(1, 10**13)
FIGURES = st.one_of(
    NUMBERS.map(lambda number: f"{number:,}"),
    NUMBERS.map(lambda number: f"${number / 100:,.2f}"),
    st.floats(0, 10**6).map(lambda number: f"{number:+.2f}%"),
    st.floats(0, 10**5).map(lambda number: f"{number:+,.2f}"),
    st.dates(date(1990, 1, 1), date(2090, 1, 1)).map(date.isoformat),
    st.dates(date(1990, 1, 1), date(2090, 1, 1)).map(lambda day: day.strftime("%d/%m/%Y")),
    st.dates(date(1990, 1, 1), date(2090, 1, 1)).map(lambda day: day.strftime("%m/%d/%Y 10:30")),
    st.dates(date(1990, 1, 1), date(2090, 1, 1)).map(lambda day: day.strftime("%Y-%m-%dT%H:%M:%S.000000Z")),
    st.integers(1, 2_200_000).map(lambda number: f"CIK {number:010}"),
    st.integers(1, 2_200_000).map(lambda number: f"{number:010}-14-001234"),
    st.integers(1, 9999).map(lambda number: f"@{number / 10}"),
    st.integers(1, 999).map(lambda number: f"@{number}k"),
    st.integers(4 * 10**17, 5 * 10**17).map(str),
    st.sampled_from(
        ["US0378331005", "CUSIP 037833100", "$AAPL", "BRK.B", "0700.HK", "600519.SH", "10-K", "Q3 2014", "1.5x",
         "9am-5pm", "100-200", "52-week", "S&P 500", "401(k)", "1900-1950", "24/7", "3.14159265358979", "14:30:00",
         "15000000000"]
    ),
)  # fmt: skip
WORDS = st.sampled_from(
    ["Apple", "rose", "to", "up", "and", "sold", "shares", "of", "at", "on", "EPS", "est.", "|", "…"]
)


@given(PERSONAL, WORDS, WORDS, st.sampled_from([" ", ": ", "; ", "\n"]), st.sampled_from([" ", ", ", ". ", "! ", ""]))
def test_personal_data_goes(personal: tuple[str, str], before: str, after: str, left: str, right: str) -> None:
    raw, token = personal
    beside = (left.isspace() and before == "shares") or (right.isspace() and after == "shares")
    assume(not (raw.isdigit() and beside))  # "13800006780 shares" is an amount
    masked = mask(f"{before}{left}{raw}{right}{after if right else ''}".strip())
    assert token in masked
    assert raw.casefold() not in masked.casefold()
    assert before in masked and (not right or after in masked)


@given(st.lists(st.one_of(FIGURES, WORDS), min_size=1, max_size=12))
def test_figures_dates_and_identifiers_stay(parts: list[str]) -> None:
    # words between: two naked figures side by side can spell a phone, and then privacy goes first
    text = " and ".join(parts)
    assert mask(text) == text


@given(
    st.one_of(
        st.lists(st.one_of(PERSONAL.map(lambda one: one[0]), FIGURES, WORDS), max_size=8).map(" ".join),
        st.lists(
            st.one_of(
                PERSONAL.map(lambda one: one[0]), st.sampled_from([*"@.+-()/ 0159[]%:a", "@a", "tel. ", "\u4f60"])
            ),
            max_size=30,
        ).map("".join),
        st.text(),
    )
)
def test_masking_twice_is_masking_once(text: str) -> None:
    once = mask(text)
    assert mask(once) == once


@pytest.mark.parametrize(
    ("raw", "masked"),
    [
        ("RT @bob: see $AAPL", "RT @USER: see $AAPL"),
        ("RT @USER: see", "RT @USER: see"),
        ("bought @45.20, sold @ 46", "bought @45.20, sold @ 46"),
        ("@50cent likes @4pm", "@USER likes @4pm"),
        ("https://medium.com/@bob/post", "https://medium.com/@bob/post"),
        ("\u8054\u7cfbzhang@x.com\u5427", "\u8054\u7cfb[email]\u5427"),
        ("@\u65b0\u6d6a\u8d22\u7ecf\uff1a\u82f9\u679c", "@USER\uff1a\u82f9\u679c"),
        ("DE89 3704 0044 0532 0130 00 GB29 NWBK 6016 1331 9268 19", "[iban] [iban]"),
        ("DE89370400440532013001", "DE89370400440532013001"),
        ("4111111111111112", "4111111111111112"),
        ("Dow +125.30 15,500.10, S&P +12.35 1848.36", "Dow +125.30 15,500.10, S&P +12.35 1848.36"),
        ("+12 350 000 shares, +61 412 345 678", "+12 350 000 shares, [phone]"),
        ("16 019 17 688 17 283", "16 019 17 688 17 283"),
        ("see https://x.com/?token=abc&n=1.", "see https://x.com/?token=[secret]&n=1."),
        ("\uff20bob", "@USER"),
        ("wa.me/4917012345678", "wa.me/[phone]"),
    ],
)
def test_examples(raw: str, masked: str) -> None:
    assert mask(raw) == masked


@given(ibans())
def test_an_iban_of_every_country_is_measured(iban: str) -> None:
    assert iban_length(iban + "  1") == len(iban) and iban_length("QQ" + iban[2:]) == 0


def test_iban_and_card_checks() -> None:
    assert is_iban("DE89370400440532013000") and not is_iban("DE89370400440532013001") and not is_iban("GB")
    assert is_card("4111 1111 1111 1111") and is_card("378282246310005") and not is_card("418157151946035200")


@pytest.mark.parametrize(
    ("raw", "masked"),
    [
        ("https://x.com/a?e=a%40b.com&n=1", "https://x.com/a?e=[email]&n=1"),
        ("https://x.com/?tel=%2B12125550100", "https://x.com/?tel=[phone]"),
        ("https://x.com/u/a.b%40c.com/x", "https://x.com/u/[email]/x"),
        ("https://bob:secret@x.com/", "https://x.com/"),
        ("https://x.com/a?b=1&copy=%C3%A9#part", "https://x.com/a?b=1&copy=%C3%A9#part"),
        ("https://x.com/a#mail=a@b.com", "https://x.com/a#mail=[email]"),
        ("https://[x.com/?", ""),
        ("", ""),
    ],
)
def test_addresses(raw: str, masked: str) -> None:
    assert mask_address(raw) == masked
    assert mask_address(masked) == masked


def test_every_field_is_masked_and_the_author_hashed() -> None:
    dirty = "a@b.com +1 212 555 0100"
    raw = RawDocument(
        id="0" * 32, channel="news", source=dirty, text=dirty, title=dirty, url="https://x.com/?q=a%40b.com",
        author="@Bob", external_id=dirty, published_at=1, received_at=1, available_at=1,
    )  # fmt: skip
    masked = Masker(b"key").apply(raw)
    assert {masked.source, masked.text, masked.title, masked.external_id} == {"[email] [phone]"}
    assert masked.url == "https://x.com/?q=[email]"
    assert len(masked.author) == 16 and int(masked.author, 16) >= 0


def test_the_external_id_of_a_social_source_is_a_hash() -> None:
    """A DID or a status leads to its author as surely as a name does; a wire's id leads to a story, and stays."""

    def masked(channel: Channel, key: bytes = b"key") -> str:
        raw = RawDocument(
            id="0" * 32, channel=channel, source="s", text="t", author="bob", external_id="at://did:plc:abc/post/1",
            published_at=1, received_at=1, available_at=1,
        )  # fmt: skip
        return Masker(key).apply(raw).external_id

    assert masked("news") == "at://did:plc:abc/post/1"
    assert masked("social") == masked("social") != masked("social", b"other")
    assert len(masked("social")) == 16 and int(masked("social"), 16) >= 0


def test_an_author_is_one_hash_per_key() -> None:
    masker = Masker(b"key")
    assert masker.author("@Bob") == masker.author("bob ") != masker.author("bobby")
    assert masker.author("bob") != Masker(b"other").author("bob")
    assert masker.author("") == masker.author(" @ ") == ""
    with pytest.raises(ValueError, match="author key is empty"):
        Masker(b"")


def test_the_key_is_made_once_and_kept_private(tmp_path: Path) -> None:
    state = tmp_path / "state"
    first = Masker.from_settings(load_settings(state)).author("bob")
    key = state / "author.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert [path.name for path in state.iterdir()] == ["author.key"]
    assert Masker.from_settings(load_settings(state)).author("bob") == first
    own = load_settings(state, ingest={"author_key": "mine"})
    assert Masker.from_settings(own).author("bob") == Masker(b"mine").author("bob") != first


@pytest.mark.parametrize(
    "hostile",
    [
        "a",
        "a@",
        "@a",
        "a.",
        "1 ",
        "+1",
        "DE12",
        "(",
        "tel ",
        "0",
        "4111 ",
        "a@a.",
        "\u4f60@",
        "t.me/a",
        "http://x?a=",
        "https://x.com/?token=",
        "1 234 ",
        "\u043f@\u043f.",
        "\uff10",
        "+1 2",
        "1\n",
    ],
)
@pytest.mark.timeout(20)
def test_hostile_texts_end(hostile: str) -> None:
    mask("@ 12345678 " + hostile * (200_000 // len(hostile)))
