/** Memory over many requests: images of all formats, whole, cut and with flipped bits, raw and in forms, drawn or not. */
import sharp from 'sharp'
import { sfc32 } from '../../src/shared/random.js'
import { boundary, exchange, formBody, request } from './client.js'
import type { ServerProcess } from './server-process.js'

export interface SoakReport {
  requests: number
  seconds: number
  statuses: Record<string, number>
  /** Mean resident memory in each tenth of the requests, in MB: the server's own, and with its children. */
  tenths: { server: number; all: number }[]
}

/** Images of noise and colour in every format, two small ones and one of a megapixel each. */
async function images(): Promise<Buffer[]> {
  const random = sfc32(1, 'pictures')
  const all: Buffer[] = []
  for (const [width, height] of [
    [48, 32],
    [320, 240],
    [1200, 800],
  ]) {
    const pixels = Buffer.alloc(width * height * 3)
    for (let i = 0; i < pixels.length; i++)
      pixels[i] = (i % (width * 3)) / 6 + 40 * random() + Math.floor(i / (width * 90)) * 20
    const image = sharp(pixels, { raw: { width, height, channels: 3 } })
    all.push(
      await image.clone().jpeg().toBuffer(),
      await image.clone().jpeg({ progressive: true }).toBuffer(),
      await image.clone().png().toBuffer(),
      await image.clone().webp().toBuffer(),
      await image.clone().gif().toBuffer(),
      await image.clone().avif({ effort: 1 }).toBuffer(),
    )
  }
  return all
}

export async function soak(
  server: ServerProcess,
  { requests, concurrency }: { requests: number; concurrency: number },
  onProgress: (done: number, seconds: number) => void,
): Promise<SoakReport> {
  const wholes = await images()
  const random = sfc32(1, 'requests')
  const below = (n: number) => Math.floor(n * random())
  const mutated = (): Buffer => {
    // Small ones more often: a million pixels take long.
    const bytes = Buffer.from(wholes[Math.min(below(wholes.length), below(wholes.length))])
    const kind = below(4)
    if (kind === 0) return bytes.subarray(0, below(bytes.length))
    if (kind > 1)
      for (let flips = 1 + below(8); flips > 0; flips--) bytes[below(bytes.length)] ^= 1 << below(8)
    return bytes
  }
  const next = (): Buffer => {
    const kind = below(4)
    if (kind === 0)
      return request('/classify', `multipart/form-data; boundary=${boundary}`, formBody(mutated()))
    const path = ['/classify', '/detect', '/detect?draw=1'][kind - 1]
    return request(path, 'application/octet-stream', mutated())
  }

  const start = performance.now()
  const statuses: Record<string, number> = {}
  const samples: { at: number; server: number; all: number }[] = []
  const step = Math.max(1, Math.floor(requests / 500))
  let sent = 0
  let done = 0
  const client = async () => {
    while (sent < requests) {
      sent++
      const { status } = await exchange(server.port, next())
      statuses[status] = (statuses[status] ?? 0) + 1
      if (++done % step !== 0) continue
      const { server: own, children } = server.resident()
      samples.push({ at: done, server: own, all: own + children })
      if (samples.length % 25 === 0) onProgress(done, (performance.now() - start) / 1000)
    }
  }
  await Promise.all(Array.from({ length: concurrency }, client))

  const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length
  const tenths = Array.from({ length: 10 }, (_, tenth) => {
    const its = samples.filter(({ at }) => Math.min(9, Math.floor((10 * at) / requests)) === tenth)
    return { server: mean(its.map((each) => each.server)), all: mean(its.map((each) => each.all)) }
  })
  return { requests, seconds: (performance.now() - start) / 1000, statuses, tenths }
}
