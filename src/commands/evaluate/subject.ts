/** What `toolkit evaluate` evaluates, and its flags. */
import { Command, Option } from '@commander-js/extra-typings'
import type { ModelCard } from '../../shared/model-card.js'
import type { AnyRunConfig } from '../../train/tasks.js'
import { type FlagsOf, wholeNumber } from '../shared/flags.js'
import { json } from '../shared/options.js'

/** A run's folder, or an exported model's verified bytes. */
export type Subject<Config extends AnyRunConfig, Card extends ModelCard> =
  | { path: string; config: Config }
  | { path: string; card: Card; bytes: Uint8Array }

/** The command with its flags. */
export const evaluateFlags = () =>
  new Command('evaluate')
    .argument('<run-or-model>', "a run's folder, a model.onnx or a detector.onnx")
    .option('--data <name>', 'embedded, cifar10 or a folder of images (default: what it was trained on)')
    .option(
      '--data-dir <folder>',
      'classifiers: folder of fetched data sets (default: .data, or $TOOLKIT_DATA)',
    )
    .addOption(
      new Option('--split <part>', 'classifiers: which images')
        .choices(['test', 'validation', 'train'])
        .default('test' as const),
    )
    .option('--annotations <file>', 'detectors: COCO annotations of the images in --data')
    .option('--limit <n>', 'detectors: evaluate on the first n images only', wholeNumber(1))
    .option('--out <folder>', 'detectors: folder of the results (default: evaluation/ in the run, or here)')
    .addOption(json)

export type EvaluateFlags = FlagsOf<typeof evaluateFlags>
