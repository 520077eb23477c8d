/** What a reader had to add to entries, or to convert in them, so that they can be used. */

/** How an entry was completed. */
export type CompletionKind =
  | 'area-from-mask'
  | 'area-from-box'
  | 'box-from-mask'
  | 'empty-mask'
  | 'unusable-mask'
  | 'short-polygon'
  | 'unusable-keypoints'
  | 'keypoint-count'
  | 'crowd-flag'
  | 'text-number'
  | 'text-id'
  | 'new-id'
  | 'category-name'

/** One way in which entries of one section were completed. */
export interface Completion {
  kind: CompletionKind
  /** 'images', 'annotations', 'categories' or 'results'. */
  section: string
  /** How many entries. */
  count: number
  /** The first of them: its place in the section, counted from 0, its id, where it has one, and what was done. */
  first: { index: number; id?: number; message: string }
}

/** All completions counted. */
export interface CompletionLog {
  /** Entries that were completed, each counted once. */
  count: number
  byKind: Partial<Record<CompletionKind, number>>
  /** Each kind and section, in the order in which they first occurred. */
  groups: Completion[]
}

export function createCompletionLog(): CompletionLog {
  return { count: 0, byKind: {}, groups: [] }
}

/** Counts what was done to one entry. Several completions of one kind count as one. */
export function addCompletions(
  log: CompletionLog,
  place: { section: string; index: number; id?: number },
  made: readonly { kind: CompletionKind; message: string }[],
): void {
  log.count++
  const { section, ...first } = place
  const seen = new Set<CompletionKind>()
  for (const { kind, message } of made) {
    if (seen.has(kind)) continue
    seen.add(kind)
    log.byKind[kind] = (log.byKind[kind] ?? 0) + 1
    const group = log.groups.find((other) => other.kind === kind && other.section === section)
    if (group) group.count++
    else log.groups.push({ kind, section, count: 1, first: { ...first, message } })
  }
}

/** Descriptions for one entry, and for several. */
const WORDS: Record<CompletionKind, [one: string, several: string]> = {
  'area-from-mask': [
    'has no usable area; it was computed from the mask',
    'have no usable area; it was computed from the mask',
  ],
  'area-from-box': [
    'has no usable area; it was computed from the box',
    'have no usable area; it was computed from the box',
  ],
  'box-from-mask': [
    'has no box; it was computed from the mask',
    'have no box; it was computed from the mask',
  ],
  'empty-mask': ['has an empty segmentation, so no mask', 'have an empty segmentation, so no mask'],
  'unusable-mask': [
    'has a segmentation that cannot be used; it was ignored, the rest of the entry is used',
    'have a segmentation that cannot be used; it was ignored, the rest of the entry is used',
  ],
  'short-polygon': [
    'has a polygon of fewer than three corners; its mask is made of the other polygons',
    'have a polygon of fewer than three corners; their masks are made of the other polygons',
  ],
  'unusable-keypoints': [
    'has keypoints that cannot be used; they were ignored, the rest of the entry is used',
    'have keypoints that cannot be used; they were ignored, the rest of the entry is used',
  ],
  'keypoint-count': [
    'has an invalid num_keypoints; it was counted from the keypoints',
    'have an invalid num_keypoints; it was counted from the keypoints',
  ],
  'crowd-flag': [
    'has an iscrowd that is neither 0 nor 1; it was converted to 0 or 1',
    'have an iscrowd that is neither 0 nor 1; it was converted to 0 or 1',
  ],
  'text-number': [
    'has numbers that are written as text; they were read as numbers',
    'have numbers that are written as text; they were read as numbers',
  ],
  'text-id': [
    'has ids that are written as text; they were read as numbers',
    'have ids that are written as text; they were read as numbers',
  ],
  'new-id': ['has no usable id; it was given one', 'have no usable id; they were given one'],
  'category-name': ['has no usable name; it was given one', 'have no usable name; they were given one'],
}

const SINGULAR: Record<string, string> = {
  images: 'image',
  annotations: 'annotation',
  categories: 'category',
  results: 'result',
}

/** "3 annotations have no usable area; it was computed from the box (the first: annotations[0] (id 1): …)" */
export function describeCompletion({ kind, section, count, first }: Completion): string {
  const { index, id, message } = first
  const [one, several] = WORDS[kind]
  const what = count === 1 ? `1 ${SINGULAR[section] ?? section} ${one}` : `${count} ${section} ${several}`
  const place = `${section}[${index}]${id === undefined ? '' : ` (id ${id})`}: ${message}`
  return `${what} (${count === 1 ? '' : 'the first: '}${place})`
}
