/** Detectors that can be imported: the released one, also by the name of its recipe. */
export const DETECTOR_ARCHS = ['faster-rcnn-nas-coco', 'faster-rcnn-nas-large'] as const
export type DetectorArch = (typeof DETECTOR_ARCHS)[number]
