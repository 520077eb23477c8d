/** One annotation file of Pascal VOC's format. */
import { DOMParser, type Element } from '@xmldom/xmldom'
import type { Kind, Notes } from '../../annotated/notes.js'

export interface VocObject {
  name: string
  /** As written: xmin, ymin, xmax, ymax. */
  corners: [number, number, number, number]
  /** COCO-like properties: `difficult`, `truncated`, `occluded`, `pose`. */
  more: Record<string, unknown>
}

export interface VocFile {
  /** As written, perhaps with folders. */
  filename?: string
  /** Undefined where it is missing or 0. */
  size?: { width: number; height: number }
  objects: VocObject[]
}

const BAD_FILE: Kind = ['file cannot be used and is left out', 'files cannot be used and are left out']
const NO_NAME: Kind = ['object has no name and is left out', 'objects have no name and are left out']
const NO_BOX: Kind = [
  'object has no bndbox with four numbers and is left out',
  'objects have no bndbox with four numbers and are left out',
]
const EXTRAS: Kind = [
  'object has parts, a polygon or a mask, which are not read',
  'objects have parts, polygons or masks, which are not read',
]

/**
 * Reads the text of one file. Document types are refused, so that no entity is ever expanded.
 *
 * @returns undefined for a file that is not VOC's XML, which is noted
 */
export function parseVoc(text: string, file: string, notes: Notes): VocFile | undefined {
  const root = rootOf(text)
  if (typeof root === 'string') {
    notes.add(BAD_FILE, `${file} (${root})`)
    return undefined
  }
  const size = child(root, 'size')
  const [width, height] = ['width', 'height'].map((key) => Number(textOf(size, key) ?? Number.NaN))
  const filename = textOf(root, 'filename')
  return {
    ...(filename !== undefined && filename !== '' && { filename }),
    ...(width > 0 &&
      height > 0 &&
      Number.isInteger(width) &&
      Number.isInteger(height) && { size: { width, height } }),
    objects: children(root, 'object').flatMap((object, i) =>
      objectOf(object, `${file} object ${i + 1}`, notes),
    ),
  }
}

/** The element `annotation`, or what is wrong, as half a sentence. */
function rootOf(text: string): Element | string {
  if (/<!DOCTYPE/i.test(text)) return 'it has a document type, which is not read; remove it'
  let problem: string | undefined
  try {
    const onError = (level: 'warning' | 'error' | 'fatalError', message: string): void => {
      if (level !== 'warning') problem ??= message
    }
    const root = new DOMParser({ onError }).parseFromString(
      text.replace(/^\uFEFF/, ''),
      'text/xml',
    ).documentElement
    if (problem !== undefined) return `it is not whole XML: ${problem.split('\n')[0]}`
    if (root?.tagName !== 'annotation')
      return `its outermost element is ${root?.tagName ?? 'missing'}, not annotation`
    return root
  } catch (error) {
    return `it is not whole XML: ${(error as Error).message.split('\n')[0]}`
  }
}

function objectOf(object: Element, place: string, notes: Notes): VocObject[] {
  const name = textOf(object, 'name')
  const box = child(object, 'bndbox')
  const corners = ['xmin', 'ymin', 'xmax', 'ymax'].map((key) => numberOf(textOf(box, key)))
  if (name === undefined || name === '') notes.add(NO_NAME, place)
  else if (!corners.every(Number.isFinite)) notes.add(NO_BOX, `${place} (${name})`)
  else {
    if (['part', 'polygon', 'mask'].some((key) => child(object, key) !== undefined)) notes.add(EXTRAS, place)
    return [{ name, corners: corners as VocObject['corners'], more: moreOf(object) }]
  }
  return []
}

function moreOf(object: Element): Record<string, unknown> {
  const flags = ['difficult', 'truncated', 'occluded'].flatMap((key): [string, unknown][] => {
    const text = textOf(object, key)?.toLowerCase()
    return text === undefined || text === '' ? [] : [[key, text === '1' || text === 'true' ? 1 : 0]]
  })
  const pose = textOf(object, 'pose')
  return { ...Object.fromEntries(flags), ...(pose !== undefined && pose !== '' && { pose }) }
}

const numberOf = (text: string | undefined): number =>
  text === undefined || text === '' ? Number.NaN : Number(text)

function children(parent: Element | undefined, name: string): Element[] {
  const found: Element[] = []
  for (let node = parent?.firstChild ?? null; node !== null; node = node.nextSibling)
    if (node.nodeType === 1 && (node as Element).tagName === name) found.push(node as Element)
  return found
}

const child = (parent: Element | undefined, name: string): Element | undefined => children(parent, name)[0]

const textOf = (parent: Element | undefined, name: string): string | undefined =>
  child(parent, name)?.textContent?.trim()
