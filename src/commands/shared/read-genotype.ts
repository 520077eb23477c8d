/** Architectures as commands take them: by the name of published cells, or as a file. */
import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { type Cell, type Genotype, parseAnyGenotype, parseGenotype } from '../../../models/genotype.js'
import { PUBLISHED_CELLS } from '../../../models/published-cells.js'
import { UserError } from '../../shared/errors.js'

/** What `--arch` names: published cells or a genotype in a file. Throws for an autoencoder's, which none can build on. */
export const readGenotype = (arch: string): Promise<Genotype> => read(arch, parseGenotype)

/** The same with the cells of an autoencoder, where it is one's. */
export const readCells = (arch: string): Promise<Genotype & { expansion?: Cell }> =>
  read(arch, parseAnyGenotype)

async function read<G>(arch: string, parse: (json: unknown, source: string) => G): Promise<G | Genotype> {
  if (Object.hasOwn(PUBLISHED_CELLS, arch)) return PUBLISHED_CELLS[arch]
  let text: string
  try {
    text = await readFile(arch, 'utf8')
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const names = Object.keys(PUBLISHED_CELLS).join(', ')
    const why = code === 'ENOENT' ? `it is neither a file that exists nor one of ${names}` : message
    throw new UserError(`Cannot read the architecture ${arch}: ${why}`)
  }
  try {
    return parse(JSON.parse(text), basename(arch))
  } catch (error) {
    if (error instanceof SyntaxError)
      throw new UserError(`${arch} is not JSON: ${withLine(error.message, text)}`)
    throw error
  }
}

/** Node.js 20 tells where JSON breaks as a position in the text, editors show lines. */
function withLine(message: string, text: string): string {
  const position = /at position (\d+)$/.exec(message)?.[1]
  if (position === undefined) return message
  return `${message}, in line ${text.slice(0, Number(position)).split('\n').length}`
}
