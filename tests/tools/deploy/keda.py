"""Validates objects of KEDA, as YAML on standard input, against its published schemas; prints a list of problems as JSON.

The schemas are strict here: a key that they do not name is a problem, where the API server would drop it.
"""
import json
import sys

import jsonschema
import yaml
from cloudcoil.models.keda import v1alpha1


def strict(schema):
    if isinstance(schema, dict):
        if "properties" in schema:
            schema["additionalProperties"] = False
        for value in schema.values():
            strict(value)
    elif isinstance(schema, list):
        for value in schema:
            strict(value)
    return schema


problems = []
for document in yaml.safe_load_all(sys.stdin):
    name = f"{document['kind']} {document['metadata']['name']}"
    model = getattr(v1alpha1, document["kind"])
    validator = jsonschema.Draft202012Validator(strict(model.model_json_schema(by_alias=True)))
    for error in validator.iter_errors(document):
        problems.append(f"{name}: {'/'.join(map(str, error.absolute_path))}: {error.message}")
print(json.dumps(problems))
