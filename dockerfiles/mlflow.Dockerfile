# The tracking server of compose.yaml.
FROM python:3.12.11-slim-bookworm
RUN pip install --no-cache-dir mlflow==3.7.0 && useradd --create-home mlflow && install -d -o mlflow /mlflow
USER mlflow
VOLUME ["/mlflow"]
EXPOSE 5000
ENTRYPOINT []
