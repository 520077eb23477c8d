import { join } from 'node:path'
import { Command, Option } from '@commander-js/extra-typings'
import { cifar10Archive, fetchCifar10, officialCifar10 } from '../../../datasets/fetch/fetch-cifar10.js'
import { cocoFolder, cocoParts, type FetchedCoco, fetchCoco } from '../../../datasets/fetch/fetch-coco.js'
import { cifar10Folder, DatasetError, defaultDataDir } from '../../../datasets/index.js'
import { type FetchProgress, type FetchStage, fetchAndPrint } from '../shared/fetch-progress.js'
import { type FlagsOf, WrongValue } from '../shared/flags.js'
import { json } from '../shared/options.js'

const help = `
CIFAR-10 (60,000 images of 32 × 32 pixels in ten classes, 170 MB) is downloaded from its authors' site and its
checksum is verified. With --from nothing is downloaded: a folder with the binary files, or with
${cifar10Archive}, is verified by structure and sizes and copied.

COCO 2017 (objects of 80 classes, with boxes and masks) is downloaded from its authors' site: the annotations and the
validation images (1 GB), with --part train or all also the training images (19 GB). Checksums are verified, and
images compared with their annotations. --from names a folder with the archives, or a mirror (http://…) with the
same paths.

Ctrl-C keeps what was downloaded; run the same command again to continue. Downloads use the proxy in HTTPS_PROXY,
HTTP_PROXY or ALL_PROXY, except for the hosts in NO_PROXY.

--json prints {"dataset", "folder", "how"} for CIFAR-10 and {"dataset", "folder", "archives": [{"folder", "how"}]} for
COCO; "how" is downloaded, copied, or present if nothing had to be done.

Examples:
  $ toolkit datasets fetch cifar10
  $ toolkit datasets fetch cifar10 --to /data
  $ toolkit datasets fetch cifar10 --from ~/Downloads
  $ toolkit datasets fetch coco
  $ toolkit datasets fetch coco --part all --to /data`

/** What is printed at the end: for programs, and for people. */
interface Outcome {
  result: object
  text: string
}

type Fetch = (
  flags: FlagsOf<typeof fetchFlags>,
  progress: FetchProgress,
  signal: AbortSignal,
) => Promise<Outcome>

const dataSets: Record<string, { title: string; stages: Partial<Record<FetchStage, string>>; fetch: Fetch }> =
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

/** The command with its flags. */
const fetchFlags = () =>
  new Command('fetch')
    .description('download a data set, or copy it from a folder')
    .argument('<name>', 'cifar10 or coco', (name: string) => {
      if (Object.hasOwn(dataSets, name)) return name
      throw new WrongValue(
        'cifar10 or coco: the embedded data set is part of the toolkit, and folders of images are used in place',
      )
    })
    .option(
      '--to <folder>',
      `folder that will hold ${cifar10Folder}/ or ${cocoFolder}/ (environment: TOOLKIT_DATA)`,
      defaultDataDir(),
    )
    .option('--from <path>', 'take it from this folder or archive instead of the network')
    .addOption(new Option('--part <part>', 'images of COCO (default: "val")').choices(cocoParts))
    .option('--url <url>', 'mirror to download CIFAR-10 from; its archive must equal the official one')
    .addOption(json)

/** `toolkit datasets fetch cifar10 | coco` */
export function fetchCommand() {
  return fetchFlags()
    .addHelpText('after', help)
    .action(async (name, flags) => {
      const { title, stages, fetch } = dataSets[name]
      await fetchAndPrint(title, stages, async (progress, signal) => {
        const { result, text } = await fetch(flags, progress, signal)
        return flags.json ? JSON.stringify({ dataset: name, ...result }) : text
      })
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
