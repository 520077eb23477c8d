/** A chain beside a server: its models are served as soon as they are exported, and drawn with what they find. */
import { readdir, readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { FigureView } from '../../../serve/chain/view.js'
import type { RunningServer } from '../../../serve/index.js'
import type { Chain, ChainFailed } from '../../chain/chain.js'
import { scenesPath } from '../../chain/chain-folder.js'
import { STAGES } from '../../chain/plan.js'
import { say } from '../shared/say.js'
import type { ChainWatch } from './chain-watch.js'

/** Detections below it are not drawn. */
const MIN_SCORE = 0.4

export class ServedChain {
  readonly server: RunningServer
  readonly #chain: Chain
  readonly #watch: ChainWatch
  /** Models are added one after another. */
  #adding: Promise<void> = Promise.resolve()
  #closing: Promise<void> | undefined

  constructor(chain: Chain, watch: ChainWatch, server: RunningServer) {
    this.server = server
    this.#chain = chain
    this.#watch = watch
    chain.on('model', (path) => this.#add(path))
  }

  /** Serves and shows what an earlier start has left. */
  async begin(): Promise<void> {
    for (const name of STAGES) await this.#watch.read(name)
    for (const path of this.#chain.models()) this.#add(path)
    if (this.#chain.isDone) await this.#adding
  }

  /** Waits until the last models are served. */
  finish(): Promise<void> {
    return this.#adding
  }

  /** Shows that a person has stopped the chain. */
  stopped(): void {
    this.#watch.ended('stopped', 'Stopped; what has been trained is saved.')
  }

  /** Shows that a stage has failed; what is served stays. */
  failed({ stage, message }: ChainFailed): void {
    this.#watch.ended('failed', `The ${stage} failed: ${message}`)
  }

  close(): Promise<void> {
    this.#closing ??= this.#adding.then(() => this.server.close())
    return this.#closing
  }

  #add(path: string): void {
    this.#adding = this.#adding.then(async () => {
      if (this.#closing !== undefined) return
      try {
        await this.server.add(path)
        const isDetector = basename(path) === 'detector.onnx'
        this.#watch.serves(isDetector ? 'detection' : 'classification')
        if (isDetector) this.#watch.showPictures(await this.#draw())
      } catch (error) {
        // The models before it are still served, and the chain goes on.
        say(`${path} is not served: ${(error as Error).message}`)
      }
    })
  }

  /** What the served detector finds in some held-out scenes, as pictures. */
  async #draw(): Promise<FigureView[]> {
    const folder = scenesPath(this.#chain.folder.folder)
    const pictures: FigureView[] = []
    for (const file of (await readdir(folder)).filter((name) => name.endsWith('.jpg')).sort()) {
      const response = await fetch(`${this.server.url}/detect?draw=1&minScore=${MIN_SCORE}`, {
        method: 'POST',
        headers: { 'Content-Type': 'image/jpeg' },
        body: new Uint8Array(await readFile(join(folder, file))),
      })
      if (!response.ok) throw new Error(`the scene ${file} was answered with ${await response.text()}`)
      const name = `scene-${basename(file, '.jpg')}`
      const caption = `Held-out scene ${basename(file, '.jpg')}, with what the detector finds`
      pictures.push({ name, caption, type: 'png', body: new Uint8Array(await response.arrayBuffer()) })
    }
    return pictures
  }
}
