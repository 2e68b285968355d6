"""The loader that keeps parsed templates in memory."""

from django.template import Origin
from django.template.loaders import cached
from django.utils.translation import get_language


class TranslatedTemplateLoader(cached.Loader):
    """A template loader that caches each parsed template once for each language.

    `{% translate %}` of a constant text is translated when the template is parsed, so no two languages can share one.
    """

    def cache_key(self, template_name: str, skip: list[Origin] | None = None) -> str:
        return f"{get_language()} {super().cache_key(template_name, skip)}"
