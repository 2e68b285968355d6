# Three stages: the packages, the generated files, and what runs. Base images are pinned; raise them together.
ARG PYTHON=python:3.11.14-slim-trixie

FROM ${PYTHON} AS packages
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/venv
COPY requirements/base.txt /tmp/base.txt
RUN /opt/venv/bin/pip install --require-hashes --no-deps -r /tmp/base.txt

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
       PORTAL_ORIGIN=https://build.invalid DATABASE_JOB_URL=postgres://build@build.invalid/build \
       python -m tools.static

FROM ${PYTHON}
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    DJANGO_SETTINGS_MODULE=partnerportal.settings.production WEB_BIND=0.0.0.0:8000
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin portal \
    && install --directory --owner portal --group portal --mode 700 /private
WORKDIR /portal
COPY --from=packages /opt/venv /opt/venv
COPY --from=assets /portal /portal
USER portal
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
CMD ["python", "-m", "gunicorn", "--config", "gunicorn.conf.py", "partnerportal.wsgi"]
