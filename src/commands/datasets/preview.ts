import { Command } from '@commander-js/extra-typings'
import { drawClassSheet, sheetParts } from '../../../datasets/class-sheet.js'
import { writeFileAtomically } from '../../shared/files.js'
import { liveLine } from '../../shared/live-line.js'
import { wholeNumber } from '../shared/flags.js'
import { openingProgress } from '../shared/opening-progress.js'
import { dataDir, IMAGES, json } from '../shared/options.js'
import { sayAll } from '../shared/say.js'

const help = `
One row for each class: training images on the left, those of the other parts on the right. Files that cannot be used
are listed on stderr.

--json prints {"picture", "classes", "drawn", "warnings"}: the path of the sheet, how many classes there are and how
many of them are drawn, and what is listed on stderr.

Examples:
  $ toolkit datasets preview embedded --out sheet.png
  $ toolkit datasets preview cifar10 --out cifar10.png --columns 20
  $ toolkit datasets preview photos --out photos.png      # photos/train/<class>/*.jpg
  $ toolkit datasets preview 'shards/train-{0000..0146}.tar' --out shards.png`

/** `toolkit datasets preview embedded --out A.png` */
export function previewCommand() {
  return new Command('preview')
    .description('draw a contact sheet of a data set, one row for each class')
    .argument('<name>', IMAGES)
    .requiredOption('--out <png>', 'file of the sheet')
    .addOption(dataDir)
    .option('--columns <n>', 'training images in a row, 1 to 100', wholeNumber(1, 100), 12)
    .option('--seed <n>', 'seed of the embedded data set', wholeNumber(Number.MIN_SAFE_INTEGER), 0)
    .addOption(json)
    .addHelpText('after', help)
    .action(async (name, { out, json, ...options }) => {
      const line = liveLine(process.stderr)
      const onProgress = openingProgress(line)
      const { parts, warnings } = await sheetParts(name, { ...options, onProgress }).finally(line.end)
      sayAll(warnings)
      const { png, rows: drawn } = await drawClassSheet(parts)
      await writeFileAtomically(out, png)
      const classes = parts[0].set.classes.length
      if (json) console.log(JSON.stringify({ picture: out, classes, drawn, warnings }))
      else console.log(`Drawn: ${out}${drawn < classes ? ` (the first ${drawn} of ${classes} classes)` : ''}`)
    })
}
