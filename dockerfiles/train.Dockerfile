# Trains from a configuration: docker run -v wgrad-data:/app/data/raw -v wgrad-runs:/app/runs wgrad-train configs/cnn.yaml
#
# WebGPU runs on Mesa's software driver, or on an Intel or AMD GPU given with --device /dev/dri, or on an NVIDIA GPU
# given with --gpus all: the container toolkit brings the driver in, "graphics" being the part that holds Vulkan.
ARG BASE=node:20.20.2-bookworm-slim

FROM ${BASE} AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
# Dawn's copies for other systems are 100 MB of no use here.
RUN npm ci --omit=dev --no-audit --no-fund \
  && find node_modules/webgpu/dist -mindepth 1 -maxdepth 1 ! -name "linux-$(node -p process.arch)" -exec rm -r {} +

FROM ${BASE}
COPY scripts/install-software-driver.sh /tmp/
RUN bash /tmp/install-software-driver.sh \
  && rm -rf /tmp/* /var/lib/apt/lists/* /var/cache/apt/* /var/log/apt /var/log/dpkg.log
WORKDIR /app
COPY --from=dependencies /app/node_modules node_modules/
COPY package.json package-lock.json ./
COPY kernels kernels/
COPY src src/
COPY configs configs/
COPY data data/
COPY .dvc .dvc/
COPY .dvcignore ./
RUN mkdir -p data/raw data/processed runs reports && chown -R node:node data runs reports
ENV NODE_ENV=production XDG_RUNTIME_DIR=/tmp NVIDIA_DRIVER_CAPABILITIES=graphics,compute,utility
USER node
VOLUME ["/app/data/raw", "/app/runs"]
# The trainer ends with a checkpoint on this signal, and is resumed with --resume latest.
STOPSIGNAL SIGINT
# Healthy while the process answers to its name; the trainer itself ends with an error when the device is lost.
HEALTHCHECK --interval=60s --timeout=5s CMD ["node", "-e", "process.kill(1, 0)"]
ENTRYPOINT ["node", "--import", "tsx", "src/train.ts"]
CMD ["configs/mlp.yaml"]
