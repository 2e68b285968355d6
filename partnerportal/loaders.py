"""How templates are kept in memory."""

from django.template import Origin
from django.template.loaders import cached
from django.utils.translation import get_language


class TranslatedLoader(cached.Loader):
    """Keeps each template once for each language: `{% translate %}` of a constant text is done when it is read."""

    def cache_key(self, template_name: str, skip: list[Origin] | None = None) -> str:
        return f"{get_language()} {super().cache_key(template_name, skip)}"
