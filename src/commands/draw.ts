import { extname } from 'node:path'
import { Command } from 'commander'
import { drawGenotype } from '../drawing/draw-cell.js'
import { requirePictureName, writePicture } from './shared/picture-file.js'
import { readCells } from './shared/read-genotype.js'

const help = `
Each cell stands above its inputs h(i−1) and h(i); edges run upwards. A block is two operations and what combines
them. The same cells always give the same drawing.

Examples:
  $ toolkit draw nasnet-a
  $ toolkit draw searches/mine/genotype.json --out cells.png`

/** `toolkit draw ARCHITECTURE --out cells.svg|png` */
export function drawCommand(): Command {
  return new Command('draw')
    .description('draw the cells of a network as graphs')
    .argument('<architecture>', 'the name of a published network, such as nasnet-a, or a genotype.json')
    .option('--out <file>', 'a name that ends in .svg or .png; by default the architecture’s, with .svg')
    .addHelpText('after', help)
    .action(async (architecture: string, flags: { out?: string }) => {
      const out = flags.out ?? defaultName(architecture)
      requirePictureName(out)
      await writePicture(out, drawGenotype(await readCells(architecture)))
      console.log(`Wrote ${out}`)
    })
}

/** Beside the genotype's file; in the current folder for a name. */
function defaultName(architecture: string): string {
  const ending = extname(architecture)
  return `${ending === '.json' ? architecture.slice(0, -ending.length) : architecture}.svg`
}
