import { join } from 'node:path'
import { Command, InvalidArgumentError, Option } from 'commander'
import { DownloadStopped } from '../../../datasets/fetch/download.js'
import { cifar10Archive, fetchCifar10, officialCifar10 } from '../../../datasets/fetch/fetch-cifar10.js'
import {
  type CocoPart,
  cocoFolder,
  cocoParts,
  type FetchedCoco,
  fetchCoco,
} from '../../../datasets/fetch/fetch-coco.js'
import { cifar10Folder, DatasetError, defaultDataDir } from '../../../datasets/index.js'
import { interruptible } from '../shared/interrupt.js'
import { type FetchProgress, fetchProgress } from './fetch-progress.js'

const help = `
CIFAR-10 (60,000 images of 32 × 32 in ten classes, 170 MB) comes from its authors' site and its checksum is
verified. With --from nothing is downloaded: a folder with the binary files, or with ${cifar10Archive}, is
verified by structure and sizes and copied.

COCO 2017 (objects of 80 classes, with boxes and masks) comes from its authors' site: the annotations and the
validation images (1 GB), with --part train or all also the training images (19 GB). Checksums are verified, and
images compared with their annotations. --from names a folder with the archives, or a mirror (http://…) with the
same paths.

Ctrl-C keeps what has arrived; the same command continues from there. Downloads go through the proxy that HTTPS_PROXY,
HTTP_PROXY or ALL_PROXY names, except for the hosts in NO_PROXY.

Examples:
  $ toolkit datasets fetch cifar10
  $ toolkit datasets fetch cifar10 --to /data
  $ toolkit datasets fetch cifar10 --from ~/Downloads
  $ toolkit datasets fetch coco
  $ toolkit datasets fetch coco --part all --to /data`

interface Flags {
  to: string
  from?: string
  url?: string
  part?: CocoPart
  json?: boolean
}

/** What is printed at the end: for programs, and for people. */
interface Outcome {
  result: object
  text: string
}

type Fetch = (flags: Flags, progress: FetchProgress, signal: AbortSignal) => Promise<Outcome>

const dataSets: Record<string, { title: string; stages: Parameters<typeof fetchProgress>[1]; fetch: Fetch }> =
  {
    cifar10: {
      title: 'CIFAR-10',
      stages: { unpack: 'Unpacking and verifying …', copy: 'Copying and verifying …' },
      async fetch({ to, from, url = officialCifar10.url, part }, { onProgress, onStage }, signal) {
        if (part !== undefined) throw new DatasetError('CIFAR-10 has no parts to choose; leave out --part.')
        const source = { ...officialCifar10, url }
        const fetched = await fetchCifar10({
          ...{ to, from, source, signal, onProgress, onStage: (stage) => onStage(stage) },
        })
        return { result: fetched, text: describeCifar10(fetched) }
      },
    },
    coco: {
      title: 'COCO',
      stages: {
        verify: 'verifying …',
        unpack: 'unpacking and verifying …',
        check: 'comparing the images with their annotations …',
      },
      async fetch({ to, from, url, part }, { onProgress, onStage }, signal) {
        if (url !== undefined)
          throw new DatasetError('--url is for CIFAR-10; name a mirror of COCO with --from http://….')
        const fetched = await fetchCoco({ to, from, part, signal, onProgress, onStage })
        return { result: fetched, text: describeCoco(fetched) }
      },
    },
  }

/** `toolkit datasets fetch cifar10 | coco` */
export function fetchCommand(): Command {
  return new Command('fetch')
    .description('download a data set')
    .argument('<name>', 'cifar10 or coco', (name: string) => {
      if (Object.hasOwn(dataSets, name)) return name
      throw new InvalidArgumentError(
        'Only "cifar10" and "coco" can be fetched; "embedded" is always there, folders are used in place.',
      )
    })
    .option('--to <folder>', `folder that will hold ${cifar10Folder}/ or ${cocoFolder}/`, defaultDataDir())
    .option('--from <path>', 'take it from this folder or archive instead of the network')
    .addOption(new Option('--part <part>', 'of COCO: which images (default: "val")').choices(cocoParts))
    .option(
      '--url <url>',
      'take the archive of CIFAR-10 from a mirror; its checksum must be the official one',
    )
    .option('--json', 'print the outcome as JSON')
    .addHelpText('after', help)
    .action(async (name: string, flags: Flags) => {
      const { title, stages, fetch } = dataSets[name]
      const progress = fetchProgress(title, stages, process.stderr)
      try {
        const { result, text } = await interruptible(
          (signal) => fetch(flags, progress, signal),
          () => {},
        )
        progress.end()
        console.log(flags.json ? JSON.stringify({ dataset: name, ...result }) : text)
      } catch (error) {
        progress.end()
        if (!(error instanceof DownloadStopped)) throw error
        console.error(error.message)
      }
    })
}

function describeCifar10({ folder, how }: Awaited<ReturnType<typeof fetchCifar10>>): string {
  const done = {
    present: `CIFAR-10 was already complete in ${folder}.`,
    downloaded: `CIFAR-10 is in ${folder}; its checksum is the official one.`,
    copied: `CIFAR-10 is in ${folder}; structure and sizes are correct, checksums were not compared.`,
  }[how]
  return `${done}\nTrain on it: toolkit train-backbone --data ${folder === join('.data', cifar10Folder) ? 'cifar10' : folder}`
}

function describeCoco({ folder, archives }: FetchedCoco): string {
  const words = {
    present: 'was there already',
    downloaded: 'downloaded, its checksum is the official one',
    copied: 'unpacked from the archive',
  }
  const lines = archives.map(({ folder: part, how }) => `${join(folder, part)}: ${words[how]}`)
  const images = archives.map((archive) => archive.folder).filter((part) => part !== 'annotations')
  const looks = images.map(
    (part) =>
      `Look at it: toolkit datasets inspect ${join(folder, 'annotations', `instances_${part}.json`)} ` +
      `--images ${join(folder, part)} --draw ${part}.png`,
  )
  return [...lines, ...looks].join('\n')
}
