/** Options that several commands take. */
import { availableParallelism } from 'node:os'
import { Option } from '@commander-js/extra-typings'
import { wholeNumber } from './flags.js'

export const json = new Option('--json', 'print the result as JSON')

/** What names images with one class each, read when they are needed. */
export const IMAGES =
  'cifar10, embedded, imagenet, a folder with <class>/*.jpg, train/<class>/*.jpg or tar shards, or a pattern like train-{000..146}.tar'

/** Images that a search holds in memory. */
export const trainingData = new Option(
  '--data <name>',
  'images: cifar10, embedded, or a folder with <class>/*.jpg or train/<class>/*.jpg, which fit into memory',
).default('cifar10')

export const dataDir = new Option(
  '--data-dir <folder>',
  'folder of fetched data sets (default: .data, or $TOOLKIT_DATA)',
)

export const processes = new Option('--processes <n>', 'networks trained at the same time, each in a process')
  .argParser(wholeNumber(1))
  .default(availableParallelism())

export const threads = new Option('--threads <n>', 'threads of each of these processes')
  .argParser(wholeNumber(1))
  .default(1)
