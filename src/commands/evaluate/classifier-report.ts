/** What an evaluation of a classifier says, as text and as JSON. */
import { percent, plural } from '../../shared/text.js'
import { classMetrics, type Evaluation } from '../../train/classification/evaluate.js'

/** With more, the confusion matrix is wider than any screen, and as JSON mostly zeros. */
const MATRIX_CLASSES = 100

/** The metrics as text: totals, a line for each class, the confusion matrix. */
export function classifierReport(
  { name, classes }: { name: string; classes: string[] },
  { images, top1, top5, loss, confusion }: Evaluation,
): string {
  const share = (value: number | null): string => (value === null ? '–' : percent(value))
  const width = Math.max(5, ...classes.map((label) => label.length))
  const rows = classMetrics(confusion, classes).map(
    ({ label, images, recall, precision }) =>
      `${label.padEnd(width)}  ${String(images).padStart(6)}  ${share(recall).padStart(8)}  ${share(precision).padStart(9)}`,
  )
  return [
    `${name}: ${plural(images, 'image')}, top-1 ${percent(top1)}, top-5 ${percent(top5)}, loss ${loss.toFixed(4)}`,
    '',
    `${'class'.padEnd(width)}  images    recall  precision`,
    ...rows,
    ...(classes.length > MATRIX_CLASSES ? [] : matrix(classes, confusion, width)),
  ].join('\n')
}

function matrix(classes: string[], confusion: number[][], width: number): string[] {
  const column = Math.max(4, String(Math.max(...confusion.flat())).length + 1)
  const header = classes.map((label) => label.slice(0, column - 1).padStart(column)).join('')
  const rows = confusion.map(
    (row, index) =>
      `${classes[index].padEnd(width)} ${row.map((count) => String(count || '·').padStart(column)).join('')}`,
  )
  return [
    '',
    'Confusion matrix (rows: true class, columns: predicted class)',
    `${''.padEnd(width)} ${header}`,
    ...rows,
  ]
}

/**
 * The metrics for JSON. With many classes, the confusion matrix is a list of its numbers above 0:
 * [true class, predicted class, images].
 */
export function classifierJson(classes: string[], { confusion, ...metrics }: Evaluation): object {
  const matrix =
    classes.length > MATRIX_CLASSES
      ? {
          confusions: confusion.flatMap((row, label) =>
            row.flatMap((count, predicted) => (count === 0 ? [] : [[label, predicted, count]])),
          ),
        }
      : { confusion }
  return { ...metrics, ...matrix, classes: classMetrics(confusion, classes) }
}
