"""What MLflow is told of a build, see docs/mlflow.md. It watches: nothing that fails here stops a build."""
