"""Models with files, and one without, as an app would have them. Their tables are there for a test alone."""

from django.db import connection, models
from django.test.utils import isolate_apps

from partnerportal.lib.attached_files import AttachedFile

with isolate_apps("django.contrib.messages"):  # any app that does nothing when it is loaded once more

    class Leaflet(AttachedFile):
        """A document with a title."""

        title = models.CharField(max_length=20, unique=True)

        class Meta:
            app_label = "messages"

    class Cover(AttachedFile):
        """A picture that goes with its leaflet."""

        leaflet = models.ForeignKey(Leaflet, models.CASCADE)

        class Meta:
            app_label = "messages"

    class Note(models.Model):
        """A model without files."""

        class Meta:
            app_label = "messages"


def make_leaflet_tables() -> None:
    """Make the tables. They go when the transaction of the test is rolled back."""
    with connection.schema_editor() as editor:
        editor.create_model(Leaflet)
        editor.create_model(Cover)
