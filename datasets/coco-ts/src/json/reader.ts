import { CLOSE, CLOSE_BRACE, COMMA, OPEN, OPEN_BRACE, QUOTE } from './bytes.js'
import { JsonSyntaxError, type RowSource } from './handler.js'
import { JsonScanner } from './scanner.js'
import { CUT } from './tokens.js'

type State =
  | 'start'
  | 'firstKey'
  | 'key'
  | 'topValue'
  | 'afterValue'
  | 'firstEntry'
  | 'entry'
  | 'afterEntry'
  | 'done'

/** Follows the top level of a file, and hands out the entries of its lists. */
export class JsonReader extends JsonScanner {
  /** Bytes before the buffer's beginning. */
  private before = 0
  private state: State = 'start'
  private topIsList = false
  private section: string | null = null
  private index = 0
  private rows: RowSource | undefined
  private final = false
  /** Bytes that must be there before another attempt: doubling keeps a very long entry from costing quadratic time. */
  private wanted = 0

  /** Free room of at least `size` bytes to read into; `written` says how many of them were filled. */
  room(size: number): Uint8Array {
    // One more than is asked for, to end the bytes in 0.
    if (this.buffer.length - this.end <= size) {
      const rest = this.end - this.pos
      const target = rest + size >= this.buffer.length ? Buffer.allocUnsafe((rest + size) * 2) : this.buffer
      this.buffer.copy(target, 0, this.pos, this.end)
      this.buffer = target
      this.before += this.pos
      this.pos = 0
      this.end = rest
    }
    return this.buffer.subarray(this.end, this.end + size)
  }

  written(size: number): void {
    this.end += size
    this.buffer[this.end] = 0
    if (this.end - this.pos >= this.wanted) this.run()
  }

  feed(chunk: Uint8Array): void {
    this.room(chunk.length).set(chunk)
    this.written(chunk.length)
  }

  /** Ends the input; throws if the text is not complete. */
  finish(): void {
    this.final = true
    this.run()
    if (this.before + this.end === 0) throw this.fault('the file is empty (0 bytes)', true)
    if (this.state !== 'done') throw this.fault('the text ends too early', true)
  }

  protected fault(message: string, cut = false): JsonSyntaxError {
    const inEntry = this.state === 'entry' || this.state === 'firstEntry' || this.state === 'afterEntry'
    const section = inEntry || this.state === 'topValue' ? this.section : undefined
    return new JsonSyntaxError(message, this.before + this.pos, cut, section, inEntry ? this.index : -1)
  }

  private run(): void {
    let from = this.pos
    try {
      for (;;) {
        this.depth = 0
        this.space()
        if (this.pos >= this.end) return
        from = this.pos
        this.wanted = 0
        this.step()
      }
    } catch (error) {
      if (error !== CUT) throw error
      if (this.final) throw this.fault('the text ends too early', true)
      this.pos = from
      this.wanted = 2 * (this.end - from)
    }
  }

  /** One token of the top level, or one whole entry. */
  private step(): void {
    const byte = this.buffer[this.pos]
    switch (this.state) {
      case 'start':
        if (byte === 0xef && this.before + this.pos === 0) {
          if (this.end < 3) throw CUT
          if (this.buffer[1] === 0xbb && this.buffer[2] === 0xbf) {
            this.pos = 3
            return
          }
        }
        if (byte !== OPEN && byte !== OPEN_BRACE) throw this.expected('"{" or "["')
        this.topIsList = byte === OPEN
        this.pos++
        if (this.topIsList) this.beginList(null)
        else this.state = 'firstKey'
        return
      case 'firstKey':
      case 'key':
        if (byte === CLOSE_BRACE && this.state === 'firstKey') {
          this.pos++
          this.state = 'done'
          return
        }
        if (byte !== QUOTE) throw this.expected('a key in quotes')
        this.section = this.key()
        this.state = 'topValue'
        return
      case 'topValue':
        if (byte === OPEN) {
          this.pos++
          this.beginList(this.section)
        } else {
          this.handler.value(this.section, this.value())
          this.state = 'afterValue'
        }
        return
      case 'firstEntry':
      case 'entry': {
        if (byte === CLOSE && this.state === 'firstEntry') {
          this.endList()
          return
        }
        if (this.rows && this.readRows(this.rows)) return
        const value = this.value()
        this.handler.entry(this.section, this.index, value)
        this.index++
        this.state = 'afterEntry'
        return
      }
      case 'afterEntry':
        if (byte === CLOSE) {
          this.endList()
          return
        }
        if (byte !== COMMA) throw this.expected('"," or "]"')
        this.pos++
        this.state = 'entry'
        return
      case 'afterValue':
        if (byte !== COMMA && byte !== CLOSE_BRACE) throw this.expected('"," or "}"')
        this.pos++
        this.state = byte === COMMA ? 'key' : 'done'
        return
      case 'done':
        throw this.expected('the end of the file')
    }
  }

  private readRows(rows: RowSource): boolean {
    const before = rows.count
    const after = rows.read(this.buffer, this.pos, this.end)
    if (after === this.pos) return false
    this.index += rows.count - before
    this.pos = after
    this.state = 'afterEntry'
    return true
  }

  private beginList(section: string | null): void {
    this.section = section
    this.index = 0
    this.handler.value(section, [])
    this.rows = this.handler.rows?.(section)
    this.state = 'firstEntry'
  }

  private endList(): void {
    this.pos++
    this.state = this.topIsList ? 'done' : 'afterValue'
  }
}
