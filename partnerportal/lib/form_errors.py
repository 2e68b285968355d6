"""DomainError -> form error."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction
from django.forms import BaseForm

from partnerportal.lib.errors import Conflict, Invalid


@contextmanager
def into_form(form: BaseForm) -> Iterator[None]:
    """Show an action's refusal of the input on the form that carried it, beside the field at fault."""
    try:
        with transaction.atomic():
            yield
    except (Invalid, Conflict) as error:
        field = error.field if error.field in form.fields else None
        form.add_error(field, error.message)  # type: ignore[arg-type]
