/** What is written, as other programs read it: pycocotools, Ultralytics and torchvision, where $PYTHON or python3 has them. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, it } from 'node:test'
import sharp from 'sharp'
import { openAnnotations } from '../../../datasets/formats/open.js'
import { writeAnnotations } from '../../../datasets/formats/write.js'
import { packageRoot } from '../../../src/shared/package-root.js'
import { temporaryFolder } from '../../helpers/temporary-folder.js'

const python = process.env.PYTHON ?? 'python3'
const script = join(packageRoot(), 'test/datasets/formats/golden/read_annotations.py')

const square = [10.5, 10, 50.25, 10, 50.25, 40, 10.5, 40]
const dataset = {
  images: [
    { id: 1, width: 640, height: 427, file_name: 'sub/a b.jpg' },
    { id: 2, width: 101, height: 33, file_name: 'c.jpg' },
  ],
  categories: [
    { id: 1, name: 'cat & kin' },
    { id: 2, name: 'dog' },
  ],
  annotations: [
    { image_id: 1, category_id: 1, bbox: [10.123, 20.456, 100.789, 33.3] },
    { image_id: 1, category_id: 2, bbox: [0, 0, 640, 427] },
    { image_id: 2, category_id: 2, bbox: [1, 2, 30, 31] },
  ].map((annotation, i) => ({
    ...annotation,
    id: i + 1,
    area: annotation.bbox[2] * annotation.bbox[3],
    iscrowd: 0,
  })),
}
const outlined = {
  ...dataset,
  annotations: [
    { ...dataset.annotations[0], bbox: [10.5, 10, 39.75, 30], area: 1192.5, segmentation: [square] },
    ...dataset.annotations.slice(1),
  ],
}

/** Digits that survive the reader: Ultralytics holds 32-bit floats. */
const tolerance = { coco: 1e-9, yolo: 1e-3, voc: 1e-6 }

describe('what is written, read by other programs', () => {
  for (const [to, source, what] of [
    ['coco', outlined, 'COCO by pycocotools'],
    ['yolo', dataset, 'YOLO boxes by Ultralytics'],
    ['yolo', outlined, 'YOLO outlines by Ultralytics'],
    ['voc', outlined, 'VOC by torchvision'],
  ] as const)
    it(what, async (t) => {
      const folder = await temporaryFolder(t)
      await writeFile(join(folder, 'set.json'), JSON.stringify(source))
      for (const { width, height, file_name } of source.images) {
        await mkdir(dirname(join(folder, 'images', file_name)), { recursive: true })
        const image = sharp({ create: { width, height, channels: 3, background: '#808080' } })
        await image.jpeg().toFile(join(folder, 'images', file_name))
      }
      const set = await openAnnotations(join(folder, 'set.json'))
      await writeAnnotations(set, join(folder, 'out'), { to, images: 'copy' })
      const env = { ...process.env, YOLO_CONFIG_DIR: folder, YOLO_OFFLINE: 'true' }
      const read = spawnSync(python, [script, to, join(folder, 'out')], { encoding: 'utf8', env })
      if (read.error !== undefined || read.status === 3) return t.skip(`${read.error ?? read.stderr}`.trim())
      assert.equal(read.status, 0, read.stderr)
      const seen = JSON.parse(read.stdout.trim().split('\n').at(-1)!) as Record<
        string,
        [string, ...number[]][]
      >
      assert.deepEqual(Object.keys(seen).sort(), ['c.jpg', 'sub/a b.jpg'])
      for (const { id, file_name } of source.images) {
        const own = source.annotations.filter(({ image_id }) => image_id === id)
        const names = own.map(({ category_id }) => source.categories[category_id - 1].name)
        assert.deepEqual(seen[file_name].map(([name]) => name).sort(), names.sort())
        for (const { bbox, category_id } of own) {
          const { name } = source.categories[category_id - 1]
          const [, ...box] = seen[file_name].find(([other]) => other === name)!
          for (const [i, value] of box.entries())
            assert.ok(
              Math.abs((value as number) - bbox[i]) <= tolerance[to],
              `${name}: ${box} instead of ${bbox}`,
            )
        }
      }
    })
})
