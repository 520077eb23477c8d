import type { IouType } from '../common/types.js'

export interface EvalParams {
  iouType: IouType
  /** Images and categories to evaluate; all by default. */
  imgIds: number[]
  catIds: number[]
  /** Intersections over union from which a detection counts as found. */
  iouThrs: number[]
  /** Recalls at which the precision is read off. */
  recThrs: number[]
  /** Detections an image, of one category, that count: the best so many. */
  maxDets: number[]
  /** Object areas in pixels, both ends included, and what they are called. */
  areaRng: [number, number][]
  areaRngLbl: string[]
  /** false: categories are ignored, as for proposals. */
  useCats: boolean
  /** Keypoints only: the spread of each keypoint, relative to the object's size. */
  kptOksSigmas: number[]
}

/** `count` numbers from `start` to `stop`, both included, rounded as NumPy's linspace rounds them. */
export function linspace(start: number, stop: number, count: number): number[] {
  const step = (stop - start) / (count - 1)
  return Array.from({ length: count }, (_, i) => (i === count - 1 ? stop : i * step + start))
}

const SMALL = 32 ** 2
const MEDIUM = 96 ** 2
const ALL = 1e5 ** 2

/** COCO's own settings: ten thresholds from 0.5 to 0.95, 101 recalls, and areas and limits by what is evaluated. */
export function defaultParams(iouType: IouType): EvalParams {
  const keypoints = iouType === 'keypoints'
  const areaRng: [number, number][] = [
    [0, ALL],
    [0, SMALL],
    [SMALL, MEDIUM],
    [MEDIUM, ALL],
  ]
  const areaRngLbl = ['all', 'small', 'medium', 'large']
  // Small people have no keypoints, so there is nothing to evaluate there.
  const withoutSmall = (_: unknown, i: number): boolean => !keypoints || i !== 1
  return {
    iouType,
    imgIds: [],
    catIds: [],
    iouThrs: linspace(0.5, 0.95, 10),
    recThrs: linspace(0, 1, 101),
    maxDets: keypoints ? [20] : [1, 10, 100],
    areaRng: areaRng.filter(withoutSmall),
    areaRngLbl: areaRngLbl.filter(withoutSmall),
    useCats: true,
    kptOksSigmas: keypoints ? [...PERSON_SIGMAS] : [],
  }
}

/** nose, eyes, ears, shoulders, elbows, wrists, hips, knees, ankles; measured on annotators' disagreement. */
const PERSON_SIGMAS = [
  0.26, 0.25, 0.25, 0.35, 0.35, 0.79, 0.79, 0.72, 0.72, 0.62, 0.62, 1.07, 1.07, 0.87, 0.87, 0.89, 0.89,
].map((sigma) => sigma / 10)
