/** What `toolkit evaluate` evaluates, and its flags. */
import { Command, Option } from '@commander-js/extra-typings'
import { PREPROCESSINGS } from '../../shared/classifier-input.js'
import type { ModelCard } from '../../shared/model-card.js'
import type { AnyRunConfig } from '../../train/tasks.js'
import { categoriesOption, formatOption } from '../shared/annotation-options.js'
import { type FlagsOf, wholeNumber } from '../shared/flags.js'
import { IMAGES, json } from '../shared/options.js'

/** A run's folder, or an exported model's verified bytes. */
export type Subject<Config extends AnyRunConfig, Card extends ModelCard> =
  | { path: string; config: Config }
  | { path: string; card: Card; bytes: Uint8Array }

/** The command with its flags. */
export const evaluateFlags = () =>
  new Command('evaluate')
    .argument('<run-or-model>', "a run's folder, a model.onnx or a detector.onnx")
    .option('--data <name>', `images: ${IMAGES}; also val/ or test/ alone (default: what it was trained on)`)
    .option(
      '--data-dir <folder>',
      'classifiers: folder of fetched data sets (default: .data, or $TOOLKIT_DATA)',
    )
    .addOption(
      new Option(
        '--split <part>',
        'classifiers: which images (default: test, or validation where there is no test part)',
      ).choices(['test', 'validation', 'train'] as const),
    )
    .addOption(
      new Option(
        '--preprocessing <kind>',
        'classifiers: how images are brought to the size of the network (default: as the model says)',
      ).choices(PREPROCESSINGS),
    )
    .option('--flip', 'classifiers: average the probabilities of each image and of its mirror image')
    .option('--skip-unreadable', 'classifiers: leave out images that cannot be decoded, instead of stopping')
    .option(
      '--annotations <file>',
      'detectors: annotations of the images in --data, where they are not in that folder',
    )
    .addOption(categoriesOption)
    .addOption(formatOption)
    .option(
      '--limit <n>',
      'evaluate on n images only: the first, for classifiers spread evenly',
      wholeNumber(1),
    )
    .option('--out <folder>', 'detectors: folder of the results (default: evaluation/ in the run, or here)')
    .addOption(json)

export type EvaluateFlags = FlagsOf<typeof evaluateFlags>
