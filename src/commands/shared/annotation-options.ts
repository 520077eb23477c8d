/** Options of commands that read annotations. */
import { Option } from '@commander-js/extra-typings'
import { formats } from '../../../datasets/annotated/annotated-set.js'
import { listOf } from './flags.js'

/** `--categories person,dog` */
export const categoriesOption = new Option(
  '--categories <names>',
  'only these categories, with commas between them',
).argParser(listOf((name) => name, 'names of categories with commas between them'))

export const formatOption = new Option(
  '--format <format>',
  'format of the annotations, instead of looking',
).choices(formats)
