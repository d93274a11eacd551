# Trains from a configuration: docker run -v wgrad-data:/app/data/raw -v wgrad-runs:/app/runs wgrad-train configs/cnn.yaml
#
# WebGPU runs on Mesa's software driver by default. --device /dev/dri adds an Intel or AMD GPU, --gpus all an NVIDIA GPU.
# NVIDIA's container toolkit provides the driver; its capability "graphics" contains Vulkan.
ARG BASE=node:20.20.2-bookworm-slim

FROM ${BASE} AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
# Dawn's binaries for other systems take 100 MB and are not needed here.
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
# On SIGINT the trainer writes a checkpoint and exits. --resume latest continues the run.
STOPSIGNAL SIGINT
# Healthy while the process exists. If the device is lost, the trainer exits with an error.
HEALTHCHECK --interval=60s --timeout=5s CMD ["node", "-e", "process.kill(1, 0)"]
ENTRYPOINT ["node", "--import", "tsx", "src/train.ts"]
CMD ["configs/mlp.yaml"]
