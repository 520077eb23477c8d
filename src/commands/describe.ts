import { stat } from 'node:fs/promises'
import { Command } from '@commander-js/extra-typings'
import { type NasnetConfig, PRESETS, type PresetName, PUBLISHED_CELLS } from '../../models/index.js'
import { UserError } from '../shared/errors.js'
import { grouped, plural } from '../shared/text.js'
import type { RunConfig } from '../train/classification/config.js'
import { describeNetwork, type NetworkDescription } from '../train/classification/describe.js'
import { networkConfig } from '../train/classification/network.js'
import { detectorPresets } from '../train/detection/presets.js'
import { type AnyRunConfig, forTask, readAnyConfig } from '../train/tasks.js'
import { describeDetectorAs } from './describe-detector.js'
import { changed, type FlagsOf, wholeNumber } from './shared/flags.js'
import * as network from './shared/network-options.js'
import { json } from './shared/options.js'
import { readGenotype } from './shared/read-genotype.js'
import { poolsNote } from './shared/strided-pools.js'
import { textTable } from './shared/text-table.js'

/** Networks, and cells, which make networks with the sizes that the flags say. */
const KNOWN = [PRESETS, detectorPresets, PUBLISHED_CELLS].flatMap((known) => Object.keys(known))

const help = `
The network is counted without being run, so any size takes a moment. Parameters include batch norm's moving
statistics; multiply-adds are those of convolutions and dense layers for one image. The auxiliary head, which exists
only in training, is not counted. A detector is counted in its four parts, with all of its proposals.

--json prints {"architecture", "genotype", "cells", "filters", "inputSize", "classes", "parts", "parameters",
"multiplyAdds", …}: for each part its output shape, parameters (total and trainable) and multiply-adds; and
"stridedPools" where pools with a stride are Keras's or timm's.

Examples:
  $ toolkit describe nasnet-a-mobile
  $ toolkit describe nasnet-a-cifar --cells 2
  $ toolkit describe genotype.json --cells 4 --filters 44 --input 224 --classes 1000 --stem imagenet
  $ toolkit describe amoebanet-a --cells 6 --filters 36
  $ toolkit describe nasnet-a-large --json
  $ toolkit describe faster-rcnn-nas-large
  $ toolkit describe faster-rcnn-nas-small --classes 3
  $ toolkit describe faster-rcnn-nas-fpn-small --classes 3
  $ toolkit describe runs/my-detector
  $ toolkit describe runs/my-classifier`

/** The command with its flags. */
const describeFlags = () =>
  new Command('describe')
    .argument('<architecture>', `${KNOWN.join(', ')}, a genotype.json, or a run`)
    .addOption(network.cells)
    .addOption(network.filters)
    .option('--input <pixels>', 'height and width of the input images', wholeNumber(1))
    .option('--classes <n>', 'number of classes', wholeNumber(1))
    .addOption(network.stem)
    .addOption(network.stemFilters)
    .addOption(network.skipReduction)
    .addOption(network.noSkipReduction)
    .addOption(json)

type Flags = FlagsOf<typeof describeFlags>

export const describeCommand = () => describeFlags().addHelpText('after', help).action(describe)

async function describe(architecture: string, flags: Flags): Promise<void> {
  const described = await describeAs(architecture, flags)
  console.log(flags.json ? JSON.stringify(described.json, null, 2) : described.text)
}

async function describeAs(architecture: string, flags: Flags) {
  const run = await runOf(architecture)
  if (run === undefined) return describeClassifier(architecture, await networkOf(architecture, flags), flags)
  return forTask<AnyRunConfig, ReturnType<typeof describeClassifier>>(run, {
    detection: (config) => describeDetectorAs(architecture, config, detectorChanges(flags)),
    classification: (config) => describeClassifier(architecture, trainedNetwork(config, flags), flags),
  })
}

/** The config of a detector's preset or of a run; undefined for anything else. */
async function runOf(architecture: string): Promise<AnyRunConfig | undefined> {
  if (Object.hasOwn(detectorPresets, architecture)) return detectorPresets[architecture]
  const found = await stat(architecture).catch(() => undefined)
  if (found === undefined && !KNOWN.includes(architecture))
    throw new UserError(
      `There is no "${architecture}": name a run, a genotype.json, or one of ${KNOWN.join(', ')}`,
    )
  return found?.isDirectory() ? readAnyConfig(architecture) : undefined
}

function detectorChanges({ cells, filters, stem, stemFilters, skipReduction, input, classes }: Flags) {
  return { backbone: changed({}, { cells, filters, stem, stemFilters, skipReduction }), input, classes }
}

/** A network, and the side of the images that it usually takes. */
interface SizedNetwork {
  config: NasnetConfig
  inputSize: number
}

function describeClassifier(
  architecture: string,
  { config, inputSize }: SizedNetwork,
  { input }: Flags,
): { text: string; json: Record<string, unknown> } {
  const description = describeNetwork(config, input ?? inputSize)
  const { genotype, cells, filters, stridedPools } = config
  const about = { architecture, genotype: genotype.name, cells, filters, stridedPools }
  return { text: table(architecture, config, description), json: { ...about, ...description } }
}

/** Of a classifier's run, with changes. */
function trainedNetwork(run: RunConfig, flags: Flags): SizedNetwork {
  const { cells, filters, classes, stem, stemFilters, skipReduction } = flags
  const config = networkConfig(run, run.data.classes?.length ?? PRESETS['nasnet-a-cifar'].config.classes)
  return {
    config: changed(config, { cells, filters, classes, stem, stemFilters, skipReduction }),
    inputSize: run.data.imageSize ?? PRESETS['nasnet-a-cifar'].inputSize,
  }
}

async function networkOf(architecture: string, flags: Flags): Promise<SizedNetwork> {
  const known = Object.hasOwn(PRESETS, architecture)
  // A genotype says nothing of sizes: what is not given is as for CIFAR-10, or for ImageNet with its stem.
  const like: PresetName = known
    ? (architecture as PresetName)
    : flags.stem === 'imagenet'
      ? 'nasnet-a-mobile'
      : 'nasnet-a-cifar'
  const { config, inputSize } = PRESETS[like]
  const genotype = known ? config.genotype : await readGenotype(architecture)
  const { cells, filters, classes, stem, skipReduction } = flags
  const changes = changed<NasnetConfig>(config, { cells, filters, classes, stem, skipReduction })
  // As released, the CIFAR stem is three times as wide as the first stage.
  const usual = filters !== undefined && changes.stem === 'cifar' ? 3 * filters : config.stemFilters
  return { inputSize, config: { ...changes, genotype, stemFilters: flags.stemFilters ?? usual } }
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
  const { cells, filters, genotype, stridedPools } = config
  return [
    `${architecture}: ${genotype.name}, N = ${cells}, F = ${filters}, ${inputSize} × ${inputSize} pixels, ${plural(classes, 'class', 'classes')}`,
    '',
    ...textTable(rows, 3),
    '',
    `${grouped(parameters.trainable)} of the parameters are trainable.`,
    ...poolsNote(stridedPools),
  ].join('\n')
}
