"""Markdown that strangers write: what is shown as meant, what stands as typed, and how long the worst of it takes."""

import re
import time
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partnerportal.lib.markdown import MOST_CHARACTERS, extract_plain_text, render_markdown

REL = 'rel="nofollow noopener noreferrer"'
LINK = re.compile(r"(https?://|mailto:)[^/]")
BARE = ("p", "h3", "h4", "h5", "h6", "ul", "li", "em", "strong", "code", "pre", "blockquote", "br", "hr")
ALLOWED: dict[str, set[str]] = {"a": {"href", "rel"}, "ol": {"start"}} | {tag: set() for tag in BARE}


class Elements(HTMLParser):
    """The elements of a piece of HTML, with their attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    handle_startendtag = handle_starttag

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)

    handle_decl = handle_pi = unknown_decl = handle_comment


def assert_harmless(html: str) -> None:
    for tag, attributes in Elements(html).found:
        assert tag in ALLOWED and set(attributes) <= ALLOWED[tag], (tag, attributes)
        assert tag != "a" or LINK.match(attributes["href"] or ""), attributes


@pytest.mark.parametrize(
    ("typed", "html"),
    [
        ("A *b* **c** `d`", "<p>A <em>b</em> <strong>c</strong> <code>d</code></p>"),
        ("# A\n## B\n#### C\n###### D\n\nE\n===", "<h3>A</h3>\n<h4>B</h4>\n<h6>C</h6>\n<h6>D</h6>\n<h3>E</h3>"),
        (
            "- a\n  - b\n\n> c",
            "<ul>\n<li>a\n<ul>\n<li>b</li>\n</ul>\n</li>\n</ul>\n<blockquote>\n<p>c</p>\n</blockquote>",
        ),
        ("3. a\n4. b", '<ol start="3">\n<li>a</li>\n<li>b</li>\n</ol>'),
        ("a  \nb\n\n---\n\n    c < d", "<p>a<br>\nb</p>\n<hr>\n<pre><code>c &lt; d\n</code></pre>"),
        ("[a](https://b.example/c?d=e&f 'g')", f'<p><a href="https://b.example/c?d=e&amp;f" {REL}>a</a></p>'),
        ("<http://b.example>", f'<p><a href="http://b.example" {REL}>http://b.example</a></p>'),
        ("<a@b.example>", f'<p><a href="mailto:a@b.example" {REL}>a@b.example</a></p>'),
        ("[a][1]\n\n[1]: https://b.example", f'<p><a href="https://b.example" {REL}>a</a></p>'),
        ("**Überblick** 株式会社山田", "<p><strong>Überblick</strong> 株式会社山田</p>"),
    ],
)
def test_what_is_meant_is_shown(typed: str, html: str) -> None:
    assert render_markdown(typed).strip() == html


@pytest.mark.parametrize(
    ("typed", "html"),
    [
        ("<script>alert(1)</script>", "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>"),
        ("a <b onclick=x>b</b>", "<p>a &lt;b onclick=x&gt;b&lt;/b&gt;</p>"),
        ("<!-- a -->", "<p>&lt;!-- a --&gt;</p>"),
        ("[a](javascript:alert(1))", "<p>[a](javascript:alert(1))</p>"),
        ("[a](&#106;avascript:alert)", "<p>[a](javascript:alert)</p>"),
        ("[a](JaVa\\Script:alert)", "<p>[a](JaVa\\Script:alert)</p>"),
        ("[a](data:text/html;base64,PHN)", "<p>[a](data:text/html;base64,PHN)</p>"),
        ("<javascript:alert(1)>", "<p>&lt;javascript:alert(1)&gt;</p>"),
        ("[a](vbscript:x) [b](file:///etc)", "<p>[a](vbscript:x) [b](file:///etc)</p>"),
        ("[a](/members/1/remove/) [b](//evil.example)", "<p>[a](/members/1/remove/) [b](//evil.example)</p>"),
        ("[a][1]\n\n[1]: javascript:x", "<p>[a][1]</p>\n<p>[1]: javascript:x</p>"),
        ('[a](https://x"onmouseover=y)', f'<p><a href="https://x%22onmouseover=y" {REL}>a</a></p>'),
        ("![a](https://b.example/c.png)", f'<p>!<a href="https://b.example/c.png" {REL}>a</a></p>'),
        ("```html\n<b>\n```", "<pre><code>&lt;b&gt;\n</code></pre>"),
        ("| a |\n|---|\n| b |", "<p>| a |\n|---|\n| b |</p>"),
        ("https://b.example", "<p>https://b.example</p>"),
        ("a\0b&#0;c", "<p>a\ufffdb\ufffdc</p>"),
        ("a\u202eb &#x202e;c&#8203;d", "<p>ab cd</p>"),
        ("a\x1b[31mb\x08&#7;", "<p>a[31mb\ufffd</p>"),
        ("**a [b](c `d", "<p>**a [b](c `d</p>"),
        ("```\na", "<pre><code>a</code></pre>"),
        ("", ""),
    ],
)
def test_what_is_not_allowed_stands_as_it_was_typed(typed: str, html: str) -> None:
    assert render_markdown(typed).strip() == html
    assert_harmless(render_markdown(typed))


PIECES = st.sampled_from(
    [
        *("[", "]", "(", ")", "![", "<", ">", '"', "'", "`", "*", "_", "&", "#", "\\", "=", "on", "x:", "data:,"),
        *("javascript:", "https://a", "<https://a>", "mailto:a@b", "<b>", "</b>", "<svg/onload=x>", "<!--", "-->"),
        *("&lt;", "&#60;", "&#x3c;script&#x3e;", "\n", "\n\n", " ", "\t", "- ", "1. ", "    ", "\0", "\u202e"),
    ]
)


@given(st.lists(PIECES, max_size=40).map("".join) | st.text())
def test_whatever_is_typed_is_harmless(typed: str) -> None:
    html = render_markdown(typed)
    assert_harmless(html)
    assert not re.search("[\0\u202a-\u202e\u2066-\u2069\u200b]", html)


def test_the_second_gate_holds_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Should the parser ever let something through, the list does not."""

    def pass_on(_tokens: Any, _options: Any, _environment: Any) -> str:
        return (
            '<p class="a" title="b" lang="c">a<script>b</script><img src=x onerror=y><a href="javascript:x">c</a></p>'
        )

    monkeypatch.setattr("partnerportal.lib.markdown._MARKDOWN.renderer.render", pass_on)
    assert render_markdown("") == f"<p>a<a {REL}>c</a></p>"


