"""Every error answer of the API has one shape, whatever went wrong."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.http import Http404
from rest_framework import exceptions

from core.errors import Invalid, NotFound, Refused
from core.problems import CONTENT_TYPE, LONGEST_NAME, MOST_ERRORS, handle


def answer_to(error):
    answer = handle(error, {})
    assert answer is not None
    assert answer.content_type == CONTENT_TYPE
    assert answer.data["status"] == answer.status_code
    return answer


def test_a_refusal_of_a_field_is_told_with_code_sentence_and_field():
    answer = answer_to(Refused("It is taken.", field="address"))
    assert answer.data == {
        "status": 409,
        "code": "refused",
        "detail": "It is taken.",
        "errors": [{"field": "address", "message": "It is taken."}],
    }


def test_a_refusal_of_no_field_has_no_list_of_errors():
    assert answer_to(NotFound("There is none.")).data == {
        "status": 404,
        "code": "not_found",
        "detail": "There is none.",
    }
    assert answer_to(Invalid("Never.")).status_code == 400


def test_nested_validation_errors_are_a_flat_list_of_paths():
    details: Any = {
        "name": ["This is blank.", "This is short."],
        "quota": {"pods": ["This is no number."]},
        "non_field_errors": ["They do not fit together."],
        "addresses": [{}, {"ip": ["This is no address."]}],
    }
    answer = answer_to(exceptions.ValidationError(details))
    assert answer.data["code"] == "invalid"
    assert answer.data["errors"] == [
        {"field": "name", "message": "This is blank."},
        {"field": "name", "message": "This is short."},
        {"field": "quota.pods", "message": "This is no number."},
        {"field": "request", "message": "They do not fit together."},
        {"field": "addresses.ip", "message": "This is no address."},
    ]
    assert answer.data["detail"].startswith("name: This is blank. name: This is short. quota.pods:")


def test_a_body_full_of_mistakes_is_answered_in_a_few_lines():
    details: Any = {"keys": {str(index): ["Not a valid string."] for index in range(10_000)}}
    answer = answer_to(exceptions.ValidationError(details))
    assert [error["field"] for error in answer.data["errors"]] == [f"keys.{index}" for index in range(MOST_ERRORS)]
    assert len(answer.data["detail"]) < 1_000


def test_the_name_of_a_field_is_told_in_short():
    answer = answer_to(exceptions.ValidationError({"x" * 2_000_000: "There is no such field."}))
    assert answer.data["errors"] == [{"field": "x" * LONGEST_NAME, "message": "There is no such field."}]
    assert len(answer.data["detail"]) < 200


def test_an_error_about_the_whole_request_is_told_as_such():
    assert answer_to(exceptions.ValidationError("No.")).data["errors"] == [{"field": "request", "message": "No."}]


@pytest.mark.parametrize("error", [Http404("Pod 7 of charlie"), exceptions.NotFound("Pod 7 of charlie")])
def test_whatever_is_not_found_is_told_alike(error):
    assert answer_to(error).data == {"status": 404, "code": "not_found", "detail": "There is no such thing here."}


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (PermissionDenied(), 403, "permission_denied"),
        (exceptions.PermissionDenied("Only olga."), 403, "permission_denied"),
        (exceptions.NotAuthenticated(), 401, "not_authenticated"),
        (exceptions.AuthenticationFailed(), 401, "authentication_failed"),
        (exceptions.MethodNotAllowed("PUT"), 405, "method_not_allowed"),
        (exceptions.NotAcceptable(), 406, "not_acceptable"),
        (exceptions.UnsupportedMediaType("text/plain"), 415, "unsupported_media_type"),
        (exceptions.ParseError(), 400, "parse_error"),
    ],
)
def test_what_the_framework_raises_keeps_its_status_and_has_a_code(error, status, code):
    answer = answer_to(error)
    assert (answer.status_code, answer.data["code"]) == (status, code)
    assert ("WWW-Authenticate" in answer.headers) == (status == 401)


def test_an_error_of_ours_is_no_problem_of_the_caller_s():
    assert handle(RuntimeError("a bug"), {}) is None


@pytest.mark.django_db
def test_a_problem_rolls_back_what_the_request_had_written(settings):
    settings.DATABASES["default"]["ATOMIC_REQUESTS"] = True
    try:
        with transaction.atomic():
            handle(Refused("No."), {})
            assert connection.needs_rollback
    finally:
        settings.DATABASES["default"]["ATOMIC_REQUESTS"] = False
