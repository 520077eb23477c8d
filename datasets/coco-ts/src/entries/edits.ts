import type { CompletionKind } from '../common/completions.js'

/** Changes to an entry that is being read, and their descriptions. */
export class Edits {
  readonly made: { kind: CompletionKind; message: string }[] = []
  private values: Record<string, unknown> | undefined

  constructor(readonly entry: Record<string, unknown>) {}

  /** Whether the entry will be another. */
  get isChanged(): boolean {
    return this.values !== undefined
  }

  /** The value at `key` as it will be. */
  get(key: string): unknown {
    return this.values !== undefined && Object.hasOwn(this.values, key) ? this.values[key] : this.entry[key]
  }

  /** Changes a value; without `kind`, because it says the same in the usual form. */
  set(key: string, value: unknown, kind?: CompletionKind, message = ''): void {
    this.values ??= {}
    this.values[key] = value
    if (kind) this.made.push({ kind, message })
  }

  /** The entry with its changes: itself, or, where it is not the reader's `own`, a copy. */
  take(own: boolean): Record<string, unknown> {
    if (this.values === undefined) return this.entry
    return own ? Object.assign(this.entry, this.values) : { ...this.entry, ...this.values }
  }
}
