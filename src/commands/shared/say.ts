/** What commands tell people: on stderr, so that stdout holds results alone. */

export function say(text: string): void {
  console.error(text)
}

export function sayAll(texts: Iterable<string>): void {
  for (const text of texts) say(text)
}
