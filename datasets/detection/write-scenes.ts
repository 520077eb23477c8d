/** The embedded scenes as a folder, as any COCO-format data set is laid out. */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { writeFileAtomically } from '../../src/shared/files.js'
import { writeNewFolder } from '../files/new-folder.js'
import { addScene, composeScenes, type SceneSetOptions, sceneBuilder } from './scenes.js'

export interface WriteScenesOptions extends Pick<SceneSetOptions, 'size' | 'seed'> {
  /** How many scenes each part has. */
  train: number
  test: number
  onProgress?: (done: number, count: number) => void
  signal?: AbortSignal
}

const parts = ['train', 'test'] as const

/**
 * Writes `train/*.jpg`, `test/*.jpg` and `annotations/train.json`, `annotations/test.json`: the very scenes that
 * `loadScenes` composes. The folder appears whole or not at all.
 *
 * @returns Whether it is there; false when the signal stopped it.
 * @throws DatasetError for a folder that holds something, or a size or count out of range.
 */
export async function writeScenes(folder: string, options: WriteScenesOptions): Promise<boolean> {
  return writeNewFolder(folder, 'the scenes', async (temporary) => {
    let done = 0
    await mkdir(join(temporary, 'annotations'))
    for (const part of parts) {
      const { size, seed } = options
      const builder = sceneBuilder({ part, seed })
      await mkdir(join(temporary, part))
      for await (const { jpeg, ...scene } of composeScenes({ part, count: options[part], size, seed })) {
        if (options.signal?.aborted) return false
        await writeFileAtomically(join(temporary, part, scene.fileName), jpeg)
        addScene(builder, scene)
        options.onProgress?.(++done, options.train + options.test)
      }
      await builder.write(join(temporary, 'annotations', `${part}.json`))
    }
    return true
  })
}
