/** Many names in two arrays: a million of them as separate strings would need several times as much memory. */
export interface PackedNames {
  /** UTF-8, one name behind the other. */
  text: Uint8Array
  /** Where each name ends in `text`. */
  ends: Uint32Array
}

/** @throws RangeError when the names have 4 GiB or more */
export function packNames(names: readonly string[]): PackedNames {
  const text = Buffer.from(names.join(''), 'utf8')
  const ends = new Uint32Array(names.length)
  let end = 0
  for (const [i, name] of names.entries()) {
    end += Buffer.byteLength(name)
    ends[i] = end
  }
  return { text, ends }
}

export function nameAt({ text, ends }: PackedNames, index: number): string {
  return Buffer.from(text.buffer, text.byteOffset, text.byteLength).toString(
    'utf8',
    index === 0 ? 0 : ends[index - 1],
    ends[index],
  )
}
