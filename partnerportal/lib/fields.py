"""Fields of text in one line, such as names, which also stand in the subjects of mails; and of several files."""

from typing import Any

from django import forms
from django.db import models

from partnerportal.lib.text import make_single_line


class OneLineFormField(forms.CharField):
    """A form field for text in one line, without line breaks or invisible characters at its ends.

    Text of invisible characters alone counts as empty.
    """

    def to_python(self, value: Any) -> Any:
        return super().to_python(make_single_line(value) if isinstance(value, str) else value)


class FilesInput(forms.FileInput):
    """A widget to choose several files."""

    allow_multiple_selected = True


class FilesFormField(forms.FileField):
    """A form field for several files. Its value is the list of them."""

    widget = FilesInput

    def to_python(self, value: Any) -> Any:
        return [super(FilesFormField, self).to_python(each) for each in value or ()]

    def clean(self, value: Any, initial: Any = None) -> Any:
        files = self.to_python(value)
        self.validate(files)
        return files


class OneLineModelField(models.CharField):
    """A model field for text in one line, which is cleaned by `make_single_line` before it is saved.

    Migrations see it as a CharField.
    """

    def formfield(self, **kwargs: Any) -> Any:
        return super().formfield(**{"form_class": OneLineFormField, **kwargs})

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        value = make_single_line(super().pre_save(model_instance, add))
        setattr(model_instance, self.attname, value)
        return value

    def deconstruct(self) -> Any:
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.CharField", args, kwargs


def make_contact_widgets() -> dict[str, forms.Widget]:
    """Return the widgets of an organisation's contact details, by field: what the browser may fill in, which keys."""
    return {
        "name": forms.TextInput({"autocomplete": "organization"}),
        "street": forms.TextInput({"autocomplete": "street-address"}),
        "postal_code": forms.TextInput({"autocomplete": "postal-code"}),
        "city": forms.TextInput({"autocomplete": "address-level2"}),
        "phone": forms.TextInput({"type": "tel", "inputmode": "tel", "autocomplete": "tel"}),
        "contact_email": forms.EmailInput({"inputmode": "email", "autocomplete": "email"}),
        "website": forms.TextInput({"inputmode": "url", "autocomplete": "url", "autocapitalize": "none"}),
    }
