/**
 * JSON from bytes that arrive in pieces, without ever holding the text: the entries of a top-level list, or of the
 * lists in a top-level object, are handed out one at a time. An entry is parsed when it has arrived whole; what was
 * read of a cut one is read again with the next piece.
 *
 * Beyond JSON, the numbers NaN, Infinity and -Infinity are read, because Python writes them: a check of the
 * values can then say where they are.
 */
export interface JsonHandler {
  /** One entry of a list. `section` is the list's key, null for a top-level list. */
  entry(section: string | null, index: number, value: unknown): void
  /** A top-level value that is not a list; and, at a list's beginning, `[]`. */
  value(section: string | null, value: unknown): void
  /** Called for a whole number that is too large to be exact, before its object is handed out. */
  largeNumber?(object: object, key: string, digits: string): void
  /** Reads the values of some keys in the handler's own way. */
  fields?: Readonly<Record<string, FieldReader>>
  /** What reads the entries of a list that begins, as far as it can; the others are handed to `entry`. */
  rows?(section: string | null): RowSource | undefined
}

/** Reads entries without making objects of them. */
export interface RowSource {
  /** How many entries have been read. */
  readonly count: number
  /**
   * Reads entries from `start` on, and the commas between them, as long as they are whole and in a form that it knows.
   * Returns the place after the last; `start` where there is none. The byte at `end` is 0.
   */
  read(bytes: Buffer, start: number, end: number): number
}

/**
 * Reads the value that begins at or after `start` (white space may come first) into `target`. Returns the place
 * after it, or NEED_MORE if `end` comes first, or NOT_MINE to leave it to the general parser.
 */
export type FieldReader = (bytes: Uint8Array, start: number, end: number, target: object) => number

export const NEED_MORE = -1
export const NOT_MINE = -2

/** Where and why a text is not JSON. `section` and `index` name the entry, if it lies in a list. */
export class JsonSyntaxError extends Error {
  override name = 'JsonSyntaxError'

  constructor(
    message: string,
    readonly offset: number,
    /** The text ended too early. */
    readonly cut: boolean,
    readonly section: string | null | undefined,
    readonly index: number,
  ) {
    super(message)
  }
}
