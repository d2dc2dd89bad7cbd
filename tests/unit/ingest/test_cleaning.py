from __future__ import annotations

import html
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.ingest.documents.cleaning import clean, clean_line

WILD = st.text(st.characters(), max_size=200)
MARKUP = st.lists(
    st.sampled_from(
        ["<", ">", "&", "amp;", "lt;", "#60;", "<b>", "</p>", "<br/>", "<script>", "</script>", "<!--", "-->", "\x00",
         "e", "\u0301", "\r", "\n", "  ", "\u200b", "\ud83d", "<![CDATA[", "]]>", "\u037e", "$AAPL", "style"]
    ),
    max_size=30,
).map("".join)  # fmt: skip


@pytest.mark.parametrize(
    ("raw", "plain"),
    [
        ("<p>Apple &amp; Co</p><p>rise</p>", "Apple & Co\n\nrise"),
        ("a<br>b<BR />c", "a\nb\nc"),
        ('<a href="http://x.com/?a=1&b=2" class=x>link</a> text', "link text"),
        ("<script>if (a < b) alert('x')</script>Hello<style>p {}</style>", "Hello"),
        ("<!-- <p>hidden</p> -->seen", "seen"),
        ("<![CDATA[<b>bold</b> move]]>", "bold move"),
        ("buy <AAPL> and a < b > c <3 ", "buy <AAPL> and a < b > c <3"),
        ("http://x.com/?a=1&copy=2&lt=3", "http://x.com/?a=1&copy=2&lt=3"),
        ("&lt;b&gt;twice&lt;/b&gt; &amp;amp;quot;", 'twice "'),
        ("caf\u0065\u0301", "café"),
        ("$AA\u200bPL\x00 \ud83d up\ufeff", "$AAPL up"),
        ("a\r\nb\u2028c\n\n\n\nd \n e", "a\nb\nc\n\nd\ne"),
        ("  many   spaces\u00a0here\t ", "many spaces here"),
        ("👩‍💻 stays, <!-- never closed", "👩‍💻 stays, <!-- never closed"),
    ],
)
def test_what_comes_out(raw: str, plain: str) -> None:
    assert clean(raw) == plain


@given(st.one_of(WILD, MARKUP))
@example("<scr\x00ipt>x</script>")
@example("<<b>b>")
def test_the_result_is_clean(raw: str) -> None:
    text = clean(raw)
    assert unicodedata.is_normalized("NFC", text)
    assert text == text.strip() and "\n\n\n" not in text and "  " not in text and "\r" not in text
    assert not [sign for sign in text if unicodedata.category(sign) in {"Cc", "Cs"} and sign != "\n"]
    text.encode()  # no lone surrogate is left
    assert "\n" not in clean_line(raw)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=200))
def test_what_is_escaped_comes_back_as_what_it_was(raw: str) -> None:
    assert clean(html.escape(raw)) == clean(raw)


@given(WILD)
def test_cleaning_twice_is_cleaning_once(raw: str) -> None:
    once = clean(raw)
    assert clean(once) == once


@pytest.mark.parametrize(
    "hostile",
    ["<", "<a ", "<!--", "&amp;", "amp;", "<script>", "<style", "</p", "\n ", "e\u0301", "&lt;", "<p x", "&#38;"],
)
@pytest.mark.timeout(20)
def test_hostile_texts_end(hostile: str) -> None:
    # 200,000 characters: a tenth of a second when linear, minutes when quadratic
    clean("<p &" + hostile * (200_000 // len(hostile)))
