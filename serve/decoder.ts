/** One decoder process, seen from the server: requests as promises. */
import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { DecoderReply, DecoderRequest } from './decoder-process.js'

export type DecoderResult = Exclude<DecoderReply, { kind: 'ready' }>

/** A decoder process ended, by itself or by `kill`, before it answered. */
export class DecoderEnded extends Error {
  override name = 'DecoderEnded'
}

export class Decoder {
  /** Resolves when the process has ended, on request or not. */
  readonly ended: Promise<void>
  #waiter: { resolve(reply: DecoderReply): void; reject(error: Error): void } | undefined
  #end: DecoderEnded | undefined
  #killed = false

  private constructor(private readonly child: ChildProcess) {
    child.on('message', (reply: DecoderReply) => this.#take()?.resolve(reply))
    this.ended = new Promise((resolve) => {
      const end = (reason: string) => {
        this.#end ??= new DecoderEnded(reason)
        this.#take()?.reject(this.#end)
        resolve()
      }
      child.on('error', ({ message }) => end(message))
      child.on('exit', (code, signal) => end(signal ?? `exit code ${code}`))
    })
  }

  /** Starts a process and waits until it can decode. @throws DecoderEnded when it cannot be started */
  static async start(): Promise<Decoder> {
    const child = fork(fileURLToPath(new URL('./decoder-process.js', import.meta.url)), {
      // Images as bytes, not as JSON.
      serialization: 'advanced',
      // Flags such as --input-type are meant for the program that was started, not for this file.
      execArgv: [],
      // Keep what libvips prints about images out of the server's log.
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      // With fewer arenas, glibc's allocator keeps less freed memory.
      env: { MALLOC_ARENA_MAX: '2', ...process.env },
    })
    const decoder = new Decoder(child)
    await decoder.#reply()
    return decoder
  }

  /** Sends one request and waits for its reply; one at a time. @throws DecoderEnded */
  async run(request: DecoderRequest): Promise<DecoderResult> {
    const reply = this.#reply()
    // An error while sending also shows as the end of the process.
    this.child.send(request, () => {})
    return (await reply) as DecoderResult
  }

  /** False once the process has ended or is about to: an answer may still arrive from one that was just killed. */
  isAlive(): boolean {
    return !this.#killed && this.#end === undefined
  }

  /** Ends the process at once, also in the middle of an image. */
  kill(): void {
    this.#killed = true
    this.child.kill('SIGKILL')
  }

  #reply(): Promise<DecoderReply> {
    return new Promise((resolve, reject) => {
      if (this.#end !== undefined) reject(this.#end)
      else this.#waiter = { resolve, reject }
    })
  }

  #take() {
    const waiter = this.#waiter
    this.#waiter = undefined
    return waiter
  }
}
