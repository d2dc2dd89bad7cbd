# One image for every role; docker-compose.yml says which command each container runs.
FROM python:3.11-slim-bookworm AS build
COPY constraints.txt /tmp/constraints.txt
RUN python -m venv /opt/venv \
    && /opt/venv/bin/pip install --no-cache-dir --no-deps -r /tmp/constraints.txt
WORKDIR /src
COPY pyproject.toml hatch_build.py README.md LICENSE ./
COPY services services
COPY shared shared
COPY dashboard dashboard
COPY models models
# the wheel that tests/integration/test_wheel.py unpacks: packages, their assets, models
RUN /opt/venv/bin/python -m hatchling build -t wheel -d /tmp/wheel \
    && /opt/venv/bin/pip install --no-cache-dir --no-deps /tmp/wheel/*.whl

FROM python:3.11-slim-bookworm
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
