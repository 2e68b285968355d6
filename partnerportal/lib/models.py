"""The base of models that URLs and the API name."""

import uuid

from django.db import models


class PublicModel(models.Model):
    """A model with an unguessable id for URLs and the API, because primary keys never leave the server."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)

    class Meta:
        abstract = True
