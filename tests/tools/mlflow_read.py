"""Reads everything of an MLflow server with MLflow's own client, and prints it as JSON.

usage: python3 mlflow_read.py ADDRESS
"""

import json
import sys

import mlflow
import numpy as np
from mlflow.tracking import MlflowClient

mlflow.set_tracking_uri(sys.argv[1])
client = MlflowClient()
experiments = [each for each in client.search_experiments() if each.name != "Default"]
runs = client.search_runs([each.experiment_id for each in experiments])


def files(run, path=None):
    for each in client.list_artifacts(run.info.run_id, path):
        if each.is_dir:
            yield from files(run, each.path)
        else:
            yield each.path


def history(run, key):
    return [[each.step, each.value, each.timestamp] for each in client.get_metric_history(run.info.run_id, key)]


def registered(version):
    model = mlflow.pyfunc.load_model(f"models:/{version.name}/{version.version}")
    logits = model.predict({"images": np.zeros((2, 1, 28, 28), np.float32)})["logits"]
    return {
        "name": version.name,
        "version": str(version.version),
        "run": version.run_id,
        "signature": json.loads(json.dumps(model.metadata.signature.to_dict())),
        "logits": np.asarray(logits, float).tolist(),
    }


print(
    json.dumps(
        {
            "experiments": [each.name for each in experiments],
            "runs": [
                {
                    "id": run.info.run_id,
                    "name": run.info.run_name,
                    "status": run.info.status,
                    "params": run.data.params,
                    "metrics": {key: history(run, key) for key in run.data.metrics},
                    "datasets": [[each.dataset.name, each.dataset.digest] for each in run.inputs.dataset_inputs],
                    "files": sorted(files(run)),
                    "journal": mlflow.artifacts.load_text(f"{run.info.artifact_uri}/metrics.jsonl"),
                }
                for run in runs
            ],
            "models": [registered(version) for version in client.search_model_versions()],
        }
    ).replace("NaN", '"NaN"')
)
