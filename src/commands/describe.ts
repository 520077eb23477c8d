import { stat } from 'node:fs/promises'
import { Command } from '@commander-js/extra-typings'
import { type NasnetConfig, PRESETS, type PresetName, PUBLISHED_CELLS } from '../../models/index.js'
import { UserError } from '../shared/errors.js'
import { grouped, plural } from '../shared/text.js'
import { describeNetwork, type NetworkDescription } from '../train/classification/describe.js'
import type { DetectorRunConfig } from '../train/detection/config.js'
import { detectorPresets } from '../train/detection/presets.js'
import { type AnyRunConfig, forTask, readAnyConfig } from '../train/tasks.js'
import { describeDetectorAs } from './describe-detector.js'
import { changed, type FlagsOf, wholeNumber } from './shared/flags.js'
import * as network from './shared/network-options.js'
import { json } from './shared/options.js'
import { readGenotype } from './shared/read-genotype.js'
import { textTable } from './shared/text-table.js'

/** Networks, and cells, which make networks with the sizes that the flags say. */
const KNOWN = [PRESETS, detectorPresets, PUBLISHED_CELLS].flatMap((known) => Object.keys(known))

const help = `
The network is counted without being run, so any size takes a moment. Parameters include batch norm's moving
statistics; multiply-adds are those of convolutions and dense layers for one image. The auxiliary head, which exists
only in training, is not counted. A detector is counted in its four parts, with all of its proposals.

--json prints {"architecture", "genotype", "cells", "filters", "inputSize", "classes", "parts", "parameters",
"multiplyAdds", …}: for each part its output shape, parameters (total and trainable) and multiply-adds.

Examples:
  $ toolkit describe nasnet-a-mobile
  $ toolkit describe nasnet-a-cifar --cells 2
  $ toolkit describe genotype.json --cells 4 --filters 44 --input 224 --classes 1000 --stem imagenet
  $ toolkit describe amoebanet-a --cells 6 --filters 36
  $ toolkit describe nasnet-a-large --json
  $ toolkit describe faster-rcnn-nas-large
  $ toolkit describe faster-rcnn-nas-small --classes 3
  $ toolkit describe runs/my-detector`

/** The command with its flags. */
const describeFlags = () =>
  new Command('describe')
    .argument('<architecture>', `${KNOWN.join(', ')}, a genotype.json, or the run of a detector`)
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
  const detector = await detectorConfig(architecture)
  const described = detector
    ? describeDetectorAs(architecture, detector, detectorChanges(flags))
    : await describeClassifier(architecture, flags)
  console.log(flags.json ? JSON.stringify(described.json, null, 2) : described.text)
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

function detectorChanges({ cells, filters, stem, stemFilters, skipReduction, input, classes }: Flags) {
  return { backbone: changed({}, { cells, filters, stem, stemFilters, skipReduction }), input, classes }
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
  const { cells, filters, genotype } = config
  return [
    `${architecture}: ${genotype.name}, N = ${cells}, F = ${filters}, ${inputSize} × ${inputSize} pixels, ${plural(classes, 'class', 'classes')}`,
    '',
    ...textTable(rows, 3),
    '',
    `${grouped(parameters.trainable)} of the parameters are trainable.`,
  ].join('\n')
}
