import { stat } from 'node:fs/promises'
import { Command, InvalidArgumentError, Option } from 'commander'
import { type NasnetConfig, PRESETS, type PresetName, PUBLISHED_CELLS } from '../../models/index.js'
import { UserError } from '../shared/errors.js'
import { describeNetwork, type NetworkDescription } from '../train/classification/describe.js'
import type { DetectorRunConfig } from '../train/detection/config.js'
import { detectorPresets } from '../train/detection/presets.js'
import { type AnyRunConfig, forTask, readAnyConfig } from '../train/tasks.js'
import { describeDetectorAs } from './describe-detector.js'
import { readGenotype } from './shared/read-genotype.js'
import { grouped, textTable } from './shared/text-table.js'

interface Flags {
  cells?: number
  filters?: number
  input?: number
  classes?: number
  stem?: NasnetConfig['stem']
  stemFilters?: number
  skipReduction?: boolean
  json?: boolean
}

const whole = (text: string): number => {
  if (!/^[1-9]\d*$/.test(text)) throw new InvalidArgumentError('Give a whole number from 1.')
  return Number(text)
}

/** Networks, and cells, which make networks with the sizes that the flags say. */
const KNOWN = [PRESETS, detectorPresets, PUBLISHED_CELLS].flatMap((known) => Object.keys(known))

const EXAMPLES = `
The network is counted without being run, so any size takes a moment. Parameters include batch norm's moving
statistics; multiply-adds are those of convolutions and dense layers for one image. The auxiliary head, which
only training has, is not counted. A detector is counted in its four parts, for all of its proposals.

Examples:
  $ toolkit describe nasnet-a-mobile
  $ toolkit describe nasnet-a-cifar --cells 2
  $ toolkit describe genotype.json --cells 4 --filters 44 --input 224 --classes 1000 --stem imagenet
  $ toolkit describe amoebanet-a --cells 6 --filters 36
  $ toolkit describe nasnet-a-large --json
  $ toolkit describe faster-rcnn-nas-large
  $ toolkit describe faster-rcnn-nas-small --classes 3
  $ toolkit describe runs/my-detector`

export function describeCommand(): Command {
  return new Command('describe')
    .description('show the cells, shapes, parameters and multiply-adds of a network')
    .argument('<architecture>', `${KNOWN.join(', ')}, a genotype.json, or the run of a detector`)
    .option('--cells <n>', 'normal cells in each of the three stages (N)', whole)
    .option('--filters <n>', 'filters of the first stage (F)', whole)
    .option('--input <pixels>', 'side of the images', whole)
    .option('--classes <n>', 'what it tells apart', whole)
    .addOption(new Option('--stem <kind>', 'for small or for large images').choices(['cifar', 'imagenet']))
    .option('--stem-filters <n>', "filters of the stem's convolution", whole)
    .option('--skip-reduction', 'previous inputs skip reduction cells, as in NASNet-A Large')
    .option('--no-skip-reduction', 'they do not')
    .option('--json', 'print the figures as JSON')
    .addHelpText('after', EXAMPLES)
    .action(describe)
}

async function describe(architecture: string, flags: Flags): Promise<void> {
  const detector = await detectorConfig(architecture)
  const { text, json } = detector
    ? describeDetectorAs(architecture, detector, detectorChanges(flags))
    : await describeClassifier(architecture, flags)
  console.log(flags.json ? JSON.stringify(json, null, 2) : text)
}

/** The config of a detector's preset or run; undefined for anything else. */
async function detectorConfig(architecture: string): Promise<DetectorRunConfig | undefined> {
  if (Object.hasOwn(detectorPresets, architecture)) return detectorPresets[architecture]
  const found = await stat(architecture).catch(() => undefined)
  if (!found?.isDirectory()) return undefined
  const config = await readAnyConfig(architecture)
  return forTask<AnyRunConfig, DetectorRunConfig>(config, {
    detection: (own) => own,
    classification({ model: { name, cells, filters } }) {
      throw new UserError(
        `${architecture} is the run of a classifier; name its architecture (${name}) with --cells ${cells} --filters ${filters}`,
      )
    },
  })
}

/** Only what was given, so that it changes only that. */
function detectorChanges({ cells, filters, stem, stemFilters, skipReduction, input, classes }: Flags) {
  const given = Object.entries({ cells, filters, stem, stemFilters, skipReduction })
  return { backbone: Object.fromEntries(given.filter(([, value]) => value !== undefined)), input, classes }
}

async function describeClassifier(architecture: string, flags: Flags) {
  const { config, inputSize } = await networkOf(architecture, flags)
  const description = describeNetwork(config, flags.input ?? inputSize)
  const about = { architecture, genotype: config.genotype.name, cells: config.cells, filters: config.filters }
  return { text: table(architecture, config, description), json: { ...about, ...description } }
}

async function networkOf(
  architecture: string,
  flags: Flags,
): Promise<{ config: NasnetConfig; inputSize: number }> {
  const known = Object.hasOwn(PRESETS, architecture)
  // A genotype says nothing of sizes: what is not given is as for CIFAR-10, or for ImageNet with its stem.
  const like: PresetName = known
    ? (architecture as PresetName)
    : flags.stem === 'imagenet'
      ? 'nasnet-a-mobile'
      : 'nasnet-a-cifar'
  const { config, inputSize } = PRESETS[like]
  const genotype = known ? config.genotype : await readGenotype(architecture)
  const { cells, filters, classes, stem, stemFilters, skipReduction } = flags
  return {
    inputSize,
    config: {
      ...config,
      genotype,
      cells: cells ?? config.cells,
      filters: filters ?? config.filters,
      classes: classes ?? config.classes,
      stem: stem ?? config.stem,
      // As released, the CIFAR stem is three times as wide as the first stage.
      stemFilters:
        stemFilters ??
        (filters !== undefined && (stem ?? config.stem) === 'cifar' ? 3 * filters : config.stemFilters),
      skipReduction: skipReduction ?? config.skipReduction,
    },
  }
}

function table(architecture: string, config: NasnetConfig, description: NetworkDescription): string {
  const { parts, parameters, multiplyAdds, inputSize, classes } = description
  const rows = [
    ['part', 'cell', 'output', 'parameters', 'multiply-adds'],
    ...parts.map((part) => [
      part.path,
      part.kind === 'stem' || part.kind === 'head' ? '' : part.kind,
      part.shape.join(' × '),
      grouped(part.parameters.total),
      grouped(part.multiplyAdds),
    ]),
    ['all', '', '', grouped(parameters.total), grouped(multiplyAdds)],
  ]
  const { cells, filters, genotype } = config
  return [
    `${architecture}: ${genotype.name}, N = ${cells}, F = ${filters}, ${inputSize} × ${inputSize} pixels, ${classes} classes`,
    '',
    ...textTable(rows, 3),
    '',
    `Of the parameters, ${grouped(parameters.trainable)} are trained.`,
  ].join('\n')
}
