import assert from 'node:assert/strict'
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import sharp from 'sharp'
import type { AnnotatedImages, DetectorRunConfig } from '../../../src/train/detection/config.js'
import { validateDetectorConfig } from '../../../src/train/detection/config.js'
import { loadDetectionData, noteCategories } from '../../../src/train/detection/data.js'
import { loadEvaluationSet, validationOf } from '../../../src/train/detection/evaluation-data.js'
import { cocoData, detectorPresets } from '../../../src/train/detection/presets.js'
import { detection } from '../../../src/train/detection/task.js'
import { assertResumable } from '../../../src/train/run/resumable.js'
import { temporaryFolder } from '../../helpers/temporary-folder.js'

/** `count` images with one object each, and their annotations, in a new folder. */
async function annotated(t: TestContext, count = 3): Promise<AnnotatedImages> {
  const folder = await temporaryFolder(t)
  const images = join(folder, 'photos')
  await mkdir(images)
  const ids = Array.from({ length: count }, (_, i) => i + 1)
  for (const id of ids)
    await sharp({ create: { width: 20 + id, height: 20, channels: 3, background: '#304050' } })
      .png()
      .toFile(join(images, `${id}.png`))
  const annotations = join(folder, 'photos.json')
  await writeFile(
    annotations,
    JSON.stringify({
      images: ids.map((id) => ({ id, width: 20 + id, height: 20, file_name: `${id}.png` })),
      annotations: ids.map((id) => ({
        ...{ id, image_id: id, category_id: 1, bbox: [2, 2, 10, 10], area: 100, iscrowd: 0 },
      })),
      categories: [{ id: 1, name: 'thing' }],
    }),
  )
  return { images, annotations }
}

const preset = detectorPresets['faster-rcnn-nas-small']
const configOf = (train: AnnotatedImages, validation: AnnotatedImages | null): DetectorRunConfig => ({
  ...preset,
  data: { ...cocoData, train, validation },
})

/** A config as a run notes it when it begins. */
async function begun(train: AnnotatedImages, validation: AnnotatedImages | null): Promise<DetectorRunConfig> {
  const config = configOf(train, validation)
  const data = await loadDetectionData(config.data)
  const noted = noteCategories(config, data.train, data.validation)
  return validateDetectorConfig(JSON.parse(JSON.stringify(noted)))
}

const refused = (doing: Promise<unknown>, expected: RegExp) =>
  assert.rejects(doing, (error: Error) => {
    assert.equal(error.name, 'UserError')
    assert.match(error.message, expected)
    return true
  })

test('images and annotations that have changed since are refused, and unused files do not count', async (t) => {
  const [train, validation] = [await annotated(t), await annotated(t, 2)]
  const { data } = await begun(train, validation)
  await writeFile(join(train.images, 'unused.png'), '')
  await loadDetectionData(data)
  await rename(join(train.images, '3.png'), join(train.images, 'kept.png'))
  await refused(
    loadDetectionData(data),
    /1 image is missing \(2 instead of 3\)\. Restore it, .* --data and --annotations, or start again$/,
  )
  await rename(join(train.images, 'kept.png'), join(train.images, '3.png'))
  await writeFile(join(validation.images, '1.png'), 'another size')
  await refused(
    loadDetectionData(data),
    /the files of some images have other sizes \(.*\)\. Restore it, name other .* --val-images and --val-annotations/,
  )
  await rm(validation.images, { recursive: true })
  await refused(loadDetectionData(data), /started with .*photos, which is no longer there; .* --val-images/)
})

test('measuring a run on images that have changed gives a warning', async (t) => {
  const validation = await annotated(t)
  const { data } = await begun(await annotated(t), validation)
  const source = validationOf(data)!
  const categories = [{ id: 1, name: 'thing' }]
  assert.deepEqual((await loadEvaluationSet(source, categories)).warnings, [])
  await rm(join(validation.images, '3.png'))
  const { warnings } = await loadEvaluationSet(source, categories)
  assert.match(
    warnings.at(-1)!,
    /1 image is missing \(2 instead of 3\)\. The metrics are of the data that is there now\.$/,
  )
})

test('a run goes on with copies of its training images, and with other images to measure on', async (t) => {
  const [train, validation, copy, other] = [
    ...[await annotated(t), await annotated(t), await annotated(t), await annotated(t, 4)],
  ]
  const saved = await begun(train, validation)
  assertResumable(detection, saved, await begun(copy, validation))
  assertResumable(detection, saved, await begun(train, other))
  assertResumable(detection, saved, await begun(train, null))
  const resume = (now: DetectorRunConfig) => async () => assertResumable(detection, saved, now)
  await refused(
    resume(await begun(other, validation))(),
    /the annotations have changed, and there is 1 image more/,
  )
  await rm(join(validation.images, '3.png'))
  await refused(resume(await begun(train, validation))(), /1 image is missing/)
  assertResumable(detection, configOf(train, validation), configOf(other, validation))
})
