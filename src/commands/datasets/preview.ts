import { Command } from 'commander'
import { drawClassSheet, sheetParts } from '../../../datasets/class-sheet.js'
import { writeFileAtomically } from '../../shared/files.js'
import { wholeNumber } from './numbers.js'

const help = `
One row for each class; training images to the left, test images to the right. What is left out of a folder is named.

Examples:
  $ toolkit datasets preview embedded --out sheet.png
  $ toolkit datasets preview cifar10 --out cifar10.png --columns 20
  $ toolkit datasets preview photos --out photos.png      # photos/train/<class>/*.jpg`

interface Flags {
  out: string
  dataDir?: string
  columns: number
  seed: number
}

/** `toolkit datasets preview embedded --out A.png` */
export function previewCommand(): Command {
  return new Command('preview')
    .description('draw a sheet of a data set, one row for each class')
    .argument('<name>', 'embedded, cifar10, or a folder with train/<class>/*.jpg')
    .requiredOption('--out <png>', 'where to write the sheet')
    .option('--data-dir <folder>', 'where fetched data sets lie')
    .option('--columns <n>', 'training images in a row', wholeNumber(1, 100), 12)
    .option('--seed <n>', 'of the embedded data set', wholeNumber(-(2 ** 53) + 1, 2 ** 53 - 1), 0)
    .addHelpText('after', help)
    .action(async (name: string, { out, ...options }: Flags) => {
      const { parts, warnings } = await sheetParts(name, options)
      for (const warning of warnings) console.error(warning)
      const { png, rows } = await drawClassSheet(parts)
      await writeFileAtomically(out, png)
      const all = parts[0].set.classes.length
      console.log(`Drawn: ${out}${rows < all ? ` (the first ${rows} of ${all} classes)` : ''}`)
    })
}
