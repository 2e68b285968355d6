"""DomainError -> form error."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction
from django.forms import BaseForm

from partnerportal.lib.errors import Conflict, Invalid, TooMany, Unavailable


@contextmanager
def into_form(form: BaseForm) -> Iterator[None]:
    """Show why an action was not done on the form that asked for it, beside the field at fault."""
    try:
        with transaction.atomic():
            yield
    except (Invalid, Conflict, TooMany, Unavailable) as error:
        field = error.field if error.field in form.fields else None
        form.add_error(field, error.message)  # type: ignore[arg-type]
