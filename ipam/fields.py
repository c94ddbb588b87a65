"""PostgreSQL's `cidr` as a model field: a network in Python, overlap and containment in the database.

Decides: conversion and validation of a subnet's notation. Not: which subnets may stand beside each other (models.py).
"""

from __future__ import annotations

import ipaddress
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import models


class CidrField(models.Field[Any, ipaddress.IPv4Network]):
    """An IPv4 network such as 10.1.10.0/24, without host bits."""

    description = "IPv4 network in CIDR notation"

    def db_type(self, connection: Any) -> str:
        return "cidr"

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> ipaddress.IPv4Network | None:
        return None if value is None else ipaddress.IPv4Network(str(value))

    def to_python(self, value: Any) -> ipaddress.IPv4Network | None:
        if value is None or isinstance(value, ipaddress.IPv4Network):
            return value
        try:
            return ipaddress.IPv4Network(str(value))
        except ValueError as error:
            raise ValidationError(f"{value} is not an IPv4 network such as 10.1.10.0/24: {error}.") from error

    def get_prep_value(self, value: Any) -> str | None:
        return None if value is None else str(value)

    def value_to_string(self, obj: models.Model) -> str:
        return str(self.value_from_object(obj))

    def formfield(self, **kwargs: Any) -> Any:
        return super().formfield(**{"form_class": forms.CharField, **kwargs})
