/**
 * The toolkit's side of the benchmark, in a process of its own: the batches of a run over class folders, as training takes
 * them. Prints one line of JSON, as peer.py does. Arguments: the folder, side of the images, batch size, images, threads.
 */
import { performance } from 'node:perf_hooks'
import sharp from 'sharp'
import { openImageSources } from '../../datasets/index.js'
import { presets } from '../../src/train/classification/presets.js'
import { ImageStream } from '../../src/train/streaming/image-stream.js'
import type { DataReport } from './report.js'

const [folder, ...numbers] = process.argv.slice(2)
const [size, batchSize, images, workers] = numbers.map(Number)
const { 'imagenet-mobile': preset } = presets
const config = {
  ...preset,
  data: { ...preset.data, name: folder, imageSize: size },
  batchSize,
  accumulate: 1,
}

/** Time that all threads of the process spent computing, in seconds. */
function processorSeconds(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

const { train } = await openImageSources(folder)
const stream = new ImageStream(config, train, 0, { workers })
for (let warmup = 0; warmup < 2; warmup++) await stream.next()
const [begin, before] = [performance.now(), processorSeconds()]
let done = 0
for (; done < images; done += batchSize) await stream.next()
const report: DataReport = {
  images: done,
  seconds: (performance.now() - begin) / 1000,
  processorSeconds: processorSeconds() - before,
  // Node counts in kibibytes.
  peakMemoryBytes: process.resourceUsage().maxRSS * 1024,
  version: `sharp ${sharp.versions.sharp}, libvips ${sharp.versions.vips}`,
}
await stream.close()
console.log(JSON.stringify(report))
