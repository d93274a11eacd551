# The tracking server of compose.yaml.
FROM python:3.12.11-slim-bookworm
RUN pip install --no-cache-dir mlflow==3.17.2 && useradd --create-home --uid 1000 mlflow && install -d -o mlflow /mlflow
USER 1000
VOLUME ["/mlflow"]
EXPOSE 5000
ENTRYPOINT []
