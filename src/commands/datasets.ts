import { join } from 'node:path'
import { Command, InvalidArgumentError } from 'commander'
import { drawClassSheet, sheetParts } from '../../datasets/class-sheet.js'
import { DownloadStopped } from '../../datasets/download.js'
import { cifar10Archive, fetchCifar10, officialCifar10 } from '../../datasets/fetch-cifar10.js'
import { cifar10Folder, defaultDataDir } from '../../datasets/index.js'
import { writeFileAtomically } from '../files.js'
import { inspectCommand } from './datasets-inspect.js'
import { scenesCommand } from './datasets-scenes.js'
import { fetchProgress } from './fetch-progress.js'
import { interruptible } from './interrupt.js'

const fetchHelp = `
CIFAR-10 (60,000 images of 32 × 32 in ten classes, 170 MB) comes from its authors' site and its checksum is
verified. Ctrl-C keeps what has come; the same command goes on from there. With --from nothing is downloaded:
a folder with the binary files, or with ${cifar10Archive}, is verified by structure and sizes and copied.

Examples:
  $ toolkit datasets fetch cifar10
  $ toolkit datasets fetch cifar10 --to /data
  $ toolkit datasets fetch cifar10 --from ~/Downloads
  $ toolkit train-backbone --data cifar10 --data-dir /data`

const previewHelp = `
One row for each class; training images to the left, test images to the right.

Examples:
  $ toolkit datasets preview embedded --out sheet.png
  $ toolkit datasets preview cifar10 --out cifar10.png --columns 20
  $ toolkit datasets preview photos --out photos.png      # photos/train/<class>/*.jpg`

interface FetchFlags {
  to: string
  from?: string
  url?: string
  json?: boolean
}

interface PreviewFlags {
  out: string
  dataDir?: string
  columns: number
  seed: number
}

/** `toolkit datasets fetch | preview | inspect | scenes` */
export function datasetsCommand(): Command {
  return new Command('datasets')
    .description('fetch, look at and check data sets')
    .addCommand(fetchCommand())
    .addCommand(previewCommand())
    .addCommand(inspectCommand())
    .addCommand(scenesCommand())
}

function fetchCommand(): Command {
  return new Command('fetch')
    .description('bring a data set to this machine')
    .argument('<name>', 'cifar10', (name: string) => {
      if (name === 'cifar10') return name
      throw new InvalidArgumentError(
        'Only "cifar10" can be fetched; "embedded" is always there, folders are used in place.',
      )
    })
    .option('--to <folder>', `folder that will hold ${cifar10Folder}/`, defaultDataDir())
    .option('--from <path>', 'take it from this folder or archive instead of the network')
    .option('--url <url>', 'take the archive from a mirror; it must be the official one all the same')
    .option('--json', 'print the outcome as JSON')
    .addHelpText('after', fetchHelp)
    .action(async (_: string, { to, from, url = officialCifar10.url, json }: FetchFlags) => {
      const progress = fetchProgress('CIFAR-10', cifar10Texts, process.stderr)
      try {
        const fetched = await interruptible(
          (signal) => fetchCifar10({ to, from, source: { ...officialCifar10, url }, signal, ...progress }),
          () => {},
        )
        progress.end()
        if (json) console.log(JSON.stringify({ dataset: 'cifar10', ...fetched }))
        else console.log(outcome(fetched))
      } catch (error) {
        progress.end()
        if (!(error instanceof DownloadStopped)) throw error
        console.error(error.message)
      }
    })
}

const cifar10Texts = { unpack: 'Unpacking and verifying …', copy: 'Copying and verifying …' }

function outcome({ folder, how }: Awaited<ReturnType<typeof fetchCifar10>>): string {
  const done = {
    present: `CIFAR-10 was already whole in ${folder}.`,
    downloaded: `CIFAR-10 is in ${folder}; its checksum is the official one.`,
    copied: `CIFAR-10 is in ${folder}; structure and sizes are right, checksums were not compared.`,
  }[how]
  return `${done}\nTrain on it: toolkit train-backbone --data ${folder === join('.data', cifar10Folder) ? 'cifar10' : folder}`
}

function wholeNumber(text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1 || value > 100)
    throw new InvalidArgumentError('Give a whole number from 1 to 100.')
  return value
}

function seedNumber(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value)) throw new InvalidArgumentError('Give a whole number.')
  return value
}

function previewCommand(): Command {
  return new Command('preview')
    .description('draw a sheet of a data set, one row for each class')
    .argument('<name>', 'embedded, cifar10, or a folder with train/<class>/*.jpg')
    .requiredOption('--out <png>', 'where to write the sheet')
    .option('--data-dir <folder>', 'where fetched data sets lie')
    .option('--columns <n>', 'training images in a row', wholeNumber, 12)
    .option('--seed <n>', 'of the embedded data set', seedNumber, 0)
    .addHelpText('after', previewHelp)
    .action(async (name: string, { out, ...options }: PreviewFlags) => {
      const { parts, warnings } = await sheetParts(name, options)
      for (const warning of warnings) console.error(warning)
      const { png, rows } = await drawClassSheet(parts)
      await writeFileAtomically(out, png)
      const all = parts[0].set.classes.length
      console.log(`Drawn: ${out}${rows < all ? ` (the first ${rows} of ${all} classes)` : ''}`)
    })
}
