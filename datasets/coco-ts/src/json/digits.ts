/**
 * The digits of whole numbers that are too large to be exact. A reader of JSON keeps them beside the object that they
 * are in, so that a message can show what the file says and not the rounded double.
 */
const noted = new WeakMap<object, Map<string, string>>()

export function noteDigits(entry: object, key: string, digits: string): void {
  const known = noted.get(entry)
  if (known) known.set(key, digits)
  else noted.set(entry, new Map([[key, digits]]))
}

/** The digits that the file has at `key` of the entry; undefined where the number is exact or came from no file. */
export const digitsOf = (entry: object, key: string): string | undefined => noted.get(entry)?.get(key)
