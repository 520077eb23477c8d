/** What `toolkit evaluate-detections` says with `--bootstrap` and `--compare`. */
import type { Bootstrap, Comparison, Interval, Metric, PerMetric } from '#coco-ts'
import { percent } from '../../shared/text.js'
import { textTable } from '../shared/text-table.js'

const METRICS: readonly [Metric, string][] = [
  ['ap', 'AP'],
  ['ap50', 'AP50'],
  ['ap75', 'AP75'],
]

const number = (value: number): string => value.toFixed(3).replace('-', '−')
const range = ({ low, high }: Interval): string => `${number(low)} … ${number(high)}`
const present = <T>(metrics: PerMetric<T>): [string, T][] =>
  METRICS.flatMap(([key, name]): [string, T][] => {
    const value = metrics[key]
    return value === undefined ? [] : [[name, value]]
  })

export function bootstrapText({ metrics, confidence, resamples, images }: Bootstrap): string {
  const rows = present(metrics).map(([name, interval]) => [
    name,
    number(interval.value),
    range(interval),
    number(interval.standardError),
  ])
  return [
    `Intervals over ${resamples} resamples of ${images} images`,
    ...textTable([['', 'value', `${100 * confidence} %`, 'standard error'], ...rows], 1),
  ].join('\n')
}

export function comparisonText(
  { differences, first, second, confidence, resamples, images }: Comparison,
  [firstName, secondName]: readonly [string, string],
): string {
  const rows = present(differences).map(([name, difference]) => {
    const key = METRICS.find(([, other]) => other === name)![0]
    return [
      name,
      number(first[key]!.value),
      number(second[key]!.value),
      number(difference.value),
      range(difference),
      percent(difference.shareAboveZero),
    ]
  })
  return [
    `First: ${firstName}. Second: ${secondName}. Difference: first − second, on the same ${resamples} resamples of ${images} images`,
    ...textTable(
      [['', 'first', 'second', 'difference', `${100 * confidence} %`, 'first ahead in'], ...rows],
      1,
    ),
  ].join('\n')
}

/** An analysis for JSON: without the value of every resample. */
export function withoutResamples<T extends object>(value: T): object {
  return JSON.parse(
    JSON.stringify(value, (key, part) =>
      key === 'resamples' && typeof part === 'object' ? undefined : part,
    ),
  )
}
