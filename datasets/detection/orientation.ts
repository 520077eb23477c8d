/** Images whose EXIF orientation leaves open for which form of the image their boxes were drawn. */
import type { CocoImage } from '#coco-ts'
import { shortName } from './annotation-notes.js'

/** What the orientations of EXIF other than 1 do to an image. */
const TURNS: Record<number, string> = {
  2: 'mirrored',
  3: 'turned by 180°',
  4: 'mirrored',
  5: 'square, mirrored and turned by 90°',
  6: 'square, turned by 90°',
  7: 'square, mirrored and turned by 90°',
  8: 'square, turned by 90°',
}

/**
 * How people see an image that has one size as it is stored and as it is seen, so that the annotations' size does not
 * show which of the two they are for; undefined where it is seen as it is stored, or the sizes differ.
 */
export function openTurn({
  width,
  height,
  orientation = 1,
}: {
  width: number
  height: number
  orientation?: number
}): string | undefined {
  const swapped = orientation >= 5
  return swapped && width !== height ? undefined : TURNS[orientation]
}

const SHOWN = 3
const LONGEST_NAME = 200

/** One sentence on the images that are turned, as {@link openTurn} says of each; none where there are none. */
export function orientationNotes(
  images: readonly Pick<CocoImage, 'file_name'>[],
  turns: readonly (string | undefined)[],
): string[] {
  const byTurn = new Map<string, string[]>()
  for (const [index, turn] of turns.entries())
    if (turn !== undefined)
      byTurn.set(turn, [...(byTurn.get(turn) ?? []), shortName(`${images[index].file_name}`, LONGEST_NAME)])
  const count = turns.filter((turn) => turn !== undefined).length
  if (count === 0) return []
  const kinds = [...byTurn].map(
    ([turn, names]) =>
      `${names.length} ${turn}: ${names.slice(0, SHOWN).join(', ')}${names.length > SHOWN ? ', …' : ''}`,
  )
  return [
    `${count} ${count === 1 ? 'image has' : 'images have'} an EXIF orientation, so it is unclear how the boxes were drawn ` +
      `(${kinds.join('; ')}). Boxes are read for the image with the orientation applied: look at them ` +
      'with --draw; if they are misplaced, remove the orientation from the files',
  ]
}
