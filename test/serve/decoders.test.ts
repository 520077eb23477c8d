/** The pool of decoder processes: two lanes, ends in the middle of a picture, and processes that die. */
import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { subscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import sharp from 'sharp'
import { decodeWork } from '../../serve/decode-work.js'
import { Decoder, DecoderEnded } from '../../serve/decoder.js'
import type { DecoderRequest } from '../../serve/decoder-process.js'
import { Decoders } from '../../serve/decoders.js'
import { ClientGone, type Problem } from '../../serve/problem.js'
import { progressiveJpeg } from '../helpers/serve/jpeg.js'
import { quadrantImage, quadrantPixels } from '../helpers/serve/support.js'

const options = { size: [16, 24] as [number, number], resize: 'cover' as const, maxPixels: 50_000_000 }
const never = () => new AbortController().signal

/** Every process that was started from here on, with the slow pictures that it was given. */
const processes: { child: ChildProcess; slow: number }[] = []
subscribe('child_process', (message) => {
  const { process: child } = message as { process: ChildProcess }
  const entry = { child, slow: 0 }
  processes.push(entry)
  // Node gives it its channel a moment after it tells of it.
  queueMicrotask(() => {
    const send = child.send.bind(child) as (...args: unknown[]) => boolean
    child.send = ((request: DecoderRequest, ...rest: unknown[]) => {
      if (request.kind === 'pixels' && request.maxWork === Number.POSITIVE_INFINITY) entry.slow++
      return send(request, ...rest)
    }) as ChildProcess['send']
  })
})

async function until<T>(find: () => T | undefined | false): Promise<T> {
  for (;;) {
    const found = find()
    if (found) return found
    await sleep(10)
  }
}

/** The process that has a slow picture in work; it would go on for minutes. */
const busyProcess = () => until(() => processes.find(({ child, slow }) => slow > 0 && isAlive(child))?.child)

function isAlive({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode === null && signalCode === null
}

describe('decodeWork', () => {
  it('counts the scans of a JPEG, and takes an AVIF for dear', async () => {
    const image = quadrantImage(240, 160)
    const [jpeg, progressive, avif] = await Promise.all([
      image.clone().jpeg().toBuffer(),
      image.clone().jpeg({ progressive: true }).toBuffer(),
      image.clone().avif().toBuffer(),
    ])
    assert.equal(decodeWork('JPEG', 1000, jpeg), 1000)
    assert.equal(decodeWork('JPEG', 1000, progressive), 1000)
    assert.equal(decodeWork('JPEG', 1000, progressiveJpeg(64, 500)), 50_000)
    assert.equal(decodeWork('AVIF', 1000, avif), 4000)
    assert.equal(decodeWork('PNG', 1000, Buffer.from('\xff\xda'.repeat(50), 'latin1')), 1000)
  })

  it('is of a JPEG that other decoders take for whole', async () => {
    const { data, info } = await sharp(progressiveJpeg(64, 500)).raw().toBuffer({ resolveWithObject: true })
    assert.deepEqual([info.width, info.height, new Set(data).size], [64, 64, 1])
  })
})

describe('decoder processes', () => {
  let decoders: Decoders
  let picture: Buffer
  /** Minutes of work, in half a megabyte. */
  const endless = progressiveJpeg(7000, 2600)
  const troubles: string[] = []
  before(async () => {
    decoders = await Decoders.start({ processes: 3, timeout: 600, onWarning: (text) => troubles.push(text) })
    picture = await quadrantImage(24, 16).png().toBuffer()
  })
  after(() => decoders.close())

  it('decode ordinary pictures while a slow one is in work, and end it when nobody waits for it', async () => {
    const left = new AbortController()
    const failed = assert.rejects(decoders.decode(endless, options, left.signal), ClientGone)
    const busy = await busyProcess()
    const { pixels, slow } = await decoders.decode(picture, options, never())
    assert.deepEqual(Buffer.from(pixels), quadrantPixels(24, 16))
    assert.equal(slow, false)
    const exit = once(busy, 'exit')
    left.abort(new ClientGone())
    await failed
    assert.deepEqual(await exit, [null, 'SIGKILL'])
    assert.deepEqual(troubles, [])
  })

  it('let a few slow pictures wait, and refuse more', async () => {
    const outcomes: unknown[] = []
    const leaving = Array.from({ length: 12 }, () => new AbortController())
    const slow = leaving.map(({ signal }) =>
      decoders.decode(endless, options, signal).catch((error) => {
        outcomes.push(error)
      }),
    )
    // One in work, eight waiting.
    await until(() => outcomes.length === 3)
    for (const problem of outcomes as Problem[]) {
      assert.equal(problem.status, 503)
      assert.match(problem.detail, /Too many large images/)
    }
    await decoders.decode(picture, options, never())
    for (const left of leaving) left.abort(new ClientGone())
    await Promise.all(slow)
    assert.ok(outcomes.slice(3).every((outcome) => outcome instanceof ClientGone))
  })

  it('give up a picture that takes too long', async () => {
    const hasty = await Decoders.start({ processes: 2, timeout: 0.2, onWarning: assert.fail })
    try {
      const late = hasty.decode(endless, options, never())
      await assert.rejects(late, { status: 413, detail: /longer than 0\.2 s to decode/ })
      assert.ok((await hasty.decode(picture, { ...options, maxPixels: 384 }, never())).pixels)
    } finally {
      await hasty.close()
    }
  })

  it('are started again when one dies, and its picture is decoded once more, but not a third time', async () => {
    const lost = decoders.decode(endless, options, never())
    const refused = assert.rejects(lost, { status: 422, detail: /two decoders ended \(SIGKILL\)/ })
    const first = await busyProcess()
    first.kill('SIGKILL')
    await until(() => troubles.length === 1)
    const second = await busyProcess()
    assert.notEqual(second.pid, first.pid)
    second.kill('SIGKILL')
    await refused
    const sentence = 'A decoder process ended while it decoded an image (SIGKILL).'
    assert.deepEqual(troubles, [sentence, sentence])
    await decoders.decode(picture, options, never())
  })

  it('that are killed are never given another picture, even where their last answer still arrives', async () => {
    const decoder = await Decoder.start()
    const answer = decoder.run({ kind: 'pixels', bytes: picture, options, maxWork: Number.POSITIVE_INFINITY })
    assert.ok(decoder.isAlive())
    decoder.kill()
    assert.ok(!decoder.isAlive())
    await answer.catch((error) => assert.ok(error instanceof DecoderEnded))
    await decoder.ended
  })

  it('are gone when the pool is closed, and whoever waits is told', async () => {
    const pool = await Decoders.start({ processes: 2, timeout: 600, onWarning: assert.fail })
    const waiting = [1, 2].map(() => assert.rejects(pool.decode(endless, options, never()), { status: 503 }))
    await busyProcess()
    await pool.close()
    await Promise.all(waiting)
    const alive = processes.filter(({ child }) => isAlive(child))
    await decoders.close()
    assert.ok(alive.every(({ child }) => !isAlive(child)))
  })
})
