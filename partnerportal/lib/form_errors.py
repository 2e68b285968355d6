"""How a DomainError becomes an error of the form that asked for the action."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction
from django.forms import BaseForm

from partnerportal.lib.errors import Conflict, InvalidInput, TemporarilyUnavailable, TooManyAttempts


@contextmanager
def show_errors_in_form(form: BaseForm) -> Iterator[None]:
    """Run the `with` block in a savepoint and turn an error of an action into an error message of the form.

    This holds for InvalidInput, Conflict, TooManyAttempts and TemporarilyUnavailable; other exceptions pass. The
    message stands beside the field `error.field` if the form has it, else at the top.
    """
    try:
        with transaction.atomic():
            yield
    except (InvalidInput, Conflict, TooManyAttempts, TemporarilyUnavailable) as error:
        field = error.field if error.field in form.fields else None
        form.add_error(field, error.message)  # type: ignore[arg-type]
