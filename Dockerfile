# The page or a server: `docker build -t prm-app .`, and `--build-arg BACKEND=cuda` for NVIDIA GPUs.
#   docker run -p 127.0.0.1:7860:7860 -v prm-cache:/cache prm-app
#   docker run -p 127.0.0.1:8000:8000 -v prm-cache:/cache -e HEALTH=http://127.0.0.1:8000/health \
#       prm-app serve demo-skywork --host 0.0.0.0
# `--gpus all` after `run` gives it the GPUs. compose.yaml starts a page in front of two servers.
FROM debian:bookworm-slim
ARG BACKEND=cpu

# Triton, which vLLM uses on a GPU, compiles C.
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates gcc libc6-dev libnuma1 make python3-dev python3-venv && rm -rf /var/lib/apt/lists/*
RUN useradd --create-home --uid 1000 prm && install --directory --owner prm /app /cache

USER prm
WORKDIR /app
COPY --chown=prm . .
RUN make install BACKEND=$BACKEND && ln -s .venv-$BACKEND .venv && rm -rf ~/.cache

ENV PATH=/app/.venv/bin:/usr/local/bin:/usr/bin:/bin
ENV HF_HOME=/cache/huggingface
ENV PRM_APP_CACHE=/cache/prm-app
ENV GRADIO_SERVER_NAME=0.0.0.0
ENV HEALTH=http://127.0.0.1:7860/
VOLUME /cache
EXPOSE 7860 8000
HEALTHCHECK --start-period=10m --interval=10s --timeout=5s CMD python -c "import os, urllib.request as r; r.urlopen(os.environ['HEALTH'])"
ENTRYPOINT ["prm-app"]
CMD ["ui"]
