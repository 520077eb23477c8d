/** What the load benchmark serves: models of random weights, whose time does not depend on them, and one photo. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import sharp from 'sharp'
import { classifierCard } from '../../src/train/classification/card.js'
import type { RunConfig } from '../../src/train/classification/config.js'
import { exportModel } from '../../src/train/classification/export.js'
import { networkOf } from '../../src/train/classification/network.js'
import { presets } from '../../src/train/classification/presets.js'
import { classifierSpecs } from '../../src/train/classification/step.js'
import { initialVectors, layoutOf } from '../../src/train/step/flat-state.js'
import { drawScene, writeScene } from '../detect/scene.js'
import { measured } from '../measure.js'

/** With the batch that both sides compute at saturation: some 50 ms of an idle core, as the server would choose. */
export const MODELS = {
  small: { title: 'NASNet-A of embedded-backbone, 64 × 64', batch: 16 },
  mobile: { title: 'NASNet-A mobile, 224 × 224', batch: 2 },
  detector: { title: 'Faster R-CNN small, 300 × 300', batch: 1 },
} as const
export type ModelName = keyof typeof MODELS

export interface Prepared {
  model: string
  path: '/classify' | '/detect'
  /** A JPEG of 500 × 375 pixels. */
  photo: string
}

const script = (path: string) => fileURLToPath(new URL(path, import.meta.url))

export async function prepare(folder: string, name: ModelName): Promise<Prepared> {
  const photo = join(folder, 'photo.jpg')
  const [width, height] = [500, 375]
  const { image } = drawScene([height, width], 1)
  await sharp(image, { raw: { width, height, channels: 3 } })
    .jpeg({ quality: 85 })
    .toFile(photo)
  if (name === 'detector') {
    writeScene(folder, drawScene([300, 300], 20))
    measured(process.execPath, [
      script('../detect/ours.js'),
      'prepare',
      folder,
      'faster-rcnn-nas-small',
      '1',
      '1',
    ])
    return { model: join(folder, 'detector.onnx'), path: '/detect', photo }
  }
  const model = join(folder, name === 'mobile' ? 'nasnet-a-mobile.onnx' : 'small.onnx')
  if (name === 'mobile')
    measured(process.execPath, [script('../infer/ours.js'), 'prepare', folder, 'nasnet-a-mobile', '1'])
  else writeFileSync(model, await smallClassifier())
  return { model, path: '/classify', photo }
}

async function smallClassifier(): Promise<Uint8Array> {
  const base = presets['embedded-backbone']
  const classes = Array.from({ length: 10 }, (_, label) => `class ${label}`)
  const size = 64
  const config: RunConfig = { ...base, data: { ...base.data, classes, imageSize: size }, auxiliaryWeight: 0 }
  const { parameters } = classifierSpecs(networkOf(config, classes.length), 1, size)
  return exportModel(
    config,
    initialVectors(layoutOf(parameters), parameters, 1),
    classifierCard(config, 0, []),
  )
}
