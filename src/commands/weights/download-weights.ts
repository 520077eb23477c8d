import { join } from 'node:path'
import { Command } from '@commander-js/extra-typings'
import { defaultDataDir } from '../../../datasets/index.js'
import { grouped } from '../../shared/text.js'
import { type FetchedWeights, fetchWeights } from '../../weights/download/fetch-weights.js'
import {
  type PublishedName,
  type PublishedWeights,
  publishedNames,
  publishedWeights,
} from '../../weights/published.js'
import { fetchAndPrint } from '../shared/fetch-progress.js'
import { WrongValue } from '../shared/flags.js'
import { json } from '../shared/options.js'

const titles = publishedNames.map((name) => `  ${name.padEnd(22)}${publishedWeights[name].title}`)

const help = `
Weights:
${titles.join('\n')}

They are TensorFlow checkpoints, downloaded from Google's storage: hundreds of megabytes each. Their authors publish no
checksums. So the download must have the size and the MD5 that the server states, the checkpoint must have the variables
of its network, and each tensor the checksum of the checkpoint's index. The archive's SHA-256 is noted beside the folder
at the first download; later downloads must have the same.

With --from nothing is downloaded: an archive that you have fetched elsewhere is verified and unpacked.

Ctrl-C keeps what was downloaded; run the same command again to continue. Downloads use the proxy in HTTPS_PROXY,
HTTP_PROXY or ALL_PROXY, except for the hosts in NO_PROXY.

--json prints {"weights", "folder", "checkpoint", "how", "tensors", "sha256"}; "how" is downloaded, unpacked, or present
if nothing had to be done; "sha256" is the archive's, where it is known.

Examples:
  $ toolkit download-weights nasnet-a-mobile
  $ toolkit download-weights nasnet-a-large --to /data/weights
  $ toolkit download-weights faster-rcnn-nas-coco --from ~/Downloads/faster_rcnn_nas_coco_2018_01_28.tar.gz`

/** `toolkit download-weights NAME` */
export function downloadWeightsCommand() {
  return new Command('download-weights')
    .argument('<name>', publishedNames.join(', '), (name: string) => {
      if (publishedNames.includes(name as PublishedName)) return name as PublishedName
      throw new WrongValue(`one of ${publishedNames.join(', ')}`)
    })
    .option('--to <folder>', 'folder that will hold a folder of this name', join(defaultDataDir(), 'weights'))
    .option('--from <path>', 'take the archive, or the folder that holds it, instead of the network')
    .option('--url <url>', 'mirror to download the archive from')
    .addOption(json)
    .addHelpText('after', help)
    .action((name, { to, from, url, json }) =>
      fetchAndPrint(name, { unpack: 'Unpacking and verifying …' }, async (progress, signal) => {
        const fetched = await fetchWeights({ name, to, from, url, signal, ...progress })
        return json ? JSON.stringify({ weights: name, ...fetched }) : describeWeights(name, fetched)
      }),
    )
}

function describeWeights(name: PublishedName, { folder, how, tensors, sha256 }: FetchedWeights): string {
  const verb = how === 'present' ? 'were already complete' : 'are'
  const { arch }: PublishedWeights = publishedWeights[name]
  return [
    `The weights ${verb} in ${folder}: ${grouped(tensors)} tensors, each with the checksum that its index states.`,
    ...(sha256 === undefined ? [] : [`The archive's SHA-256 is ${sha256}.`]),
    `Make a run of them: toolkit import-weights ${folder} --arch ${arch} --out runs/${name}`,
  ].join('\n')
}
