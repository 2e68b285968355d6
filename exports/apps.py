from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ExportsConfig(AppConfig):
    name = "exports"
    verbose_name = _("Exports")

    def ready(self) -> None:
        from accounts.personal_data import PersonalDataTable, register_personal_data_table
        from exports.models import Export
        from exports.words import register_export_words
        from partnerportal.lib.known_pages import register_linkable_page

        columns = ("organization_id", "list", "query", "state", "rows", "asked_at", "finished_at")
        register_personal_data_table("exports", PersonalDataTable(Export, columns))
        register_export_words()
        register_linkable_page("export", "export_new")
