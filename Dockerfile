# One image for every role; docker-compose.yml says which command each container runs.
ARG PYTHON_IMAGE=python:3.11-slim-bookworm
FROM $PYTHON_IMAGE AS build
COPY .ci/pins /tmp/pins/.ci/pins
COPY constraints.txt /tmp/pins/constraints.txt
# every file with its SHA-256; what builds the wheel stays in this stage, and tests and tools are in none
RUN python -m venv /opt/venv && python -m venv /opt/build \
    && bash /tmp/pins/.ci/pins run >/tmp/run.txt \
    && ONLY='hatchling|packaging|pathspec|pluggy|tomlkit|trove-classifiers' bash /tmp/pins/.ci/pins run build >/tmp/build.txt \
    && /opt/build/bin/pip install --no-cache-dir --no-deps --require-hashes -r /tmp/build.txt \
    && /opt/venv/bin/pip install --no-cache-dir --no-deps --require-hashes -r /tmp/run.txt
WORKDIR /src
COPY pyproject.toml hatch_build.py README.md LICENSE ./
COPY services services
COPY shared shared
COPY dashboard dashboard
COPY models models
# the wheel that tests/integration/test_wheel.py unpacks: packages, their assets, models
RUN /opt/build/bin/python -m hatchling build -t wheel -d /tmp/wheel \
    && /opt/venv/bin/pip install --no-cache-dir --no-deps /tmp/wheel/*.whl

FROM $PYTHON_IMAGE
# the fused int8 kernel is compiled on first use; without a C++ compiler scoring runs in bf16 or fp32
RUN apt-get update \
    && apt-get install --yes --no-install-recommends g++ \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 10001 bellwether \
    && install --directory --owner bellwether --group bellwether /state
COPY --from=build /opt/venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    BELLWETHER_STATE_DIR=/state
WORKDIR /state
USER bellwether
VOLUME /state
ENTRYPOINT ["bellwether"]
CMD ["--help"]
