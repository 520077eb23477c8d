/** `toolkit evaluate` with an exported classifier on images in folders. */
import assert from 'node:assert/strict'
import { copyFile, mkdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { classifierCard } from '../../../src/train/classification/card.js'
import { exportModel } from '../../../src/train/classification/export.js'
import { presets } from '../../../src/train/classification/presets.js'
import { buildTrainStep } from '../../../src/train/classification/step.js'
import { paintImages } from '../../helpers/commands/painted-images.js'
import { fails, succeeds, toolkit } from '../../helpers/commands/toolkit.js'
import { temporaryFolder } from '../../helpers/temporary-folder.js'

test('evaluate: an exported classifier of two colours', async (t) => {
  const cwd = await temporaryFolder(t)
  const evaluate = (...args: string[]) => toolkit(['evaluate', 'model.onnx', ...args], { cwd })
  const figures = async (...args: string[]) => {
    const outcome = await evaluate('--json', ...args)
    succeeds(outcome)
    return { ...JSON.parse(outcome.stdout), stderr: outcome.stderr }
  }

  const { embedded } = presets
  const config: typeof embedded = {
    ...embedded,
    data: { ...embedded.data, name: 'x', classes: ['green', 'red'], imageSize: 16, preprocessing: 'slim' },
    model: { ...embedded.model, cells: 1, filters: 4, stemFilters: 8 },
  }
  const step = await buildTrainStep(config, { imageSize: 16, classes: 2 })
  const model = await exportModel(config, await step.state(), classifierCard(config, 0, []))
  await step.close()
  await writeFile(join(cwd, 'model.onnx'), model)
  await paintImages(join(cwd, 'data'), 6)
  await rename(join(cwd, 'data/test'), join(cwd, 'data/val'))

  await t.test(
    'the part is test, or validation where there is no test; val/ may be given alone, or itself',
    async () => {
      const whole = await figures('--data', 'data')
      assert.deepEqual([whole.split, whole.images, whole.preprocessing], ['validation', 20, 'slim'])
      const val = await figures('--data', 'data/val')
      assert.deepEqual(val.confusion, whole.confusion)
      assert.equal(val.loss, whole.loss)
      assert.equal((await figures('--data', 'data', '--split', 'train')).images, 12)
      fails(
        await evaluate('--data', 'data', '--split', 'test'),
        /^data has no test images; choose another part/,
      )
    },
  )

  await t.test('a limit takes images of all classes', async () => {
    const { images, classes } = await figures('--data', 'data', '--limit', '4')
    assert.equal(images, 4)
    assert.deepEqual(
      classes.map((one: { images: number }) => one.images),
      [2, 2],
    )
  })

  await t.test('the preprocessing can be another, for images that are scaled', async () => {
    const [slim, cover] = [
      await figures('--data', 'data'),
      await figures('--data', 'data', '--preprocessing', 'cover'),
    ]
    assert.equal(cover.preprocessing, 'cover')
    assert.notEqual(cover.loss, slim.loss)
    fails(await evaluate('--data', 'embedded', '--preprocessing', 'cover'), /leave --preprocessing out\n$/)
  })

  await t.test(
    'an image that cannot be decoded ends it by its name, or is left out, named and counted',
    async () => {
      await mkdir(join(cwd, 'torn/red'), { recursive: true })
      await writeFile(join(cwd, 'torn/red/a.png'), 'no picture')
      fails(
        await evaluate('--data', 'torn', '--skip-unreadable'),
        /None of the 1 image in torn can be read: /,
      )
      await copyFile(join(cwd, 'data/val/red/0.png'), join(cwd, 'torn/red/b.png'))
      fails(await evaluate('--data', 'torn'), /torn\/red\/a\.png cannot be read as an image: /)
      const { images, unreadable, stderr } = await figures('--data', 'torn', '--skip-unreadable')
      assert.deepEqual([images, unreadable.count], [1, 1])
      assert.match(unreadable.first[0], /^torn\/red\/a\.png \(/)
      assert.match(stderr, /1 of 2 images cannot be read and are left out: torn\/red\/a\.png/)
    },
  )

  await t.test('images of other classes are refused', async () => {
    await mkdir(join(cwd, 'other/train/blue'), { recursive: true })
    await copyFile(join(cwd, 'data/val/red/0.png'), join(cwd, 'other/train/blue/b.png'))
    fails(
      await evaluate('--data', 'other', '--split', 'train'),
      /^model\.onnx knows the classes green, red, but other has blue\n$/,
    )
  })
})
