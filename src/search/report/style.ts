/** The look of a report's page. Its pictures bring their own colours. */
export const STYLE = `
:root { color-scheme: light dark; font-family: system-ui, Helvetica, Arial, sans-serif; --line: #8883; --soft: #666; --paper: #fff; }
body { margin: 2rem auto; max-width: 72rem; padding: 0 1rem; line-height: 1.45; }
h1 { font-size: 1.7rem; margin-bottom: 0.5rem; overflow-wrap: anywhere; }
h2 { margin: 2.2rem 0 0.6rem; border-bottom: 1px solid var(--line); padding-bottom: 0.2rem; }
.lead { margin: 0.3rem 0; }
.note { color: var(--soft); font-size: 0.9rem; max-width: 48rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; display: block; overflow-x: auto; margin: 1rem 0; font-size: 0.9rem; }
th, td { padding: 0.25rem 0.7rem; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap; }
th { font-weight: 600; vertical-align: bottom; }
th:first-child, td:first-child { padding-left: 0; }
.text { text-align: left; }
figure { margin: 0; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 27rem), 1fr)); gap: 1rem; align-items: start; }
.charts > * { min-width: 0; }
.chart { display: block; width: 100%; height: auto; max-width: 36rem; }
.cell { margin: 1rem 0; padding: 0.8rem; border: 1px solid var(--line); border-radius: 8px; }
.cell figcaption { margin-bottom: 0.4rem; }
.scroll { overflow-x: auto; }
.cells { display: block; height: auto; max-width: max(100%, 44rem); margin: 0 auto; }
pre { overflow-x: auto; font-size: 0.85rem; }
@media (prefers-color-scheme: dark) {
  :root { --soft: #a5a5a5; --paper: #16181b; }
  body { background: var(--paper); color: #e4e4e4; }
}
`
