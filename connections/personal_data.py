"""What this app holds about a person, as it is registered with `accounts.personal_data`."""

from accounts.models import Person
from accounts.personal_data import ERASED, PersonalDataSection, PersonalDataTable, register_personal_data_section
from connections.models import Consent


def register_personal_data() -> None:
    """Register how a person's consents are exported, and how their name is erased from them.

    The consents themselves stay, because they belong to the organisation.
    """
    own = PersonalDataTable(
        Consent, ("connection__partner_name", "connection__customer_name", "scopes", "wording", "at")
    )
    register_personal_data_section(PersonalDataSection("consents_given", own.export_rows, erase_consent_names))


def erase_consent_names(person: Person) -> None:
    """Replace the person's name by "(erased)" in every consent that they gave."""
    Consent.objects.filter(person_id=person.pk).update(person_label=ERASED)
