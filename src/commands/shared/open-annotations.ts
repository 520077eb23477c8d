/** Opens annotations of any format with progress on stderr, and tells what is a plain COCO file. */
import { existsSync, statSync } from 'node:fs'
import type { AnnotatedSet, FormatName } from '../../../datasets/annotated/annotated-set.js'
import { openAnnotations } from '../../../datasets/formats/open.js'
import { grouped } from '../../shared/text.js'
import { withQuietLine } from './quiet-line.js'

/** Images and their annotations; where both are one path, the annotations are in the folder, or the images near the file. */
export interface Place {
  images: string
  annotations: string
}

/** Runs `work` with a live line, which is shown where it takes long: `images read  12 of 300`. */
export function withProgress<T>(
  what: string,
  work: (onProgress: (done: number, count: number) => void) => Promise<T>,
): Promise<T> {
  return withQuietLine((show) =>
    work((done, count) => show(() => `${what}  ${grouped(done)} of ${grouped(count)}`, done === count)),
  )
}

/** @throws DatasetError as `openAnnotations` does */
export function openPlace({ images, annotations }: Place, format?: FormatName): Promise<AnnotatedSet> {
  const options = { format, ...(images !== annotations && { images }) }
  return withProgress('images read', (onProgress) => openAnnotations(annotations, { ...options, onProgress }))
}

/** Whether annotations are a single file of COCO's format, by its name, and come with a folder of images. */
export const isPlainCoco = ({ images, annotations }: Place): boolean =>
  images !== annotations &&
  !/\.(csv|tsv|ya?ml|data|xml)$/i.test(annotations) &&
  !(existsSync(annotations) && statSync(annotations).isDirectory())
