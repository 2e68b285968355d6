from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ImportsConfig(AppConfig):
    name = "imports"
    verbose_name = _("Imports")

    def ready(self) -> None:
        from accounts.personal_data import PersonalDataTable, register_personal_data_table
        from imports.models import Import
        from imports.words import register_import_words
        from partnerportal.lib.known_pages import register_linkable_page

        columns = ("organization_id", "kind", "state", "rows_total", "asked_at", "finished_at")
        register_personal_data_table("imports", PersonalDataTable(Import, columns))
        register_import_words()
        register_linkable_page("import", "import_new")
        register_linkable_page("bulk_action", "bulk_action")
