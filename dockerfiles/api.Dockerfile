# Serves predictions: docker run -p 8080:8080 wgrad-api
#
# The image contains the models of the repository; -v DIR:/app/models serves others.
#
# The default image runs on the CPU backend. --build-arg VARIANT=gpu adds WebGPU and Mesa's drivers: then --device /dev/dri gives
# the container an Intel or AMD GPU, and --gpus all an NVIDIA GPU, whose driver comes from NVIDIA's container toolkit.
ARG NODE=node:24.22.3-bookworm-slim
ARG BASE=debian:bookworm-slim
ARG VARIANT=cpu

FROM ${NODE} AS packages
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --no-audit --no-fund

# The scripts of the page: the service has no esbuild.
FROM packages AS page
COPY kernels kernels/
COPY src src/
RUN node src/serve/page/build.ts

FROM packages AS dependencies
# Node 24 runs TypeScript, so tsx is not needed, nor are declarations and builds for bundlers. The service draws no figures
# and has no queue, so their packages are not needed either. Dawn is only needed by the GPU variant, and only for this
# architecture.
RUN rm -r node_modules/tsx node_modules/esbuild node_modules/@esbuild node_modules/.bin \
  && rm -r node_modules/vega* node_modules/@resvg node_modules/dejavu-fonts-ttf node_modules/umap-js node_modules/ml-* \
  && rm -r node_modules/bullmq node_modules/ioredis node_modules/luxon node_modules/msgpackr \
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
COPY models models/
COPY --from=page /app/dist/page dist/page/

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
VOLUME ["/app/models"]
EXPOSE 8080
# On SIGTERM the service answers the requests that it has accepted, and exits.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8080/health/ready').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "src/api.ts"]
CMD ["--host", "0.0.0.0", "--port", "8080"]
