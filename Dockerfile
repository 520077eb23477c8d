# Serves exported models over HTTP, and finds objects in images:
#
#   docker build -t toolkit .
#   docker run --rm -p 8080:8080 -v "$PWD/runs/my-run:/models:ro" toolkit
#   docker run --rm -p 8080:8080 -v "$PWD/exported:/models:ro" toolkit serve /models/a.onnx /models/b.onnx
#   docker run --rm --user "$(id -u)" -v "$PWD:/here" -w /here toolkit detect photo.jpg --model detector.onnx --draw out

FROM node:22-bookworm-slim AS build
WORKDIR /toolkit
COPY package.json package-lock.json .npmrc ./
COPY datasets/coco-ts/package.json datasets/coco-ts/
# No package needs its install script: sharp and ONNX Runtime contain their binaries for this platform.
RUN npm ci --ignore-scripts
COPY tsconfig.json ./
COPY bin bin
COPY datasets datasets
COPY models models
COPY serve serve
COPY src src
RUN node bin/build.js
# Leave out the packages of training, search, charts and downloads, and binaries of other platforms: nine tenths of the size.
RUN npm pkg delete workspaces devDependencies peerDependencies peerDependenciesMeta \
      'dependencies.@tensorflow/tfjs' 'dependencies.@tensorflow/tfjs-core' \
      dependencies.bullmq dependencies.ioredis dependencies.d3-scale dependencies.d3-shape \
      dependencies.yauzl dependencies.tar-stream \
      dependencies.yaml dependencies.csv-parse 'dependencies.@xmldom/xmldom' \
 && npm prune --omit=dev --ignore-scripts \
 && find node_modules/onnxruntime-node/bin -mindepth 3 -maxdepth 3 -type d \
      ! -path "*/linux/$(node -p process.arch)" -prune -exec rm -r {} +

FROM node:22-bookworm-slim
ENV NODE_ENV=production ORT_DISABLE_TELEMETRY=1 TOOLKIT_HOST=0.0.0.0 TOOLKIT_PORT=8080
WORKDIR /toolkit
# The slim image has no fonts for the labels of boxes.
RUN apt-get update \
 && apt-get install -y --no-install-recommends fontconfig-config fonts-dejavu-core \
 && rm -rf /var/lib/apt/lists/*
COPY --from=build /toolkit/package.json /toolkit/package-lock.json ./
COPY --from=build /toolkit/node_modules node_modules
COPY bin bin
COPY --from=build /toolkit/dist/datasets dist/datasets
COPY --from=build /toolkit/dist/serve dist/serve
COPY --from=build /toolkit/dist/src dist/src
USER node
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.TOOLKIT_PORT}/healthz`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "bin/toolkit.js"]
CMD ["serve", "/models/model.onnx"]
