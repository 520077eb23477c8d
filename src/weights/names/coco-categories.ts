/** COCO's 80 categories, as its annotations of 2014 and 2017 name and number them. */

/** The last of COCO's ids. */
export const LAST_COCO_ID = 90

/** Ids up to 90 of categories that no image shows. */
export const UNUSED_COCO_IDS: readonly number[] = [12, 26, 29, 30, 45, 66, 68, 69, 71, 83]

/** Ids of the 80 categories. */
export const COCO_IDS: readonly number[] = Array.from({ length: LAST_COCO_ID }, (_, i) => i + 1).filter(
  (id) => !UNUSED_COCO_IDS.includes(id),
)

const NAMES = `
person, bicycle, car, motorcycle, airplane, bus, train, truck, boat, traffic light, fire hydrant,
stop sign, parking meter, bench, bird, cat, dog, horse, sheep, cow, elephant, bear, zebra, giraffe,
backpack, umbrella, handbag, tie, suitcase, frisbee, skis, snowboard, sports ball, kite,
baseball bat, baseball glove, skateboard, surfboard, tennis racket, bottle, wine glass, cup, fork,
knife, spoon, bowl, banana, apple, sandwich, orange, broccoli, carrot, hot dog, pizza, donut, cake,
chair, couch, potted plant, bed, dining table, toilet, tv, laptop, mouse, remote, keyboard,
cell phone, microwave, oven, toaster, sink, refrigerator, book, clock, vase, scissors, teddy bear,
hair drier, toothbrush
`
  .trim()
  .split(/,\s+/)

/** By ascending id. */
export const COCO_CATEGORIES: readonly { id: number; name: string }[] = COCO_IDS.map((id, i) => ({
  id,
  name: NAMES[i],
}))
