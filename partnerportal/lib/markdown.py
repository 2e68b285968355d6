"""Texts that people write in Markdown, such as the description of an offer, as HTML that is safe in any page.

The HTML passes two gates: the parser knows no raw HTML, no images and no other links than `_LINK` allows, and whatever
it makes is let through only where it is on the lists below.
"""

import re
from collections.abc import Iterator

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.token import Token

from partnerportal.lib.text import remove_invisible_characters

MOST_CHARACTERS = 20_000  # of a text; longer ones are cut, because the work grows with the square of some texts
_DEEPEST = 20  # lists, quotations and emphasis within one another; what is deeper is left out or stays as typed
_TAGS = {"p", "h3", "h4", "h5", "h6", "ul", "ol", "li", "em", "strong", "code", "pre", "blockquote", "a", "br", "hr"}
_ATTRIBUTES: dict[str, set[str]] = {"a": {"href"}, "ol": {"start"}, "*": set()}
_SCHEMES = {"http", "https", "mailto"}
_LINK = re.compile("(?:https?://|mailto:)[^/]", re.IGNORECASE)  # no relative one: it would act within the portal
_FIRST_HEADING = 3  # the page that shows the text has the levels above
_LAST_HEADING = 6
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


def render_markdown(text: str) -> SafeString:
    """Return the HTML of a text in Markdown: headings, lists, quotations, emphasis, code and links, and nothing else.

    Headings begin at the third level. HTML, images, and links that lead elsewhere than to https, http or mailto, stand
    in the result as they were typed. Characters that are invisible or turn the direction of the text are left out.
    """
    html = _MARKDOWN.renderer.render(_parse(text), _MARKDOWN.options, {})
    allowed = nh3.clean(
        html,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        url_schemes=_SCHEMES,
        link_rel="nofollow noopener noreferrer",
    )
    # Not before: an entity such as &#x202e; is such a character only now.
    return mark_safe(remove_invisible_characters(_CONTROLS.sub("", allowed)))


def extract_plain_text(text: str) -> str:
    """Return the words of a text in Markdown in one line, without its markup, for lists and for a search."""
    words = " ".join("".join(_list_words(token)) for token in _parse(text))
    return " ".join(remove_invisible_characters(_CONTROLS.sub("", words)).split())


def _parse(text: str) -> list[Token]:
    tokens = _MARKDOWN.parse(text[:MOST_CHARACTERS])
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(int(token.tag[1]) + _FIRST_HEADING - 1, _LAST_HEADING)}"
    return tokens


def _list_words(token: Token) -> Iterator[str]:
    if token.children is None:
        yield token.content
    for part in token.children or ():
        yield " " if part.type in ("softbreak", "hardbreak") else part.content


def _make_parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "maxNesting": _DEEPEST})
    parser.disable("image")
    parser.validateLink = lambda url: bool(_LINK.match(url))  # type: ignore[method-assign]
    return parser


_MARKDOWN = _make_parser()
