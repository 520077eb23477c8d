/** Options that make a network of cells. */
import { Option } from '@commander-js/extra-typings'
import { wholeNumber } from './flags.js'

export const cells = new Option('--cells <n>', 'normal cells in each of the three stages (N)').argParser(
  wholeNumber(1),
)

export const filters = new Option('--filters <n>', 'filters of the first stage (F)').argParser(wholeNumber(1))

export const stem = new Option(
  '--stem <kind>',
  'first layers: cifar for small images, imagenet for large ones',
).choices(['cifar', 'imagenet'])

export const stemFilters = new Option('--stem-filters <n>', "filters of the stem's convolution").argParser(
  wholeNumber(1),
)

export const skipReduction = new Option(
  '--skip-reduction',
  'the previous input of a cell skips reduction cells, as in NASNet-A Large',
)

export const noSkipReduction = new Option('--no-skip-reduction', 'it does not skip them')
