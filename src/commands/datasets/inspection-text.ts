/** An inspection of annotations in words. */
import { shortName } from '../../../datasets/detection/annotation-notes.js'
import type {
  CategoryCount,
  CocoInspection,
  ImageCheck,
  Spread,
} from '../../../datasets/detection/coco-inspect.js'
import type { Leak } from '../../../datasets/splitting/leaks.js'
import { plural } from '../../shared/text.js'
import { SHOWN, section } from './sections.js'

export interface Inspected {
  inspection: CocoInspection
  /** Notes on what will hurt a detector. */
  training: readonly string[]
  /** Of the image files, if they were looked at. */
  check: ImageCheck | undefined
}

export function describeInspection(title: string, { inspection, training, check }: Inspected): string {
  const { images, objects, categories, problems, completed, warnings } = inspection
  const range = ({ least, median, most }: Spread): string => `${least} to ${most}, median ${median}`
  const lines = [
    title,
    `images      ${images.count}, ${images.withoutObjects} of them without objects`,
    `  width     ${range(images.width)}`,
    `  height    ${range(images.height)}`,
    `objects     ${objects.count}, ${objects.crowds} of them crowds; ${range(objects.perImage)} per image`,
    `  area      ${objects.small} small (below 32²), ${objects.medium} medium, ${objects.large} large (above 96²)`,
    `  masks     ${objects.polygons} polygons, ${objects.rle} run-length, ${objects.withoutMask} without`,
    `  keypoints ${objects.withKeypoints}`,
    `categories  ${categories.length}`,
    ...categoryRows(categories),
    ...section('problems', problems.count, problems.first),
    ...(completed.count === 0
      ? []
      : [`completed entries: ${completed.count}`, ...completed.kinds.map((kind) => `  ${kind}`)]),
    ...(check
      ? section('image files that do not fit', check.faults.length, check.faults.slice(0, SHOWN))
      : []),
    ...[...warnings, ...training].map((warning) => `note: ${warning}`),
  ]
  return lines.join('\n')
}

function categoryRows(categories: readonly CategoryCount[]): string[] {
  const width = categories.reduce((most, { name }) => Math.max(most, shortName(name).length), 8)
  const cell = (value: number | string): string => String(value).padStart(8)
  const head = `  ${'name'.padEnd(width)} ${cell('id')} ${cell('objects')} ${cell('images')} ${cell('crowds')}`
  const rows = categories.map(
    ({ name, id, objects, images, crowds }) =>
      `  ${shortName(name).padEnd(width)} ${cell(id)} ${cell(objects)} ${cell(images)} ${cell(crowds)}`,
  )
  return [head, ...rows]
}

/** A note on images that two parts share. */
export const leakNote = ({ parts: [one, other], count, example }: Leak): string =>
  `${plural(count, 'image')} of ${other} ${count === 1 ? 'looks' : 'look'} nearly as one of ${one} (${example[1]} and ${example[0]}): ` +
  'what is measured on them says nothing about new images; "toolkit datasets split" keeps such images on one side'
