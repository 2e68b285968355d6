"""The base of models that URLs and the API name."""

import uuid

from django.db import models


class PublicIdModel(models.Model):
    """The base of models with a random UUID for URLs and the API, so that primary keys stay on the server."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)

    class Meta:
        abstract = True
