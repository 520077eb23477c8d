/** A thread that prepares images for training. */
import { parentPort, workerData } from 'node:worker_threads'
import sharp from 'sharp'
import { openPreparer } from './prepare-image.js'
import type { DecoderReply, DecoderRequest, DecoderSettings } from './protocol.js'

// Each image is decoded by one thread: many are decoded at a time. A cache of operations would hold images used once.
sharp.concurrency(1)
sharp.cache(false)

const port = parentPort!
const preparer = openPreparer(workerData as DecoderSettings)
let pending = 0
let closing = false

/** Ends the thread when nothing is pending: to end it while sharp decodes is not safe. */
function endIfDone(): void {
  if (!closing || pending > 0) return
  preparer.close()
  port.close()
}

port.on('message', async (request: DecoderRequest) => {
  if (request === null) {
    closing = true
    endIfDone()
    return
  }
  pending++
  const unreadable = await preparer.prepare(request)
  const reply: DecoderReply = { id: request.id, ...(unreadable !== null && { unreadable }) }
  port.postMessage(reply)
  pending--
  endIfDone()
})
