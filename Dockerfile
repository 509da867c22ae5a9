# The images of Connect, one target each: operator, worker, relay (which has the bridge's command too).
#
# `make image` builds all three. By hand, with docker, podman or buildah: nothing in here reaches a package index, so the
# locked packages come in as a folder of wheels (`scripts/build_images.py --wheels-only DIR`), a build context of its own:
#
#   docker build --build-context wheelhouse=DIR --target worker --tag connect-worker .
#
# The base is any image with Python 3.11, its venv module and useradd. A tag may move; a digest does not:
# --build-arg BASE=python@sha256:…
ARG BASE=python:3.11-slim-bookworm

FROM ${BASE} AS base
RUN groupadd --gid 10001 connect \
    && useradd --uid 10001 --gid 10001 --home-dir /tmp --no-create-home --shell /usr/sbin/nologin connect
# Some images of Python come without the standard library's bytecode, and at run time nobody could write it.
RUN python3 -c "import compileall, sysconfig; compileall.compile_dir(sysconfig.get_path('stdlib'), quiet=2)"
ENV PATH=/opt/connect/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
WORKDIR /tmp
USER 10001:10001

# What builds and installs; none of it is in an image.
FROM base AS tools
USER root
WORKDIR /build
COPY requirements/build.txt .
ENV PIP_NO_INDEX=1 PIP_FIND_LINKS=/wheelhouse PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN --mount=type=bind,from=wheelhouse,target=/wheelhouse \
    python3 -m venv tools && tools/bin/pip install --require-hashes --requirement build.txt
RUN python3 -m venv --without-pip /opt/connect
ENV PIP_PYTHON=/opt/connect/bin/python

# Connect itself, without what it needs. Bytecode that is never compared with its source starts fastest.
FROM tools AS connect
COPY . source
RUN cd source && ../tools/bin/hatchling build --target wheel \
    && ../tools/bin/pip install --no-compile --no-deps dist/*.whl \
    && python3 -m compileall -q --invalidation-mode unchecked-hash /opt/connect/lib

FROM tools AS operator-packages
COPY requirements/operator.txt .
RUN --mount=type=bind,from=wheelhouse,target=/wheelhouse \
    tools/bin/pip install --no-compile --require-hashes --requirement operator.txt \
    && python3 -m compileall -q --invalidation-mode unchecked-hash /opt/connect/lib

FROM tools AS worker-packages
COPY requirements/worker.txt .
RUN --mount=type=bind,from=wheelhouse,target=/wheelhouse \
    tools/bin/pip install --no-compile --require-hashes --requirement worker.txt \
    && python3 -m compileall -q --invalidation-mode unchecked-hash /opt/connect/lib

FROM tools AS relay-packages
COPY requirements/relay.txt .
RUN --mount=type=bind,from=wheelhouse,target=/wheelhouse \
    tools/bin/pip install --no-compile --require-hashes --requirement relay.txt \
    && python3 -m compileall -q --invalidation-mode unchecked-hash /opt/connect/lib

FROM base AS operator
COPY --from=operator-packages /opt/connect /opt/connect
COPY --from=connect /opt/connect/lib /opt/connect/lib
COPY --from=connect /opt/connect/bin/connect-operator /opt/connect/bin/
ENTRYPOINT ["connect-operator"]

FROM base AS worker
COPY --from=worker-packages /opt/connect /opt/connect
COPY --from=connect /opt/connect/lib /opt/connect/lib
COPY --from=connect /opt/connect/bin/connect-worker /opt/connect/bin/
ENTRYPOINT ["connect-worker"]

FROM base AS relay
COPY --from=relay-packages /opt/connect /opt/connect
COPY --from=connect /opt/connect/lib /opt/connect/lib
COPY --from=connect /opt/connect/bin/connect-relay /opt/connect/bin/connect-bridge /opt/connect/bin/
ENTRYPOINT ["connect-relay"]
