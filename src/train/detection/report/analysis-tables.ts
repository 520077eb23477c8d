/** What is wrong with detections, as tables of the page. */
import type { ConfusionMatrix, ErrorKind } from '#coco-ts'
import { type Html, html } from '../../../shared/html.js'
import { percent } from '../../../shared/text.js'
import type { DetectorAnalysis } from './analysis.js'

/** What each kind of error is, in words. */
const MEANING: Record<ErrorKind, string> = {
  classification: 'the place is right, the category is not',
  localisation: 'the category is right, the place is not (IoU from 0.1 to 0.5)',
  both: 'category and place are wrong',
  duplicate: 'a better detection has found the object already',
  background: 'there is no object (IoU at most 0.1)',
  missed: 'no detection found the object, or meant it',
}

/** A matrix of more categories is hard to read: the most frequent confusions are listed instead. */
const MOST_COLUMNS = 16
const LISTED = 15

export function errorTable({ errors }: Pick<DetectorAnalysis, 'errors'>): Html {
  const most = Math.max(...errors.map(({ deltaAp }) => deltaAp), 1e-9)
  const rows = errors.map(
    ({ kind, count, deltaAp }) => html`
<tr><th>${kind}</th><td>${count}</td><td>${deltaAp.toFixed(3)}</td><td class="bar"><span style="width: ${((100 * deltaAp) / most).toFixed(0)}%"></span></td><td class="words">${MEANING[kind]}</td></tr>`,
  )
  return html`<table class="named"><tr><th>error</th><th>number</th><th>AP50 lost</th><th></th><th class="words">meaning</th></tr>${rows}
</table>
<p>All detections, at IoU 0.5. What a kind of error loses is what AP50 would gain if all errors of that kind, and no
others, were corrected (TIDE, Bolya et al. 2020); the losses do not add up.</p>`
}

export function confusionTable({ categories, matrix, minScore }: ConfusionMatrix): Html {
  const names = [...categories.map(({ name }) => name), 'background']
  const explanation = html`<p>Detections from score ${minScore.toFixed(2)} up, at IoU 0.5. A row is an object's category, a column the one it was
detected as; the background's row has detections of nothing, its column objects that were missed.</p>`
  if (names.length > MOST_COLUMNS) return html`${explanation}${confusionList(names, matrix)}`
  const rows = matrix.map((row, i) => {
    const sum = row.reduce((total, count) => total + count, 0)
    const cells = row.map((count, j) => {
      // Nothing can be right about the background.
      if (i === matrix.length - 1 && j === i) return html`<td></td>`
      const strength = sum === 0 ? 0 : Math.round((60 * count) / sum)
      const hue = i === j ? '#56b4e9' : '#d55e00'
      return html`<td style="background: color-mix(in srgb, ${hue} ${strength}%, transparent)">${count}</td>`
    })
    return html`
<tr><th>${names[i]}</th>${cells}</tr>`
  })
  return html`${explanation}<table class="named"><tr><th></th>${names.map((name) => html`<th>${name}</th>`)}</tr>${rows}
</table>`
}

function confusionList(names: readonly string[], matrix: readonly (readonly number[])[]): Html {
  const background = names.length - 1
  const confused = matrix
    .flatMap((row, i) => row.map((count, j) => ({ i, j, count })))
    .filter(({ i, j, count }) => i !== j && i !== background && j !== background && count > 0)
    .sort((a, b) => b.count - a.count)
    .slice(0, LISTED)
  if (confused.length === 0) return html`<p>No object was taken for one of another category.</p>`
  const rows = confused.map(({ i, j, count }) => {
    const objects = matrix[i].reduce((total, one) => total + one, 0)
    return html`
<tr><th>${names[i]}</th><td class="words">${names[j]}</td><td>${count}</td><td>${percent(count / objects)}</td></tr>`
  })
  return html`<table class="named"><tr><th>object</th><th class="words">detected as</th><th>number</th><th>of these objects</th></tr>${rows}
</table>`
}
