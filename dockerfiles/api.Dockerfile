# Serves predictions: docker run -p 8080:8080 wgrad-api
#
# The image contains the models of the repository; -v DIR:/app/models serves others. For GPU drivers see train.Dockerfile.
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
COPY models models/
ENV NODE_ENV=production XDG_RUNTIME_DIR=/tmp NVIDIA_DRIVER_CAPABILITIES=graphics,compute,utility
USER node
VOLUME ["/app/models"]
EXPOSE 8080
# On SIGTERM the service answers the requests that it has accepted, and exits.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8080/health/ready').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "--import", "tsx", "src/api.ts"]
CMD ["--host", "0.0.0.0", "--port", "8080"]
