# Images of the toolkit. Without --target: the server, which also finds objects in files.
#
#   docker build -t toolkit .
#   docker run --rm -p 8080:8080 -v "$PWD/runs/my-run:/models:ro" toolkit
#   docker run --rm -p 8080:8080 -v "$PWD/exported:/models:ro" toolkit serve /models/a.onnx /models/b.onnx
#   docker run --rm --user "$(id -u)" -v "$PWD:/here" -w /here toolkit detect photo.jpg --model detector.onnx --draw out
#
# All commands, to train, to search, and as a worker of a search:
#
#   docker build --target train -t toolkit:train .
#   docker run --rm --user "$(id -u)" -v "$PWD:/work" toolkit:train train-backbone --data photos
#
# The same with ONNX Runtime's CUDA provider (x64; the host needs NVIDIA's driver and container toolkit):
#
#   docker build --target train-gpu -t toolkit:train-gpu .
#   docker run --rm --gpus all --user "$(id -u)" -v "$PWD:/work" toolkit:train-gpu train-backbone --data photos --device cuda
#
# docs/deploy.md says how this was rehearsed without Docker. The stages gpu-packages and train-gpu have never been built.

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
RUN node bin/build.js \
 && find dist datasets/coco-ts/dist -name '*.map' -delete

FROM build AS train-packages
RUN npm prune --omit=dev --ignore-scripts \
 && find node_modules/onnxruntime-node/bin -mindepth 3 -maxdepth 3 -type d \
      ! -path "*/linux/$(node -p process.arch)" -prune -exec rm -r {} +

FROM train-packages AS gpu-packages
# Fetches libonnxruntime_providers_cuda.so of the version in package-lock.json.
RUN node node_modules/onnxruntime-node/script/install --onnxruntime-node-install=cuda12

FROM train-packages AS serve-packages
# Leave out the packages of training, search, charts and downloads: most of the size.
RUN npm pkg delete workspaces devDependencies peerDependencies peerDependenciesMeta \
      'dependencies.@tensorflow/tfjs' 'dependencies.@tensorflow/tfjs-core' \
      dependencies.bullmq dependencies.ioredis dependencies.d3-scale dependencies.d3-shape \
      dependencies.yauzl dependencies.tar-stream dependencies.h5wasm \
      dependencies.yaml dependencies.csv-parse 'dependencies.@xmldom/xmldom' \
 && npm prune --omit=dev --ignore-scripts

FROM node:22-bookworm-slim AS runtime
ENV NODE_ENV=production ORT_DISABLE_TELEMETRY=1
# The slim image has no fonts for the labels of boxes and charts.
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install -y --no-install-recommends fontconfig-config fonts-dejavu-core \
 && rm -rf /var/lib/apt/lists/*

FROM runtime AS train
WORKDIR /toolkit
COPY --from=train-packages /toolkit/package.json /toolkit/package-lock.json ./
COPY --from=train-packages /toolkit/node_modules node_modules
COPY --from=train-packages /toolkit/datasets/coco-ts/package.json datasets/coco-ts/package.json
COPY --from=train-packages /toolkit/datasets/coco-ts/dist/src datasets/coco-ts/dist/src
COPY --from=train-packages /toolkit/datasets/emoji/artwork.json.br datasets/emoji/artwork.json.br
COPY bin/toolkit.js bin/node-version.js bin/root.js bin/
COPY --from=train-packages /toolkit/dist dist
WORKDIR /work
USER 1000:1000
ENTRYPOINT ["node", "/toolkit/bin/toolkit.js"]
CMD ["--help"]

# CUDA 12 and cuDNN 9, which ONNX Runtime's provider is linked with.
FROM nvidia/cuda:12.9.1-cudnn-runtime-ubuntu24.04 AS train-gpu
ENV NODE_ENV=production ORT_DISABLE_TELEMETRY=1
COPY --from=runtime /usr/local/bin/node /usr/local/bin/node
COPY --from=runtime /etc/fonts /etc/fonts
COPY --from=runtime /usr/share/fonts /usr/share/fonts
COPY --from=train /toolkit /toolkit
COPY --from=gpu-packages /toolkit/node_modules/onnxruntime-node/bin /toolkit/node_modules/onnxruntime-node/bin
WORKDIR /work
USER 1000:1000
ENTRYPOINT ["node", "/toolkit/bin/toolkit.js"]
CMD ["--help"]

FROM runtime AS serve
ENV TOOLKIT_SERVE_HOST=0.0.0.0 TOOLKIT_SERVE_PORT=8080
WORKDIR /toolkit
COPY --from=serve-packages /toolkit/package.json /toolkit/package-lock.json ./
COPY --from=serve-packages /toolkit/node_modules node_modules
COPY bin/toolkit.js bin/node-version.js bin/root.js bin/
COPY --from=serve-packages /toolkit/dist/datasets dist/datasets
COPY --from=serve-packages /toolkit/dist/serve dist/serve
COPY --from=serve-packages /toolkit/dist/src dist/src
USER 1000:1000
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.TOOLKIT_SERVE_PORT}/readyz`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "bin/toolkit.js"]
CMD ["serve", "/models/model.onnx"]
