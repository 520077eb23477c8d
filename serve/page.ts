/** The page for browsers at `/`: send an image and look at the models' answers. */
import { readFileSync } from 'node:fs'

/** Everything comes from this server, and only the page's own script runs. */
export const pageHeaders = {
  'Content-Type': 'text/html; charset=utf-8',
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'Referrer-Policy': 'no-referrer',
}

export const page = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Try the models</title>
<link rel="icon" href="page/icon.svg">
<link rel="stylesheet" href="page/style.css">
<script type="module" src="page/script.js"></script>
<body>
<main>
  <h1>Try the models</h1>
  <div class="controls">
    <label>Model <select id="model"></select></label>
    <label id="threshold" hidden>Scores from <input id="score" type="range" min="0" max="1" step="0.01">
      <output id="score-value"></output></label>
  </div>
  <label class="drop" id="drop">
    <input id="file" type="file" accept="image/*">
    <span id="invitation">Drop a picture here, paste one, or click to choose</span>
    <span class="picture"><img id="picture" alt="The picture that was sent" hidden><span id="overlay"></span></span>
  </label>
  <p id="message" role="status"></p>
  <table id="answer"></table>
</main>
<noscript>This page needs JavaScript; the models also answer without it, see /models.</noscript>
</body>
</html>
`

const style = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { margin: 0; }
main { max-width: 60rem; margin: 0 auto; padding: 1.5rem; }
h1 { margin: 0 0 1rem; font-size: 1.4rem; }
.controls { display: flex; flex-wrap: wrap; gap: 1rem 2rem; margin-bottom: 1rem; }
select { font: inherit; max-width: 100%; }
input[type='range'] { vertical-align: middle; }
.drop { display: block; border: 2px dashed #8888; border-radius: 8px; padding: 1rem; text-align: center; cursor: pointer; }
.drop.over, .drop:focus-within { border-color: #e07a10; }
.drop input { position: absolute; width: 1px; height: 1px; opacity: 0; }
#invitation { display: block; padding: 4rem 0; }
.drop.full #invitation { display: none; }
.picture { position: relative; display: inline-block; vertical-align: top; line-height: 0; }
.picture img { max-width: 100%; max-height: 75vh; }
[hidden] { display: none; }
#overlay svg { position: absolute; inset: 0; width: 100%; height: 100%; }
#message { min-height: 1.5em; }
#message.wrong { color: light-dark(#b3261e, #ff8a80); }
table { border-collapse: collapse; }
td { padding: 0.15rem 1.5rem 0.15rem 0; font-variant-numeric: tabular-nums; }
meter { width: 16rem; max-width: 40vw; vertical-align: middle; }
`

const icon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect x="2" y="2" width="12" height="12" fill="none" stroke="#e07a10" stroke-width="3"/></svg>`

/**
 * The compiled modules that the page's script needs, by path: itself and what it imports. They lie at the same
 * relative paths as here, so that the browser resolves the imports. Source maps are not served, nor named.
 */
function scripts(path: string, url: URL): Record<string, { type: string; text: string }> {
  const text = readFileSync(url, 'utf8').replace(/^\/\/# sourceMappingURL=.*\n?/m, '')
  const found = { [path]: { type: 'js', text } }
  for (const [, specifier] of text.matchAll(/^import .* from '(\..*)'/gm))
    Object.assign(found, scripts(new URL(specifier, `http://page${path}`).pathname, new URL(specifier, url)))
  return found
}

/** The files of the page, by path. */
export const pageFiles: Record<string, { type: string; text: string }> = {
  '/page/style.css': { type: 'css', text: style },
  '/page/icon.svg': { type: 'svg', text: icon },
  ...scripts('/page/script.js', new URL('./page-script.js', import.meta.url)),
}
