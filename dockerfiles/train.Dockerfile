# Trains from a configuration: docker run -v wgrad-data:/app/data/raw -v wgrad-runs:/app/runs wgrad-train configs/cnn.yaml
#
# The default image runs on the CPU backend. --build-arg VARIANT=gpu adds WebGPU and Mesa's drivers: then --device /dev/dri gives
# the container an Intel or AMD GPU, and --gpus all an NVIDIA GPU, whose driver comes from NVIDIA's container toolkit.
ARG NODE=node:24.22.3-bookworm-slim
ARG BASE=debian:bookworm-slim
ARG VARIANT=cpu

FROM ${NODE} AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
# Node 24 runs TypeScript, so tsx is not needed, nor are declarations and builds for bundlers. Dawn is only needed by the GPU
# variant, and only for this architecture.
RUN npm ci --omit=dev --no-audit --no-fund \
  && rm -r node_modules/tsx node_modules/esbuild node_modules/@esbuild node_modules/.bin \
  && find node_modules \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.[cm]ts' \) -delete \
  && find node_modules/@opentelemetry -path '*/build/es*' -delete \
  && find node_modules/webgpu/dist -mindepth 1 -maxdepth 1 ! -name "linux-$(node -p process.arch)" -exec rm -r {} + \
  && mkdir -p /gpu/node_modules && mv node_modules/webgpu /gpu/node_modules/

FROM ${BASE} AS cpu
RUN useradd --create-home --uid 1000 node
COPY --from=dependencies /usr/local/bin/node /usr/local/bin/
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

FROM cpu AS gpu
COPY scripts/install-software-driver.sh /tmp/
RUN bash /tmp/install-software-driver.sh \
  && rm -rf /tmp/* /var/lib/apt/lists/* /var/cache/apt/* /var/log/apt /var/log/dpkg.log
COPY --from=dependencies /gpu/node_modules/webgpu node_modules/webgpu/
ENV NVIDIA_DRIVER_CAPABILITIES=graphics,compute,utility

FROM ${VARIANT}
# The user can write to /tmp: drivers keep compiled shaders there.
ENV NODE_ENV=production XDG_RUNTIME_DIR=/tmp XDG_CACHE_HOME=/tmp/cache
# By its number, so that orchestrators can tell that it is not root.
USER 1000
VOLUME ["/app/data/raw", "/app/runs"]
# On SIGINT the trainer writes a checkpoint and exits. --resume latest continues the run.
STOPSIGNAL SIGINT
# Healthy while the process exists. If the device is lost, the trainer exits with an error.
HEALTHCHECK --interval=60s --timeout=5s CMD ["node", "-e", "process.kill(1, 0)"]
ENTRYPOINT ["node", "src/train.ts"]
CMD ["configs/mlp.yaml"]
