/** Which column of a CSV of boxes holds what. */
import { isImageName } from '../../files/image-files.js'

/** Indexes of columns. */
export interface Columns {
  image: number
  label: number
  /** x1, y1, and x2, y2 or width, height. */
  box: [number, number, number, number]
  form: 'corners' | 'size'
  /** Where images are assigned to parts. */
  part?: number
  /** Whether the coordinates are parts of the image's width and height: known, or to be found out. */
  normalised?: boolean
}

const NAMES = {
  image: [
    'filename',
    'file_name',
    'file',
    'image',
    'path',
    'image_path',
    'imagepath',
    'image_name',
    'imagename',
  ]
    .concat(['image_id', 'imageid', 'img', 'url'])
    .map(plain),
  label: [
    'label',
    'class',
    'class_name',
    'classname',
    'category',
    'labelname',
    'label_name',
    'name',
    'object',
  ].map(plain),
  part: ['split', 'set', 'part', 'subset', 'usage'].map(plain),
  left: ['xmin', 'x_min', 'x1', 'left', 'bbox_x1', 'minx'].map(plain),
  top: ['ymin', 'y_min', 'y1', 'top', 'bbox_y1', 'miny'].map(plain),
  right: ['xmax', 'x_max', 'x2', 'right', 'bbox_x2', 'maxx'].map(plain),
  bottom: ['ymax', 'y_max', 'y2', 'bottom', 'bbox_y2', 'maxy'].map(plain),
  x: ['x', 'bbox_x', 'left', 'xmin', 'x1'].map(plain),
  y: ['y', 'bbox_y', 'top', 'ymin', 'y1'].map(plain),
  width: ['width', 'w', 'bbox_width', 'bbox_w'].map(plain),
  height: ['height', 'h', 'bbox_height', 'bbox_h'].map(plain),
}

function plain(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '')
}

/**
 * The columns of a header row; undefined where it is none, or lacks some. Where there are corners, `width` and
 * `height` are the image's.
 */
export function headerColumns(row: readonly string[]): Columns | undefined {
  const names = row.map(plain)
  const at = (kind: keyof typeof NAMES): number =>
    NAMES[kind].reduce((found, name) => (found >= 0 ? found : names.indexOf(name)), -1)
  const [image, label, part] = [at('image'), at('label'), at('part')]
  const corners = [at('left'), at('top'), at('right'), at('bottom')]
  const size = [at('x'), at('y'), at('width'), at('height')]
  const form = corners.every((index) => index >= 0) ? 'corners' : 'size'
  const box = (form === 'corners' ? corners : size) as Columns['box']
  if (image < 0 || label < 0 || box.some((index) => index < 0)) return undefined
  return { image, label, box, form, ...(part >= 0 && { part }) }
}

const SETS = /^(TRAIN(ING)?|TEST|VALIDATION?|VAL|UNASSIGNED)$/i

/**
 * The columns of a file without a header, from its first row: `path,x1,y1,x2,y2,class` (RetinaNet), or Google AutoML's
 * `SET,path,label,x1,y1,,,x2,y2,,` with parts of the width and height.
 */
export function plainColumns(row: readonly string[]): Columns | undefined {
  const isImage = (text: string): boolean => isImageName(text.trim())
  if (row.length >= 9 && SETS.test(row[0].trim()) && isImage(row[1]))
    return { part: 0, image: 1, label: 2, box: [3, 4, 7, 8], form: 'corners', normalised: true }
  if (row.length === 6 && isImage(row[0]) && row.slice(1, 5).every((text) => !Number.isNaN(Number(text))))
    return { image: 0, box: [1, 2, 3, 4], label: 5, form: 'corners', normalised: false }
  return undefined
}

/** The part that a value of the column stands for; undefined for AutoML's UNASSIGNED and for nothing. */
export function partOfValue(value: string): string | undefined {
  const name = value.trim().toLowerCase()
  if (name.startsWith('train')) return 'train'
  if (name.startsWith('val')) return 'val'
  return name.startsWith('test') ? 'test' : undefined
}
