/** Notes on annotations for the user, in a sentence each. */
import {
  type Annotation,
  type Category,
  type COCO,
  describeCompletion,
  describeProblem,
  type ProblemKind,
  type ProblemLog,
} from '#coco-ts'

const SHOWN = 3

/** "cat (id 3), dog (id 7), … (4 in all)" */
export function listCategories(categories: readonly Pick<Category, 'id' | 'name'>[]): string {
  const shown = categories.slice(0, SHOWN).map(({ id, name }) => `${shortName(name)} (id ${id})`)
  return `${shown.join(', ')}${categories.length > SHOWN ? `, … (${categories.length} in all)` : ''}`
}

/** A name as a line of text can show it: without line breaks and other control characters, cut where it is long. */
export function shortName(name: string, longest = 40): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is to be replaced
  const plain = name.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\ufffe\uffff]+/g, '␣')
  return [...plain].length > longest ? `${[...plain].slice(0, longest - 1).join('')}…` : plain
}

/** What is wrong with entries, for people. */
const REASONS: Record<ProblemKind, string> = {
  'not-an-object': 'not an object',
  'missing-key': 'missing key',
  'bad-id': 'invalid id',
  'ambiguous-id': 'ambiguous id',
  'duplicate-id': 'duplicate id',
  'bad-size': 'invalid size',
  'unknown-image': 'unknown image',
  'unknown-category': 'unknown category',
  'bad-box': 'invalid box',
  'bad-area': 'invalid area',
  'bad-crowd': 'invalid iscrowd',
  'bad-score': 'invalid score',
  'bad-polygon': 'invalid polygon',
  'bad-rle': 'invalid run lengths',
  'bad-keypoints': 'invalid keypoints',
}

/** "3 × unknown image, 1 × invalid box": why entries cannot be used. */
export function countReasons(byKind: ProblemLog['byKind']): string {
  const kinds = Object.entries(byKind) as [ProblemKind, number][]
  return kinds.map(([kind, count]) => `${count} × ${REASONS[kind]}`).join(', ')
}

/** What was left out when a file was read, and what was completed. */
export function readingNotes(coco: COCO, file: string): string[] {
  const { count, first, byKind } = coco.problems
  const left =
    count === 0
      ? []
      : [
          `${count} ${count === 1 ? 'entry' : 'entries'} of "${file}" cannot be used and ${count === 1 ? 'is' : 'are'} ` +
            `left out; the first: ${describeProblem(first[0])}` +
            `${Object.keys(byKind).length > 1 ? ` (in all: ${countReasons(byKind)})` : ''}.`,
        ]
  return [...left, ...completionNotes(coco, file)]
}

/** What was completed when a file was read, a sentence for each kind. */
export const completionNotes = (coco: COCO, file: string): string[] =>
  coco.completed.groups.map((group) => `"${file}": ${describeCompletion(group)}.`)

/** A note beside metrics: an object with the id 0 can be matched, but counts as missed. */
export function zeroIdNotes(coco: COCO): string[] {
  const zero = coco.anns.get(0)
  if (zero === undefined || zero.bbox === undefined || zero.iscrowd) return []
  return [
    'Annotation 0 lowers the metrics: COCO’s evaluation, here as in pycocotools, takes the id 0 for "not found", so ' +
      'that a detection of this object counts as a false positive. Count annotation ids from 1.',
  ]
}

/** Whether all boxes lie in [0, 1]: not pixels, then, but parts of the image's width and height. */
export function looksNormalised(annotations: readonly Pick<Annotation, 'bbox'>[]): boolean {
  const boxes = annotations.filter(({ bbox }) => bbox !== undefined)
  return (
    boxes.length > 0 && boxes.every(({ bbox: [x, y, w, h] }) => x >= 0 && y >= 0 && x + w <= 1 && y + h <= 1)
  )
}

/** The least boxes that show a pattern. */
const FEW = 4

/**
 * Whether the boxes look like [x1, y1, x2, y2] instead of [x, y, width, height]: the second corner always lies beyond
 * the first, and taken as COCO's, at least half of them reach over the edge of their image.
 */
function lookLikeCorners(coco: COCO, boxes: readonly Annotation[]): boolean {
  if (boxes.length < FEW || !boxes.every(({ bbox: [x, y, w, h] }) => w > x && h > y)) return false
  const over = boxes.filter(({ bbox: [x, y, w, h], image_id }) => {
    const { width, height } = coco.imgs.get(image_id)!
    return x + w > width + 1 || y + h > height + 1
  })
  return over.length * 2 >= boxes.length
}

/** A note on a file whose boxes seem to have another form than COCO's. */
export function boxFormNotes(coco: COCO, file: string): string[] {
  const boxes = coco.dataset.annotations.filter(({ bbox }) => bbox !== undefined)
  const form = `but COCO's boxes are [x, y, width, height] in pixels`
  if (looksNormalised(boxes))
    return [
      `All ${boxes.length} boxes of "${file}" lie between 0 and 1: they look like parts of the image, ${form}. ` +
        'Multiply them by the width and height of their image.',
    ]
  if (lookLikeCorners(coco, boxes))
    return [
      `The boxes of "${file}" look like [x1, y1, x2, y2], ${form}: at least half of them reach over the edge of their ` +
        'image. Subtract x1 and y1 from x2 and y2.',
    ]
  return []
}

/** Categories with the same name, in groups. */
export function sameNames<C extends Pick<Category, 'name'>>(categories: readonly C[]): C[][] {
  const byName = new Map<string, C[]>()
  for (const category of categories) {
    const name = category.name.normalize().trim()
    byName.set(name, [...(byName.get(name) ?? []), category])
  }
  return [...byName.values()].filter((group) => group.length > 1)
}

/**
 * Categories that are not classes but the parents of others, as some tools write them: without an annotation, and named
 * as the supercategory of another category.
 */
export function unusedRoots(coco: COCO): Category[] {
  const { categories } = coco.dataset
  const parents = new Set<unknown>()
  for (const { name, supercategory } of categories) if (supercategory !== name) parents.add(supercategory)
  const roots = categories.filter(({ id, name }) => !coco.catToImgs.has(id) && parents.has(name))
  // Categories that only name each other have no root among them.
  return roots.length < categories.length ? roots : []
}
