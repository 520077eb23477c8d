/** Counts and names what is left out of a folder of images. */
import { grouped } from '../../src/shared/text.js'
import { type Entries, imageFormats } from './image-files.js'

/** Kinds of what is left out: one, and several. */
const kinds = {
  file: [`file that is not ${imageFormats}`, `files that are not ${imageFormats}`],
  'image beside class folders': ['image beside the class folders', 'images beside the class folders'],
  'class folder without images': ['class folder without images', 'class folders without images'],
  'folder beside the parts': ['folder beside train, val and test', 'folders beside train, val and test'],
  'folder beside the classes': ['folder that is no class', 'folders that are no classes'],
  system: ['hidden or system name', 'hidden or system names'],
  broken: ['broken link', 'broken links'],
  repeated: ['link to a folder that was read already', 'links to folders that were read already'],
  special: ['pipe, socket or device', 'pipes, sockets or devices'],
} satisfies Record<string, [string, string]>

type Kind = keyof typeof kinds

/** Names that are shown of each kind. */
const SHOWN = 3

/** For example `a, b, c, …`. */
export const listed = (names: readonly string[]): string =>
  `${names.slice(0, SHOWN).join(', ')}${names.length > SHOWN ? ', …' : ''}`

/** For example `1 image`, `2,000 images`. */
export const count = (number: number, one: string, several = `${one}s`): string =>
  `${grouped(number)} ${number === 1 ? one : several}`

export class LeftOut {
  private readonly names = new Map<Kind, string[]>()

  /** Adds names in `folder`. */
  add(kind: Kind, names: readonly string[], folder = ''): void {
    if (names.length === 0) return
    const before = this.names.get(kind) ?? []
    for (const name of names) before.push(folder === '' ? name : `${folder}/${name}`)
    this.names.set(kind, before)
  }

  addAll(entries: Pick<Entries, 'system' | 'broken' | 'special'>, folder = ''): void {
    for (const kind of ['system', 'broken', 'special'] as const) this.add(kind, entries[kind], folder)
  }

  /** All of it in a sentence; none when nothing is left out. */
  sentence(folder: string): string[] {
    const found = (Object.keys(kinds) as Kind[]).flatMap((kind) => {
      const names = this.names.get(kind)
      return names === undefined ? [] : [`${count(names.length, ...kinds[kind])} (${listed(names)})`]
    })
    return found.length === 0 ? [] : [`Left out of "${folder}": ${found.join('; ')}.`]
  }
}
