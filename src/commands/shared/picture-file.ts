import { extname } from 'node:path'
import sharp from 'sharp'
import { UserError } from '../../shared/errors.js'
import { writeFileAtomically } from '../../shared/files.js'

/** Pixels for each point of a drawing, so that a PNG is sharp on dense screens. */
const PNG_SCALE = 2

/** Throws a UserError for a name that {@link writePicture} does not know: better before the work than after it. */
export function requirePictureName(path: string): void {
  if (!['.svg', '.png'].includes(extname(path).toLowerCase()))
    throw new UserError(`${path} ends in neither .svg nor .png; choose one of them`)
}

/** Writes a drawing as SVG or as PNG, as the file's name says. */
export async function writePicture(path: string, svg: string): Promise<void> {
  const png = extname(path).toLowerCase() === '.png'
  const density = 72 * PNG_SCALE
  await writeFileAtomically(path, png ? await sharp(Buffer.from(svg), { density }).png().toBuffer() : svg)
}
