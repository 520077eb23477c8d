/** Runs in the browser, on the page of page.ts: sends an image to the chosen model and shows the answer. */
import { boxesSvg, categoryColour } from '../src/shared/draw-boxes.js'
import type { Classification } from './classify.js'
import type { DetectionAnswer } from './detect.js'

/** The part of the DOM that is used here; TypeScript's own DOM library would apply to every other file too. */
interface Element {
  value: string
  textContent: string
  innerHTML: string
  src: string
  hidden: boolean
  files: Blob[]
  classList: { toggle(name: string, on: boolean): void }
  append(...children: (Element | string)[]): void
  replaceChildren(...children: Element[]): void
  addEventListener(type: string, listener: (event: InputEvent) => void): void
}
interface InputEvent {
  preventDefault(): void
  dataTransfer: { files: Blob[] }
  clipboardData: { files: Blob[] }
}
declare const document: Element & {
  getElementById(id: string): Element
  createElement(tag: string): Element
}

interface Model {
  name: string
  task: 'classification' | 'detection'
  path: string
}

const element = (id: string): Element => document.getElementById(id)
const [model, drop, file, picture, overlay] = ['model', 'drop', 'file', 'picture', 'overlay'].map(element)
const [threshold, score, scoreValue] = ['threshold', 'score', 'score-value'].map(element)
const [message, answer] = ['message', 'answer'].map(element)

/** Requests include boxes of low scores, so that the slider needs no request; but not all the noise. */
const lowestScore = 0.05
/** The server's own default. */
const usualScore = 0.3

let models: Model[] = []
let chosen: Blob | undefined
let found: DetectionAnswer | undefined
let latest = new AbortController()

function showMessage(text: string, wrong = false): void {
  message.textContent = text
  message.classList.toggle('wrong', wrong)
}

function row(...cells: (Element | string)[]): Element {
  const line = document.createElement('tr')
  for (const cell of cells) {
    const place = document.createElement('td')
    place.append(cell)
    line.append(place)
  }
  return line
}

function showClasses({ predictions, milliseconds }: Classification): void {
  showMessage(`Answered in ${Math.round(milliseconds.total)} ms`)
  answer.replaceChildren(
    ...predictions.map(({ label, score: probability }) => {
      const bar = document.createElement('meter')
      bar.value = String(probability)
      return row(label, bar, `${(100 * probability).toFixed(1)} %`)
    }),
  )
}

function showBoxes({ width, height, detections, milliseconds }: DetectionAnswer): void {
  const least = Number(score.value)
  scoreValue.textContent = least.toFixed(2)
  const shown = detections.filter((each) => each.score >= least)
  overlay.innerHTML = boxesSvg(
    { width, height },
    shown.map((each) => ({ ...each, colour: categoryColour(each.categoryId) })),
  )
  const count = shown.length === 1 ? '1 object' : `${shown.length} objects`
  showMessage(`${count}, answered in ${Math.round(milliseconds.total)} ms`)
  answer.replaceChildren(
    ...shown.map(({ label, score: certainty, bbox: [x, y, w, h] }) =>
      row(
        label,
        certainty.toFixed(3),
        `${Math.round(w)} × ${Math.round(h)} at ${Math.round(x)}, ${Math.round(y)}`,
      ),
    ),
  )
}

function clear(): void {
  found = undefined
  overlay.replaceChildren()
  answer.replaceChildren()
}

/** Sends the chosen image to the chosen model; an earlier request that is not answered yet is cancelled. */
async function ask(): Promise<void> {
  latest.abort()
  latest = new AbortController()
  const { signal } = latest
  const { name, task, path } = models[Number(model.value)]
  threshold.hidden = task !== 'detection'
  clear()
  if (chosen === undefined) return
  showMessage('Asking …')
  const query = new URLSearchParams({ model: name })
  if (task === 'detection') query.set('minScore', String(lowestScore))
  try {
    const headers = { 'Content-Type': 'application/octet-stream' }
    const response = await fetch(`.${path}?${query}`, { method: 'POST', body: chosen, headers, signal })
    const body = await response.json()
    if (!response.ok) showMessage((body as { detail: string }).detail, true)
    else if (task === 'classification') showClasses(body as Classification)
    else {
      found = body as DetectionAnswer
      showBoxes(found)
    }
  } catch (error) {
    if (!signal.aborted) showMessage(`The server cannot be reached: ${(error as Error).message}`, true)
  }
}

function choose(files: Blob[]): void {
  if (files.length === 0) return
  chosen = files[0]
  URL.revokeObjectURL(picture.src)
  picture.src = URL.createObjectURL(chosen)
  picture.hidden = false
  drop.classList.toggle('full', true)
  ask()
}

file.addEventListener('change', () => choose(file.files))
for (const type of ['dragover', 'dragleave', 'drop'])
  drop.addEventListener(type, (event) => {
    event.preventDefault()
    drop.classList.toggle('over', type === 'dragover')
    if (type === 'drop') choose(event.dataTransfer.files)
  })
document.addEventListener('paste', (event) => choose(event.clipboardData.files))
model.addEventListener('change', ask)
score.addEventListener('input', () => {
  scoreValue.textContent = Number(score.value).toFixed(2)
  if (found) showBoxes(found)
})
// An image that the browser cannot show, such as some kinds of AVIF, may still be read by the server.
picture.addEventListener('error', () => {
  picture.hidden = true
  drop.classList.toggle('full', false)
})

score.value = String(usualScore)
scoreValue.textContent = usualScore.toFixed(2)
models = ((await (await fetch('./models')).json()) as { models: Model[] }).models
model.replaceChildren(
  ...models.map(({ name, task }, index) => {
    const option = document.createElement('option')
    option.value = String(index)
    option.textContent = `${name} (${task === 'detection' ? 'finds objects' : 'names the picture'})`
    return option
  }),
)
await ask()
