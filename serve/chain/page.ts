/** The page of a chain at work, drawn anew for every request: it shows the same without JavaScript. */
import { createHash } from 'node:crypto'
import { type Html, html, raw } from '../../src/shared/html.js'
import { formatDuration } from '../../src/shared/text.js'
import type { ChainView, FigureView, StageState, StageView } from './view.js'

/** Seconds after which a browser without JavaScript loads the page again. */
const RELOAD_SECONDS = 5

const STATES: Record<StageState, string> = {
  waiting: 'waits',
  working: 'at work',
  done: 'done',
  stopped: 'stopped',
  failed: 'failed',
}

/** The whole page. */
export function chainPage(view: ChainView): string {
  return `<!doctype html>
${html`<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>From a search to a detector</title>
<link rel="stylesheet" href="chain/style.css">
<script type="module" src="chain/script.js"></script>
<noscript><meta http-equiv="refresh" content="${RELOAD_SECONDS}"></noscript>
</head>
<body>
<main id="chain">${chainContent(view)}</main>
</body>
</html>
`}`
}

/** What is inside the page's `main`: parts with an id each, of which the page's script exchanges those that changed. */
export function chainContent({ stages, served, summary }: ChainView): Html {
  return html`
<h1 id="title">From a search to a detector</h1>
<p id="summary" role="status">${summary}</p>
<p id="try">${served.size > 0 && html`<a href="./">Try the ${served.size > 1 ? 'models' : 'model'} on an image of your own</a>`}</p>
${stages.map(stageSection)}
`
}

function stageSection(stage: StageView, index: number): Html {
  const { name, title, purpose, state, done, text, figures } = stage
  return html`<section id="${name}" class="${state}" aria-labelledby="${name}-title">
<h2 id="${name}-title">${index + 1}. ${title} <span class="state">${STATES[state]}${timeLeft(stage)}</span></h2>
<p>${purpose}</p>
<progress aria-label="${title}" max="1" value="${done.toFixed(3)}">${Math.round(100 * done)} %</progress>
<p class="numbers">${text}</p>
<div class="figures">${figures.map((figure) => figureOf(name, figure))}</div>
</section>
`
}

const timeLeft = ({ state, secondsLeft }: StageView): Html | false =>
  (state === 'working' || state === 'waiting') &&
  html`, ${formatDuration(secondsLeft)} ${state === 'working' ? 'left' : 'long'}`

/** The address names the content, so that a browser loads an image again when it has changed. */
function figureOf(stage: string, { name, caption, type, body }: FigureView): Html {
  const version = createHash('sha256').update(body).digest('hex').slice(0, 12)
  return html`<figure><img src="chain/figures/${stage}/${name}.${type}?${version}" alt="${caption}"><figcaption>${caption}</figcaption></figure>`
}

export const chainStyle = String(
  raw(`
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { margin: 0; }
main { max-width: 72rem; margin: 0 auto; padding: 1rem; }
h1 { margin: 0 0 0.5rem; font-size: 1.4rem; }
h2 { margin: 0; font-size: 1.1rem; }
p { margin: 0.25rem 0; }
section { margin: 1rem 0; padding: 1rem; border: 1px solid #8886; border-left: 6px solid #8888; border-radius: 6px; }
section.working { border-left-color: #0072b2; }
section.done { border-left-color: #009e73; }
section.failed { border-left-color: #d55e00; }
.state { font-weight: normal; font-size: 0.95rem; }
progress { width: 100%; accent-color: #0072b2; }
.numbers { font-variant-numeric: tabular-nums; min-height: 1.5em; }
.figures { display: flex; flex-wrap: wrap; gap: 1rem; align-items: flex-end; }
figure { margin: 0; max-width: 100%; }
figure img { display: block; max-width: 100%; height: auto; max-height: 26rem; }
figcaption { font-size: 0.85rem; }
`),
)
