# docker build -t runspine .
# Give RUNSPINE_PUBLIC_URL when clients reach the server under another name than localhost:8000.
# docker run --rm -p 127.0.0.1:8000:8000 -v runspine:/data -e RUNSPINE_ALLOW_OPEN=1 runspine
FROM python:3.11-slim AS build
WORKDIR /app
COPY .requirements/run.txt .requirements/run.txt
RUN python -m venv /opt/runspine \
 && /opt/runspine/bin/pip install --no-cache-dir --require-hashes -r .requirements/run.txt

FROM python:3.11-slim
RUN useradd --system --uid 10001 --create-home runspine && install -d -o runspine /data
COPY --from=build /opt/runspine /opt/runspine
WORKDIR /app
COPY api api
COPY domain domain
COPY migrations migrations
COPY examples examples
COPY pyproject.toml LICENSE ./
ENV PATH=/opt/runspine/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    RUNSPINE_HOST=0.0.0.0 \
    RUNSPINE_DATA_DIR=/data
USER runspine
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=3s --start-period=10s \
  CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/readyz', timeout=2)"]
# exec: the server is process 1 and drains on SIGTERM.
CMD ["sh", "-c", "python -m api migrate && exec python -m api serve"]
