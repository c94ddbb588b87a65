"""`manage.py token`: makes, lists and revokes the tokens with which programs use the API.

Decides: the words. Not: what a token may do (tenants/services.py and below).
"""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from audit.services import at_the_command_line
from core.errors import NotFound, Refused
from tenants import services
from tenants.models import PLATFORM_REFERENCE, ApiToken, Tenant


class Command(BaseCommand):
    help = "Make, list and revoke API tokens. The platform's own (--tenant TENANT-0) act for every tenant."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        create = actions.add_parser("create", help="make a token; its text is printed this once")
        create.add_argument("--tenant", required=True, metavar="TENANT-123", help="whose it is; TENANT-0: the platform")
        create.add_argument("--name", required=True, help="who uses it, such as mpanel")
        create.add_argument(
            "--expires",
            metavar="2027-01-31",
            help="the day (UTC) or time from which on it opens nothing; default: never",
        )
        listing = actions.add_parser("list", help="list tokens, newest first, without their secrets")
        listing.add_argument("--tenant", metavar="TENANT-123", help="only this tenant's")
        revoke = actions.add_parser("revoke", help="make a token useless, from now on")
        revoke.add_argument("prefix", help="the part between the underscores of mc_<prefix>_..., as list shows it")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            getattr(self, f"_{options['action']}")(options)
        except Refused as refused:
            raise CommandError(refused.message) from refused

    def _create(self, options: dict[str, Any]) -> None:
        expires_at = _moment(options["expires"])
        tenant = _tenant(options["tenant"])
        token, text = services.create_token(
            by=at_the_command_line(), tenant=tenant, name=options["name"], expires_at=expires_at
        )
        until = f"until {expires_at:%Y-%m-%d %H:%M} UTC" if expires_at else "until it is revoked"
        self.stderr.write(f"Token {token.name} of {tenant}, good {until}. It is shown this once:")
        self.stdout.write(text)

    def _list(self, options: dict[str, Any]) -> None:
        tokens = ApiToken.objects.select_related("tenant")
        if options["tenant"]:
            tokens = tokens.filter(tenant=_tenant(options["tenant"]))
        for token in tokens:
            self.stdout.write(f"{token.prefix}  {token.tenant.reference:<16} {_standing(token):<28} {token.name}")
        if not tokens:
            self.stderr.write("There are no tokens.")

    def _revoke(self, options: dict[str, Any]) -> None:
        token = ApiToken.objects.select_related("tenant").filter(prefix=options["prefix"]).first()
        if token is None:
            raise CommandError(f"No token begins with mc_{options['prefix']}_. See: manage.py token list")
        services.revoke_token(by=at_the_command_line(), token=token)
        self.stdout.write(f"Token {token.name} of {token.tenant} opens nothing any more.")


def _tenant(reference: str) -> Tenant:
    if reference == PLATFORM_REFERENCE:
        return services.platform_tenant()
    try:
        return services.tenant_by_reference(reference, field="--tenant")
    except NotFound as error:
        remedy = f"Make it in the admin or by the API first; {PLATFORM_REFERENCE} is the platform's own."
        raise CommandError(f"{error.message} {remedy}") from error


def _moment(text: str | None) -> datetime | None:
    """A day's beginning or a time, in UTC unless it says otherwise; it has to lie ahead."""
    if text is None:
        return None
    try:
        day = parse_date(text)
        moment = datetime(day.year, day.month, day.day) if day else parse_datetime(text)
    except ValueError:  # well formed, but there is no such day
        moment = None
    if moment is None:
        raise CommandError(f"--expires: {text!r} is no date or time such as 2027-01-31 or 2027-01-31T12:00Z.")
    aware = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    if aware <= timezone.now():
        raise CommandError(f"--expires: {text} is over already; name a later time.")
    return aware


def _standing(token: ApiToken) -> str:
    if token.revoked_at:
        return f"revoked {token.revoked_at:%Y-%m-%d %H:%M}"
    if token.expires_at is None:
        return "good"
    word = "expired" if token.expires_at <= timezone.now() else "good until"
    return f"{word} {token.expires_at:%Y-%m-%d %H:%M}"
