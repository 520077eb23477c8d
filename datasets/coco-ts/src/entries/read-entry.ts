/**
 * Reads an image, a category or an annotation as files of many tools have them. Required fields (ids, sizes, a box)
 * must be there, or the entry has a fault. Optional ones (a mask, keypoints, an area, a name) are ignored where they
 * cannot be used, and computed where they follow from the rest.
 */

import type { Category, CocoImage } from '../common/types.js'
import { numberInText, show } from '../common/values.js'
import type { Edits } from './edits.js'
import { idFaultOf, readId } from './ids.js'
import { readArea, readBox, readCrowd, readKeypoints, readMask } from './read-fields.js'
import { duplicate, type Fault, imageSizeFault, isCaption, missing } from './validate.js'

/** What entries may refer to. */
export interface References {
  imgs: ReadonlyMap<number, CocoImage>
  cats: ReadonlyMap<number, Category>
  /** Ids of images and categories that are in the file, but cannot be used. */
  refused: { images: ReadonlySet<number>; categories: ReadonlySet<number> }
}

/** Ids of a section: those read so far, and those that several different entries have. */
export interface SectionIds {
  seen: ReadonlyMap<number, unknown>
  ambiguous: ReadonlyMap<number, string>
}

export function readImage(edits: Edits, ids: SectionIds): Fault {
  const fault = readOwnId(edits, ids)
  if (fault) return fault
  for (const key of ['height', 'width']) readTextNumber(edits, key)
  return imageSizeFault(edits.get('height'), edits.get('width'))
}

/** A category is called by its id where it has no name, or none that is a text. */
export function readCategory(edits: Edits, ids: SectionIds): Fault {
  const fault = readOwnId(edits, ids)
  if (fault) return fault
  const { name } = edits.entry
  if (typeof name === 'string' && name.trim() !== '') return undefined
  const text =
    typeof name === 'number' || typeof name === 'boolean' ? String(name) : `category ${edits.get('id')}`
  const given = name === undefined ? 'it has no name' : `its name is ${show(name)}`
  edits.set('name', text, 'category-name', `${given}, so it is called ${show(text)}`)
  return undefined
}

/** An annotation of an object, or a caption. `freeId` gives it an id where it has none. */
export function readAnnotation(
  edits: Edits,
  seen: ReadonlyMap<number, unknown>,
  known: References,
  freeId: () => number,
): Fault {
  const { entry } = edits
  const id = readId(entry.id)
  if (id === undefined) {
    const fresh = freeId()
    const given = entry.id === undefined ? 'it has no id' : idFaultOf(entry, 'id')
    edits.set('id', fresh, 'new-id', `${given}; it was given the id ${fresh}`)
  } else {
    if (seen.has(id)) return duplicate(id)
    if (id !== entry.id) noteTextId(edits, 'id', id)
  }
  const caption = isCaption(entry)
  const fault = readReferences(edits, known, !caption)
  if (fault) return fault
  if (caption) {
    // Code that reads boxes need not handle null.
    if (entry.bbox === null) edits.set('bbox', undefined)
    return undefined
  }
  const image = known.imgs.get(edits.get('image_id') as number)!
  const masked = readMask(edits, image)
  const wrong = readBox(edits, masked ? image : undefined) ?? readCrowd(edits)
  if (wrong) return wrong
  readKeypoints(edits)
  readArea(edits, masked ? image : undefined)
  return undefined
}

/** The ids that an annotation or a result refers to. */
export function readReferences(edits: Edits, known: References, withCategory: boolean): Fault {
  const fault = readReference(edits, 'image_id', known.imgs, known.refused.images)
  if (fault || !withCategory) return fault
  return readReference(edits, 'category_id', known.cats, known.refused.categories)
}

function readReference(
  edits: Edits,
  key: 'image_id' | 'category_id',
  known: ReadonlyMap<number, unknown>,
  refused: ReadonlySet<number>,
): Fault {
  const value = edits.entry[key]
  if (value === undefined) return missing(key)
  const id = readId(value)
  if (id !== undefined && known.has(id)) {
    if (id !== value) noteTextId(edits, key, id)
    return undefined
  }
  const [kind, what] =
    key === 'image_id'
      ? (['unknown-image', 'an image'] as const)
      : (['unknown-category', 'a category'] as const)
  if (id !== undefined && refused.has(id))
    return { kind, message: `${key} ${show(value)} is the id of ${what} that cannot be used` }
  const isNumeral = typeof value === 'number' || numberInText(value) !== undefined
  if (id === undefined && isNumeral) return { kind, message: idFaultOf(edits.entry, key) }
  return { kind, message: `${key} ${show(value)} is not the id of ${what}` }
}

function readOwnId(edits: Edits, { seen, ambiguous }: SectionIds): Fault {
  const { entry } = edits
  if (entry.id === undefined) return missing('id')
  const id = readId(entry.id)
  if (id === undefined) return { kind: 'bad-id', message: idFaultOf(entry, 'id') }
  const ways = ambiguous.get(id)
  if (ways !== undefined) {
    const message = `id is ${show(entry.id)}, but several entries have this id: ${ways}. Give each an id of its own`
    return { kind: 'ambiguous-id', message }
  }
  if (seen.has(id)) return duplicate(id)
  if (id !== entry.id) noteTextId(edits, 'id', id)
  return undefined
}

function noteTextId(edits: Edits, key: string, id: number): void {
  edits.set(key, id, 'text-id', `${key} ${show(edits.entry[key])} was read as ${id}`)
}

/** A number that is written as text becomes one. */
export function readTextNumber(edits: Edits, key: string): void {
  const value = edits.entry[key]
  const number = numberInText(value)
  if (number !== undefined)
    edits.set(key, number, 'text-number', `${key} ${show(value)} was read as ${number}`)
}
