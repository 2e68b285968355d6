from django.apps import AppConfig


class PartnerportalConfig(AppConfig):
    name = "partnerportal"
