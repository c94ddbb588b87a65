"""What every refusal of the API looks like, checked in one place.

Decides: the shape. Not: which refusal is due.
"""

from __future__ import annotations

from typing import Any


def problem_of(answer: Any, status: int, code: str, *fields: str) -> str:
    """The answer is a problem of this kind about these fields; returns its sentence for people."""
    assert answer.headers["Content-Type"] == "application/problem+json", answer.content
    body = answer.json()
    assert (answer.status_code, body["status"], body["code"]) == (status, status, code), body
    assert [error["field"] for error in body.get("errors", [])] == list(fields), body
    assert all(error["message"] for error in body.get("errors", []))
    detail: str = body["detail"]
    assert detail
    return detail
