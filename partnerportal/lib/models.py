"""Bases of the models."""

import uuid

from django.db import models


class PublicModel(models.Model):
    """A row with an unguessable id for URLs and the API. Primary keys never leave the server."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)

    class Meta:
        abstract = True
