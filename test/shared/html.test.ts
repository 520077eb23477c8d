import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import sharp from 'sharp'
import { attributes, html, raw } from '../../src/shared/html.js'

const shown = (value: unknown): string => String(value)

test('text and numbers are escaped in content and in attributes', () => {
  const odd = `<b>&"odd"'s`
  assert.equal(
    shown(html`<p title="${odd}" data-n='${3}'>${odd}</p>`),
    `<p title="&lt;b&gt;&amp;&quot;odd&quot;&#39;s" data-n='3'>&lt;b&gt;&amp;&quot;odd&quot;&#39;s</p>`,
  )
  assert.equal(shown(html`${0} ${-1.5} ${Number.NaN}`), '0 -1.5 NaN')
})

test('markup is inserted as it is, also in lists; nothing leaves nothing', () => {
  const items = ['a', '<b>'].map((text) => html`<li>${text}</li>`)
  assert.equal(
    shown(html`<ul>${items}${null}${undefined}${false}</ul>`),
    '<ul><li>a</li><li>&lt;b&gt;</li></ul>',
  )
  assert.equal(shown(html`${[['<', html`<br>`], [raw('&nbsp;')]]}`), '&lt;<br>&nbsp;')
  assert.equal(shown(html``), '')
})

test('an object that only looks like markup is not taken for it', () => {
  const forged = JSON.parse('{"markup": "<script>"}')
  assert.throws(() => html`${forged}`)
})

test('attributes are escaped and rounded, and those without a value left out', () => {
  assert.equal(
    shown(
      html`<rect${attributes({ x: 1 / 3, y: -0.001, class: 'a"b', rx: undefined, ry: null, fill: false })}/>`,
    ),
    '<rect x="0.33" y="0" class="a&quot;b"/>',
  )
})

test('whatever a name holds, an SVG with it can be read', async () => {
  const unit = fc.constantFrom(
    ...'<>&"\'a ]\\',
    '\u0000',
    '\u001b',
    '\ud83d',
    '\ude00',
    '\ufffe',
    '\u0085',
    '😀',
    'é',
  )
  await fc.assert(
    fc.asyncProperty(fc.array(unit, { maxLength: 8 }), async (letters) => {
      const name = letters.join('')
      const svg = html`<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><g id="${name}"><text>${name}</text></g></svg>`
      assert.equal((await sharp(Buffer.from(String(svg))).metadata()).width, 9)
    }),
    { numRuns: 60 },
  )
})
