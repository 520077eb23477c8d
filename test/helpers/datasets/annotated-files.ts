import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import sharp from 'sharp'

/** A grey image. */
export const grey = (width: number, height: number): Promise<Buffer> =>
  sharp({ create: { width, height, channels: 3, background: '#808080' } })
    .png()
    .toBuffer()

/** Writes files below a folder: texts as they are, and [width, height] as a grey image. */
export async function writeTree(
  folder: string,
  files: Record<string, string | readonly [width: number, height: number]>,
): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(join(folder, name), typeof content === 'string' ? content : await grey(...content))
  }
}

/** One file of Pascal VOC's format; `objects` are the contents of the elements of that name. */
export const vocXml = (filename: string, size: string, objects: readonly string[]): string =>
  `<annotation><filename>${filename}</filename>${size}${objects.map((object) => `<object>${object}</object>`).join('')}</annotation>`

export const vocBox = (
  xmin: number | string,
  ymin: number | string,
  xmax: number | string,
  ymax: number | string,
) => `<bndbox><xmin>${xmin}</xmin><ymin>${ymin}</ymin><xmax>${xmax}</xmax><ymax>${ymax}</ymax></bndbox>`

/** Boxes of a part by the names of images and categories, for example `a.png: cat 10,20,30,40`; sorted. */
export function boxesOf(dataset: {
  images: { id: number; file_name?: string }[]
  categories: { id: number; name: string }[]
  annotations: { image_id: number; category_id: number; bbox: readonly number[] }[]
}): string[] {
  const image = new Map(dataset.images.map(({ id, file_name }) => [id, file_name]))
  const category = new Map(dataset.categories.map(({ id, name }) => [id, name]))
  const rounded = (value: number): number => Math.round(value * 1e4) / 1e4
  return dataset.annotations
    .map(
      ({ image_id, category_id, bbox }) =>
        `${image.get(image_id)}: ${category.get(category_id)} ${bbox.map(rounded)}`,
    )
    .sort()
}
