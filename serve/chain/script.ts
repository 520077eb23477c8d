/** Runs in the browser, on the page of page.ts: asks for the page's content again and again, and exchanges what changed. */

/** The part of the DOM that is used here; TypeScript's own DOM library would apply to every other file too. */
interface Element {
  id: string
  innerHTML: string
  outerHTML: string
  textContent: string
  children: Iterable<Element>
  replaceWith(other: Element): void
  append(other: Element): void
}
declare const document: {
  hidden: boolean
  getElementById(id: string): Element | null
  createElement(tag: string): Element
}

/** Milliseconds between two requests, and after one that failed. */
const INTERVAL = 1500
const AFTER_FAILURE = 5000

async function update(): Promise<void> {
  const response = await fetch('./chain/now')
  if (!response.ok) throw new Error(`The server answers ${response.status}`)
  const received = document.createElement('div')
  received.innerHTML = await response.text()
  // A list of its own: what is moved into the page leaves the one that is walked.
  for (const part of [...received.children]) {
    const shown = document.getElementById(part.id)
    if (shown === null) document.getElementById('chain')?.append(part)
    else if (shown.outerHTML !== part.outerHTML) shown.replaceWith(part)
  }
}

for (;;) {
  let wait = INTERVAL
  try {
    if (!document.hidden) await update()
  } catch (error) {
    wait = AFTER_FAILURE
    const summary = document.getElementById('summary')
    if (summary !== null) summary.textContent = `The server cannot be reached: ${(error as Error).message}`
  }
  await new Promise((resolve) => setTimeout(resolve, wait))
}

export {}
