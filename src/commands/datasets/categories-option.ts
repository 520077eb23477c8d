import { Option } from '@commander-js/extra-typings'
import { listOf } from '../shared/flags.js'

/** `--categories person,dog` */
export const categoriesOption = new Option(
  '--categories <names>',
  'only these categories, with commas between them',
).argParser(listOf((name) => name, 'names of categories with commas between them'))
