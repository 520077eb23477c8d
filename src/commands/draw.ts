import { extname } from 'node:path'
import { Command } from '@commander-js/extra-typings'
import { PUBLISHED_CELLS } from '../../models/published-cells.js'
import { drawGenotype } from '../drawing/draw-cell.js'
import { json } from './shared/options.js'
import { requirePictureName, writePicture } from './shared/picture-file.js'
import { readCells } from './shared/read-genotype.js'

const help = `
Each cell is drawn above its inputs h(i−1) and h(i); edges point upwards. A block is two operations and the node that
combines them. The same cells always give the same drawing.

--json prints {"picture"}: the path of the file.

Examples:
  $ toolkit draw nasnet-a
  $ toolkit draw searches/mine/genotype.json --out cells.png`

/** `toolkit draw ARCHITECTURE --out cells.svg|png` */
export function drawCommand() {
  return new Command('draw')
    .argument('<architecture>', `${Object.keys(PUBLISHED_CELLS).join(', ')}, or a genotype.json`)
    .option('--out <file>', 'a .svg or .png file (default: the name of the architecture with .svg)')
    .addOption(json)
    .addHelpText('after', help)
    .action(async (architecture, { out = defaultName(architecture), json }) => {
      requirePictureName(out)
      await writePicture(out, drawGenotype(await readCells(architecture)))
      console.log(json ? JSON.stringify({ picture: out }) : `Wrote ${out}`)
    })
}

/** Beside the genotype's file; in the current folder for a name. */
function defaultName(architecture: string): string {
  const ending = extname(architecture)
  return `${ending === '.json' ? architecture.slice(0, -ending.length) : architecture}.svg`
}
