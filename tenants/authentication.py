"""How a program proves who it is: `Authorization: Bearer mc_...`.

Decides: which token a request carries. Not: what it may do (each view asks the token's tenant).
"""

from __future__ import annotations

from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from tenants.models import ApiToken
from tenants.services import token_of


class TokenAuthentication(BaseAuthentication):
    """`request.user` is the ApiToken: its tenant says whose things it may see, the platform's sees all."""

    def authenticate(self, request: Request) -> tuple[ApiToken, None] | None:
        words = get_authorization_header(request).split()
        if not words:
            return None
        if len(words) != 2 or words[0].lower() != b"bearer":
            raise AuthenticationFailed("Send the header: Authorization: Bearer <token>.")
        token = token_of(words[1].decode("latin-1"))
        if token is None:
            raise AuthenticationFailed("The token is unknown, expired or revoked.")
        return token, None

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"
