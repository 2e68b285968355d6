"""Jinja2, which draws what a page repeats and what many pages show: it is several times faster than Django's engine.

A page draws a part (`.jinja`) by the tag `{% jinja %}`, which hands it all that it shows. The words of a part stand in
it as `_("…")`, `pgettext("context", "…")` or `ngettext("…", "…", number)`, each with values for its placeholders as
keyword arguments.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from django.template import engines
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.utils.translation.trans_real import translation
from django_cotton.utils import ensure_quoted
from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from partnerportal.lib import formats
from partnerportal.lib.known_pages import page_url
from partnerportal.lib.text import make_avatar_initials


def build_jinja_environment(**options: Any) -> Environment:
    """Return the Jinja2 environment of parts of pages, without a language.

    An undefined name in a template raises an error, rather than rendering nothing.
    """
    from partnerportal.templatetags import ui  # which draws parts by this module

    made = Environment(**options | {"trim_blocks": True, "lstrip_blocks": True, "undefined": StrictUndefined})
    made.globals |= {
        "csrf_input": render_csrf_input,
        "icon": ui.render_icon,
        "page_url": page_url,
        "url": _find_url,
    }
    made.filters |= {
        "number": formats.format_number,
        "short_number": ui.format_short_number,
        "monogram": make_avatar_initials,
        "attributes": render_attributes,
    }
    return made


@lru_cache(maxsize=256)  # of the pages that parts lead to, whose addresses name no row
def _find_url(name: str, *args: str) -> str:
    return reverse(name, args=args)


@lru_cache(maxsize=16)  # as many languages as the portal has, and some to spare
def get_part_environment(language: str | None) -> Environment:
    """Return the environment whose parts show their words in a language. Each has compiled templates of its own.

    None stands for the language of the source.
    """
    backend: Any = engines["jinja"]
    made: Environment = backend.env.overlay()
    words: Any = translation(language or "en")
    functions = {"_": words.gettext, "ngettext": words.ngettext, "pgettext": words.pgettext}
    made.globals = backend.env.globals | {name: _fill_in(function) for name, function in functions.items()}
    return made


def _fill_in(translate: Callable[..., str]) -> Callable[..., str]:
    """Return the function of templates that translates a text, and puts values, which it escapes, into the text.

    The text itself is not escaped, as that of `{% translate %}` is not.
    """

    def translate_and_fill_in(*texts: Any, **values: object) -> Markup:
        text = Markup(translate(*texts))
        return text % values if values else text

    return translate_and_fill_in


def render_part(template_name: str, context: dict[str, Any]) -> SafeString:
    """Return the HTML of a part, drawn with these values in the reader's language."""
    part = get_part_environment(get_language()).get_template(template_name)
    return mark_safe(part.render(context))


def render_attributes(values: dict[str, Any]) -> SafeString:
    """Return the attributes of a tag, each after a space. True stands for one without a value.

    It escapes nothing: only constant or already escaped attributes arrive, which a test of all pages holds
    (`undeclared_dynamic_attributes`).
    """
    return mark_safe(
        "".join(f" {key}" if value is True else f" {key}={ensure_quoted(value)}" for key, value in values.items())
    )


def render_csrf_input(token: object) -> SafeString:
    """Return the hidden input that each posted form needs, as `{% csrf_token %}` does in Django's templates."""
    return format_html('<input type="hidden" name="csrfmiddlewaretoken" value="{}">', token)
