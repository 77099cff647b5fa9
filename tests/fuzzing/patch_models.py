"""One PATCH, done twice: by this server's engine and by scim2-models."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError
from scim2_models import Context, Error, PatchOp, Resource, SCIMException, ScimPolicy

from scim_server.directory.models import ResourceType
from scim_server.errors import RequestFailed
from scim_server.scim.edits import Edit
from scim_server.scim.patch_requests import PATCH_OP, operations
from scim_server.scim.patching import apply
from scim_server.scim.reception import Reception
from tests.fuzzing.random_patches import Document, Operation

Result = Document | str
"""A document without order and without what is empty, or the ``scimType`` of a refusal."""

POLICY = ScimPolicy(
    unknown=ScimPolicy.Unknown.ignore,
    remove_value_as_filter=ScimPolicy.RemoveValue.apply,
    unmatched_path_filter=ScimPolicy.UnmatchedPathFilter.create,
)
_NOT_COMPARED = ("schemas", "id", "meta")


def ours(of: ResourceType, document: Document, requested: list[Operation]) -> Result:
    """What this server makes of it."""
    reception = Reception(hash_password=lambda password: password)
    try:
        for operation in operations(_message(requested), of, reception):
            edits = tuple(each for each in operation if isinstance(each, Edit))
            document = apply(edits, document)
    except RequestFailed as failure:
        return _told(failure.status, failure.scim_type)
    return without_order(document)


def theirs(of: ResourceType, document: Document, requested: list[Operation]) -> Result:
    """What scim2-models makes of it."""
    try:
        message = PatchOp.__class_getitem__(of.model).model_validate(
            _message(requested), scim_ctx=Context.RESOURCE_PATCH_REQUEST, scim_policy=POLICY
        )
        resource = as_model(of, document)
        message.patch(resource, POLICY)
    except ValidationError as error:
        refused = Error.from_validation_error(error.errors()[0])
        return _told(refused.status, refused.scim_type)
    except SCIMException as error:
        return _told(error.status, error.scim_type)
    return without_order(resource.model_dump())


def _told(status: int | None, scim_type: str | None) -> str:
    return str(scim_type) if status == 400 else f"{status} {scim_type}"


def as_model(of: ResourceType, document: Document) -> Resource[Any]:
    return of.model.model_validate({"schemas": list(of.schemas), **document}, scim_policy=POLICY)


def without_order(document: Document) -> Document:
    """RFC 7643 §2.4, §2.5: values of a multi-valued attribute have no order, and what is empty
    isn't there.
    """
    kept = {name: value for name, value in document.items() if name not in _NOT_COMPARED}
    return dict(_filled(kept))


def _filled(document: Document) -> Iterator[tuple[str, Any]]:
    for name, value in document.items():
        if isinstance(value, dict):
            value = dict(_filled(value))
        elif isinstance(value, list):
            values = [dict(_filled(each)) if isinstance(each, dict) else each for each in value]
            value = sorted((each for each in values if each != {}), key=_spelt_out)
        if value not in (None, {}, []):
            yield name, value


def _spelt_out(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _message(requested: list[Operation]) -> Document:
    return {"schemas": [PATCH_OP], "Operations": requested}
