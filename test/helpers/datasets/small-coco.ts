/** COCO's archives in miniature: two validation images, three for training, the same layout. */
import { createHash } from 'node:crypto'
import sharp from 'sharp'
import type { officialCoco } from '../../../datasets/fetch/fetch-coco.js'
import { writeZip } from './zip-writer.js'

export interface SmallCoco {
  archives: typeof officialCoco.archives
  /** Their bytes, by their paths on the server. */
  content: Map<string, Buffer>
}

export async function smallCoco(): Promise<SmallCoco> {
  const jpeg = await sharp({ create: { width: 40, height: 30, channels: 3, background: '#406080' } })
    .jpeg()
    .toBuffer()
  const annotations = (first: number, count: number) =>
    JSON.stringify({
      images: Array.from({ length: count }, (_, i) => ({
        ...{ id: first + i, width: 40, height: 30, file_name: `00${first + i}.jpg` },
      })),
      categories: [{ id: 1, name: 'person' }],
      annotations: [
        { id: first, image_id: first, category_id: 1, bbox: [1, 2, 10, 10], area: 100, iscrowd: 0 },
      ],
    })
  const images = (folder: string, first: number, count: number) => [
    { name: `${folder}/`, content: '', stored: true },
    ...Array.from({ length: count }, (_, i) => ({
      ...{ name: `${folder}/00${first + i}.jpg`, content: jpeg, stored: i === 0 },
    })),
  ]
  const content = new Map([
    [
      'annotations/annotations_trainval2017.zip',
      writeZip([
        { name: 'annotations/instances_val2017.json', content: annotations(1, 2) },
        { name: 'annotations/instances_train2017.json', content: annotations(5, 3) },
      ]),
    ],
    ['zips/val2017.zip', writeZip(images('val2017', 1, 2))],
    ['zips/train2017.zip', writeZip(images('train2017', 5, 3))],
  ])
  const files = { annotations: 2, val2017: 2, train2017: 3 }
  const folders = ['annotations', 'val2017', 'train2017'] as const
  const archives = [...content].map(([path, bytes], i) => ({
    ...{ folder: folders[i], path, bytes: bytes.length, md5: createHash('md5').update(bytes).digest('hex') },
    ...{ files: files[folders[i]], unpackedBytes: 1000 },
  }))
  return { archives, content }
}
