/**
 * Writes artwork.json.br, the drawings of the embedded data set, from the icon packages on npm. Only needed
 * after a change to classes.ts or artists.ts:
 *
 *     npm install --no-save <the packages named in artists.ts>
 *     npm run build && node dist/datasets/emoji/collect.js
 */
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { brotliCompressSync, constants } from 'node:zlib'
import { writeFileAtomically } from '../../src/shared/files.js'
import { type Artist, artists } from './artists.js'
import type { Drawing } from './artwork.js'
import { artworkFile } from './artwork.js'
import { type EmojiClass, emojiClasses } from './classes.js'

interface IconSet {
  icons: Record<string, { body: string; width?: number; height?: number; left?: number; top?: number }>
  aliases?: Record<string, { parent: string; [transform: string]: unknown }>
  width: number
  height: number
}

const require = createRequire(import.meta.url)

async function readJson<T>(artist: string, file: string): Promise<T> {
  return JSON.parse(await readFile(require.resolve(`@iconify-json/${artist}/${file}`), 'utf8')) as T
}

/** Code point in hexadecimal → the name that most packages give its emoji. */
const commonNames = await readJson<Record<string, string>>('noto', 'chars.json')

function namesOf(artist: Artist, group: EmojiClass): string[] {
  if (artist.id === 'fxemoji') return group.firefox.split(' ')
  return [...group.emoji].map((character) => {
    const name = commonNames[character.codePointAt(0)!.toString(16)]
    if (name === undefined) throw new Error(`No package names ${character} of class "${group.name}".`)
    return name
  })
}

async function collect(artist: Artist): Promise<Drawing[]> {
  const set = await readJson<IconSet>(artist.id, 'icons.json')
  return emojiClasses.flatMap((group, classId) =>
    namesOf(artist, group).flatMap((name) => {
      const alias = set.aliases?.[name]
      const icon = set.icons[alias?.parent ?? name]
      if (icon === undefined) {
        if (artist.id === 'fxemoji') throw new Error(`${artist.title} has no "${name}".`)
        return []
      }
      // A mirrored or turned copy of another drawing is not a drawing of its own.
      if (alias && Object.keys(alias).length > 1) return []
      const { left = 0, top = 0, width = set.width, height = set.height } = icon
      return {
        artist: artist.id,
        classId,
        name,
        viewBox: `${left} ${top} ${width} ${height}`,
        body: icon.body,
      }
    }),
  )
}

const drawings = (await Promise.all(artists.map(collect))).flat()
const json = Buffer.from(JSON.stringify(drawings))
await writeFileAtomically(
  artworkFile(),
  brotliCompressSync(json, {
    params: { [constants.BROTLI_PARAM_LGWIN]: 24, [constants.BROTLI_PARAM_SIZE_HINT]: json.length },
  }),
)
for (const artist of artists) {
  const mine = drawings.filter((drawing) => drawing.artist === artist.id)
  const counts = emojiClasses.map(
    (group, id) => `${group.name} ${mine.filter((d) => d.classId === id).length}`,
  )
  console.log(`${artist.title}: ${mine.length} drawings (${counts.join(', ')})`)
}
