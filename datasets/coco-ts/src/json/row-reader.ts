import { COMMA, LINE, RETURN, SPACE, TAB } from './bytes.js'
import type { RowSource } from './handler.js'
import { PlainNumbers } from './plain-number.js'
import { learnLayout, type RowKeys, type RowLayout } from './row-layout.js'

/**
 * Reads the entries of a list that are all written in one way: it learns the text between their values, compares that, and
 * reads nothing but the values.
 */
export abstract class RowReader extends PlainNumbers implements RowSource {
  count = 0
  /** The numbers of the row that is read, by slots; those without a key stay as they are. */
  protected readonly values: Float64Array
  protected layout: RowLayout | undefined
  private end = 0
  private isClosed = false

  /** `required` must be among a row's keys, of which there are no others than `keys`. */
  constructor(
    private readonly keys: RowKeys,
    private readonly required: readonly string[],
  ) {
    super()
    const slots = Object.values(keys).map(({ slot, numbers }) => slot + numbers)
    this.values = new Float64Array(Math.max(...slots))
  }

  /** Reads no more from here on. */
  close(): void {
    this.isClosed = true
  }

  /** Keeps the row that was read, as number `count`; false if its values are not plain. */
  protected abstract keep(): boolean

  /** Reads a list of polygons, as a {@link learnLayout} wants it. */
  protected polygons(_bytes: Uint8Array, _start: number, _end: number): number {
    return -1
  }

  read(bytes: Buffer, start: number, end: number): number {
    if (this.isClosed) return start
    this.bytes = bytes
    this.end = end
    let done = start
    let pos = start
    for (;;) {
      let after = this.row(pos)
      if (after < 0 && this.learn(pos)) after = this.row(pos)
      if (after < 0 || !this.keep()) return done
      this.count++
      done = after
      pos = this.spaceAt(after)
      if (bytes[pos] !== COMMA) return done
      pos = this.spaceAt(pos + 1)
    }
  }

  /** Whether the entry at `start` has a layout that is new, with the keys in the order of the first. */
  private learn(start: number): boolean {
    const { bytes, end, layout: known } = this
    const layout = learnLayout(bytes, start, this.keys, (pos) => this.polygons(bytes, pos, end))
    if (layout === undefined) return false
    const isUsual = known
      ? known.keys.join() === layout.keys.join()
      : this.required.every((key) => layout.keys.includes(key))
    if (isUsual) this.layout = layout
    return isUsual
  }

  /** Reads the row at `start` into `values`. Returns the place after it; −1 for another layout. */
  private row(start: number): number {
    const { bytes, layout, values } = this
    if (layout === undefined) return -1
    const { text, ends, slots } = layout
    let pos = start
    let at = 0
    for (let part = 0; ; part++) {
      const until = ends[part]
      while (at < until) if (bytes[pos++] !== text[at++]) return -1
      if (part === slots.length) return pos
      const slot = slots[part]
      if (slot < 0) {
        pos = this.polygons(bytes, pos, this.end)
        if (pos < 0) return -1
        continue
      }
      this.pos = pos
      const value = this.number()
      if (Number.isNaN(value)) return -1
      values[slot] = value
      pos = this.pos
    }
  }

  private spaceAt(start: number): number {
    const { bytes } = this
    let pos = start
    while (bytes[pos] === SPACE || bytes[pos] === LINE || bytes[pos] === RETURN || bytes[pos] === TAB) pos++
    return pos
  }
}
