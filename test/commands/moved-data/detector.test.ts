import assert from 'node:assert/strict'
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import sharp from 'sharp'
import { fails, succeeds, toolkit } from '../../helpers/commands/toolkit.js'
import { temporaryFolder } from '../../helpers/temporary-folder.js'

/** Three images of 64 × 64 with one box each, and annotations that name them as Windows does. */
async function annotatedImages(folder: string): Promise<void> {
  await mkdir(join(folder, 'photos', 'sub'), { recursive: true })
  const image = sharp({ create: { width: 64, height: 64, channels: 3, background: '#204060' } })
  for (const id of [1, 2, 3])
    await image
      .clone()
      .png()
      .toFile(join(folder, 'photos', 'sub', `${id}.png`))
  const box = (id: number) => ({
    id,
    image_id: id,
    category_id: 1,
    bbox: [8, 8, 24, 30],
    area: 720,
    iscrowd: 0,
  })
  const entry = (id: number) => ({ id, width: 64, height: 64, file_name: `D:\\photos\\sub\\${id}.PNG` })
  await writeFile(
    join(folder, 'photos.json'),
    JSON.stringify({
      images: [1, 2, 3].map(entry),
      annotations: [1, 2, 3].map(box),
      categories: [{ id: 1, name: 'thing' }],
    }),
  )
}

test('a detector finds and recognises its images and annotations, and takes those that were moved', async (t) => {
  const cwd = await temporaryFolder(t)
  const elsewhere = join(cwd, 'elsewhere')
  await mkdir(elsewhere)
  await annotatedImages(cwd)
  const photos = (place: string) => ['--data', `${place}/photos`, '--annotations', `${place}/photos.json`]
  const measured = (place: string) => [
    '--val-images',
    `${place}/photos`,
    '--val-annotations',
    `${place}/photos.json`,
  ]
  const tiny = [
    ...['--preset', 'faster-rcnn-nas-embedded', '--from-scratch', '--input-size', '64'],
    ...['--batch-size', '1', '--accumulate', '1', '--threads', '1'],
  ]
  const resume = (steps: number, ...args: string[]) =>
    toolkit(['finetune-coco', '--resume', '../run', '--steps', `${steps}`, '--threads', '1', ...args], {
      cwd: elsewhere,
    })
  const begun = await toolkit(
    ['finetune-coco', ...photos('.'), ...measured('.'), ...tiny, '--steps', '1', '--out', 'run'],
    { cwd },
  )
  succeeds(begun)
  assert.match(
    begun.stderr,
    /3 images of "\.\/photos\.json" were found in .* under another spelling: .*sub\\1\.PNG" is photos\/sub\/1\.png/,
  )
  const annotations = await readFile(join(cwd, 'photos.json'), 'utf8')
  await writeFile(join(cwd, 'photos.json'), annotations.replace('24', '25'))
  fails(
    await resume(3),
    /photos\.json is not the same data as at the start: the annotations have changed\. Restore/,
  )
  await writeFile(join(cwd, 'photos.json'), annotations)
  await mkdir(join(cwd, 'moved'))
  for (const name of await readdir(cwd))
    if (name.startsWith('photos')) await rename(join(cwd, name), join(cwd, 'moved', name))
  fails(
    await resume(2),
    /The run started with .*photos, which is no longer there; .* --data and --annotations/,
  )
  succeeds(await resume(2, ...photos('../moved'), ...measured('../moved')))
  const { data } = JSON.parse(await readFile(join(cwd, 'run', 'config.json'), 'utf8'))
  assert.deepEqual(
    [data.train.images, data.validation.annotations],
    [join(cwd, 'moved', 'photos'), join(cwd, 'moved', 'photos.json')],
  )
})
