/** A page that shows an OpenAPI document to people. It needs no script, and nothing from elsewhere. */
import { type Html, html } from '../../src/shared/html.js'
import type { JsonSchema, OpenApiDocument, OperationObject } from './document.js'

export const docsStyle = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { margin: 0 auto; max-width: 60rem; padding: 1.5rem; }
h1 { font-size: 1.4rem; }
h2 { font-size: 1.2rem; margin-top: 2.5rem; }
summary { cursor: pointer; padding: 0.4rem 0; overflow-wrap: anywhere; }
details { border-bottom: 1px solid #8886; }
details > :not(summary) { margin-left: 1rem; }
.method { display: inline-block; min-width: 3.5rem; font-weight: 600; text-transform: uppercase; }
code, pre { font: 0.9rem/1.45 ui-monospace, monospace; }
pre { overflow-x: auto; padding: 0.75rem; border: 1px solid #8886; border-radius: 6px; }
table { border-collapse: collapse; }
th, td { text-align: left; vertical-align: top; padding: 0.2rem 1.2rem 0.2rem 0; }
`

/** @param style Address of the style sheet. */
export function docsPage({ info, paths }: OpenApiDocument, style: string): string {
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  )
  const tags = [...new Set(operations.flatMap(({ operation }) => operation.tags))]
  const sections = tags.map(
    (tag) => html`<section>
<h2>${tag}</h2>
${operations
  .filter(({ operation }) => operation.tags.includes(tag))
  .map(({ path, method, operation }) => operationHtml(path, method, operation))}</section>
`,
  )
  return html`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${info.title}</title>
<link rel="stylesheet" href="${style}">
<body>
<main>
<h1>${info.title} ${info.version}</h1>
<p>${info.description}</p>
<p>For programs: <a href="openapi.json">openapi.json</a></p>
${sections}</main>
</body>
</html>
`.toString()
}

function operationHtml(path: string, method: string, operation: OperationObject): Html {
  const { summary, description, parameters = [], requestBody, responses } = operation
  return html`<details>
<summary><span class="method">${method}</span> <code>${path}</code> – ${summary}</summary>
${description !== undefined && html`<p>${description}</p>\n`}${
  parameters.length > 0 &&
  html`<h3>Parameters</h3>
<table>
<tr><th>name</th><th>in</th><th>type</th><th>meaning</th></tr>
${parameters.map(
  (each) => html`<tr><td><code>${each.name}</code></td><td>${each.in}</td><td>${typeOf(each.schema)}</td>
<td>${each.description}</td></tr>
`,
)}</table>
`
}${requestBody !== undefined && html`<h3>Body</h3>\n${contentHtml(requestBody.content)}`}
<h3>Answers</h3>
${Object.entries(responses).map(
  ([status, answer]) => html`<p><strong>${status}</strong> ${answer.description}</p>
${answer.content !== undefined && contentHtml(answer.content)}`,
)}</details>
`
}

function contentHtml(content: Record<string, { schema: JsonSchema }>): Html[] {
  return Object.entries(content).map(
    ([type, { schema }]) => html`<p><code>${type}</code></p>
<pre tabindex="0">${JSON.stringify(schema, null, 2)}</pre>
`,
  )
}

/** A parameter's type in a few words: `integer, 1 to 12, default 5`. */
function typeOf({ type, minimum, maximum, enum: values, default: usual }: JsonSchema): string {
  const range = minimum !== undefined && maximum !== undefined ? `${minimum} to ${maximum}` : undefined
  const choice = Array.isArray(values) ? `one of ${values.join(', ')}` : undefined
  const preset = usual === undefined ? undefined : `default ${String(usual)}`
  return [choice ?? type, range, preset].filter((part) => part !== undefined).join(', ')
}
