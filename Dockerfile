# Three stages: the packages, the generated files, and what runs. Base images are pinned; raise them together.
ARG PYTHON=python:3.11.15-slim-trixie

FROM ${PYTHON} AS packages
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv --without-pip /opt/venv
COPY requirements/base.txt /tmp/base.txt
# honcho starts the Procfile by hand; here each process has a container of its own.
RUN python -m pip --python /opt/venv/bin/python install --require-hashes --no-deps -r /tmp/base.txt \
    && python -m pip --python /opt/venv/bin/python uninstall --yes honcho

FROM ${PYTHON} AS assets
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /portal
COPY requirements/demo.txt requirements/demo.txt
RUN pip install --require-hashes --no-deps -r requirements/demo.txt
COPY . .
RUN python -m tools.fonts \
    && python -m tools.messages --compile \
    && DJANGO_SETTINGS_MODULE=partnerportal.settings.production EMAIL_URL=smtp://build.invalid \
       SECRET_KEY=this-one-is-for-the-build-alone-and-nothing-is-signed-with-it REDIS_URL=redis://build.invalid \
       SECRETS_KEYS=Zm9yLXRoZS1idWlsZC1hbG9uZS1ub3QtYS1zZWNyZXQ= \
       PORTAL_ORIGIN=https://build.invalid DATABASE_JOB_URL=postgres://build@build.invalid/build \
       python -m tools.static \
    && rm -r requirements

FROM ${PYTHON}
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    DJANGO_SETTINGS_MODULE=partnerportal.settings.production WEB_BIND=0.0.0.0:8000
# Nothing in a running container installs packages.
RUN rm -rf "$(python -c 'import os, pip; print(os.path.dirname(pip.__file__))')" \
    && useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin portal \
    && install --directory --owner portal --group portal --mode 700 /private \
    && install --directory --owner portal --group portal /static
WORKDIR /portal
COPY --from=packages /opt/venv /opt/venv
COPY --from=assets /portal /portal
RUN python -m compileall -q /portal
USER portal
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=6 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/readyz', timeout=4)"]
CMD ["python", "-m", "gunicorn", "--config", "gunicorn.conf.py", "partnerportal.wsgi"]