WORST = [
    *("[", "](", "![", "[a](", "[a][", "> ", ">", "*", "_", "**a ", "a**b__c*", "*_", "[*a](*", "*[", "_]", "`", "- "),
    *("- a\n", "> - ", "1. ", "#\n", "=\n", "<", "<a", "<!--", "&#", "\\", "[a]: b\n", "[a]:\n", "```\n", "word "),
]


@pytest.mark.slow
@pytest.mark.parametrize("unit", WORST)
def test_the_longest_hostile_text_takes_a_moment(unit: str) -> None:
    """A second of processor time is three times what the worst of them takes on a slow machine."""
    began = time.thread_time()
    html = render_markdown(unit * MOST_CHARACTERS)
    assert time.thread_time() - began < 1
    assert_harmless(html)
    assert html.count("<blockquote>") <= 20 >= html.count("<ul>") or unit == "- a\n"


@pytest.mark.parametrize("unit", ["`" * 40 + "a", "e" + "`" * 7, "".join("e" + "`" * n for n in range(190))])
def test_rows_of_ticks_take_a_moment(unit: str) -> None:
    began = time.thread_time()
    render_markdown(unit * (MOST_CHARACTERS // len(unit)))
    assert time.thread_time() - began < 1


def test_a_text_that_is_too_long_is_cut() -> None:
    assert render_markdown("a" * (MOST_CHARACTERS + 5)).strip() == f"<p>{'a' * MOST_CHARACTERS}</p>"


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("# A\n\n- *b*\n- [c](https://d.example)\n\n`e`\nf  \ng", "A b c e f g"),
        ("<b>a</b>\n\n    c", "<b>a</b> c"),
        ("a\u202eb &#x202e;c", "ab c"),
        ("", ""),
    ],
)
def test_the_words_without_the_markup(typed: str, words: str) -> None:
    assert extract_plain_text(typed) == words
