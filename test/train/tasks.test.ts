import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import {
  type AnyRunConfig,
  createRun,
  exportAnyRun,
  forTask,
  readAnyConfig,
  readConfig,
  readDetectorConfig,
  resumeRun,
} from '../../src/train/tasks.js'
import { temporaryFolder } from '../helpers/temporary-folder.js'
import { redConfig } from '../helpers/train/detection/red-scenes.js'
import { colourConfig } from '../helpers/train/linear-step.js'

test('the config of a run is read by its task, and a function is called for it', async (t) => {
  const base = await temporaryFolder(t)
  const kinds: string[] = []
  for (const config of [colourConfig(), redConfig()] as AnyRunConfig[]) {
    const folder = join(base, config.task)
    await (await createRun(folder, config)).close()
    const read = await readAnyConfig(folder)
    assert.deepEqual(read, config)
    kinds.push(
      forTask<AnyRunConfig, string>(read, {
        classification: ({ labelSmoothing }) => `smoothing ${labelSmoothing}`,
        detection: ({ maxObjects }) => `${maxObjects} objects`,
      }),
    )
  }
  assert.deepEqual(kinds, ['smoothing 0', `${redConfig().maxObjects} objects`])
})

test('a run of another task is refused, with the commands of both', async (t) => {
  const folder = join(await temporaryFolder(t), 'run')
  await (await createRun(folder, redConfig())).close()
  const message = new RegExp(
    `${folder} is the run of a detector \\(of "toolkit finetune-coco"\\); name the run of a classifier \\(of "toolkit train-backbone"\\) here`,
  )
  await assert.rejects(readConfig(folder), message)
  await assert.rejects(resumeRun(folder), message)
  await assert.rejects(resumeRun(folder, colourConfig()), message)
  assert.deepEqual(await readDetectorConfig(folder), redConfig())
})

test('a config without a task is a classifier’s, and an unknown task is named', async (t) => {
  const folder = join(await temporaryFolder(t), 'run')
  await mkdir(folder)
  const { task, ...old } = colourConfig()
  await writeFile(join(folder, 'config.json'), JSON.stringify(old))
  assert.deepEqual(await readAnyConfig(folder), { task, ...old })
  for (const name of ['segmentation', 'constructor', 3]) {
    await writeFile(join(folder, 'config.json'), JSON.stringify({ ...old, task: name }))
    await assert.rejects(readAnyConfig(folder), /"task" is .*, but must be one of classification/)
  }
})

test('a run without a checkpoint is not exported, whatever its task', async (t) => {
  const base = await temporaryFolder(t)
  for (const config of [colourConfig(), redConfig()] as AnyRunConfig[]) {
    const folder = join(base, config.task)
    await (await createRun(folder, config)).close()
    await assert.rejects(exportAnyRun(folder), /has no checkpoint yet; train it first/)
  }
})
