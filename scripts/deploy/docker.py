"""The Dockerfile: images for Kubernetes, for Dataproc and for training."""

from scripts.deploy.deployment import SPARK_VERSION, Deployment, comment


def dockerfile(_: Deployment) -> str:
    """Targets `pipeline`, `dataproc` and `train`, from one base."""
    return (
        comment(
            "Build in the checkout: docker build -f conf/deploy/docker/Dockerfile --target pipeline -t IMAGE ."
            "\nTargets: pipeline (IMAGE), dataproc (IMAGE-dataproc; Google mounts Spark), train (IMAGE-train)."
        )
        + f"""ARG SPARK_VERSION={SPARK_VERSION}
ARG PYTHON_VERSION=3.11

FROM apache/spark:${{SPARK_VERSION}} AS spark

FROM python:${{PYTHON_VERSION}}-slim-bookworm AS base
ENV PYTHONDONTWRITEBYTECODE=1 XDG_CACHE_HOME=/tmp/cache
WORKDIR /opt/sluice
COPY requirements.lock setup.py pyproject.toml README.md LICENSE ./
COPY lib lib
COPY jobs jobs
COPY conf conf

FROM base AS executor
RUN pip install --no-cache-dir --constraint requirements.lock '.[extract,tokenizers,executor]'

FROM executor AS pipeline
# hadolint ignore=DL3008
RUN apt-get update \\
  && apt-get install --yes --no-install-recommends openjdk-17-jre-headless procps tini \\
  && rm -rf /var/lib/apt/lists/* \\
  && groupadd --gid 185 spark \\
  && useradd --no-log-init --uid 185 --gid 185 --create-home spark
COPY --from=spark /opt/spark /opt/spark
COPY --from=spark /opt/entrypoint.sh /opt/entrypoint.sh
ENV SPARK_HOME=/opt/spark PATH=/opt/spark/bin:$PATH PYSPARK_PYTHON=/usr/local/bin/python
USER 185
ENTRYPOINT ["/opt/entrypoint.sh"]

FROM executor AS dataproc
# hadolint ignore=DL3008
RUN apt-get update \\
  && apt-get install --yes --no-install-recommends procps tini \\
  && rm -rf /var/lib/apt/lists/* \\
  && groupadd --gid 1099 spark \\
  && useradd --no-log-init --uid 1099 --gid 1099 --home-dir /home/spark --create-home spark
ENV PYSPARK_PYTHON=/usr/local/bin/python
USER 1099

FROM base AS train
RUN pip install --no-cache-dir --constraint requirements.lock '.[train,tokenizers,objectstore]' \\
  && groupadd --gid 185 train \\
  && useradd --no-log-init --uid 185 --gid 185 --create-home train
USER 185
ENTRYPOINT ["python", "-m", "sluice", "train"]
"""
    )


def files(deployment: Deployment) -> dict[str, str]:
    """Content by path of the generated file."""
    return {"docker/Dockerfile": dockerfile(deployment)}
