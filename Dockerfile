# The server as a small image: no root, no compiler, its state in one volume.
#
#   docker build -t bridge .
#   docker run -p 127.0.0.1:8787:8787 -v bridge:/var/lib/bridge --env-file bridge.env bridge

FROM python:3.13-slim AS build
WORKDIR /src
COPY constraints.txt pyproject.toml README.md ./
COPY bridge bridge
# pip installs from outside, so that what is copied holds no pip.
RUN python -m venv --without-pip /app \
 && pip --python /app/bin/python install --no-cache-dir -c constraints.txt .

FROM python:3.13-slim
COPY --from=build /app /app
RUN useradd --uid 10001 --home-dir /var/lib/bridge --create-home --shell /usr/sbin/nologin bridge
ENV PATH=/app/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    BRIDGE_STATE_DIR=/var/lib/bridge
# By number, so that an orchestrator can see that it is not root.
USER 10001
WORKDIR /var/lib/bridge
VOLUME /var/lib/bridge
EXPOSE 8787
HEALTHCHECK --interval=15s --timeout=3s --start-period=10s --retries=3 \
    CMD ["python", "-c", "import urllib.request as web; web.urlopen('http://127.0.0.1:8787/healthz', timeout=2)"]
# The server finishes the streams under way before it goes: give it 25 s (docker stop -t 25).
STOPSIGNAL SIGTERM
ENTRYPOINT ["bridge"]
# The address and the port as flags: no setting in the environment can take them from the health check.
CMD ["serve", "--host", "0.0.0.0", "--port", "8787"]
