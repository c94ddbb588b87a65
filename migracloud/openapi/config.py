"""drf-spectacular's settings: title, version, tags, names of enums.

Decides: the frame of the document. Not: its routes (routes.py) or the meaning of its fields (words.py).
"""

from pathlib import Path
from typing import Any

INTRODUCTION = Path(__file__).with_name("introduction.md")

SPECTACULAR: dict[str, Any] = {
    "OAS_VERSION": "3.1.1",
    "TITLE": "MigraCloud API",
    "VERSION": "1.0.0",
    "DESCRIPTION": INTRODUCTION.read_text(),
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SERVE_INCLUDE_SCHEMA": False,
    "TAGS": [
        {"name": "Pods", "description": "CloudPods: a tenant's containers, as they should be and as they were seen."},
        {"name": "Operations", "description": "What is being done with pods, step by step, and what came of it."},
        {"name": "Platform", "description": "What stands still, and what needs a person. For the platform's token."},
        {"name": "Tenants", "description": "The customers, who own everything else, and what they may hold."},
    ],
    "SORT_OPERATIONS": "migracloud.openapi.hooks.in_reading_order",
    "SORT_OPERATION_PARAMETERS": "migracloud.openapi.hooks.filters_before_pages",
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "migracloud.openapi.hooks.answers_are_whole",
        "migracloud.openapi.hooks.say_what_it_means",
        "migracloud.openapi.hooks.say_once",
    ],
    "ENUM_NAME_OVERRIDES": {
        "TenantKind": "tenants.models.Tenant.Kind",
        "TenantState": "tenants.models.Tenant.State",
        "PodPhase": "pods.models.CloudPod.Phase",
        "PodDesired": "pods.models.CloudPod.Desired",
        "PodObserved": "pods.models.CloudPod.Observed",
        "SnapshotState": "pods.models.Snapshot.State",
        "FindingSeverity": "clusters.models.Finding.Severity",
        "PodUnknown": "pods.api_observed.Reason",
        "OperationState": "operations.models.Operation.State",
        "Direction": "operations.models.Operation.Direction",
        "StepState": "operations.models.Step.State",
        "AttemptResult": "operations.models.Attempt.Result",
    },
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "DISABLE_DOCSTRING_DESCRIPTIONS": False,
    "ENABLE_DJANGO_DEPLOY_CHECK": False,  # a test generates the document; a deploy does not need to
}
